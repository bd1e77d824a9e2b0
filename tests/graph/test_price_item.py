"""The operator's price list through GraphQL (PKG-1)."""

from typing import Any

import pytest

from tests.console import Console

CREATE = """
mutation ($input: PriceItemCreateInput!) {
  priceItemCreate(input: $input) {
    priceItem { id name units priceMicros currency validityDays refusedUnits onSale }
    userErrors { code field message }
  }
}
"""
UPDATE = """
mutation ($id: ID!, $input: PriceItemUpdateInput!) {
  priceItemUpdate(id: $id, input: $input) {
    priceItem { name units priceMicros onSale refusedUnits } userErrors { code field message }
  }
}
"""
PRICES = "{ priceList { id name } }"
ITEMS = "{ priceItems { name onSale } }"
FORM = {"name": "Thousand", "units": 1_000, "priceMicros": 45_000_000, "currency": "CNY"}


async def sell(console: Console, **changes: Any) -> str:
    """Put an item into the list; gives its id."""
    operator = await console.operator()
    answer = await operator.run(CREATE, input={**FORM, **changes})
    assert answer["priceItemCreate"]["userErrors"] == []
    identity: str = answer["priceItemCreate"]["priceItem"]["id"]
    return identity


async def test_the_operator_keeps_the_list_and_accounts_see_what_is_on_sale(
    console: Console,
) -> None:
    operator, root = await console.operator(), console.root(await console.add_account())
    item = (await operator.run(CREATE, input=FORM))["priceItemCreate"]["priceItem"]
    assert item == {
        **FORM,
        "id": item["id"],
        "validityDays": 365,
        "refusedUnits": "RETURNED",
        "onSale": True,
    }
    plain = {"name": "Hundred", "units": 100, "priceMicros": 0}
    other = (await operator.run(CREATE, input=plain))["priceItemCreate"]["priceItem"]
    assert other["currency"] == "USD"
    assert [found["name"] for found in (await root.run(PRICES))["priceList"]] == [
        "Thousand",
        "Hundred",
    ]
    change = {"onSale": False, "priceMicros": 1, "refusedUnits": "KEPT"}
    answer = await operator.run(UPDATE, id=item["id"], input=change)
    assert answer["priceItemUpdate"]["priceItem"] == {
        "name": "Thousand",
        "units": 1_000,
        "priceMicros": 1,
        "onSale": False,
        "refusedUnits": "KEPT",
    }
    assert (await root.run(PRICES))["priceList"] == [{"id": other["id"], "name": "Hundred"}]
    assert (await operator.run(ITEMS))["priceItems"] == [
        {"name": "Thousand", "onSale": False},
        {"name": "Hundred", "onSale": True},
    ]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": " "}, "REQUIRED", "name"),
        ({"name": "n" * 61}, "TOO_LONG", "name"),
        ({"units": 0}, "OUT_OF_RANGE", "units"),
        ({"units": 1_000_000_001}, "OUT_OF_RANGE", "units"),
        ({"priceMicros": -1}, "OUT_OF_RANGE", "priceMicros"),
        ({"priceMicros": 10**15 + 1}, "OUT_OF_RANGE", "priceMicros"),
        ({"validityDays": 0}, "OUT_OF_RANGE", "validityDays"),
        ({"validityDays": 3_651}, "OUT_OF_RANGE", "validityDays"),
        ({"currency": "yuan"}, "INVALID", "currency"),
    ],
)
async def test_what_may_not_stand_in_the_list_is_refused(
    console: Console, changes: dict[str, Any], code: str, field: str
) -> None:
    operator = await console.operator()
    item = await sell(console)
    before = await console.digest()
    assert await operator.refused(CREATE, input={**FORM, **changes}) == [(code, ["input", field])]
    assert await operator.refused(UPDATE, id=item, input=changes) == [(code, ["input", field])]
    assert await console.digest() == before

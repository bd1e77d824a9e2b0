"""What a package may cost and promise (PKG-1, PKG-4)."""

from dataclasses import replace
from typing import Any

import pytest

from domain import price
from domain.errors import Code, Refused
from domain.price import AMOUNT_MOST, PRICE_MOST, QUANTITY_MOST, UNITS_MOST, Offer, Total

OFFER = Offer(name="Ten", units=10, price_micros=5, currency="CNY", validity_days=30)


def test_an_offer_is_tidied() -> None:
    draft = replace(OFFER, name="  Ten\r", currency=" CNY ")
    assert price.offer(draft) == OFFER


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "n" * 60, "units": UNITS_MOST, "price_micros": PRICE_MOST, "validity_days": 3_650},
        {"name": "n", "units": 1, "price_micros": 0, "validity_days": 1},
    ],
)
def test_an_offer_may_go_to_its_bounds(changes: dict[str, Any]) -> None:
    assert price.offer(replace(OFFER, **changes)) == replace(OFFER, **changes)


def test_all_that_is_wrong_with_an_offer_is_said_at_once() -> None:
    draft = Offer(
        name="", units=0, price_micros=PRICE_MOST + 1, currency="cny", validity_days=3_651
    )
    with pytest.raises(Refused) as refused:
        price.offer(draft)
    assert [(problem.code, problem.field) for problem in refused.value.problems] == [
        (Code.REQUIRED, ("name",)),
        (Code.OUT_OF_RANGE, ("units",)),
        (Code.OUT_OF_RANGE, ("price_micros",)),
        (Code.OUT_OF_RANGE, ("validity_days",)),
        (Code.INVALID, ("currency",)),
    ]
    assert str(refused.value) == (
        "name is empty: enter 1 to 60 characters; "
        'units "0" is out of range: enter 1 to 1000000000; '
        'price micros "1000000000000001" is out of range: enter 0 to 1000000000000000; '
        'validity days "3651" is out of range: enter 1 to 3650; '
        'currency "cny" is none: enter an ISO 4217 code such as USD'
    )


def test_a_total_is_counted_exactly_up_to_its_bounds() -> None:
    assert price.total(10, 5, 7) == Total(70, 35)
    assert price.total(UNITS_MOST // QUANTITY_MOST, 1, QUANTITY_MOST).units == UNITS_MOST
    assert price.total(1, PRICE_MOST, 9).amount_micros == 9 * PRICE_MOST <= AMOUNT_MOST


@pytest.mark.parametrize(
    ("units", "micros", "quantity", "message"),
    [
        (1, 1, 0, 'quantity "0" is out of range: enter 1 to 100000'),
        (UNITS_MOST, 1, 2, 'quantity "2" has 2000000000 units: buy at most 1 at once'),
        (1, PRICE_MOST, 10, 'quantity "10" costs 10000000000000000 micros: buy at most 9'),
    ],
)
def test_a_total_too_large_names_the_way_out(
    units: int, micros: int, quantity: int, message: str
) -> None:
    with pytest.raises(Refused) as refused:
        price.total(units, micros, quantity)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field, problem.message) == (
        Code.OUT_OF_RANGE,
        ("quantity",),
        message,
    )


def test_the_amount_is_the_one_agreed_to() -> None:
    price.check_amount(35, 35)
    with pytest.raises(Refused) as refused:
        price.check_amount(36, 35)
    assert str(refused.value) == (
        "the purchase costs 36 micros and not 35: read the price list and agree again"
    )


@pytest.mark.parametrize("key", ["a", "k" * 64, "2f6c-!~"])
def test_a_key_is_visible_ascii(key: str) -> None:
    price.check_key(key)


@pytest.mark.parametrize("key", ["", "k" * 65, "a b", "a\n", "键"])
def test_another_key_is_refused(key: str) -> None:
    with pytest.raises(Refused):
        price.check_key(key)

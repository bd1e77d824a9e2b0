"""Statistics by country or region, and by month (STA-7)."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from db.account import AccountRow
from db.country_statistic import CountryStatisticRow
from domain.region import Region
from graph.node import encode
from tests.console import Console, Statements

TODAY = date(2026, 3, 2)
COUNTRIES = """
query ($input: CountryStatisticInput!) {
  countryStatistic(input: $input) {
    country dialCode name requests accepted billableSegments delivered failed successRate
  }
}
"""
MONTHS = """
query ($input: MonthStatisticInput!) {
  monthStatistic(input: $input) {
    month requests accepted billableSegments delivered failed successRate
  }
}
"""
GLOBAL = {"region": "GLOBAL", "period": "TODAY"}


def day(  # noqa: PLR0913 - one argument for each part of the key
    account: AccountRow,
    country: str,
    counts: Sequence[int],
    *,
    on: date = TODAY,
    app_id: int = 1_400_000_000,
    region: Region = Region.GLOBAL,
) -> CountryStatisticRow:
    """Count requests, accepted, segments, delivered and failed of one day and country."""
    names = ("requests", "accepted", "segments", "delivered", "failed")
    return CountryStatisticRow(
        account_uin=account.uin,
        region=region,
        day=on,
        country=country,
        app_id=app_id,
        **dict(zip(names, counts, strict=True)),
    )


async def add(console: Console, *rows: CountryStatisticRow) -> None:
    async with console.database.write() as session:
        session.add_all(rows)


async def countries(console: Console, account: AccountRow, **wanted: str) -> dict[str, int]:
    """Give the requests of each country."""
    data = await console.root(account).run(COUNTRIES, input=wanted)
    return {each["country"]: each["requests"] for each in data["countryStatistic"]}


async def test_countries_are_named_and_the_one_with_most_requests_comes_first(
    console: Console,
) -> None:
    account = await console.add_account()
    await add(
        console,
        day(account, "US", (1, 1, 2, 1, 0)),
        day(account, "HK", (3, 3, 3, 2, 1)),
        day(account, "HK", (1, 0, 0, 0, 0), app_id=1_400_000_001),
        day(account, "DEF", (1, 0, 0, 0, 0)),
        day(account, "CN", (9, 9, 9, 9, 0), region=Region.MAINLAND),
    )
    data = await console.root(account).run(COUNTRIES, input=GLOBAL)
    first, second, third = data["countryStatistic"]
    assert first == {
        "country": "HK",
        "dialCode": "852",
        "name": "Hong Kong",
        "requests": 4,
        "accepted": 3,
        "billableSegments": 3,
        "delivered": 2,
        "failed": 1,
        "successRate": 0.75,
    }
    assert (second["country"], second["dialCode"], second["name"]) == ("DEF", "", "Default")
    assert (third["country"], third["successRate"]) == ("US", 1.0)


async def test_days_and_an_application_narrow_the_countries(console: Console) -> None:
    account, other = await console.add_account(), await console.add_account()
    await add(
        console,
        day(account, "US", (1, 0, 0, 0, 0)),
        day(account, "US", (2, 0, 0, 0, 0), on=TODAY - timedelta(days=6)),
        day(account, "US", (4, 0, 0, 0, 0), on=TODAY - timedelta(days=7)),
        day(account, "FR", (8, 0, 0, 0, 0), app_id=1_400_000_001),
        day(other, "US", (99, 0, 0, 0, 0)),
    )
    week = {"region": "GLOBAL", "period": "LAST_7_DAYS"}
    assert await countries(console, account, **week) == {"FR": 8, "US": 3}
    app = encode("Application", 1_400_000_001)
    assert await countries(console, account, **week, applicationId=app) == {"FR": 8}
    given = {"region": "GLOBAL", "from": "2026-02-23", "to": "2026-02-24"}
    assert await countries(console, account, **given) == {"US": 6}
    assert await countries(console, account, region="MAINLAND", period="TODAY") == {}


async def test_a_time_that_is_too_long_is_an_input_error(console: Console) -> None:
    account = await console.add_account()
    given = {"region": "GLOBAL", "from": "2026-01-01", "to": "2026-04-03"}
    answer = await console.root(account).ask(COUNTRIES, input=given)
    assert answer.code == "BAD_USER_INPUT"
    assert "93 days" in answer.errors[0].message


async def test_months_without_messages_are_there_too(console: Console) -> None:
    account = await console.add_account()
    await add(
        console,
        day(account, "US", (4, 3, 5, 2, 1), on=date(2026, 1, 31)),
        day(account, "FR", (1, 1, 1, 1, 0), on=date(2026, 1, 1)),
        day(account, "US", (7, 7, 7, 7, 0), on=date(2026, 2, 28), app_id=1_400_000_001),
        day(account, "US", (50, 0, 0, 0, 0), on=date(2025, 11, 30)),
    )
    wanted = {"region": "GLOBAL", "from": "2025-12", "to": "2026-03"}
    root = console.root(account)
    found = (await root.run(MONTHS, input=wanted))["monthStatistic"]
    assert [(each["month"], each["requests"]) for each in found] == [
        ("2025-12", 0),
        ("2026-01", 5),
        ("2026-02", 7),
        ("2026-03", 0),
    ]
    assert found[1] == {
        "month": "2026-01",
        "requests": 5,
        "accepted": 4,
        "billableSegments": 6,
        "delivered": 3,
        "failed": 1,
        "successRate": 0.8,
    }
    assert found[0]["successRate"] is None
    narrowed = wanted | {"applicationId": encode("Application", 1_400_000_001)}
    found = (await root.run(MONTHS, input=narrowed))["monthStatistic"]
    assert [each["requests"] for each in found] == [0, 0, 7, 0]


@pytest.mark.parametrize(("first", "says"), [("2026-3", "is not a month"), ("2024-03", "25 month")])
async def test_months_that_are_not_clear_are_an_input_error(
    console: Console, first: str, says: str
) -> None:
    account = await console.add_account()
    wanted = {"region": "GLOBAL", "from": first, "to": "2026-03"}
    answer = await console.root(account).ask(MONTHS, input=wanted)
    assert answer.code == "BAD_USER_INPUT"
    assert says in answer.errors[0].message


@pytest.mark.parametrize(
    ("document", "wanted"),
    [(COUNTRIES, GLOBAL), (MONTHS, {"region": "GLOBAL", "from": "2026-01", "to": "2026-03"})],
)
async def test_a_page_reads_one_rollup_once_and_no_message(
    console: Console, document: str, wanted: dict[str, str]
) -> None:
    account = await console.add_account()
    await add(console, *(day(account, f"X{number}", (1, 1, 1, 1, 0)) for number in range(60)))
    with Statements(console.database) as statements:
        await console.root(account).run(document, input=wanted)
    assert len([text for text in statements.texts if "FROM country_statistic" in text]) == 1
    assert not any("FROM message" in text or "FROM statistic" in text for text in statements.texts)
    nobody = console.user(await console.add_user(account))
    assert (await nobody.ask(document, input=wanted)).code == "FORBIDDEN"

"""Which route takes a message, and which of its carriers."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.region import Region, SmsType
from domain.route import Choice, Destination, Mismatch, Route, Routing, Target

HONG_KONG = Destination(12_345_678, Region.GLOBAL, "HK", "+85266661234", SmsType.REGULAR)
ONE = (Target("one", 1),)


def route(number: int = 1, **conditions: Any) -> Route:
    return Route(**{"id": number, "targets": ONE, **conditions})


def taken(routes: list[Route], destination: Destination = HONG_KONG) -> int | None:
    choice = Routing.of(routes).choose(destination, 0)
    return choice.route_id if choice else None


def test_a_route_without_conditions_takes_everything() -> None:
    assert Routing.of([route()]).choose(HONG_KONG, 7) == Choice(1, ("one",))


def test_without_a_route_nothing_is_chosen() -> None:
    assert taken([]) is None
    assert taken([route(country="US")]) is None


def test_the_first_route_whose_conditions_all_hold_decides() -> None:
    table = [
        route(1, country="HK", sms_type=SmsType.MARKETING),
        route(2, prefix="8526", account_uin=12_345_678),
        route(3, country="HK"),
        route(4),
    ]
    assert taken(table) == 2
    assert taken(table, HONG_KONG._replace(account_uin=1)) == 3
    assert taken(table, HONG_KONG._replace(sms_type=SmsType.MARKETING)) == 1
    assert taken(table[::-1]) == 4


def test_a_route_that_is_not_enabled_is_passed_over() -> None:
    assert taken([route(1, enabled=False), route(2)]) == 2
    assert taken([route(1, enabled=False)]) is None


@pytest.mark.parametrize(
    ("condition", "mismatch"),
    [
        ({"region": Region.MAINLAND}, Mismatch.REGION),
        ({"country": "US"}, Mismatch.COUNTRY),
        ({"prefix": "8525"}, Mismatch.PREFIX),
        ({"prefix": "66661234"}, Mismatch.PREFIX),
        ({"sms_type": SmsType.MARKETING}, Mismatch.SMS_TYPE),
        ({"account_uin": 1}, Mismatch.ACCOUNT),
        ({"enabled": False}, Mismatch.DISABLED),
    ],
)
def test_each_condition_says_when_it_does_not_hold(
    condition: dict[str, Any], mismatch: Mismatch
) -> None:
    assert route(**condition).mismatches(HONG_KONG) == (mismatch,)
    assert taken([route(**condition)]) is None


def test_every_reason_is_given_at_once() -> None:
    wrong = route(enabled=False, region=Region.MAINLAND, country="CN", prefix="86", account_uin=1)
    assert wrong.mismatches(HONG_KONG) == (
        Mismatch.DISABLED,
        Mismatch.REGION,
        Mismatch.COUNTRY,
        Mismatch.PREFIX,
        Mismatch.ACCOUNT,
    )


@pytest.mark.parametrize("phone", ["+1", "+19", "+1999999999999", "+2", "+20"])
def test_a_prefix_ends_where_other_numbers_begin(phone: str) -> None:
    found = taken([route(prefix="1")], HONG_KONG._replace(phone=phone))
    assert found == (1 if phone.startswith("+1") else None)


def test_a_weight_is_a_share_of_the_rolls() -> None:
    shared = route(targets=(Target("one", 70), Target("two", 25), Target("three", 5)))
    routing = Routing.of([shared])
    picked = Counter(
        choice.carriers[0] for roll in range(1_000) if (choice := routing.choose(HONG_KONG, roll))
    )
    assert picked == {"one": 700, "two": 250, "three": 50}


def test_the_other_targets_are_tried_next_and_the_fall_back_last() -> None:
    shared = route(targets=(Target("one", 1), Target("two", 1), Target("three", 1)), fallback="x")
    routing = Routing.of([shared])
    assert [routing.choose(HONG_KONG, roll) for roll in range(3)] == [
        Choice(1, ("one", "two", "three", "x")),
        Choice(1, ("two", "one", "three", "x")),
        Choice(1, ("three", "one", "two", "x")),
    ]


@pytest.mark.parametrize("roll", [0, 1, 2**63 - 1, 2**128])
def test_a_roll_gives_the_same_choice_every_time(roll: int) -> None:
    table = [route(targets=(Target("one", 33), Target("two", 67)))]
    assert Routing.of(table).choose(HONG_KONG, roll) == Routing.of(table).choose(HONG_KONG, roll)


# A plain reading of the table, to hold the compiled one against.
def loop(routes: list[Route], destination: Destination, roll: int) -> Choice | None:
    for row in routes:
        asked = [
            (row.region, destination.region),
            (row.country, destination.country),
            (row.sms_type, destination.sms_type),
            (row.account_uin, destination.account_uin),
        ]
        fits = all(wanted is None or wanted == found for wanted, found in asked)
        begins = row.prefix is None or destination.phone[1:].startswith(row.prefix)
        if not (row.enabled and fits and begins):
            continue
        left = roll % sum(target.weight for target in row.targets)
        for picked in row.targets:
            if left < picked.weight:
                break
            left -= picked.weight
        rest = [target.carrier for target in row.targets if target is not picked]
        return Choice(row.id, (picked.carrier, *rest, *filter(None, [row.fallback])))
    return None


DIGITS = st.text("0189", min_size=1, max_size=6)
COUNTRIES = st.sampled_from(["US", "CN", "DEF"])
ACCOUNTS = st.sampled_from([1, 2])


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


ROUTES = st.lists(
    st.builds(
        Route,
        id=st.integers(1, 10**6),
        targets=st.lists(
            st.builds(Target, st.sampled_from("abcdefghij"), st.integers(1, 100)),
            min_size=1,
            max_size=10,
            unique_by=lambda target: target.carrier,
        ).map(tuple),
        fallback=maybe(st.just("z")),
        enabled=st.booleans(),
        region=maybe(st.sampled_from(Region)),
        country=maybe(COUNTRIES),
        prefix=maybe(DIGITS),
        sms_type=maybe(st.sampled_from(SmsType)),
        account_uin=maybe(ACCOUNTS),
    ),
    max_size=30,
)
DESTINATIONS = st.builds(
    Destination,
    st.sampled_from([1, 2, 3]),
    st.sampled_from(Region),
    st.sampled_from(["US", "CN", "DEF", "HK"]),
    DIGITS.map(lambda digits: f"+{digits}"),
    st.sampled_from(SmsType),
)


@given(ROUTES, DESTINATIONS, st.integers(min_value=0))
@example([route(1, prefix="1"), route(2, prefix="19")], HONG_KONG._replace(phone="+19"), 0)
def test_the_compiled_table_decides_as_a_plain_reading_does(
    routes: list[Route], destination: Destination, roll: int
) -> None:
    choice = Routing.of(routes).choose(destination, roll)
    assert choice == loop(routes, destination, roll)


@given(ROUTES, DESTINATIONS)
def test_the_reasons_agree_with_the_choice(routes: list[Route], destination: Destination) -> None:
    choice = Routing.of(routes).choose(destination, 0)
    takers = [row.id for row in routes if not row.mismatches(destination)]
    assert ([choice.route_id] if choice else []) == takers[:1]


def test_two_hundred_routes_are_told_apart() -> None:
    table = [route(number, prefix=f"852{number:03}") for number in range(200)]
    routing = Routing.of(table)
    for number in range(200):
        choice = routing.choose(HONG_KONG._replace(phone=f"+852{number:03}55"), 0)
        assert choice == Choice(number, ("one",))

"""What operators may enter of a route."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import route_form
from domain.errors import Code, Refused
from domain.region import Region, SmsType
from domain.route import Destination, Route, Target
from domain.route_form import NOTE_MOST, TARGETS_MOST, WEIGHT_MOST, Conditions, Draft, Form

ONE = (Target("one", 1),)


def problems(**entered: object) -> list[tuple[Code, str, tuple[str, ...]]]:
    with pytest.raises(Refused) as refused:
        route_form.draft(Form(**{"targets": ONE, **entered}))  # type: ignore[arg-type]  # - any of its fields
    return [(each.code, each.message, each.field) for each in refused.value.problems]


def test_a_form_is_tidied() -> None:
    form = Form(
        targets=[Target("one", 2), Target("two", 3)],
        fallback=" three ",
        note=" for Hong Kong ",
        region=Region.GLOBAL,
        country=" hk",
        prefix="+8526 ",
        sms_type=SmsType.REGULAR,
        account_uin=" 12345678",
    )
    conditions = Conditions(Region.GLOBAL, "HK", "8526", SmsType.REGULAR, 12_345_678)
    targets = (Target("one", 2), Target("two", 3))
    assert route_form.draft(form) == Draft(conditions, targets, "three", "for Hong Kong")


def test_nothing_entered_is_no_condition() -> None:
    assert route_form.draft(Form(ONE)) == Draft(Conditions(), ONE, None, "")


@pytest.mark.parametrize(
    ("entered", "code", "message", "field"),
    [
        (
            {"country": "XX"},
            Code.INVALID,
            'country "XX" is not an ISO 3166-1 code: enter one such as HK',
            ("conditions", "country"),
        ),
        (
            {"prefix": "0852"},
            Code.INVALID,
            (
                'prefix "0852" does not begin a number: enter digits such as 85266, from the '
                "country code on"
            ),
            ("conditions", "prefix"),
        ),
        (
            {"prefix": "1" * 16},
            Code.TOO_LONG,
            f'prefix "{"1" * 16}" has 16 digits: enter at most 15',
            ("conditions", "prefix"),
        ),
        (
            {"account_uin": "acme"},
            Code.INVALID,
            'account uin "acme" is not a uin: enter digits such as 12345678',
            ("conditions", "account_uin"),
        ),
        (
            {"region": Region.MAINLAND, "country": "HK"},
            Code.MISMATCH,
            "no number of HK is in the region mainland: leave one of them out",
            ("conditions", "country"),
        ),
        (
            {"region": Region.GLOBAL, "country": "CN"},
            Code.MISMATCH,
            "no number of CN is in the region global: leave one of them out",
            ("conditions", "country"),
        ),
        (
            {"country": "HK", "prefix": "1"},
            Code.MISMATCH,
            "no number of HK begins with 1, but with 852",
            ("conditions", "prefix"),
        ),
        (
            {"region": Region.GLOBAL, "prefix": "8613"},
            Code.MISMATCH,
            "no number of the region global begins with 8613: leave one of them out",
            ("conditions", "prefix"),
        ),
        (
            {"region": Region.MAINLAND, "prefix": "852"},
            Code.MISMATCH,
            "no number of the region mainland begins with 852: leave one of them out",
            ("conditions", "prefix"),
        ),
        (
            {"targets": ()},
            Code.REQUIRED,
            "targets are empty: name 1 to 10 carriers",
            ("targets",),
        ),
        (
            {"targets": (Target("one", 1), Target("one", 2))},
            Code.INVALID,
            'carrier "one" is named twice: give it one weight',
            ("targets", "1", "carrier"),
        ),
        (
            {"targets": (Target("one", 0),)},
            Code.OUT_OF_RANGE,
            "weight 0 is out of range: enter 1 to 100",
            ("targets", "0", "weight"),
        ),
        (
            {"fallback": "one"},
            Code.INVALID,
            'fallback "one" is a target already: leave it out or choose another',
            ("fallback",),
        ),
    ],
)
def test_a_refusal_names_field_value_and_way_out(
    entered: dict[str, object], code: Code, message: str, field: tuple[str, ...]
) -> None:
    assert problems(**entered) == [(code, message, field)]


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        country="??", prefix="x", account_uin="-1", targets=(Target("one", 101),), note="\a"
    )
    assert [field for _, _, field in found] == [
        ("conditions", "country"),
        ("conditions", "prefix"),
        ("conditions", "account_uin"),
        ("targets", "0", "weight"),
        ("note",),
    ]


def test_the_limits_themselves_are_allowed() -> None:
    most = tuple(Target(f"c{number}", WEIGHT_MOST) for number in range(TARGETS_MOST))
    form = Form(most, note="n" * NOTE_MOST, prefix="1" * 15, account_uin="9" * 18)
    made = route_form.draft(form)
    assert (made.targets, made.note, made.conditions.prefix) == (most, form.note, form.prefix)
    assert problems(targets=(*most, Target("x", 1))) == [
        (Code.LIMIT_EXCEEDED, "targets are 11: name at most 10 carriers", ("targets",))
    ]
    assert [code for code, _, _ in problems(note="n" * (NOTE_MOST + 1))] == [Code.TOO_LONG]
    assert [code for code, _, _ in problems(account_uin="9" * 19)] == [Code.INVALID]


@pytest.mark.parametrize(
    "entered",
    [
        {"region": Region.MAINLAND, "country": "CN", "prefix": "8613"},
        {"region": Region.MAINLAND, "prefix": "8"},
        {"region": Region.GLOBAL, "prefix": "8"},
        {"country": "CA", "prefix": "1416"},
        {"country": "HK", "prefix": "85"},
    ],
)
def test_conditions_that_numbers_fulfil_together_are_allowed(entered: dict[str, object]) -> None:
    made = route_form.draft(Form(ONE, **entered))  # type: ignore[arg-type]  # - any of its fields
    assert made.conditions == Conditions(**entered)  # type: ignore[arg-type]  # - as before


def test_carriers_must_exist() -> None:
    made = route_form.draft(Form([Target("one", 1), Target("two", 1)], fallback="three"))
    route_form.check_carriers(made, {"one", "two", "three"})
    with pytest.raises(Refused) as refused:
        route_form.check_carriers(made, {"one"})
    assert [(each.code, each.message, each.field) for each in refused.value.problems] == [
        (
            Code.NOT_FOUND,
            'there is no carrier "two": create it first',
            ("targets", "1", "carrier"),
        ),
        (Code.NOT_FOUND, 'there is no carrier "three": create it first', ("fallback",)),
    ]


@pytest.mark.parametrize("position", [0, -1, 4])
def test_a_place_is_within_the_table(position: int) -> None:
    route_form.check_position(1, 3)
    route_form.check_position(3, 3)
    with pytest.raises(Refused, match=f"position {position} is not in the table: enter 1 to 3"):
        route_form.check_position(position, 3)


def test_the_table_has_an_end() -> None:
    route_form.check_room(199)
    with pytest.raises(Refused, match="at most 200 routes: delete what is no longer needed"):
        route_form.check_room(200)


TEXTS = st.text(max_size=20) | st.from_regex(r"\+?[0-9]{1,16}", fullmatch=True)


@given(
    st.sampled_from([None, *Region]),
    st.sampled_from(["", "hk", "CN", "us", "XX"]) | TEXTS,
    TEXTS,
    TEXTS,
)
def test_whatever_is_accepted_is_a_route_that_some_number_takes(
    region: Region | None, country: str, prefix: str, uin: str
) -> None:
    form = Form(ONE, region=region, country=country, prefix=prefix, account_uin=uin)
    try:
        made = route_form.draft(form).conditions
    except Refused as refused:
        assert all("\n" not in each.message for each in refused.problems)  # noqa: PT017 - of all
        return
    code = {"HK": "852", "CN": "86", "US": "1"}.get(made.country or "", made.prefix or "86")
    begins = max(code, made.prefix or "", key=len)
    where = Region.MAINLAND if begins.startswith("86") else Region.GLOBAL
    destination = Destination(
        1 if made.account_uin is None else made.account_uin,
        made.region or where,
        made.country or "DEF",
        f"+{begins}",
        made.sms_type or SmsType.REGULAR,
    )
    row = Route(
        id=1,
        targets=ONE,
        region=made.region,
        country=made.country,
        prefix=made.prefix,
        account_uin=made.account_uin,
    )
    assert row.mismatches(destination) == ()

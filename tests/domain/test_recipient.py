"""What a bulk task may have its recipients from (BLK-11, CUS-5, domain.md 5.5)."""

from collections.abc import Callable

import pytest

from domain import recipient as rules
from domain.errors import Code, Refused
from domain.recipient import Group, RecipientSource
from domain.region import IdentityKind, Region, SmsType

REGULAR = Group("Regulars", SmsType.REGULAR, 600_000)
SELLING = Group("Offers", SmsType.MARKETING, 10)


def found(rule: Callable[[], object]) -> list[tuple[Code, tuple[str, ...]]]:
    with pytest.raises(Refused) as refusal:
        rule()
    return [(each.code, each.field) for each in refusal.value.problems]


def test_one_to_fifty_groups_are_selected() -> None:
    for count in (1, 50):
        rules.check_selection(count)
    assert found(lambda: rules.check_selection(0)) == [(Code.REQUIRED, ("group_ids",))]
    assert found(lambda: rules.check_selection(51)) == [(Code.TOO_LARGE, ("group_ids",))]


def test_every_group_that_does_not_fit_is_named() -> None:
    rules.check_groups([REGULAR], SmsType.REGULAR, 600_000)
    selected = [None, REGULAR, SELLING, REGULAR]
    assert found(lambda: rules.check_groups(selected, SmsType.REGULAR, 1_000_000)) == [
        (Code.NOT_FOUND, ("group_ids", "0")),
        (Code.MISMATCH, ("group_ids", "2")),
        (Code.LIMIT_EXCEEDED, ("group_ids",)),
    ]


def test_groups_may_grow_up_to_what_a_task_reaches() -> None:
    rules.check_copied(1_000_000, 1_000_000)
    with pytest.raises(Refused, match="the groups have more than 1,000,000 members"):
        rules.check_copied(1_000_001, 1_000_000)


def test_only_a_template_without_variables_fills_itself() -> None:
    rules.check_template(0)
    with pytest.raises(Refused, match="has 1 variable, which only an uploaded form fills"):
        rules.check_template(1)


@pytest.mark.parametrize(("sign", "characters"), [("Shop", 10), (None, 4)])
def test_one_text_is_measured_with_its_signature(sign: str | None, characters: int) -> None:
    size = rules.one_text("open", sign, Region.MAINLAND, IdentityKind.ORGANIZATION)
    assert (size.characters, size.segments) == (characters, 1)


def test_each_source_says_what_to_do_when_nobody_is_left() -> None:
    told = {
        (source, rows): rules.none_left(source, rows)
        for source in RecipientSource
        for rows in (0, 1)
    }
    assert told[RecipientSource.FILE, 1].endswith("upload it again")
    assert told[RecipientSource.NUMBERS, 1].endswith("enter them again")
    assert told[RecipientSource.GROUPS, 1].endswith("select other groups")
    assert told[RecipientSource.GROUPS, 0].startswith("the groups have no members")

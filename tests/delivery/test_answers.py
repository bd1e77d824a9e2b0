"""Answers wait for their receipts one turn, and nobody is forgotten or taken twice."""

from hypothesis import given
from hypothesis import strategies as st

from delivery.answers import Answers
from domain.carrier import Answer, Receipt, Verdict
from tests.console import START


def accepted(*numbers: int) -> list[Answer]:
    return [Answer(number, Verdict.ACCEPTED, (f"ref-{number}",)) for number in numbers]


def receipts(*numbers: int) -> list[Receipt]:
    return [Receipt(f"ref-{number}", True, "DELIVRD", START) for number in numbers]


def test_what_is_accepted_is_left_once() -> None:
    answers = Answers()
    answers.add("acme", accepted(1, 2))
    assert (len(answers), answers.fresh) == (2, 2)
    assert answers.take_due({}) == {"acme": []}
    assert (len(answers), answers.fresh) == (2, 0)
    answers.add("acme", accepted(3))
    assert answers.take_due({}) == {"acme": accepted(1, 2)}
    assert (len(answers), answers.fresh) == (1, 0)


def test_what_has_its_receipt_and_what_has_none_to_come_is_due() -> None:
    answers = Answers()
    parts = Answer(4, Verdict.ACCEPTED, ("part-1", "part-2"))
    refused, unknown = Answer(5, Verdict.REFUSED, code="x"), Answer(6, Verdict.UNKNOWN, ("ref-6",))
    answers.add("acme", [*accepted(1, 2), parts, refused, unknown])
    answers.add("other", accepted(2))
    heard = {"acme": [*receipts(2), Receipt("part-2", True, "DELIVRD", START)]}
    due = {"acme": [*accepted(2), parts, refused, unknown], "other": []}
    assert answers.take_due(heard) == due
    assert answers.take() == {"acme": accepted(1), "other": accepted(2)}
    assert not answers


def test_what_could_not_be_written_down_is_in_front_and_due() -> None:
    answers = Answers()
    answers.add("acme", accepted(1))
    taken = answers.take()
    answers.add("acme", accepted(2))
    answers.give_back(taken)
    assert (len(answers), answers.fresh) == (2, 1)
    assert answers.take_due({}) == {"acme": accepted(1)}
    assert answers.take() == {"acme": accepted(2)}


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sets(st.integers(1, 30)), st.booleans(), st.booleans()),
        max_size=12,
    )
)
def test_each_is_written_down_once_and_at_most_one_turn_late(
    turns: list[tuple[int, set[int], bool, bool]],
) -> None:
    answers, number, late = Answers(), 0, set[int]()
    written: list[int] = []
    for new, heard, patient, fails in turns:
        added = range(number + 1, number + new + 1)
        number += new
        answers.add("acme", accepted(*added))
        found = answers.take_due({"acme": receipts(*heard)}) if patient else answers.take()
        taken = [one.message_id for group in found.values() for one in group]
        assert late <= set(taken)
        if fails:
            answers.give_back(found)
            late |= set(taken) | set(added)
        else:
            written += taken
            late = set(range(1, number + 1)) - set(written)
    written += [one.message_id for group in answers.take().values() for one in group]
    assert sorted(written) == list(range(1, number + 1))

"""One message as submit_sm, and the one answer that comes of its parts."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.carriers.smpp.command import Status
from delivery.carriers.smpp.session import Failure
from delivery.carriers.smpp.settings import SmppSettings
from delivery.carriers.smpp.submission import RETRIES, Submission, compose, refusal
from domain.carrier import Answer, Outgoing, Verdict
from domain.outcome import Bucket, lookup
from domain.smpp import LongMessage
from tests.smsc_honest import Link, Smsc, Submitted, submitted

LONG = "x" * 400  # three parts


def read(wire: bytes) -> Submitted:
    length, command, status, sequence = struct.unpack_from(">4I", wire)
    assert (length, command, status) == (len(wire), 4, 0)
    return submitted(Link(Smsc()), sequence, wire[16:])


def parts(text: str = "[Shop] hello", number: int = 70_001, **changes: Any) -> list[Submitted]:
    known: dict[str, Any] = {"host": "h", "port": 1, "system_id": "s", "password": "p"}
    settings = SmppSettings(**known | changes)
    return [read(wire) for wire in compose(Outgoing(number, "+8613800138000", text), settings)]


def test_a_message_goes_to_its_number_without_the_plus() -> None:
    (part,) = parts()
    assert part.destination == (1, 1, "8613800138000")
    assert part.octets == b"\x1b<Shop\x1b> hello"
    assert (part.data_coding, part.esm_class, part.registered_delivery) == (0, 0, 1)


def test_user_message_reference_is_the_low_half_of_the_id() -> None:
    assert parts()[0].tlvs == {0x0204: (70_001 & 0xFFFF).to_bytes(2)}


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("Shop", (5, 0, "Shop")),
        ("4You", (5, 0, "4You")),
        ("10690", (0, 1, "10690")),
        ("+85290001234", (1, 1, "85290001234")),
        ("", (0, 0, "")),
    ],
)
def test_the_sender_id_says_its_type(sender: str, expected: tuple[int, int, str]) -> None:
    assert parts(sender_id=sender)[0].source == expected


@pytest.mark.parametrize(
    ("sender", "expected"),
    [("MyShop", (5, 0, "MyShop")), ("+4477", (1, 1, "4477")), ("1069", (0, 1, "1069"))],
)
def test_a_message_may_have_a_sender_id_of_its_own(
    sender: str, expected: tuple[int, int, str]
) -> None:
    """What the operator set of type and plan is for the carrier's own."""
    known: dict[str, Any] = {"host": "h", "port": 1, "system_id": "s", "password": "p"}
    settings = SmppSettings(**known, sender_id="1000", source_ton=3, source_npi=9)
    message = Outgoing(1, "+8526666001", "[Shop] hello", sender_id=sender)
    (part,) = map(read, compose(message, settings))
    assert part.source == expected
    (own,) = map(read, compose(Outgoing(1, "+8526666001", "[Shop] hello"), settings))
    assert own.source == (3, 9, "1000")


def test_the_operator_knows_the_type_better() -> None:
    (part,) = parts(sender_id="10690", source_ton=3, source_npi=0, dest_ton=2, dest_npi=8)
    assert part.source == (3, 0, "10690")
    assert part.destination == (2, 8, "8613800138000")


def test_settings_add_parameters_and_take_receipts_away() -> None:
    (part,) = parts(extra_tlvs=((0x1400, b"12345"),), registered_delivery=0)
    assert part.tlvs == {0x0204: b"\x11\x71", 0x1400: b"12345"}
    assert part.registered_delivery == 0


def test_parts_of_a_message_share_a_reference_that_is_the_same_the_next_time() -> None:
    first, again = parts(LONG), parts(LONG)
    assert [part.octets[:6] for part in first] == [
        b"\x05\x00\x03\x71\x03" + bytes((number,)) for number in (1, 2, 3)
    ]
    assert [part.octets for part in first] == [part.octets for part in again]
    assert parts(LONG, number=70_002)[0].octets[3] == 0x72


def test_a_carrier_may_divide_the_text_itself() -> None:
    (part,) = parts(LONG, long_messages=LongMessage.PAYLOAD)
    assert part.octets == b""
    assert part.tlvs[0x0424] == LONG.encode()


def test_statuses_are_named_and_the_carriers_own_are_given_as_numbers() -> None:
    assert refusal(0x0B) == "ESME_RINVDSTADR"
    assert refusal(0x400) == "SMPP:0x00000400"


def test_users_are_told_what_a_named_status_means() -> None:
    assert lookup("ESME_RINVDSTADR").bucket is Bucket.INVALID_NUMBER
    unexplained = [
        name
        for name in Status.__members__
        if name != "ESME_ROK" and lookup(name).reason.endswith("is in no table of codes")
    ]
    assert unexplained == []


class Story:
    """A message of three parts, and what comes of it."""

    def __init__(self, count: int = 3) -> None:
        self.answers: list[Answer] = []
        self.submission = Submission(7, [b""] * count, self.answers.append)

    def settle(self) -> list[Answer]:
        self.submission.settle()
        return self.answers


@pytest.fixture
def story() -> Story:
    return Story()


def test_it_is_accepted_when_every_part_is(story: Story) -> None:
    one = story.submission
    for index in (one.take(), one.take(), one.take()):
        assert story.settle() == []
        one.accepted(index, f"00A{index}")
    assert story.settle() == [Answer(7, Verdict.ACCEPTED, ("a0", "a1", "a2"))]


def test_the_first_refusal_decides_and_later_parts_stay(story: Story) -> None:
    one = story.submission
    first, second = one.take(), one.take()
    one.refused(0x0B)
    assert not one.unsent
    assert story.settle() == []
    one.accepted(first, "1")
    assert second == 1
    assert story.settle() == [Answer(7, Verdict.REFUSED, code="ESME_RINVDSTADR")]


def test_an_acceptance_without_an_id_is_one_all_the_same() -> None:
    story = Story(1)
    story.submission.accepted(story.submission.take(), "")
    assert story.settle() == [Answer(7, Verdict.ACCEPTED, ("none-7-0",))]


def test_it_is_unknown_with_what_was_heard_when_a_part_has_no_answer(story: Story) -> None:
    one = story.submission
    one.accepted(one.take(), "1")
    one.take()
    one.failed(Failure.UNANSWERED)
    assert story.settle() == [Answer(7, Verdict.UNKNOWN, ("1",))]


def test_it_is_unknown_when_the_rest_cannot_follow(story: Story) -> None:
    one = story.submission
    one.accepted(one.take(), "1")
    one.lost()
    assert story.settle() == [Answer(7, Verdict.UNKNOWN, ("1",))]


def test_it_was_not_sent_when_no_part_was(story: Story) -> None:
    story.submission.take()
    story.submission.failed(Failure.UNSENT)
    assert story.settle() == [Answer(7, Verdict.UNAVAILABLE)]


def test_a_part_that_came_too_fast_is_sent_again_a_few_times(story: Story) -> None:
    one = story.submission
    for _ in range(RETRIES):
        assert one.take() == 0
        one.throttled(0)
        assert story.settle() == []
    assert one.take() == 0
    one.throttled(0)
    assert story.settle() == [Answer(7, Verdict.THROTTLED)]


def test_what_was_begun_is_tried_longer_and_is_unknown_then(story: Story) -> None:
    one = story.submission
    one.accepted(one.take(), "1")
    tries = 0
    while not story.settle():
        one.throttled(one.take())
        tries += 1
    assert tries == 11
    assert story.answers == [Answer(7, Verdict.UNKNOWN, ("1",))]


EVENTS = st.sampled_from(["accepted", "refused", "throttled", "unsent", "unanswered"])


@given(count=st.integers(1, 5), ahead=st.integers(1, 5), data=st.data())
def test_whatever_happens_there_is_one_answer_and_it_is_true(
    count: int, ahead: int, data: st.DataObject
) -> None:
    story = Story(count)
    one, accepted, unanswered = story.submission, 0, False
    open_parts: list[int] = []
    while one.unsent or open_parts:
        while one.unsent and len(open_parts) < ahead:
            open_parts.append(one.take())
        assert story.settle() == []
        place = data.draw(st.integers(0, len(open_parts) - 1))
        index, event = open_parts.pop(place), data.draw(EVENTS)
        if event == "accepted":
            accepted += 1
            one.accepted(index, f"z{index}")
        elif event == "refused":
            one.refused(0x0B)
        elif event == "throttled":
            one.throttled(index)
        else:
            unanswered = unanswered or event == "unanswered"
            one.failed(Failure(event))
    (answer,) = story.settle()
    assert story.settle() == [answer]
    if answer.verdict in {Verdict.UNAVAILABLE, Verdict.THROTTLED}:
        assert not accepted
        assert not unanswered
    if answer.verdict in {Verdict.ACCEPTED, Verdict.UNKNOWN}:
        assert len(answer.references) == accepted
    assert (answer.verdict is Verdict.ACCEPTED) == (accepted == count)

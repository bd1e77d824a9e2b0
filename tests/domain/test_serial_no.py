"""What a message is called outside: reversible, and nothing else is taken for one (API-1)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.serial_no import message_id_of, serial_no

MOMENTS = st.integers(0, 9_999_999_999).map(lambda at: datetime.fromtimestamp(at, UTC))


def test_it_tells_the_second_and_the_message() -> None:
    at = datetime(2019, 10, 8, 12, 9, 38, 494996, tzinfo=UTC)
    assert serial_no(10457, at) == "5000:157053657810457"


@given(message_id=st.integers(1, 2**63 - 1), at=MOMENTS)
def test_the_message_is_read_out_again(message_id: int, at: datetime) -> None:
    assert message_id_of(serial_no(message_id, at)) == message_id


@given(a=st.tuples(st.integers(1, 2**63 - 1), MOMENTS), b=st.integers(1, 2**63 - 1))
def test_two_messages_never_share_one(a: tuple[int, datetime], b: int) -> None:
    message_id, at = a
    assert (serial_no(message_id, at) == serial_no(b, at)) == (message_id == b)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5000:",
        "5000:1570536578",
        "5000:15705365780",
        "5000:157053657810457 ",
        "5000:157053657810457\n",
        "5001:157053657810457",
        "157053657810457",
        "5000:1570536578-1",
        "5000:1570536578９",
        f"5000:1570536578{2**63}",
        "5000:" + "9" * 100,
    ],
)
def test_anything_else_is_no_serial_number(text: str) -> None:
    assert message_id_of(text) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = message_id_of(text)
    assert found is None or found > 0

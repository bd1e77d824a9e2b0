"""What the receipts of parts come to (STA-1)."""

import pytest

from domain.message import MessageEvent
from domain.part import fate


@pytest.mark.parametrize(
    ("parts", "event"),
    [
        ([None, None], None),
        ([True, None], None),
        ([True, True], MessageEvent.DELIVER),
        ([None, False, None], MessageEvent.FAIL),
        ([True, False], MessageEvent.FAIL),
        ([False, False], MessageEvent.FAIL),
    ],
)
def test_a_message_fails_with_its_first_part_and_arrives_with_its_last(
    parts: list[bool | None], event: MessageEvent | None
) -> None:
    assert fate(parts) is event

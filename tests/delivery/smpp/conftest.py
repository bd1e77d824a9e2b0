"""What the tests of SMPP share."""

import pytest

from tests.delivery.sinks import RecordingSink
from tests.delivery.smpp.hours import Hours


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()

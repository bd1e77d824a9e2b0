"""What a worker counts and traces of its work, and that it names nobody in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from db.session import Database
from delivery import metric, trace
from delivery.trace import Value
from domain.carrier import Answer, Receipt, Reply, Verdict
from tests import sending
from tests.console import START, Clock
from tests.delivery.test_worker import make, running, until


def counted(counter: object, *labels: str) -> float:
    """Read a counter."""
    for family in metric.REGISTRY.collect():
        for sample in family.samples:
            if sample.name == counter and tuple(sample.labels.values()) == labels:
                return float(sample.value)
    return 0


class Spans:
    """Takes spans instead of a collector."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, Value]]] = []

    @contextmanager
    def start(self, name: str, attributes: dict[str, Value]) -> Iterator["Spans"]:
        """Take one."""
        self.taken.append((name, attributes))
        yield self

    def set_attribute(self, key: str, value: Value) -> None:
        """Take one more of the last."""
        self.taken[-1][1][key] = value


def test_answers_receipts_and_replies_are_counted_by_carrier() -> None:
    answers = [Answer(1, Verdict.ACCEPTED), Answer(2, Verdict.ACCEPTED), Answer(3, Verdict.UNKNOWN)]
    metric.answered("counted", answers)
    receipts = [
        Receipt("1", delivered=True, code="DELIVRD", at=START),
        Receipt("2", delivered=False, code="EXPIRED", at=START),
        Receipt("3", delivered=False, code="UNDELIV", at=START),
    ]
    metric.brought("counted", receipts, [Reply("+861", "TD", START)])
    metric.brought("counted", [], [])
    assert counted("sms_console_submitted_total", "counted", "accepted") == 2
    assert counted("sms_console_submitted_total", "counted", "unknown") == 1
    assert counted("sms_console_receipts_total", "counted", "delivered") == 1
    assert counted("sms_console_receipts_total", "counted", "failed") == 2
    assert counted("sms_console_replies_total", "counted") == 1


async def test_a_task_is_counted_and_traced_without_its_numbers(
    database: Database, clock: Clock
) -> None:
    await sending.add_account(database, clock.now)
    await sending.add_task(database, clock.now, sending.phones(25))
    names = {
        ("sms_console_submitted_total", "simulator", "accepted"): 25,
        ("sms_console_receipts_total", "simulator", "delivered"): 25,
        ("sms_console_refused_total",): 0,
    }
    before = {name: counted(*name) for name in names}
    spans = Spans()
    with trace.sent_by(spans.start):
        async with running(make(database, clock)):
            await until(database, {"delivered": 25})
    assert {name: counted(*name) - before[name] for name in names} == names
    submitted = [attributes for name, attributes in spans.taken if name == "carrier submit"]
    assert sum(int(each["messages"]) for each in submitted) == 25
    assert {each["carrier"] for each in submitted} == {"simulator"}
    assert {name for name, _ in spans.taken} == {"carrier submit", "dispatcher turn"}
    assert "138" not in str(spans.taken)
    assert trace.span("nothing") is trace.span("more of it", lasts=timedelta(0).seconds)


@pytest.mark.parametrize("failing", [True, False])
def test_spans_are_sent_no_longer_than_somebody_takes_them(failing: bool) -> None:
    spans = Spans()

    def work() -> None:
        with trace.sent_by(spans.start), trace.span("inside"):
            if failing:
                raise LookupError

    if failing:
        with pytest.raises(LookupError):
            work()
    else:
        work()
    with trace.span("outside"):
        assert [name for name, _ in spans.taken] == ["inside"]

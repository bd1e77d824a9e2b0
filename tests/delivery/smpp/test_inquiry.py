"""query_sm: what became of a part, asked where no receipt came."""

import asyncio
from datetime import UTC, datetime

import pytest

from delivery.carriers.smpp.command import Command, Status
from delivery.carriers.smpp.inquiry import fate
from delivery.carriers.smpp.pdu import MessageResp, QuerySmResp
from delivery.carriers.smpp.session import Failure
from domain.carrier import Receipt
from tests.delivery.smpp.hours import NOW, TIMEOUT, Hours, connected, until
from tests.smsc_honest import QUERY, RESPONSE, Link, Smsc, pdu

DONE = datetime(2025, 1, 1, 0, 30, tzinfo=UTC)


class Reticent(Smsc):
    """Says what became of id-1, does not know id-2, and is silent about the rest."""

    def on_query(self, link: Link, sequence: int, message_id: str) -> None:
        """Answer, or not."""
        if message_id == "id-1":
            super().on_query(link, sequence, message_id)
        elif message_id == "id-2":
            link.send(pdu(QUERY | RESPONSE, Status.ESME_RQUERYFAIL, sequence))


async def test_the_fate_of_any_number_of_parts_is_asked(hours: Hours) -> None:
    async with connected(Smsc(), hours) as carrier:
        found = await carrier.query([f"id-{number}" for number in range(25)])
    done_at = datetime(2025, 1, 1, tzinfo=UTC)
    assert found == [Receipt(f"id-{number}", True, "DELIVRD", done_at) for number in range(25)]


async def test_what_is_not_answered_stays_unknown(hours: Hours) -> None:
    async with connected(Reticent(), hours) as carrier:
        asking = asyncio.create_task(carrier.query(["id-1", "id-2", "id-3"]))
        await hours.advance(TIMEOUT)
        assert [one.reference for one in await asking] == ["id-1"]


async def test_a_question_nobody_waits_for_any_more_ends_nothing(hours: Hours) -> None:
    async with connected(Reticent(), hours) as carrier:
        asking = asyncio.create_task(carrier.query(["id-3"]))
        await hours.advance(0)
        asking.cancel()
        await hours.advance(TIMEOUT)
        assert [one.reference for one in await carrier.query(["id-1"])] == []
        await hours.advance(1)
        assert [one.reference for one in await carrier.query(["id-1"])] == ["id-1"]


async def test_without_a_bind_nothing_is_known(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours) as carrier:
        await smsc.stop()
        await until(lambda: carrier.state().binds == 0)
        assert await carrier.query(["id-1"]) == []


@pytest.mark.parametrize(
    ("date", "state", "expected"),
    [
        ("250101083000032+", 5, Receipt("a", False, "UNDELIV", DONE)),
        ("241231193000020-", 3, Receipt("a", False, "EXPIRED", DONE)),
        ("250101003000000R", 2, Receipt("a", True, "DELIVRD", DONE)),
        ("2501010030", 2, Receipt("a", True, "DELIVRD", DONE)),
        ("250101123000099+", 2, Receipt("a", True, "DELIVRD", DONE)),
        ("2501010030000xx+", 2, Receipt("a", True, "DELIVRD", DONE)),
        ("", 2, Receipt("a", True, "DELIVRD", NOW)),
        ("yesterday", 8, Receipt("a", False, "REJECTD", NOW)),
        ("250101003000000+", 1, None),
        ("250101003000000+", 6, None),
        ("250101003000000+", 0, None),
    ],
)
def test_only_a_final_fate_is_given(date: str, state: int, expected: Receipt | None) -> None:
    answer = QuerySmResp(sequence=1, message_id="a", final_date=date, message_state=state)
    assert fate("a", answer, NOW) == expected


@pytest.mark.parametrize(
    "answer",
    [
        Failure.UNANSWERED,
        Failure.UNSENT,
        QuerySmResp(sequence=1, status=Status.ESME_RQUERYFAIL, message_state=2),
        MessageResp(command=Command.SUBMIT_SM_RESP, sequence=1, message_id="a"),
    ],
)
def test_anything_else_tells_nothing(answer: Failure | QuerySmResp | MessageResp) -> None:
    assert fate("a", answer, NOW) is None

"""The carrier against SMSCs that others wrote."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from delivery.carriers.smpp.carrier import SmppCarrier
from delivery.carriers.smpp.settings import Tls
from domain.carrier import Verdict
from domain.smpp import Alphabet, BindMode, LongMessage
from tests.delivery.sinks import RecordingSink, answers
from tests.delivery.smpp.hours import message, settings, until
from tests.foreign_smsc import has_npm, npm_smsc, smpp34_smsc
from tests.smsc_honest import Smsc

with_npm = pytest.mark.skipif(not has_npm(), reason="Node or its smpp is not here: make test")
SMSCS = [pytest.param(smpp34_smsc, id="smpp34"), pytest.param(npm_smsc, id="npm", marks=with_npm)]
LONG = "The courier brings it between 9:00 and 11:00. " * 6  # 276 characters


@pytest.fixture(params=SMSCS)
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    async with request.param() as listening:
        yield listening


async def bound(port: int, sink: RecordingSink, **changes: Any) -> SmppCarrier:
    carrier = SmppCarrier("acme", settings(Smsc(port=port), **changes), lambda: datetime.now(UTC))
    await carrier.start(sink)
    await until(lambda: carrier.state().binds == carrier.state().binds_wanted)
    return carrier


@pytest.mark.parametrize("mode", BindMode)
async def test_every_message_is_accepted_and_receipted_once(
    port: int, sink: RecordingSink, mode: BindMode
) -> None:
    carrier = await bound(port, sink, bind_mode=mode, binds=2, window=50)
    given = await answers(carrier, *(message(number) for number in range(1, 501)))
    assert {answer.verdict for answer in given} == {Verdict.ACCEPTED}
    references = [answer.references[0] for answer in given]
    assert len(set(references)) == 500
    await until(lambda: len(sink.receipts) >= 500)
    await carrier.stop()
    assert sorted(one.reference for one in sink.receipts) == sorted(references)
    assert {(one.delivered, one.code) for one in sink.receipts} == {(True, "DELIVRD")}
    assert {one.phone for one in sink.receipts} == {
        f"+8613800{number:06d}" for number in range(1, 501)
    }


@pytest.mark.parametrize(
    ("text", "changes", "parts"),
    [
        ("[Shop] €5 off", {}, 1),
        (LONG, {}, 2),
        ("【商店】" + "您的订单已发货。" * 20, {}, 3),
        ("Grüße, Zoë", {"alphabet": Alphabet.LATIN1, "sender_id": "Shop"}, 1),
        (LONG, {"long_messages": LongMessage.PAYLOAD, "sender_id": "+85290001234"}, 1),
    ],
)
async def test_texts_of_every_kind_are_taken(
    port: int, sink: RecordingSink, text: str, changes: dict[str, Any], parts: int
) -> None:
    carrier = await bound(port, sink, extra_tlvs=((0x1400, b"\x01"),), **changes)
    (answer,) = await answers(carrier, message(1, text, parts))
    assert (answer.verdict, len(answer.references)) == (Verdict.ACCEPTED, parts)
    await until(lambda: len(sink.receipts) >= parts)
    await carrier.stop()
    assert {one.reference for one in sink.receipts} == set(answer.references)


@with_npm
async def test_npm_says_what_became_of_a_part(sink: RecordingSink) -> None:
    async with npm_smsc() as port:
        carrier = await bound(port, sink)
        (found,) = await carrier.query(["ab"])
        await carrier.stop()
    assert (found.reference, found.delivered, found.code) == ("ab", True, "DELIVRD")


@with_npm
async def test_npm_refuses_a_wrong_password(sink: RecordingSink) -> None:
    async with npm_smsc() as port:
        wrong = settings(Smsc(port=port), password="wrong")
        carrier = SmppCarrier("acme", wrong, lambda: datetime.now(UTC))
        await carrier.start(sink)
        await until(lambda: carrier.state().error)
        assert carrier.state().error == (
            "bind 1 (transceiver): the carrier refused the bind: ESME_RINVPASWD (wrong password)"
        )
        await carrier.stop()


@with_npm
async def test_npm_over_tls(sink: RecordingSink, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    issued.private_key_pem.write_to_path(key)
    issued.cert_chain_pems[0].write_to_path(cert)
    async with npm_smsc(SMSC_KEY=str(key), SMSC_CERT=str(cert)) as port:
        tls = Tls(ca=authority.cert_pem.bytes().decode())
        carrier = await bound(port, sink, tls=tls)
        given = await answers(carrier, *(message(number) for number in range(1, 51)))
        await until(lambda: len(sink.receipts) == 50)
        await carrier.stop()
    assert {answer.verdict for answer in given} == {Verdict.ACCEPTED}

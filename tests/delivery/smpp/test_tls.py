"""TLS: whom a bind leads to is certain, unless the operator says that it need not be."""

import asyncio
import ssl
from typing import NamedTuple

import pytest
import trustme

from delivery.carriers.smpp.settings import Tls
from domain.carrier import Answer, Verdict
from tests.delivery.smpp.hours import (
    TIMEOUT,
    Hours,
    Submitting,
    connected,
    message,
    started,
    until,
)
from tests.smsc import ByteByByte
from tests.smsc_honest import Smsc


class Issued(NamedTuple):
    """A certificate for smsc.example, and who vouches for it."""

    authority: trustme.CA
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def issued() -> Issued:
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("smsc.example").configure_cert(context)
    return Issued(authority, context)


async def test_a_trusted_certificate_of_the_right_name_is_taken(
    hours: Hours, issued: Issued
) -> None:
    smsc = ByteByByte()
    await smsc.start(issued.context)
    tls = Tls(ca=issued.authority.cert_pem.bytes().decode(), name="smsc.example")
    async with connected(smsc, hours, tls=tls) as carrier:
        answers = await Submitting(carrier, [message(1)]).done()
    assert answers == [Answer(1, Verdict.ACCEPTED, ("id-1",))]


@pytest.mark.parametrize(
    ("trusted", "name", "said"),
    [
        (False, "smsc.example", "its certificate is not trusted (unable to get local issuer"),
        (True, "", "its certificate is not trusted (IP address mismatch"),
        (True, "other.example", "its certificate is not trusted (Hostname mismatch"),
    ],
)
async def test_nothing_is_said_to_somebody_else(
    hours: Hours, issued: Issued, trusted: bool, name: str, said: str
) -> None:
    smsc = Smsc()
    await smsc.start(issued.context)
    ca = issued.authority if trusted else trustme.CA()
    tls = Tls(ca=ca.cert_pem.bytes().decode(), name=name)
    carrier = await started(smsc, hours, tls=tls)
    await until(lambda: carrier.state().error)
    assert said in carrier.state().error
    assert (carrier.state().binds, smsc.submitted) == (0, [])
    await carrier.stop()
    await smsc.stop()


async def test_the_operator_may_trust_anybody(hours: Hours, issued: Issued) -> None:
    smsc = Smsc()
    await smsc.start(issued.context)
    async with connected(smsc, hours, tls=Tls(verify=False)) as carrier:
        assert carrier.state().binds == 1


async def test_a_carrier_without_tls_is_not_bound_to_with_it(hours: Hours) -> None:
    smsc = Smsc()
    carrier = await started(smsc, hours, tls=Tls())
    await hours.advance(TIMEOUT)
    await until(lambda: not smsc.links)
    assert carrier.state().error.endswith(
        f'"127.0.0.1:{smsc.port}": it took too long; this port may not speak TLS'
    )
    await carrier.stop()
    await smsc.stop()


async def test_a_carrier_with_tls_that_is_bound_to_without_is_told_as_that(
    hours: Hours, issued: Issued
) -> None:
    smsc = Smsc()
    await smsc.start(issued.context)
    carrier = await started(smsc, hours)
    await until(lambda: carrier.state().error)
    assert carrier.state().error.endswith("(the bind was not answered; this port may want TLS)")
    await carrier.stop()
    await smsc.stop()


async def test_certificates_that_cannot_be_read_are_told(hours: Hours) -> None:
    smsc = Smsc()
    carrier = await started(smsc, hours, tls=Tls(ca="no certificate"))
    assert carrier.state().error.endswith(
        "TLS failed (no start line: cadata does not contain a certificate)"
    )
    await carrier.stop()
    await smsc.stop()


async def test_it_stops_while_it_is_connecting(hours: Hours) -> None:
    """An SMSC that does not know TLS waits for the rest of a PDU, and we for its greeting."""
    smsc = Smsc()
    carrier = await started(smsc, hours, tls=Tls())
    await until(lambda: smsc.links)
    async with asyncio.timeout(5):
        await carrier.stop()
    await until(lambda: not smsc.links)
    await smsc.stop()

"""PDUs of SMPP 3.4: what is written reads back, and what others write badly is read anyway."""

import itertools
from struct import pack

import pytest
from hypothesis import given, strategies

from delivery.carriers.smpp.command import Command, Status
from delivery.carriers.smpp.pdu import (
    Bind,
    BindResp,
    DataSm,
    DeliverSm,
    MessageResp,
    Pdu,
    Plain,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    Unknown,
)
from delivery.carriers.smpp.reading import LONGEST, FramingError, MalformedError, frames

OCTET = strategies.integers(0, 0xFF)
SEQUENCE = strategies.integers(1, 0x7FFFFFFF)
RESPONDED = strategies.integers(0, 0xFFFFFFFF)
TLVS = strategies.lists(
    strategies.tuples(strategies.integers(0, 0xFFFF), strategies.binary(max_size=300)), max_size=4
).map(tuple)


def texts(most: int) -> strategies.SearchStrategy[str]:
    return strategies.text(strategies.characters(min_codepoint=1, max_codepoint=127), max_size=most)


TIME = strategies.sampled_from(("", "261122100000000+", "000003000000000R"))
SHORT_MESSAGE = {
    "sequence": SEQUENCE,
    "source": texts(20),
    "source_ton": OCTET,
    "source_npi": OCTET,
    "destination": texts(20),
    "destination_ton": OCTET,
    "destination_npi": OCTET,
    "service_type": texts(5),
    "esm_class": OCTET,
    "protocol_id": OCTET,
    "priority": OCTET,
    "schedule_delivery_time": TIME,
    "validity_period": TIME,
    "registered_delivery": OCTET,
    "replace_if_present": OCTET,
    "data_coding": OCTET,
    "default_message": OCTET,
    "short_message": strategies.binary(max_size=254),
    "tlvs": TLVS,
}
PDUS: strategies.SearchStrategy[Pdu] = strategies.one_of(
    strategies.builds(SubmitSm, **SHORT_MESSAGE),
    strategies.builds(DeliverSm, **SHORT_MESSAGE),
    strategies.builds(
        Bind,
        command=strategies.sampled_from((1, 2, 9)),
        sequence=SEQUENCE,
        system_id=texts(64),
        password=texts(64),
        system_type=texts(12),
        interface_version=OCTET,
        ton=OCTET,
        npi=OCTET,
        address_range=texts(40),
    ),
    strategies.builds(
        BindResp,
        command=strategies.sampled_from((0x80000001, 0x80000002, 0x80000009)),
        sequence=RESPONDED,
        status=RESPONDED,
        system_id=texts(64),
        tlvs=TLVS,
    ),
    strategies.builds(
        MessageResp,
        command=strategies.sampled_from((0x80000004, 0x80000005, 0x80000103)),
        sequence=RESPONDED,
        status=RESPONDED,
        message_id=texts(64),
        tlvs=TLVS,
    ),
    strategies.builds(
        QuerySm,
        sequence=SEQUENCE,
        message_id=texts(64),
        source=texts(20),
        source_ton=OCTET,
        source_npi=OCTET,
    ),
    strategies.builds(
        QuerySmResp,
        sequence=RESPONDED,
        status=RESPONDED,
        message_id=texts(64),
        final_date=TIME,
        message_state=OCTET,
        error_code=OCTET,
    ),
    strategies.builds(
        Plain,
        command=strategies.sampled_from((0x80000000, 0x80000006, 0x80000015)),
        sequence=RESPONDED,
        status=RESPONDED,
    ),
    strategies.builds(Plain, command=strategies.sampled_from((6, 0x15)), sequence=SEQUENCE),
    strategies.builds(
        Unknown,
        command=strategies.sampled_from((0x0B, 0x21, 0x102, 0x80000008, 0xDEADBEEF)),
        sequence=RESPONDED,
        status=RESPONDED,
        body=strategies.binary(max_size=100),
    ),
)


def read(octets: bytes) -> Pdu | MalformedError:
    (found,), rest = frames(octets)
    assert rest == b""
    return found


def framed(command: int, body: bytes, sequence: int = 7, status: int = 0) -> bytes:
    return pack(">4I", 16 + len(body), command, status, sequence) + body


@given(PDUS)
def test_what_is_written_reads_back(pdu: Pdu) -> None:
    assert read(pdu.encode()) == pdu


def test_a_submit_sm_is_the_octets_of_the_specification() -> None:
    pdu = SubmitSm(
        sequence=2,
        source="ACME",
        source_ton=5,
        destination="8613800138000",
        destination_ton=1,
        destination_npi=1,
        registered_delivery=1,
        data_coding=8,
        short_message=b"\x4f\x60",
        tlvs=((0x0204, b"\x00\x09"),),
    )
    assert pdu.encode() == (
        b"\0\0\0\x3a\0\0\0\x04\0\0\0\0\0\0\0\x02"
        b"\0" + b"\x05\0ACME\0" + b"\x01\x018613800138000\0" + b"\0\0\0" + b"\0\0"
        b"\x01\0\x08\0\x02\x4f\x60"
        b"\x02\x04\0\x02\0\x09"
    )
    assert pdu.octets == b"\x4f\x60"


@given(strategies.lists(PDUS, max_size=5), strategies.data())
def test_a_stream_reads_the_same_however_it_is_cut(
    pdus: list[Pdu], data: strategies.DataObject
) -> None:
    stream = b"".join(pdu.encode() for pdu in pdus)
    places = strategies.lists(strategies.integers(0, len(stream)), max_size=20)
    cuts = sorted({0, *data.draw(places), len(stream)})
    found: list[Pdu | MalformedError] = []
    rest = b""
    for start, end in itertools.pairwise(cuts):
        more, rest = frames(rest + stream[start:end])
        found += more
    assert (found, rest) == (pdus, b"")


@given(strategies.binary(max_size=400), strategies.binary(max_size=4))
def test_any_octets_end_in_pdus_or_in_the_two_errors(octets: bytes, more: bytes) -> None:
    try:
        found, rest = frames(octets)
    except FramingError as error:
        found, rest = error.before, b""
    assert octets.endswith(rest)
    assert all(pdu is not None for pdu in found)


@given(
    strategies.sampled_from([*Command, 0x77]),
    strategies.integers(0, 0xFFFFFFFF),
    strategies.one_of(
        strategies.binary(max_size=300),
        strategies.builds(lambda pdu: pdu.encode()[16:], PDUS),
    ),
    strategies.integers(0, 60),
)
def test_a_body_that_is_wrong_spoils_its_own_pdu_alone(
    command: int, sequence: int, body: bytes, cut: int
) -> None:
    body = body[: len(body) - cut] if cut else body
    behind = Plain(command=Command.ENQUIRE_LINK, sequence=9)
    (one, two), rest = frames(framed(command, body, sequence) + behind.encode())
    assert (two, rest) == (behind, b"")
    assert (one.command, one.sequence) == (command, sequence)
    if isinstance(one, Unknown):
        assert one.body == body


def test_a_malformed_pdu_says_which_it_was() -> None:
    error = read(framed(Command.DELIVER_SM, b"\0\0\0", 0xFFFFFFFE))
    assert isinstance(error, MalformedError)
    assert (error.command, error.sequence) == (Command.DELIVER_SM, 0xFFFFFFFE)
    assert str(error) == "the body ends within its fields"
    cut = DeliverSm(sequence=3, short_message=b"receipt").encode()[16:-1]
    error = read(framed(Command.DELIVER_SM, cut))
    assert isinstance(error, MalformedError)
    assert str(error) == "sm_length goes beyond the end of the body"
    error = read(framed(Command.QUERY_SM_RESP, b"id\0\0\x02"))
    assert isinstance(error, MalformedError)


@pytest.mark.parametrize("length", [0, 15, LONGEST + 1, 0xFFFFFFFF])
def test_a_length_out_of_bounds_ends_the_stream_behind_what_came_whole(length: int) -> None:
    good = Plain(command=Command.UNBIND, sequence=1)
    with pytest.raises(FramingError) as caught:
        frames(good.encode() + pack(">4I", length, 4, 0, 2))
    assert caught.value.before == [good]
    assert str(caught.value) == f'command_length must be 16 to 65536, not "{length}"'


def test_lengths_at_the_bounds_are_read() -> None:
    longest = framed(0x77, b"x" * (LONGEST - 16))
    assert isinstance(read(longest), Unknown)
    assert frames(longest[:-1]) == ([], longest[:-1])
    assert read(framed(Command.UNBIND, b"")) == Plain(command=Command.UNBIND, sequence=7)


def test_what_others_write_badly_is_read() -> None:
    """A service type of seven characters and a sequence number of 32 bits, as smscsim sends."""
    body = b"smscsim\0" + b"\1\0919876543210\0" + b"\0\0ACME\0" + b"\4\0\0\0\0\0\0\0\0\2id"
    pdu = read(framed(Command.DELIVER_SM, body, 0x80000001))
    assert isinstance(pdu, DeliverSm)
    assert (pdu.service_type, pdu.sequence, pdu.short_message) == ("smscsim", 0x80000001, b"id")
    answer = MessageResp(command=Command.DELIVER_SM_RESP, sequence=pdu.sequence)
    assert answer.encode() == framed(Command.DELIVER_SM_RESP, b"\0", 0x80000001)


def test_responses_may_lack_their_body_or_the_nul_at_its_end() -> None:
    for body, message_id in [(b"", ""), (b"n1", "n1"), (b"n1\0", "n1"), (b"\xe9\0", "é")]:
        pdu = read(framed(Command.SUBMIT_SM_RESP, body))
        assert pdu == MessageResp(command=Command.SUBMIT_SM_RESP, sequence=7, message_id=message_id)
    bound = read(framed(Command.BIND_TRANSCEIVER_RESP, b"", status=Status.ESME_RINVPASWD))
    assert bound == BindResp(command=0x80000009, sequence=7, status=Status.ESME_RINVPASWD)
    failed = read(framed(Command.QUERY_SM_RESP, b"", status=Status.ESME_RQUERYFAIL))
    assert failed == QuerySmResp(sequence=7, status=Status.ESME_RQUERYFAIL)


def test_parameters_cut_short_at_the_end_are_left_out() -> None:
    pdu = DeliverSm(sequence=7, short_message=b"x", tlvs=((0x1E, b"n1\0"), (0x0427, b"\2")))
    octets = pdu.encode()[16:]
    for cut, kept in [(0, 2), (1, 1), (4, 1), (5, 1), (6, 0), (12, 0)]:
        found = read(framed(Command.DELIVER_SM, octets[: len(octets) - cut]))
        assert isinstance(found, DeliverSm)
        assert found.tlvs == pdu.tlvs[:kept]


def test_a_data_sm_is_read_as_a_message_of_its_payload() -> None:
    body = b"\0\1\x01919876543210\0\0\0ACME\0\4\0\x08" + b"\x04\x24\0\2hi"
    pdu = read(framed(Command.DATA_SM, body))
    assert isinstance(pdu, DataSm)
    assert (pdu.source, pdu.esm_class, pdu.data_coding, pdu.octets) == ("919876543210", 4, 8, b"hi")
    with pytest.raises(ValueError, match="only read"):
        pdu.encode()

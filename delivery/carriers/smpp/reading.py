"""PDUs from a stream of octets: liberal, because a strict reader loses receipts.

Texts may have any length and lack their NUL at the end of a PDU, responses may lack their body,
sequence numbers use all 32 bits, optional parameters may be cut short, and what follows the fields
of a PDU is ignored.
"""

from collections.abc import Callable
from struct import Struct
from typing import Final, TypeVar

from delivery.carriers.smpp import tlv
from delivery.carriers.smpp.command import RESPONSE, Command, Status
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

_HEADER: Final = Struct(">4I")
SHORTEST: Final = _HEADER.size
LONGEST: Final = 64 * 1024
"""The longest PDU that is read, in octets."""
_FATE: Final = 2
_Kind = TypeVar("_Kind", SubmitSm, DeliverSm)


class MalformedError(Exception):
    """A PDU whose header is right and whose body is not: the stream can go on behind it."""

    def __init__(self, command: int, sequence: int, problem: str) -> None:
        super().__init__(problem)
        self.command = command
        self.sequence = sequence


class FramingError(Exception):
    """A length no PDU has: where the next one begins is lost, and with it the session.

    `before` are the PDUs that came whole in front of it.
    """

    def __init__(self, length: int, before: list[Pdu | MalformedError]) -> None:
        super().__init__(f'command_length must be {SHORTEST} to {LONGEST}, not "{length}"')
        self.before = before


def frames(buffer: bytes) -> tuple[list[Pdu | MalformedError], bytes]:
    """Read the whole PDUs at the beginning of `buffer`; gives them and the octets left.

    A malformed PDU is given as its error, in its place. Raises FramingError.
    """
    found: list[Pdu | MalformedError] = []
    start, size = 0, len(buffer)
    while start + SHORTEST <= size:
        length, command, status, sequence = _HEADER.unpack_from(buffer, start)
        if not SHORTEST <= length <= LONGEST:
            raise FramingError(length, found)
        end = start + length
        if end > size:
            break
        try:
            found.append(_decode(buffer[start + SHORTEST : end], command, status, sequence))
        except MalformedError as error:
            found.append(error)
        start = end
    return found, buffer[start:]


def _decode(body: bytes, command: int, status: int, sequence: int) -> Pdu:
    decoder = _DECODERS.get(command)
    if decoder is None:
        return Unknown(command=command, status=status, sequence=sequence, body=body)
    try:
        return decoder(body, command, status, sequence)
    except IndexError:
        raise MalformedError(command, sequence, "the body ends within its fields") from None


def _text(body: bytes, start: int) -> tuple[str, int]:
    """Give a C-octet string and where the next field begins."""
    stop = body.find(0, start)
    if stop < 0:
        stop = len(body)
    return body[start:stop].decode("latin-1"), stop + 1


def _bind(body: bytes, command: int, _status: int, sequence: int) -> Bind:
    system_id, at = _text(body, 0)
    password, at = _text(body, at)
    system_type, at = _text(body, at)
    version, ton, npi = body[at], body[at + 1], body[at + 2]
    return Bind(
        command=command,
        sequence=sequence,
        system_id=system_id,
        password=password,
        system_type=system_type,
        interface_version=version,
        ton=ton,
        npi=npi,
        address_range=_text(body, at + 3)[0],
    )


def _bind_resp(body: bytes, command: int, status: int, sequence: int) -> BindResp:
    system_id, at = _text(body, 0)
    tlvs = tlv.decode(body, at)
    return BindResp(
        command=command, status=status, sequence=sequence, system_id=system_id, tlvs=tlvs
    )


def _message_resp(body: bytes, command: int, status: int, sequence: int) -> MessageResp:
    message_id, at = _text(body, 0)
    tlvs = tlv.decode(body, at)
    return MessageResp(
        command=command, status=status, sequence=sequence, message_id=message_id, tlvs=tlvs
    )


def _short_message(kind: type[_Kind]) -> Callable[[bytes, int, int, int], _Kind]:
    def decode(body: bytes, command: int, _status: int, sequence: int) -> _Kind:
        service_type, source_at = _text(body, 0)
        source, destination_at = _text(body, source_at + 2)
        destination, at = _text(body, destination_at + 2)
        schedule_delivery_time, expiry_at = _text(body, at + 3)
        validity_period, coding_at = _text(body, expiry_at)
        begin = coding_at + 5
        end = begin + body[begin - 1]
        if end > len(body):
            raise MalformedError(command, sequence, "sm_length goes beyond the end of the body")
        return kind(
            sequence=sequence,
            source=source,
            source_ton=body[source_at],
            source_npi=body[source_at + 1],
            destination=destination,
            destination_ton=body[destination_at],
            destination_npi=body[destination_at + 1],
            service_type=service_type,
            esm_class=body[at],
            protocol_id=body[at + 1],
            priority=body[at + 2],
            schedule_delivery_time=schedule_delivery_time,
            validity_period=validity_period,
            registered_delivery=body[coding_at],
            replace_if_present=body[coding_at + 1],
            data_coding=body[coding_at + 2],
            default_message=body[coding_at + 3],
            short_message=body[begin:end],
            tlvs=tlv.decode(body, end),
        )

    return decode


def _data_sm(body: bytes, _command: int, _status: int, sequence: int) -> DataSm:
    service_type, source_at = _text(body, 0)
    source, destination_at = _text(body, source_at + 2)
    destination, at = _text(body, destination_at + 2)
    return DataSm(
        sequence=sequence,
        source=source,
        source_ton=body[source_at],
        source_npi=body[source_at + 1],
        destination=destination,
        destination_ton=body[destination_at],
        destination_npi=body[destination_at + 1],
        service_type=service_type,
        esm_class=body[at],
        registered_delivery=body[at + 1],
        data_coding=body[at + 2],
        tlvs=tlv.decode(body, at + 3),
    )


def _query_sm(body: bytes, _command: int, _status: int, sequence: int) -> QuerySm:
    message_id, at = _text(body, 0)
    return QuerySm(
        sequence=sequence,
        message_id=message_id,
        source_ton=body[at],
        source_npi=body[at + 1],
        source=_text(body, at + 2)[0],
    )


def _query_sm_resp(body: bytes, command: int, status: int, sequence: int) -> QuerySmResp:
    message_id, at = _text(body, 0)
    final_date, at = _text(body, at)
    fate = body[at : at + 2]
    if len(fate) < _FATE and status == Status.ESME_ROK:
        raise MalformedError(command, sequence, "the body ends within its fields")
    state, code = fate if len(fate) == _FATE else (0, 0)
    return QuerySmResp(
        sequence=sequence,
        status=status,
        message_id=message_id,
        final_date=final_date,
        message_state=state,
        error_code=code,
    )


def _plain(_body: bytes, command: int, status: int, sequence: int) -> Plain:
    status = status if command & RESPONSE else Status.ESME_ROK  # a request has none
    return Plain(command=command, status=status, sequence=sequence)


_DECODERS: Final[dict[int, Callable[[bytes, int, int, int], Pdu]]] = {
    **dict.fromkeys(
        (Command.BIND_RECEIVER, Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER), _bind
    ),
    **dict.fromkeys(
        (
            Command.BIND_RECEIVER_RESP,
            Command.BIND_TRANSMITTER_RESP,
            Command.BIND_TRANSCEIVER_RESP,
        ),
        _bind_resp,
    ),
    Command.SUBMIT_SM: _short_message(SubmitSm),
    Command.DELIVER_SM: _short_message(DeliverSm),
    Command.DATA_SM: _data_sm,
    **dict.fromkeys(
        (Command.SUBMIT_SM_RESP, Command.DELIVER_SM_RESP, Command.DATA_SM_RESP), _message_resp
    ),
    Command.QUERY_SM: _query_sm,
    Command.QUERY_SM_RESP: _query_sm_resp,
    **dict.fromkeys(
        (
            Command.ENQUIRE_LINK,
            Command.ENQUIRE_LINK_RESP,
            Command.UNBIND,
            Command.UNBIND_RESP,
            Command.GENERIC_NACK,
        ),
        _plain,
    ),
}

"""PDUs of SMPP 3.4 as values that write themselves; `reading` reads them.

Writing is strict: `encode` raises ValueError naming the field that breaks the specification.
"""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Final

from delivery.carriers.smpp import field, tlv
from delivery.carriers.smpp.command import RESPONSE, Command, Status
from delivery.carriers.smpp.tlv import Tag, Tlv

SHORT_MESSAGE_MOST: Final = 254
# The specification says 15 and 8; carriers hand out longer ones.
_CREDENTIAL_MOST: Final = 64
_ADDRESS_MOST: Final = 20
_ADDRESS_RANGE_MOST: Final = 40
_MESSAGE_ID_MOST: Final = 64
_SYSTEM_TYPE_MOST: Final = 12
_SERVICE_TYPE_MOST: Final = 5
_TWO, _THREE, _FIVE = Struct("2B"), Struct("3B"), Struct("5B")
_SOURCE: Final = ("source_addr_ton", "source_addr_npi")
_DESTINATION: Final = ("dest_addr_ton", "dest_addr_npi")
_BIND: Final = ("interface_version", "addr_ton", "addr_npi")
_FLAGS: Final = ("esm_class", "protocol_id", "priority_flag")
_CODING: Final = (
    "registered_delivery",
    "replace_if_present_flag",
    "data_coding",
    "sm_default_msg_id",
    "sm_length",
)
_FATE: Final = ("message_state", "error_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """bind_transmitter, bind_receiver or bind_transceiver, as `command` says."""

    command: int
    sequence: int
    system_id: str
    password: str = ""
    system_type: str = ""
    interface_version: int = 0x34
    ton: int = 0
    npi: int = 0
    address_range: str = ""

    def encode(self) -> bytes:
        """Write it."""
        body = (
            field.text("system_id", self.system_id, _CREDENTIAL_MOST)
            + field.text("password", self.password, _CREDENTIAL_MOST)
            + field.text("system_type", self.system_type, _SYSTEM_TYPE_MOST)
            + field.octets(_THREE, _BIND, self.interface_version, self.ton, self.npi)
            + field.text("address_range", self.address_range, _ADDRESS_RANGE_MOST)
        )
        return field.request(self.command, self.sequence, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindResp:
    """The response to a bind; `command` is the response's own."""

    command: int
    sequence: int
    status: int = Status.ESME_ROK
    system_id: str = ""
    tlvs: tuple[Tlv, ...] = ()

    def encode(self) -> bytes:
        """Write it."""
        body = field.text("system_id", self.system_id, _CREDENTIAL_MOST) + tlv.encode(self.tlvs)
        return field.response(self.command, self.status, self.sequence, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShortMessage:
    command: ClassVar[Command]

    sequence: int
    source: str = ""
    source_ton: int = 0
    source_npi: int = 0
    destination: str = ""
    destination_ton: int = 0
    destination_npi: int = 0
    service_type: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present: int = 0
    data_coding: int = 0
    default_message: int = 0
    short_message: bytes = b""
    tlvs: tuple[Tlv, ...] = ()

    @property
    def octets(self) -> bytes:
        """The message's octets: short_message, or message_payload where that is empty."""
        return self.short_message or tlv.find(self.tlvs, Tag.MESSAGE_PAYLOAD) or b""

    def encode(self) -> bytes:
        """Write it."""
        size = len(self.short_message)
        if size > SHORT_MESSAGE_MOST:
            raise ValueError(f"short_message has {size} octets, at most {SHORT_MESSAGE_MOST}")
        coding = (self.replace_if_present, self.data_coding, self.default_message, size)
        body = (
            field.text("service_type", self.service_type, _SERVICE_TYPE_MOST),
            field.octets(_TWO, _SOURCE, self.source_ton, self.source_npi),
            field.text("source_addr", self.source, _ADDRESS_MOST),
            field.octets(_TWO, _DESTINATION, self.destination_ton, self.destination_npi),
            field.text("destination_addr", self.destination, _ADDRESS_MOST),
            field.octets(_THREE, _FLAGS, self.esm_class, self.protocol_id, self.priority),
            field.time("schedule_delivery_time", self.schedule_delivery_time),
            field.time("validity_period", self.validity_period),
            field.octets(_FIVE, _CODING, self.registered_delivery, *coding),
            self.short_message,
            tlv.encode(self.tlvs),
        )
        return field.request(self.command, self.sequence, b"".join(body))


class SubmitSm(_ShortMessage):
    """One part to be sent; texts are ASCII, times the specification's 16 characters."""

    __slots__ = ()
    command = Command.SUBMIT_SM


class DeliverSm(_ShortMessage):
    """A receipt or one part of a recipient's message."""

    __slots__ = ()
    command = Command.DELIVER_SM


class DataSm(DeliverSm):
    """A deliver_sm that came as data_sm: its octets are a message_payload. It is only read."""

    __slots__ = ()
    command = Command.DATA_SM

    def encode(self) -> bytes:
        """Raise ValueError: this console sends none."""
        raise ValueError("a data_sm is only read: send a submit_sm or deliver_sm")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageResp:
    """submit_sm_resp, deliver_sm_resp or data_sm_resp, as `command` says."""

    command: int
    sequence: int
    status: int = Status.ESME_ROK
    message_id: str = ""
    tlvs: tuple[Tlv, ...] = ()

    def encode(self) -> bytes:
        """Write it."""
        body = field.text("message_id", self.message_id, _MESSAGE_ID_MOST)
        return field.response(
            self.command, self.status, self.sequence, body + tlv.encode(self.tlvs)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySm:
    """The question what became of a part."""

    command: ClassVar[Command] = Command.QUERY_SM

    sequence: int
    message_id: str
    source: str = ""
    source_ton: int = 0
    source_npi: int = 0

    def encode(self) -> bytes:
        """Write it."""
        body = (
            field.text("message_id", self.message_id, _MESSAGE_ID_MOST)
            + field.octets(_TWO, _SOURCE, self.source_ton, self.source_npi)
            + field.text("source_addr", self.source, _ADDRESS_MOST)
        )
        return field.request(self.command, self.sequence, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySmResp:
    """The answer what became of a part; `final_date` is empty while nothing is final."""

    command: ClassVar[Command] = Command.QUERY_SM_RESP

    sequence: int
    status: int = Status.ESME_ROK
    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0

    def encode(self) -> bytes:
        """Write it."""
        body = (
            field.text("message_id", self.message_id, _MESSAGE_ID_MOST)
            + field.time("final_date", self.final_date)
            + field.octets(_TWO, _FATE, self.message_state, self.error_code)
        )
        return field.response(self.command, self.status, self.sequence, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A PDU of a header alone: enquire_link, unbind, their responses and generic_nack."""

    command: int
    sequence: int
    status: int = Status.ESME_ROK

    def encode(self) -> bytes:
        """Write it."""
        if self.command & RESPONSE:
            return field.response(self.command, self.status, self.sequence)
        return field.request(self.command, self.sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A PDU of a command this console does not read, with its body as it came."""

    command: int
    sequence: int
    status: int = Status.ESME_ROK
    body: bytes = b""

    def encode(self) -> bytes:
        """Write it."""
        return field.response(self.command, self.status, self.sequence, self.body)


Pdu = Bind | BindResp | SubmitSm | DeliverSm | MessageResp | QuerySm | QuerySmResp | Plain | Unknown

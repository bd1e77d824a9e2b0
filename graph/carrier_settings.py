"""The settings of a carrier that speaks SMPP, as they are shown and entered."""

from dataclasses import MISSING, fields, replace
from enum import StrEnum
from typing import Any, Final, Self

import strawberry

from domain import carrier_settings as rules
from domain.carrier_settings import RANGES, Smpp, Tlv
from domain.smpp import Alphabet, BindMode, LongMessage, ReceiptIds
from graph.enums import publish

publish(
    BindMode,
    name="SmppBindMode",
    description="Which binds are opened.",
    values={
        "TRANSCEIVER": "bind_transceiver: one connection for both ways.",
        "SEPARATE": "bind_transmitter and bind_receiver: a connection for each way.",
    },
)
publish(
    Alphabet,
    name="SmppAlphabet",
    description="What data_coding 0 is at a carrier; other texts go in UCS-2.",
    values={
        "GSM": "GSM 03.38, one septet an octet.",
        "LATIN1": "ISO 8859-1.",
    },
)
publish(
    LongMessage,
    name="SmppLongMessage",
    description="How a text of several parts is submitted.",
    values={
        "UDH": "Part by part, each with a user data header.",
        "PAYLOAD": "Whole, in message_payload; the carrier divides it.",
    },
)
publish(
    ReceiptIds,
    name="SmppReceiptIds",
    description="How receipts write the id that the answer to the submission gave.",
    values={
        "SAME": "As it was given, but for letter case and leading zeros.",
        "DECIMAL": "In decimal, where it was given in hexadecimal.",
        "HEXADECIMAL": "In hexadecimal, where it was given in decimal.",
    },
)

PASSWORD: Final = (
    f"1 to {rules.PASSWORD_MOST} printable ASCII characters; kept sealed and never shown. The "
    "standard ends at 8; longer ones are sent as they are."
)
NULLABLE: Final = frozenset({"throughput", "source_ton", "source_npi"})
_ABOUT: Final = {
    "host": "The SMSC's name or address, IPv4 or IPv6",
    "port": "Its port",
    "tls": "Whether the connection is encrypted",
    "tls_ca": "Certificates that are trusted, in PEM; empty for those the machine trusts",
    "tls_verify": "Whether a certificate that is not trusted ends the connection",
    "tls_name": "The name the certificate has to bear; empty for the host's",
    "system_id": f"Who binds: 1 to {rules.SYSTEM_ID_MOST} printable ASCII characters",
    "system_type": f"At most {rules.SYSTEM_TYPE_MOST} printable ASCII characters",
    "bind_mode": "Which binds are opened",
    "binds": "Transceivers, or pairs of transmitter and receiver, of each worker",
    "window": "Parts that may be submitted and not answered on one bind",
    "throughput": "Parts a second of each worker; null for as many as the window lets",
    "alphabet": "What data_coding 0 is",
    "long_messages": "How a text of several parts is submitted",
    "receipts": "Whether a final receipt is asked for; without, no message is ever delivered",
    "receipt_ids": "How receipts write ids",
    "receipt_zone": "The IANA zone of the times in receipts",
    "sender_id": f"A name of at most {rules.SENDER_NAME_MOST} characters of GSM 03.38 that are "
    f"ASCII, or a number of at most {rules.SENDER_DIGITS_MOST} digits; empty: the carrier chooses",
    "source_ton": "Type of number of the sender ID; null: 5 with a name, 1 after a plus, else 0",
    "source_npi": "Numbering plan of the sender ID; null: 0 with a name, else 1",
    "dest_ton": "Type of number of recipients",
    "dest_npi": "Numbering plan of recipients",
    "enquire_link_seconds": "Seconds between two tries of an idle connection",
    "response_timeout_seconds": "Seconds an answer may take before the connection is given up",
    "extra_tlvs": f"At most {rules.TLVS_MOST} optional parameters of every submit_sm",
}


_USUAL: Final = {
    field.name: field.default for field in fields(Smpp) if field.default is not MISSING
}


def _shown(name: str) -> Any:
    return strawberry.field(description=_about(name))


def _open(name: str) -> Any:
    """An input field that may be left out."""
    return strawberry.field(default=strawberry.UNSET, description=_about(name))


def _about(name: str) -> str:
    span, usual = RANGES.get(name), _USUAL.get(name)
    notes = [f"{span.least} to {span.most}"] if span else []
    if isinstance(usual, StrEnum):
        notes.append(f"by default {usual.name}")
    elif isinstance(usual, bool):
        notes.append(f"by default {str(usual).lower()}")
    elif usual:
        notes.append(f"by default {usual}")
    return f"{_ABOUT[name]} ({'; '.join(notes)})." if notes else f"{_ABOUT[name]}."


@strawberry.type(description="An optional parameter (TLV), in hexadecimal.")
class SmppTlv:
    """One parameter that is added to every submit_sm."""

    tag: str = strawberry.field(description="Its tag, such as 0x1400.")
    value: str = strawberry.field(description="Its value, two digits an octet.")


@strawberry.type(description="The settings of a carrier that speaks SMPP; never its password.")
class SmppSettings:
    """What is set up of one carrier."""

    host: str = _shown("host")
    port: int = _shown("port")
    tls: bool = _shown("tls")
    tls_ca: str = _shown("tls_ca")
    tls_verify: bool = _shown("tls_verify")
    tls_name: str = _shown("tls_name")
    system_id: str = _shown("system_id")
    system_type: str = _shown("system_type")
    bind_mode: BindMode = _shown("bind_mode")
    binds: int = _shown("binds")
    window: int = _shown("window")
    throughput: int | None = _shown("throughput")
    alphabet: Alphabet = _shown("alphabet")
    long_messages: LongMessage = _shown("long_messages")
    receipts: bool = _shown("receipts")
    receipt_ids: ReceiptIds = _shown("receipt_ids")
    receipt_zone: str = _shown("receipt_zone")
    sender_id: str = _shown("sender_id")
    source_ton: int | None = _shown("source_ton")
    source_npi: int | None = _shown("source_npi")
    dest_ton: int = _shown("dest_ton")
    dest_npi: int = _shown("dest_npi")
    enquire_link_seconds: int = _shown("enquire_link_seconds")
    response_timeout_seconds: int = _shown("response_timeout_seconds")
    extra_tlvs: list[SmppTlv] = _shown("extra_tlvs")

    @classmethod
    def of(cls, smpp: Smpp) -> Self:
        """Show settings."""
        values = {field.name: getattr(smpp, field.name) for field in fields(smpp)}
        values["extra_tlvs"] = [SmppTlv(tag=each.tag, value=each.value) for each in smpp.extra_tlvs]
        return cls(**values)


@strawberry.input(description="An optional parameter (TLV), in hexadecimal.")
class SmppTlvInput:
    """One parameter to add to every submit_sm."""

    tag: str = strawberry.field(description="Its tag, 0001 to FFFF, with or without 0x.")
    value: str = strawberry.field(
        description=f"Its value: two digits an octet, at most {rules.TLV_OCTETS_MOST} octets."
    )


@strawberry.input(description="Settings that may be left out.")
class _OpenSettings:
    """Those that have a default."""

    tls: bool | None = _open("tls")
    tls_ca: str | None = _open("tls_ca")
    tls_verify: bool | None = _open("tls_verify")
    tls_name: str | None = _open("tls_name")
    system_type: str | None = _open("system_type")
    bind_mode: BindMode | None = _open("bind_mode")
    binds: int | None = _open("binds")
    window: int | None = _open("window")
    throughput: int | None = _open("throughput")
    alphabet: Alphabet | None = _open("alphabet")
    long_messages: LongMessage | None = _open("long_messages")
    receipts: bool | None = _open("receipts")
    receipt_ids: ReceiptIds | None = _open("receipt_ids")
    receipt_zone: str | None = _open("receipt_zone")
    sender_id: str | None = _open("sender_id")
    source_ton: int | None = _open("source_ton")
    source_npi: int | None = _open("source_npi")
    dest_ton: int | None = _open("dest_ton")
    dest_npi: int | None = _open("dest_npi")
    enquire_link_seconds: int | None = _open("enquire_link_seconds")
    response_timeout_seconds: int | None = _open("response_timeout_seconds")
    extra_tlvs: list[SmppTlvInput] | None = _open("extra_tlvs")

    def given(self) -> dict[str, Any]:
        """Give what was not left out; null leaves out, too, where it is no value."""
        found = {
            name: value
            for name, value in vars(self).items()
            if value is not strawberry.UNSET and (value is not None or name in NULLABLE)
        }
        found.pop("password", None)
        if "extra_tlvs" in found:
            found["extra_tlvs"] = tuple(Tlv(each.tag, each.value) for each in found["extra_tlvs"])
        return found


@strawberry.input(description="How to reach a new carrier; what is left out has its default.")
class SmppCreateInput(_OpenSettings):
    """The settings of a new carrier."""

    host: str = _shown("host")
    port: int = _shown("port")
    system_id: str = _shown("system_id")
    password: str = strawberry.field(description=PASSWORD)

    def settings(self) -> Smpp:
        """Give them as the rules take them."""
        return Smpp(**self.given())


@strawberry.input(description="What to change of a carrier's settings; what is left out stays.")
class SmppUpdateInput(_OpenSettings):
    """Some settings of a carrier."""

    host: str | None = _open("host")
    port: int | None = _open("port")
    system_id: str | None = _open("system_id")
    password: str | None = strawberry.field(
        default=None,
        description=f"{PASSWORD} Left out, the old one stays; it is needed with another host.",
    )

    def settings(self, before: Smpp) -> Smpp:
        """Put them over what was."""
        return replace(before, **self.given())

"""The settings of a carrier that speaks SMPP, and the rules of them (SMPP 3.4, 4.1 and 5.2)."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from cryptography import x509

from domain import text
from domain.errors import Code, Problem
from domain.smpp import Alphabet, BindMode, LongMessage, ReceiptIds
from domain.text import quoted

HOST_MOST: Final = 253
CA_MOST: Final = 50_000
SYSTEM_ID_MOST: Final = 15
SYSTEM_TYPE_MOST: Final = 12
PASSWORD_MOST: Final = 64
SENDER_NAME_MOST: Final = 11
SENDER_DIGITS_MOST: Final = 20
TLVS_MOST: Final = 10
TLV_OCTETS_MOST: Final = 255

_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")
_SENDER_NUMBER: Final = re.compile(r"\+?[0-9]+")
# Addresses are ASCII (SMPP 3.4, section 3.1); this is what GSM 03.38 has of it.
_SENDER_NAME: Final = re.compile(r"""[A-Za-z0-9 !"#$%&'()*+,./:;<=>?@_-]+""")
_TAG: Final = re.compile(r"(0[xX])?[0-9A-Fa-f]{1,4}")
_HEX: Final = re.compile(r"([0-9A-Fa-f]{2})*")
_OWN_TAGS: Final = frozenset({0x0204, 0x020C, 0x020E, 0x020F, 0x0424, 0x0426})


@dataclass(frozen=True, slots=True)
class Tlv:
    """An optional parameter that is added to every submit_sm, both parts in hexadecimal."""

    tag: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Smpp:
    """The settings of a carrier that speaks SMPP, but for its password.

    What each of them does, delivery's own settings say (SmppSettings).
    """

    host: str
    port: int
    tls: bool = False
    tls_ca: str = ""
    tls_verify: bool = True
    tls_name: str = ""
    system_id: str
    system_type: str = ""
    bind_mode: BindMode = BindMode.TRANSCEIVER
    binds: int = 1
    window: int = 10
    throughput: int | None = None
    alphabet: Alphabet = Alphabet.GSM
    long_messages: LongMessage = LongMessage.UDH
    receipts: bool = True
    receipt_ids: ReceiptIds = ReceiptIds.SAME
    receipt_zone: str = "UTC"
    sender_id: str = ""
    source_ton: int | None = None
    source_npi: int | None = None
    dest_ton: int = 1
    dest_npi: int = 1
    enquire_link_seconds: int = 30
    response_timeout_seconds: int = 20
    extra_tlvs: tuple[Tlv, ...] = ()

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Self:
        """Read settings that were written as JSON; those of later versions have their defaults."""
        kinds: dict[str, Callable[[Any], Any]] = {
            "bind_mode": BindMode,
            "alphabet": Alphabet,
            "long_messages": LongMessage,
            "receipt_ids": ReceiptIds,
            "extra_tlvs": _tlvs,
        }
        read = {name: kinds[name](values[name]) for name in kinds.keys() & values.keys()}
        return cls(**{**values, **read})


class Range(NamedTuple):
    """The least and the most of a number."""

    least: int
    most: int


RANGES: Final[Mapping[str, Range]] = {
    "port": Range(1, 65_535),
    "binds": Range(1, 10),
    "window": Range(1, 1_000),
    "throughput": Range(1, 100_000),
    "source_ton": Range(0, 6),
    "source_npi": Range(0, 18),
    "dest_ton": Range(0, 6),
    "dest_npi": Range(0, 18),
    "enquire_link_seconds": Range(5, 3_600),
    # With ten seconds of waiting before, within the half lease a worker has for a message.
    "response_timeout_seconds": Range(1, 20),
}


def _tlvs(values: Sequence[Mapping[str, str]]) -> tuple[Tlv, ...]:
    return tuple(Tlv(**value) for value in values)


def tidied(smpp: Smpp) -> Smpp:
    """Drop blanks around what was typed, brackets around an address, and spellings of tags."""
    host = text.tidy(smpp.host)
    tlvs = tuple(Tlv(_tag(text.tidy(each.tag)), text.tidy(each.value)) for each in smpp.extra_tlvs)
    return replace(
        smpp,
        host=host[1:-1] if host.startswith("[") and host.endswith("]") else host,
        tls_name=text.tidy(smpp.tls_name),
        tls_ca=text.tidy(smpp.tls_ca),
        receipt_zone=text.tidy(smpp.receipt_zone),
        sender_id=text.tidy(smpp.sender_id),
        extra_tlvs=tlvs,
    )


def _tag(tag: str) -> str:
    """Write a tag as 0x1400; one that cannot be read stays, for the problem to quote."""
    return f"0x{int(tag, 16):04X}" if _TAG.fullmatch(tag) else tag


def problems_of(smpp: Smpp) -> list[Problem]:
    """Find everything that is wrong with settings that are tidied; fields begin with `smpp`."""
    problems = _host(smpp.host, "host")
    for name, span in RANGES.items():
        value = getattr(smpp, name)
        if value is not None and not span.least <= value <= span.most:
            label = name.replace("_", " ")
            message = f"{label} {value} is out of range: enter {span.least} to {span.most}"
            problems.append(Problem(Code.OUT_OF_RANGE, message, ("smpp", name)))
    problems += _octets(smpp.system_id, "system_id", least=1, most=SYSTEM_ID_MOST)
    problems += _octets(smpp.system_type, "system_type", least=0, most=SYSTEM_TYPE_MOST)
    if smpp.tls_name:
        problems += _host(smpp.tls_name, "tls_name")
    problems += [*_ca(smpp.tls_ca), *_zone(smpp.receipt_zone)]
    return [*problems, *_sender(smpp.sender_id), *_extra(smpp.extra_tlvs)]


def _host(host: str, name: str) -> list[Problem]:
    field, label = ("smpp", name), name.replace("_", " ")
    if not host:
        return [Problem(Code.REQUIRED, f"{label} is empty: enter a name or an address", field)]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Whatever ends in digits only would be an address.
        digits = host.rstrip(".").rpartition(".")[2].isdecimal()
        if len(host) > HOST_MOST or digits or not _HOST.fullmatch(host):
            example = "enter one such as smsc.example.com, 192.0.2.7 or 2001:db8::7"
            message = f"{label} {quoted(host)} is neither a host's name nor an address: {example}"
            return [Problem(Code.INVALID, message, field)]
    return []


def _octets(value: str, name: str, *, least: int, most: int) -> list[Problem]:
    """Check a C-octet string: printable ASCII of a bounded length."""
    if not _PRINTABLE.fullmatch(value):
        label = name.replace("_", " ")
        message = f"{label} {quoted(value)} has other characters than ASCII: leave them out"
        return [Problem(Code.INVALID, message, ("smpp", name))]
    found = text.check(value, name, least=least, most=most)
    return [Problem(each.code, each.message, ("smpp", name)) for each in found]


def problems_of_password(password: str) -> list[Problem]:
    """Find everything that is wrong with a password, without ever quoting it.

    The standard ends at 8 octets; enough SMSCs give out longer ones and take them.
    """
    field = ("smpp", "password")
    if not password:
        return [Problem(Code.REQUIRED, "password is empty: enter what the carrier gave", field)]
    problems = []
    if len(password) > PASSWORD_MOST:
        message = f"password has {len(password)} characters: enter at most {PASSWORD_MOST}"
        problems.append(Problem(Code.TOO_LONG, message, field))
    if not _PRINTABLE.fullmatch(password):
        message = "password has other characters than printable ASCII: leave them out"
        problems.append(Problem(Code.INVALID, message, field))
    return problems


def _ca(pem: str) -> list[Problem]:
    field = ("smpp", "tls_ca")
    if len(pem) > CA_MOST:
        message = f"tls ca has {len(pem)} characters: enter at most {CA_MOST}"
        return [Problem(Code.TOO_LONG, message, field)]
    try:
        if pem:
            x509.load_pem_x509_certificates(pem.encode("utf-8", "replace"))
    except ValueError:
        begins = quoted(pem.partition("\n")[0])
        message = f"tls ca {begins} holds no certificate that can be read: enter PEM"
        return [Problem(Code.INVALID, message, field)]
    return []


def _zone(zone: str) -> list[Problem]:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        message = f"receipt zone {quoted(zone)} is no time zone: enter one such as Asia/Shanghai"
        return [Problem(Code.INVALID, message, ("smpp", "receipt_zone"))]
    return []


def _sender(sender: str) -> list[Problem]:
    field = ("smpp", "sender_id")
    digits = sender.removeprefix("+")
    if not sender:
        return []
    if _SENDER_NUMBER.fullmatch(sender):
        if len(digits) <= SENDER_DIGITS_MOST:
            return []
        message = f"sender ID {quoted(sender)} has {len(digits)} digits"
        return [Problem(Code.TOO_LONG, f"{message}: enter at most {SENDER_DIGITS_MOST}", field)]
    problems = []
    if not _SENDER_NAME.fullmatch(sender):
        message = f"sender ID {quoted(sender)} has characters that no name may have"
        way = "enter letters, digits and blanks of the GSM alphabet"
        problems.append(Problem(Code.INVALID, f"{message}: {way}", field))
    if len(sender) > SENDER_NAME_MOST:
        message = f"sender ID {quoted(sender)} has {len(sender)} characters"
        way = f"a name has at most {SENDER_NAME_MOST}, a number {SENDER_DIGITS_MOST} digits"
        problems.append(Problem(Code.TOO_LONG, f"{message}: {way}", field))
    return problems


def _extra(tlvs: Sequence[Tlv]) -> list[Problem]:
    if len(tlvs) > TLVS_MOST:
        message = f"extra TLVs are {len(tlvs)}: enter at most {TLVS_MOST}"
        return [Problem(Code.LIMIT_EXCEEDED, message, ("smpp", "extra_tlvs"))]
    problems, seen = [], set()
    for number, each in enumerate(tlvs):
        at, tag, value = ("smpp", "extra_tlvs", str(number)), each.tag, each.value
        if not _TAG.fullmatch(tag) or not int(tag, 16):
            message = f"tag {quoted(tag)} is not usable: enter 0001 to FFFF, in hexadecimal"
            problems.append(Problem(Code.INVALID, message, (*at, "tag")))
        elif int(tag, 16) in _OWN_TAGS:
            message = f"tag {quoted(tag)} is written by the console itself: leave it out"
            problems.append(Problem(Code.INVALID, message, (*at, "tag")))
        elif tag in seen:
            message = f"tag {quoted(tag)} stands twice: enter it once"
            problems.append(Problem(Code.INVALID, message, (*at, "tag")))
        seen.add(tag)
        if not _HEX.fullmatch(value):
            message = f"value {quoted(value)} is not hexadecimal: enter two digits an octet"
            problems.append(Problem(Code.INVALID, message, (*at, "value")))
        elif len(value) > 2 * TLV_OCTETS_MOST:
            message = f"value {quoted(value)} has {len(value) // 2} octets"
            way = f"enter at most {TLV_OCTETS_MOST}"
            problems.append(Problem(Code.TOO_LONG, f"{message}: {way}", (*at, "value")))
    return problems

"""Delivery receipts of SMPP: what a deliver_sm says became of a part (SMPP 3.4, appendix B).

Carriers say it in optional parameters, in a text "id:... stat:... err:... done date:...", or both;
where both do, the text is believed about the code and the parameters about the state.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

from delivery.carriers.smpp import alphabet, tlv
from delivery.carriers.smpp.command import is_receipt as typed_receipt
from delivery.carriers.smpp.pdu import DeliverSm
from delivery.carriers.smpp.tlv import Tag
from delivery.carriers.smpp.user_data import placed
from domain.carrier import Receipt
from domain.outcome import Bucket, Source, outcomes
from domain.smpp import Alphabet, ReceiptIds

REFERENCE_MOST: Final = 64
"""Characters of an id that are kept, of the submission's and the receipt's alike."""
_READ_MOST: Final = 1_000
_CODE_MOST: Final = 64
_STATES: Final = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
    9: "DELETED",  # skipped, in version 5
}
_DELIVERED: Final = frozenset({"DELIVRD", "DELIVERED"})
_NOT_FINAL: Final = frozenset({"ENROUTE", "ACCEPTD", "ACCEPTED", "BUFFERED", "BUFFRED"})
# States, which say less than a code of the carrier's own.
_GENERAL: Final = frozenset(_STATES.values()) | {"UNDELIVRD", "UNDELIVERED", "FAILED"}
_TEXT: Final = re.compile(r"\btext\s*[:=]", re.IGNORECASE)
_NAME: Final = r"(?:id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat(?:us)?|err(?:or)?)"
_FIELD: Final = re.compile(
    rf"(?<![^\s,;])({_NAME})\s?[:=]\s?(?!{_NAME}\s?[:=])([^\s,;]+)", re.IGNORECASE
)
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]+")
_WITH_CENTURY: Final = 14
_PAIR: Final = re.compile("..")
_DATES: Final = {10, 12, _WITH_CENTURY}  # digits: to the minute, to the second
_FAILURES: Final = frozenset(Bucket) - {Bucket.SUCCESS}


def submitted_id(message_id: str) -> str:
    """Give the reference of a part from the id in its submit_sm_resp.

    Letter case and leading zeros of a hexadecimal or decimal id are dropped.
    """
    message_id = message_id.strip()
    if _HEXADECIMAL.fullmatch(message_id):
        message_id = message_id.lower().lstrip("0") or "0"
    return message_id[:REFERENCE_MOST]


def receipted_id(message_id: str, ids: ReceiptIds) -> str:
    """Give the reference of a part from the id in its receipt, as `ids` says it is written."""
    message_id = message_id.strip()
    if ids is ReceiptIds.DECIMAL and message_id.isascii() and message_id.isdecimal():
        message_id = f"{int(message_id[:REFERENCE_MOST]):x}"
    elif ids is ReceiptIds.HEXADECIMAL and _HEXADECIMAL.fullmatch(message_id):
        message_id = str(int(message_id[:REFERENCE_MOST], 16))
    return submitted_id(message_id)


def is_receipt(pdu: DeliverSm) -> bool:
    """Say whether it is a receipt, or a notification on the way, and not a recipient's message.

    By its type, or by optional parameters only a carrier sets: a text alone may be a recipient's.
    """
    if typed_receipt(pdu.esm_class):
        return True
    return (
        tlv.find(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID) is not None
        and tlv.find(pdu.tlvs, Tag.MESSAGE_STATE) is not None
    )


def read(
    pdu: DeliverSm, ids: ReceiptIds, zone: tzinfo, phone: str, now: datetime
) -> Receipt | None:
    """Read a receipt about `phone`; None when it names no id or nothing is final yet.

    `zone` is that of the carrier's times. Done is `now` where no time is said, none that exists,
    or one to come.
    """
    said = _fields(pdu)
    reference = _reference(pdu, said.get("id", ""), ids)
    state = _STATES.get(tlv.number(pdu.tlvs, Tag.MESSAGE_STATE) or 0, "")
    stat = said.get("sta", "").upper() or state
    if not reference or not stat or (state or stat) in _NOT_FINAL:
        return None
    delivered = (state or stat) in _DELIVERED
    code = "DELIVRD" if delivered else _code(pdu, stat, said.get("err", ""))
    return Receipt(reference, delivered, code, _done(said.get("don", ""), zone, now), phone)


def _fields(pdu: DeliverSm) -> dict[str, str]:
    """Give what the text says by the first three letters of its name; what is said first counts."""
    octets = placed(pdu)[1][:_READ_MOST]
    # GSM 03.38 has other characters for "_" and "$": what machines write for machines is ASCII.
    coding = pdu.data_coding if pdu.data_coding == alphabet.UCS2 else 3
    text = alphabet.decode(octets, coding, Alphabet.LATIN1)
    own = _TEXT.search(text)
    found = _FIELD.findall(text, 0, own.start() if own else len(text))
    said: dict[str, str] = {}
    for name, value in found:
        said.setdefault(name[:3].lower(), value)
    return said


def _reference(pdu: DeliverSm, text_id: str, ids: ReceiptIds) -> str:
    """Give the parameter's id, which is written as submit_sm_resp's, or else the text's.

    Carriers that write them differently do so in the text first.
    """
    tlv_id = tlv.text(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID) or ""
    if ids is ReceiptIds.SAME:
        return submitted_id(tlv_id or text_id)
    return receipted_id(text_id or tlv_id, ids)


def _code(pdu: DeliverSm, stat: str, err: str) -> str:
    """Give the code that says most: the carrier's own where a table knows it, else the state."""
    if stat not in _GENERAL and _explained(stat):
        return stat
    network = tlv.find(pdu.tlvs, Tag.NETWORK_ERROR_CODE) or b""
    for code in (err, f"{int.from_bytes(network[1:]):03d}" if len(network) > 1 else ""):
        if _explained(code):
            return code
    return stat[:_CODE_MOST]


def _explained(code: str) -> bool:
    known = outcomes().get(code)
    return known is not None and known.source is Source.RECEIPT and known.bucket in _FAILURES


def _done(digits: str, zone: tzinfo, now: datetime) -> datetime:
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in _DATES:
        return now
    if len(digits) == _WITH_CENTURY:
        digits = digits[2:]
    year, month, day, hour, minute, *seconds = map(int, _PAIR.findall(digits))
    try:
        said = datetime(2000 + year, month, day, hour, minute, sum(seconds), tzinfo=zone)
        return min(said.astimezone(UTC), now)
    except (ValueError, OverflowError):
        return now

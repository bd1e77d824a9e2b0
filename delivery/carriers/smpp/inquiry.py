"""What became of a part, asked by query_sm where no receipt came."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from delivery.carriers.smpp import receipt_text
from delivery.carriers.smpp.command import Status
from delivery.carriers.smpp.pdu import DeliverSm, QuerySm, QuerySmResp
from delivery.carriers.smpp.session import Failure, Response
from delivery.carriers.smpp.settings import SmppSettings
from delivery.carriers.smpp.submission import source_type
from delivery.carriers.smpp.tlv import Tag
from domain.carrier import Receipt
from domain.smpp import ReceiptIds

AT_ONCE: Final = 10
"""Questions that are open at the same time, beside the window of submissions."""
_ABSOLUTE: Final = 16
_QUARTERS_MOST: Final = 48


def question(reference: str, settings: SmppSettings) -> bytes:
    """Write the question what became of a part; its source is the submission's."""
    ton, npi = source_type(settings)
    source = settings.sender_id.removeprefix("+")
    return QuerySm(
        sequence=1, message_id=reference, source=source, source_ton=ton, source_npi=npi
    ).encode()


def fate(reference: str, answer: Response | Failure, now: datetime) -> Receipt | None:
    """Read an answer as the receipt it stands for; None when nothing is final or known."""
    if not isinstance(answer, QuerySmResp) or answer.status != Status.ESME_ROK:
        return None
    as_receipt = DeliverSm(
        sequence=answer.sequence,
        short_message=f"err:{answer.error_code:03d} done date:{answer.final_date[:12]}".encode(),
        tlvs=(
            (Tag.RECEIPTED_MESSAGE_ID, reference.encode()),
            (Tag.MESSAGE_STATE, bytes((answer.message_state,))),
        ),
    )
    return receipt_text.read(as_receipt, ReceiptIds.SAME, _zone(answer.final_date), "", now)


def _zone(date: str) -> timezone:
    """Give the zone of an absolute time, "YYMMDDhhmmsstnnp" (SMPP 3.4, 7.1.1); else UTC."""
    quarters, sign = date[13:15], date[15:16]
    known = len(date) == _ABSOLUTE and sign in {"+", "-"}
    if not (known and quarters.isascii() and quarters.isdecimal()):
        return UTC
    offset = timedelta(minutes=15) * min(int(quarters), _QUARTERS_MOST)
    return timezone(offset if sign == "+" else -offset)

"""One message as submit_sm, and what is heard of its parts."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from delivery.carriers.smpp.command import status_name
from delivery.carriers.smpp.longtext import split
from delivery.carriers.smpp.pdu import SubmitSm
from delivery.carriers.smpp.receipt_text import submitted_id
from delivery.carriers.smpp.session import Failure
from delivery.carriers.smpp.settings import SmppSettings
from delivery.carriers.smpp.tlv import Tag
from domain.carrier import Answer, Outgoing, Verdict

RETRIES: Final = 3
"""How often a part that came too fast is sent again before the message is given back."""
RETRIES_BEGUN: Final = 10
"""The same once the carrier has another part, so that giving back would send that one twice."""
_NAME, _INTERNATIONAL, _UNKNOWN = (5, 0), (1, 1), (0, 1)


def compose(message: Outgoing, settings: SmppSettings) -> list[bytes]:
    """Write the parts of a message; raises ValueError when it cannot be submitted.

    The reference of a long message comes of its id: submitted again, its parts take the place of
    those the phone may have.
    """
    sender = message.sender_id or settings.sender_id
    # What the operator set is meant for the carrier's own sender ID.
    ton, npi = type_of(sender) if message.sender_id else source_type(settings)
    number = message.message_id & 0xFFFF
    parts = split(message.text, settings.alphabet, settings.long_messages, number & 0xFF)
    own = ((Tag.USER_MESSAGE_REFERENCE, number.to_bytes(2)), *settings.extra_tlvs)
    return [
        SubmitSm(
            sequence=1,
            source=sender.removeprefix("+"),
            source_ton=ton,
            source_npi=npi,
            destination=message.phone.removeprefix("+"),
            destination_ton=settings.dest_ton,
            destination_npi=settings.dest_npi,
            esm_class=part.esm_class,
            registered_delivery=settings.registered_delivery,
            data_coding=part.data_coding,
            short_message=part.short_message,
            tlvs=(*part.tlvs, *own),
        ).encode()
        for part in parts
    ]


def source_type(settings: SmppSettings) -> tuple[int, int]:
    """Give the sender ID's type of number and numbering plan (SMPP 3.4, 5.2.5 and 5.2.6)."""
    ton, npi = type_of(settings.sender_id)
    return (
        ton if settings.source_ton is None else settings.source_ton,
        npi if settings.source_npi is None else settings.source_npi,
    )


def type_of(sender: str) -> tuple[int, int]:
    """Give the type of number and numbering plan of a sender ID, by how it is written."""
    if not sender:
        return 0, 0
    if not sender.removeprefix("+").isdecimal():
        return _NAME
    return _INTERNATIONAL if sender.startswith("+") else _UNKNOWN


def refusal(status: int) -> str:
    """Give the outcome code of an error status: its name, or "SMPP:0x00000400" for a carrier's own.

    The codes the specification names are explained in domain/outcomes.csv.
    """
    name = status_name(status)
    return f"SMPP:{name}" if name.startswith("0x") else name


class Submission:
    """Which parts of a message are to be sent, and the one answer that comes of them.

    The first refusal decides: what is not sent then never is. When the connection ends or a part
    is not answered, the message is unknown as soon as the carrier may have any part of it.
    """

    def __init__(
        self, message_id: int, parts: Sequence[bytes], answer: Callable[[Answer], None]
    ) -> None:
        self.parts = parts
        self._message_id = message_id
        self._answer: Callable[[Answer], None] | None = answer
        self._to_send = deque(range(len(parts)))
        self._open = 0
        self._references = [""] * len(parts)
        self._too_fast = [0] * len(parts)
        self._refusal = ""
        self._given_back = Verdict.UNAVAILABLE
        self._unanswered = False

    @property
    def unsent(self) -> bool:
        """Whether a part is to be sent now."""
        return bool(self._to_send)

    def take(self) -> int:
        """Give the index of the part to send next."""
        self._open += 1
        return self._to_send.popleft()

    def accepted(self, index: int, message_id: str) -> None:
        """Hear that the carrier has a part.

        One it gives no id has one of ours: what is accepted is not to be sent again, whatever
        becomes of its receipt.
        """
        self._open -= 1
        self._references[index] = (
            submitted_id(message_id) if message_id.strip() else f"none-{self._message_id}-{index}"
        )

    def refused(self, status: int) -> None:
        """Hear that a part is refused."""
        self._open -= 1
        self._refusal = self._refusal or refusal(status)
        self._to_send.clear()

    def throttled(self, index: int) -> bool:
        """Hear that a part came too fast; says whether that makes it one to be sent again."""
        self._open -= 1
        self._too_fast[index] += 1
        most = RETRIES_BEGUN if any(self._references) else RETRIES
        if self._refusal or self._unanswered or self._given_back is Verdict.THROTTLED:
            return False
        if self._too_fast[index] > most:
            self._given_back = Verdict.THROTTLED
            self._to_send.clear()
            return False
        self._to_send.appendleft(index)
        return len(self._to_send) == 1

    def failed(self, failure: Failure) -> None:
        """Hear that a part has no answer, and will have none."""
        self._open -= 1
        self._unanswered = self._unanswered or failure is Failure.UNANSWERED
        self._to_send.clear()

    def lost(self) -> None:
        """Hear that what is not sent cannot be sent any more."""
        self._to_send.clear()

    def settle(self) -> None:
        """Give the answer, once, when there is nothing more to send and to hear."""
        if self._open or self._to_send or self._answer is None:
            return
        answer, self._answer = self._answer, None
        answer(self._verdict())

    def _verdict(self) -> Answer:
        references = tuple(filter(None, self._references))
        if self._refusal:
            return Answer(self._message_id, Verdict.REFUSED, code=self._refusal)
        if len(references) == len(self.parts):
            return Answer(self._message_id, Verdict.ACCEPTED, references)
        if references or self._unanswered:
            return Answer(self._message_id, Verdict.UNKNOWN, references)
        return Answer(self._message_id, self._given_back)

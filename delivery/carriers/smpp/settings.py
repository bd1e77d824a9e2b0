"""What is set up of one carrier that speaks SMPP."""

from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo

from domain.smpp import Alphabet, BindMode, LongMessage, ReceiptIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a connection is encrypted, and whom it is to lead to."""

    ca: str = ""
    """Certificates that are trusted, in PEM; empty for those the machine trusts."""
    verify: bool = True
    """Whether a certificate that is not trusted, or is another host's, ends the connection."""
    name: str = ""
    """The name the certificate is to bear; empty for the host's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppSettings:
    """A carrier's settings; the ranges are held where the operator enters them."""

    host: str
    port: int
    tls: Tls | None = None
    system_id: str
    """At most 15 octets."""
    password: str = field(repr=False)
    """At most 8 octets by the standard; longer ones are sent as they are."""
    system_type: str = ""
    """At most 12 octets."""
    bind_mode: BindMode = BindMode.TRANSCEIVER
    binds: int = 1
    """Transceivers, or pairs of a transmitter and a receiver (1 to 10)."""
    window: int = 10
    """Parts that may be submitted and not answered on one bind (1 to 1000)."""
    throughput: int | None = None
    """Parts per second over all binds of this process; None for as many as the window lets."""
    alphabet: Alphabet = Alphabet.GSM
    """What data_coding 0 is."""
    long_messages: LongMessage = LongMessage.UDH
    receipt_ids: ReceiptIds = ReceiptIds.SAME
    receipt_zone: tzinfo = UTC
    """The zone of a receipt's times, which do not say it."""
    sender_id: str = ""
    """A number, or a name of at most 11 characters; empty for the carrier's own choice."""
    source_ton: int | None = None
    """None for 5 with a name, 1 with a number in E.164 (+...), 0 with any other number."""
    source_npi: int | None = None
    """None for 0 with a name, 1 with a number."""
    dest_ton: int = 1
    dest_npi: int = 1
    registered_delivery: int = 1
    """1 asks for a final receipt of every part."""
    enquire_link: timedelta = timedelta(seconds=30)
    """How often the connection is tried."""
    response_timeout: timedelta = timedelta(seconds=20)
    """How long a bind, a submission or an enquire_link may stay without an answer."""
    extra_tlvs: tuple[tuple[int, bytes], ...] = ()
    """Tags and values that are added to every submit_sm."""

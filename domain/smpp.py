"""How carriers that speak SMPP differ: what the operator chooses for each (SMPP 3.4)."""

from enum import StrEnum


class BindMode(StrEnum):
    """Which binds are opened."""

    TRANSCEIVER = "transceiver"
    """bind_transceiver: one connection both ways."""
    SEPARATE = "separate"
    """bind_transmitter and bind_receiver: a pair of connections, one for each way."""


class Alphabet(StrEnum):
    """What data_coding 0, "the SMSC's default alphabet", is at a carrier."""

    GSM = "gsm"
    """GSM 03.38 with its extension table, one septet an octet (unpacked)."""
    LATIN1 = "latin1"
    """ISO 8859-1."""


class LongMessage(StrEnum):
    """How a text that is longer than one part is submitted."""

    UDH = "udh"
    """Part by part, each with a user data header (3GPP TS 23.040, section 9.2.3.24)."""
    PAYLOAD = "payload"
    """Whole, in message_payload; the carrier divides it."""


class ReceiptIds(StrEnum):
    """How receipts write the id that submit_sm_resp gave."""

    SAME = "same"
    """As it was given, but for letter case and leading zeros."""
    DECIMAL = "decimal"
    """In decimal, where submit_sm_resp gave it in hexadecimal."""
    HEXADECIMAL = "hexadecimal"
    """In hexadecimal, where submit_sm_resp gave it in decimal."""

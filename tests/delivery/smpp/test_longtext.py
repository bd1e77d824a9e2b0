"""Long texts: the parts are those smsutil makes, and put together they are the text again."""

from datetime import UTC, datetime
from random import Random

import pytest
import smsutil
from hypothesis import given, strategies
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from delivery.carriers.smpp.alphabet import decode
from delivery.carriers.smpp.longtext import Part, split
from delivery.carriers.smpp.pdu import DeliverSm
from delivery.carriers.smpp.reassembly import Reassembly
from domain.region import Region
from domain.segment import measure
from domain.smpp import Alphabet, LongMessage

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
GSM_CHARACTERS = sorted(set(GSM_BASIC_CHARSET + GSM_EXT_CHARSET) - {"\x1b"})
# Few characters and long texts: what matters stands around the borders of parts.
GSM_TEXT = strategies.text(strategies.sampled_from("aé_€[\f"), min_size=1, max_size=700)
WIDE_TEXT = strategies.text(strategies.sampled_from("a你é😀"), min_size=1, max_size=300)
TEXT = GSM_TEXT | WIDE_TEXT | strategies.text(strategies.sampled_from("aç{é"), max_size=400)


def bodies(parts: list[Part]) -> list[str]:
    heads = 6 if len(parts) > 1 else 0
    return [decode(part.short_message[heads:], part.data_coding, Alphabet.GSM) for part in parts]


@given(GSM_TEXT | WIDE_TEXT)
def test_parts_are_those_smsutil_makes(text: str) -> None:
    parts = split(text, Alphabet.GSM, LongMessage.UDH, 7)
    assert bodies(parts) == [part.content for part in smsutil.split(text).parts]


@given(TEXT)
def test_there_are_never_more_parts_than_are_billed(text: str) -> None:
    """Carriers bill parts, and BLK-4's segments are what the recipient's owner pays."""
    parts = split(text, Alphabet.GSM, LongMessage.UDH, 7)
    assert len(parts) <= measure(text, Region.GLOBAL).segments


@given(TEXT, strategies.sampled_from(Alphabet), strategies.integers(0, 255), strategies.randoms())
def test_parts_put_together_are_the_text(
    text: str, default: Alphabet, reference: int, random: Random
) -> None:
    parts = split(text, default, LongMessage.UDH, reference)
    random.shuffle(parts)
    phone = Reassembly(default)
    whole = [
        incoming.text
        for part in parts
        for incoming in phone.add(
            DeliverSm(
                sequence=1,
                esm_class=part.esm_class,
                data_coding=part.data_coding,
                short_message=part.short_message,
            ),
            NOW,
        )
    ]
    assert whole == [text]
    assert phone.flush() == []


@given(TEXT)
def test_a_part_fits_on_the_air(text: str) -> None:
    for part in split(text, Alphabet.GSM, LongMessage.UDH, 255):
        size = len(part.short_message)
        assert (-(-size * 7 // 8) if part.data_coding == 0 else size) <= 140


def test_a_header_names_reference_parts_and_number() -> None:
    parts = split("x" * 161, Alphabet.GSM, LongMessage.UDH, 0xAB)
    assert [part.short_message for part in parts] == [
        b"\x05\x00\x03\xab\x02\x01" + b"x" * 153,
        b"\x05\x00\x03\xab\x02\x02" + b"x" * 8,
    ]
    assert {part.esm_class for part in parts} == {0x40}


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("x" * 160, [160]),
        ("x" * 161, [153, 8]),
        ("€" * 80, [160]),
        ("€" * 81, [152, 10]),
        ("x" * 152 + "€" + "x" * 10, [152, 12]),
        ("你" * 70, [140]),
        ("你" * 71, [134, 8]),
        ("你" * 66 + "😀" + "你" * 3, [132, 10]),
    ],
)
def test_borders_of_parts(text: str, sizes: list[int]) -> None:
    parts = split(text, Alphabet.GSM, LongMessage.UDH, 0)
    heads = 6 if len(parts) > 1 else 0
    assert [len(part.short_message) - heads for part in parts] == sizes


def test_a_latin1_carrier_makes_septets_of_what_gsm_holds_and_octets_of_the_rest() -> None:
    """It writes "[" in one octet, and on the air it takes two septets."""
    for text, sizes in [("x" * 160, [160]), ("[" * 81, [76, 5]), ("ç" * 141, [134, 7])]:
        parts = split(text, Alphabet.LATIN1, LongMessage.UDH, 0)
        heads = 6 if len(parts) > 1 else 0
        assert {part.data_coding for part in parts} == {0}
        assert [len(part.short_message) - heads for part in parts] == sizes


def test_a_payload_goes_whole_and_a_short_text_needs_none() -> None:
    assert split("hi", Alphabet.GSM, LongMessage.PAYLOAD, 0) == [Part(0, b"hi")]
    assert split("", Alphabet.GSM, LongMessage.UDH, 0) == [Part(0, b"")]
    (part,) = split("x" * 400, Alphabet.GSM, LongMessage.PAYLOAD, 0)
    assert part == Part(0, b"", 0, ((0x0424, b"x" * 400),))


def test_a_text_of_more_than_255_parts_is_not_submitted() -> None:
    assert len(split("x" * 153 * 255, Alphabet.GSM, LongMessage.UDH, 0)) == 255
    with pytest.raises(ValueError, match="has 256 parts, at most 255"):
        split("x" * (153 * 255 + 1), Alphabet.GSM, LongMessage.UDH, 0)
    assert len(split("x" * 65_535, Alphabet.GSM, LongMessage.PAYLOAD, 0)) == 1
    with pytest.raises(ValueError, match="has 65536 octets, at most 65535"):
        split("x" * 65_536, Alphabet.GSM, LongMessage.PAYLOAD, 0)

"""Alphabets: every character GSM 03.38 has, and any octets of any data_coding read as text."""

import smsutil
from hypothesis import example, given, strategies
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from delivery.carriers.smpp.alphabet import decode, encode, from_gsm, gsm
from domain.smpp import Alphabet

GSM_CHARACTERS = sorted(set(GSM_BASIC_CHARSET + GSM_EXT_CHARSET) - {"\x1b"})
GSM_TEXT = strategies.text(strategies.sampled_from(GSM_CHARACTERS))
TEXT = strategies.text(strategies.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def test_the_alphabet_is_the_specifications() -> None:
    for character in GSM_CHARACTERS:
        assert gsm(character) == smsutil.encode(character)
    missing = [chr(code) for code in range(0x3000) if chr(code) not in GSM_CHARACTERS]
    assert [character for character in missing if gsm(character) is not None] == []


@given(GSM_TEXT)
def test_a_gsm_text_reads_back_and_is_written_as_others_do(text: str) -> None:
    octets = gsm(text)
    assert octets is not None
    assert octets == (smsutil.encode(text) if text else b"")
    assert from_gsm(octets) == text == decode(octets, 0, Alphabet.GSM)


def test_an_escape_before_no_extended_character_is_left_out_or_a_blank() -> None:
    assert from_gsm(b"a\x1b\x65b") == "a€b"
    assert from_gsm(b"a\x1bbc") == "abc"
    assert from_gsm(b"a\x1b\x1bb") == "a b"
    assert from_gsm(b"a\x1b") == "a "
    assert from_gsm(b"a\x80\x1b\xff") == "a\ufffd\ufffd"


@given(TEXT)
@example("Ç")
@example("ç€")
@example("😀")
def test_a_text_takes_the_cheapest_alphabet_that_holds_it(text: str) -> None:
    in_gsm = all(character in GSM_CHARACTERS for character in text)
    in_latin1 = all(ord(character) < 256 for character in text)
    for default, holds in [(Alphabet.GSM, in_gsm), (Alphabet.LATIN1, in_latin1)]:
        encoded = encode(text, default)
        assert encoded.data_coding == (0 if holds else 8)
        assert decode(encoded.octets, encoded.data_coding, default) == text


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert encode("a\ud83d", Alphabet.GSM).octets == b"\0a\0?"


@given(
    strategies.binary(max_size=200), strategies.integers(0, 255), strategies.sampled_from(Alphabet)
)
def test_any_octets_of_any_coding_become_a_text_the_database_takes(
    octets: bytes, data_coding: int, default: Alphabet
) -> None:
    text = decode(octets, data_coding, default)
    assert "\0" not in text
    assert text.encode().decode() == text


def test_codings_of_smpp_and_of_the_groups_behind_them() -> None:
    umlaut = {
        0: "ä",
        1: "{",
        2: "7b",
        3: "{",
        4: "7b",
        8: "\ufffd",
        9: "ä",
        0x10: "ä",
        0x15: "7b",
        0x19: "\ufffd",
        0x7F: "ä",
        0xC8: "ä",
        0xE8: "\ufffd",
        0xF1: "ä",
        0xF5: "7b",
    }
    assert {coding: decode(b"{", coding, Alphabet.GSM) for coding in umlaut} == umlaut
    assert decode(b"\xe4", 0, Alphabet.LATIN1) == "ä"
    assert decode("Тест".encode("iso8859-5"), 6, Alphabet.GSM) == "Тест"
    assert decode("שלום".encode("iso8859-8"), 7, Alphabet.GSM) == "שלום"
    assert decode("テスト".encode("shift_jis"), 5, Alphabet.GSM) == "テスト"
    assert decode("한글".encode("euc_kr"), 14, Alphabet.GSM) == "한글"
    assert decode("😀".encode("utf-16-be"), 8, Alphabet.GSM) == "😀"


def test_padding_is_dropped_and_what_is_cut_is_marked() -> None:
    assert decode(b"STOP\0\0", 3, Alphabet.GSM) == "STOP"
    assert decode(b"A\0B", 3, Alphabet.GSM) == "A\ufffdB"
    assert decode(b"\0A\0", 8, Alphabet.GSM) == "A\ufffd"
    assert decode(b"\xd8\x3d\0A", 8, Alphabet.GSM) == "\ufffdA"

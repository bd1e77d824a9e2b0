"""Segments, as carriers submit and bill them (TPL-5, BLK-4), at every boundary."""

import pytest
import smsutil
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.region import Region
from domain.segment import Encoding, Measure, measure

PUBLISHED = (
    "!\"#$%'()*+,-./:;<=>?@_¡£¥§¿&¤0123456789 \n\r"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    "ÄÅÆÇÉÑØøÜßÖàäåæèéìñòöùüΔΦΓΛΩΠΨΣΘΞ"
)
EXTENDED = "|^€{}[]~\\"


@pytest.mark.parametrize(
    ("text", "characters", "segments"),
    [
        ("", 0, 1),
        ("a" * 70, 70, 1),
        ("a" * 71, 71, 2),
        ("a" * 134, 134, 2),
        ("a" * 135, 135, 3),
        ("字" * 70, 70, 1),
        ("字" * 150, 150, 3),
        ("a" * 500, 500, 8),
        ("😀" * 35, 70, 1),
        ("😀" * 36, 72, 2),
        # 66 characters and an emoji across the boundary: the emoji opens the second part.
        ("字" * 66 + "😀" + "字" * 66, 134, 3),
        ("字" * 65 + "😀" + "字" * 67, 134, 2),
    ],
)
def test_mainland_is_70_alone_and_67_a_part(text: str, characters: int, segments: int) -> None:
    assert measure(text, Region.MAINLAND) == Measure(characters, segments, Encoding.UCS2)


@pytest.mark.parametrize(
    ("text", "characters", "segments"),
    [
        ("", 0, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("a" * 320, 320, 3),
        ("é" * 160, 160, 1),
        ("€" * 80, 160, 1),
        # 81 pairs: 76 in the first part, whose last septet stays empty.
        ("€" * 81, 162, 2),
        ("€" * 153, 306, 3),
        ("a" * 152 + "€" + "a" * 152, 306, 3),
        ("a" * 151 + "€" + "a" * 153, 306, 2),
        ("[Qsms]" + "a" * 152, 160, 1),
        ("[Qsms]" + "a" * 153, 161, 2),
    ],
)
def test_global_gsm_is_160_alone_and_153_a_part(text: str, characters: int, segments: int) -> None:
    """Brackets of a Global signature are extended characters and cost two each."""
    assert measure(text, Region.GLOBAL) == Measure(characters, segments, Encoding.GSM7)


@pytest.mark.parametrize(
    ("text", "characters", "segments"),
    [("ç" * 70, 70, 1), ("ç" * 71, 71, 2), ("a" * 70 + "`", 71, 2), ("中" * 134, 134, 2)],
)
def test_one_other_character_makes_a_global_text_ucs2(
    text: str, characters: int, segments: int
) -> None:
    assert measure(text, Region.GLOBAL) == Measure(characters, segments, Encoding.UCS2)


def test_the_alphabet_is_the_published_one() -> None:
    """All of the basic plane, character by character."""
    for point in range(0x10000):
        character = chr(point)
        units = 1 if character in PUBLISHED else 2 if character in EXTENDED else 0
        expected = Measure(units, 1, Encoding.GSM7) if units else Measure(1, 1, Encoding.UCS2)
        assert measure(character, Region.GLOBAL) == expected, hex(point)


# smsutil knows two characters more, form feed and ESC: 3GPP has them, the published list has not.
TEXTS = st.text(
    st.one_of(
        st.sampled_from(PUBLISHED),
        st.sampled_from(EXTENDED),
        st.characters(exclude_characters="\x0c\x1b", exclude_categories=["Cs"]),
    ),
    min_size=1,
    max_size=700,
)
GSM_TEXTS = st.text(st.sampled_from(PUBLISHED + EXTENDED * 5), min_size=1, max_size=700)


@given(st.one_of(TEXTS, GSM_TEXTS))
@example("€" * 153)
def test_global_agrees_with_another_implementation(text: str) -> None:
    split = smsutil.split(text)
    encoding = Encoding.GSM7 if split.encoding == "gsm0338" else Encoding.UCS2
    unit = 1 if encoding is Encoding.GSM7 else 2
    assert measure(text, Region.GLOBAL) == Measure(
        split.total_bytes // unit, len(split.parts), encoding
    )


@given(TEXTS)
def test_mainland_agrees_with_another_implementation(text: str) -> None:
    split = smsutil.unicode_split(text)
    expected = Measure(split.total_bytes // 2, len(split.parts), Encoding.UCS2)
    assert measure(text, Region.MAINLAND) == expected


@given(TEXTS, st.sampled_from(Region))
def test_the_published_quotient_is_never_more_and_differs_only_by_pairs(
    text: str, region: Region
) -> None:
    found = measure(text, region)
    alone, part = (160, 153) if found.encoding is Encoding.GSM7 else (70, 67)
    quotient = 1 if found.characters <= alone else -(-found.characters // part)
    assert found.segments >= quotient
    assume(found.characters == len(text))
    assert found.segments == quotient


@given(st.text(st.characters(), max_size=200), st.sampled_from(Region))
def test_any_text_has_a_measure(text: str, region: Region) -> None:
    """Lone surrogates too, which a JSON escape can carry in."""
    assert measure(text, region).segments >= 1

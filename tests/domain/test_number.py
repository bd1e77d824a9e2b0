"""Numbers as people type them (BLK-9, CUS-2): read, told apart by region, never guessed."""

import itertools

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Problem, Refused
from domain.number import Number, mainland, parse, split, split_list
from domain.region import Region

UNREADABLE = (
    "is not a phone number of any country: "
    "write country code and mobile number, such as 85266661234"
)
MAINLAND_SPELLINGS = ("", "86", "0086", "+86", "0", "860", "00860", "+860")


def verdict(text: str) -> str | None:
    """What phonenumbers says: the E.164 form of a valid mobile number of CN, or None."""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    is_mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    if number.country_code != 86 or not is_mobile or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class TestMainland:
    """Numbers of Mainland China, by the fast path that files take."""

    def test_every_prefix_has_the_verdict_of_the_library(self) -> None:
        """Ranges are told by five digits at most: all openings from 1, and the others by four."""
        openings = [f"{number:04d}0" for number in range(10_000)]
        openings += [str(number) for number in range(10_000, 20_000)]
        for opening in openings:
            text = f"{opening}123456"
            assert mainland(text) == verdict(text), text

    @pytest.mark.parametrize("spelling", MAINLAND_SPELLINGS)
    def test_every_mobile_opening_in_every_spelling(self, spelling: str) -> None:
        for opening in range(1000, 2000):
            text = f"{spelling}{opening}7654321"
            assert mainland(text) == verdict(text), text

    @given(st.from_regex(r"\A(\+|00)?(86)?0?[0-9]{8,13}\Z"))
    def test_any_digits_have_the_verdict_of_the_library(self, text: str) -> None:
        """Carrier-selection codes (12593, 17911, ...) are the one stated difference."""
        expected = verdict(text)
        dialled_through_a_carrier = expected is not None and mainland(text) is None
        if dialled_through_a_carrier:
            assert text.removeprefix("+").removeprefix("00").removeprefix("86").startswith("1")
            assert len(text) > 13
        else:
            assert mainland(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "13800138000",
            "8613800138000",
            "008613800138000",
            "+8613800138000",
            "+86013800138000",
            " 138 0013 8000 ",
            "138-0013-8000",
            "+86 (138) 0013–8000",
            "１３８００１３８０００",
            "\u202d13800138000\u202c",
            "\ufeff13800138000",
        ],
    )
    def test_spellings_of_one_number(self, text: str) -> None:
        expected = Number("+8613800138000", "CN", "86", Region.MAINLAND)
        assert parse(text, Region.MAINLAND) == expected

    @pytest.mark.parametrize(
        "text", ["", "1380013800", "138001380000", "23800138000", "138001380O0", "+861088888888"]
    )
    def test_no_mobile_number_is_invalid_and_quoted(self, text: str) -> None:
        assert parse(text, Region.MAINLAND) == Problem(
            Code.INVALID,
            f'mobile number "{text}" is not a Mainland China mobile number: '
            "write 11 digits, such as 13800138000",
        )

    def test_arabic_digits_are_not_folded(self) -> None:
        assert mainland("١٣٨٠٠١٣٨٠٠٠") is None

    def test_text_of_any_length_is_answered_at_once(self) -> None:
        assert mainland(" " * 53 + "13800138000") == "+8613800138000"
        assert mainland(" " * 54 + "13800138000") is None
        assert isinstance(parse("1" * 1_000_000, Region.GLOBAL), Problem)


class TestGlobal:
    """Numbers of everywhere else, as country code and number."""

    @pytest.mark.parametrize(
        ("text", "e164", "country", "dial_code"),
        [
            ("85266661234", "+85266661234", "HK", "852"),
            ("+852 5123 4567", "+85251234567", "HK", "852"),
            ("0085366123456", "+85366123456", "MO", "853"),
            ("886912345678", "+886912345678", "TW", "886"),
            ("12015550123", "+12015550123", "US", "1"),
            ("77012345678", "+77012345678", "KZ", "7"),
            ("79161234567", "+79161234567", "RU", "7"),
            ("4407400123456", "+447400123456", "GB", "44"),
            ("881612345678", "+881612345678", "DEF", "881"),
        ],
    )
    def test_country_code_and_number(
        self, text: str, e164: str, country: str, dial_code: str
    ) -> None:
        assert parse(text, Region.GLOBAL) == Number(e164, country, dial_code, Region.GLOBAL)

    def test_a_bare_number_is_read_as_the_guide_writes_it(self) -> None:
        """13802345678 is a mainland number elsewhere and one of Ohio here."""
        assert parse("13802345678", Region.GLOBAL) == Number(
            "+13802345678", "US", "1", Region.GLOBAL
        )

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("85221234567", "is a fixed line: enter a mobile number"),
            ("18005550123", "is a toll-free number: enter a mobile number"),
            ("99912345678", UNREADABLE),
            ("852666", UNREADABLE),
        ],
    )
    def test_what_cannot_take_a_message_is_invalid(self, text: str, fault: str) -> None:
        problem = parse(text, Region.GLOBAL)
        assert problem == Problem(Code.INVALID, f'mobile number "{text}" {fault}')


class TestMismatch:
    """Numbers of the other region are told from mistyped ones (BLK-9)."""

    @pytest.mark.parametrize("text", ["8613800138000", "+86 13800138000", "13812345678"])
    def test_mainland_numbers_in_a_global_list(self, text: str) -> None:
        assert parse(text, Region.GLOBAL) == Problem(
            Code.MISMATCH,
            f'mobile number "{text}" is registered in Mainland China: '
            "use Mainland China SMS for it",
        )

    @pytest.mark.parametrize(
        ("text", "country"),
        [("85266661234", "HK"), ("+12015550123", "US"), ("886912345678", "TW")],
    )
    def test_numbers_of_elsewhere_in_a_mainland_list(self, text: str, country: str) -> None:
        assert parse(text, Region.MAINLAND) == Problem(
            Code.MISMATCH,
            f'mobile number "{text}" is registered in {country}, outside Mainland China: '
            "use Global SMS for it",
        )

    def test_eleven_digits_from_1_are_a_mistyped_mainland_number(self) -> None:
        problem = parse("12015550123", Region.MAINLAND)
        assert isinstance(problem, Problem)
        assert problem.code is Code.INVALID


@given(st.text(max_size=80), st.sampled_from(Region))
def test_anything_has_an_answer(text: str, region: Region) -> None:
    answer = parse(text, region)
    if isinstance(answer, Problem):
        assert answer.code in {Code.INVALID, Code.MISMATCH}
        assert answer.message.startswith('mobile number "')
        assert answer.message.isprintable()
    else:
        assert answer.region is region


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.booleans())
def test_what_was_read_once_is_read_the_same_again(country: str, plus: bool) -> None:
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return
    text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    region = Region.MAINLAND if country == "CN" else Region.GLOBAL
    number = parse(text if plus else text[1:], region)
    assert isinstance(number, Number)
    assert number.e164 == text
    assert parse(number.e164, region) == number


@pytest.mark.parametrize(
    ("phone", "parts"),
    [
        ("+8613800138000", ("86", "13800138000")),
        ("+12125551234", ("1", "2125551234")),
        ("+85266661234", ("852", "66661234")),
        ("+", ("", "")),
        ("", ("", "")),
        ("foo", ("", "foo")),
        ("+86abc", ("", "86abc")),
        ("+\u00b2\u00b3", ("", "\u00b2\u00b3")),
        ("1380", ("", "1380")),
        ("+0000", ("", "0000")),
    ],
)
def test_what_is_no_number_has_no_country_code(phone: str, parts: tuple[str, str]) -> None:
    """API-3, CFG-2: the status of a message refused for its number is pulled and pushed, too."""
    assert split(phone) == parts


class TestSplitList:
    """Pasted lists."""

    def test_lines_commas_and_blanks(self) -> None:
        """CUS-2 and BLO-1: one number a line; other separators are understood."""
        text = (
            "13800138000\r\n\n 138 0013 8001 ,１３８００１３８００２；13800138003\n\t\n85266661234"
        )
        assert split_list(text, 5) == [
            (1, "13800138000"),
            (3, "138 0013 8001"),
            (3, "１３８００１３８００２"),
            (3, "13800138003"),
            (5, "85266661234"),
        ]

    def test_the_limit_counts_entries(self) -> None:
        assert len(split_list("1\n" * 100, 100)) == 100
        with pytest.raises(Refused) as refused:
            split_list("1\n" * 101, 100)
        assert refused.value.problems == (
            Problem(
                Code.LIMIT_EXCEEDED,
                "numbers has more than 100 entries: split the list",
                ("numbers",),
            ),
        )

    @given(
        st.lists(st.from_regex(r"\A[0-9]{1,12}\Z"), max_size=20), st.sampled_from("\n,;，；、\t")
    )
    def test_joined_entries_come_apart_again(self, entries: list[str], separator: str) -> None:
        found = split_list(separator.join(entries), 20)
        assert [raw for _, raw in found] == entries
        lines = itertools.count(1) if separator == "\n" else itertools.repeat(1)
        assert [line for line, _ in found] == [
            line for line, _ in zip(lines, entries, strict=False)
        ]

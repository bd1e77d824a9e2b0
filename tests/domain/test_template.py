"""Body templates: what may be submitted (TPL-1 to TPL-3) and what recipients get (TPL-5, BLK-3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import template
from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind, Region, SmsType
from domain.template import Draft

BRACE = (
    "outside a variable: write variables {1}, {2} and so on, "
    "with half-width braces and a number alone"
)


def draft(
    content: str,
    sms_type: SmsType = SmsType.REGULAR,
    kind: IdentityKind = IdentityKind.ORGANIZATION,
    *,
    name: str = "welcome",
    remarks: str = "",
) -> Draft:
    """Submit a template whose other fields are in order."""
    return template.draft(name, sms_type, content, remarks, kind)


def faults(content: str, sms_type: SmsType = SmsType.REGULAR) -> list[tuple[Code, str]]:
    """Submit a faulty content; give each problem's code and text."""
    with pytest.raises(Refused) as refused:
        draft(content, sms_type)
    assert {problem.field for problem in refused.value.problems} == {("content",)}
    return [(problem.code, problem.message) for problem in refused.value.problems]


class TestDraft:
    """What may go to review."""

    def test_texts_are_tidied_and_variables_counted(self) -> None:
        """TPL-1, TPL-2: variables may come in any order and more than once."""
        made = draft(" {2}, your order {1}\r\nis ready, {2} \n", name=" order ", remarks=" shop ")
        assert made == Draft(
            "order", SmsType.REGULAR, "{2}, your order {1}\nis ready, {2}", "shop", 2
        )

    def test_content_has_fewer_than_500_characters(self) -> None:
        assert draft("x" * 499).content == "x" * 499
        [(code, message)] = faults("x" * 500)
        assert code is Code.TOO_LONG
        assert message == (f'content "{"x" * 40}…" has 500 characters: shorten it to at most 499')

    def test_an_emoji_is_two_characters(self) -> None:
        draft("x" * 497 + "😀")
        assert faults("x" * 498 + "😀")[0][0] is Code.TOO_LONG

    def test_everything_wrong_is_told_at_once(self) -> None:
        with pytest.raises(Refused) as refused:
            draft(
                "",
                SmsType.MARKETING,
                IdentityKind.INDIVIDUAL,
                name="n" * 61,
                remarks="r" * 501,
            )
        assert [(problem.code, problem.field) for problem in refused.value.problems] == [
            (Code.TOO_LONG, ("name",)),
            (Code.NOT_PERMITTED, ("sms_type",)),
            (Code.REQUIRED, ("content",)),
            (Code.TOO_LONG, ("remarks",)),
        ]

    def test_an_individual_may_not_apply_for_marketing(self) -> None:
        """ACC-3: the refusal says why and what would help."""
        with pytest.raises(Refused) as refused:
            draft("Sale. Reply T to unsubscribe", SmsType.MARKETING, IdentityKind.INDIVIDUAL)
        assert refused.value.problems == (
            Problem(
                Code.NOT_PERMITTED,
                "marketing SMS is for organizations and this account is an individual's: "
                "request verification as an organization (verificationRequest)",
                ("sms_type",),
            ),
        )

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            ("{1}", "has nothing but variables: add constant text"),
            ("{1}，{2}。", "has nothing but variables: add constant text"),
            ("hello {2}", "has no variable {1}: number variables from 1 without gaps"),
            ("hello {1} {3}", "has no variable {2}: number variables from 1 without gaps"),
            ("hello {name}", f'has "{{" {BRACE}'),
            ("您好｛1｝", f'has "｛" {BRACE}'),
            ("hello { 1 }", f'has "{{" {BRACE}'),
            ("【shop】 hello", 'contains "【": the signature is added by itself'),
            ("price ￥5", 'contains "￥": replace it'),
            ("★ hello", 'contains "★": replace it'),
            ("hello ^_^", 'contains "^_^": replace it'),
            ("you & me", 'contains "&": replace it'),
            ("☞ here", 'contains "☞": replace it'),
            ("√ done", 'contains "√": replace it'),
            ("※ note", 'contains "※": replace it'),
            (
                "see www.{1}.com",
                'has a variable inside "www.{1}.com": make a number or link whole or constant',
            ),
            (
                "see https://a.cn/{1}",
                'has a variable inside "https://a.cn/{1}": make a number or link whole or constant',
            ),
            (
                "call 186{1}1234",
                'has a variable inside "6{1}1": make a number or link whole or constant',
            ),
        ],
    )
    def test_what_the_review_standard_refuses(self, content: str, fault: str) -> None:
        """TPL-2 and the provider's standard for bodies."""
        assert faults(content) == [(Code.INVALID, f'content "{content}" {fault}')]

    @pytest.mark.parametrize(
        "content",
        [
            "No.{1} is ready",
            "you pay {1}.00 yuan of 100{2}",
            "details: https://example.com/a?b=1 for {1}",
            "尾号{1}的订单已发货",
            "write to help@example.com, {1}",
        ],
    )
    def test_what_it_lets_pass(self, content: str) -> None:
        assert draft(content).content == content

    @pytest.mark.parametrize("mark", ["\x00", "\x1b", "\u2028", "\ud800", "\u202e"])
    def test_what_cannot_be_stored_or_sent_is_refused(self, mark: str) -> None:
        [(code, message)] = faults(f"a{mark}b")
        assert code is Code.INVALID
        assert message.endswith(f'contains the character "\\u{ord(mark):04x}": remove it')


class TestOptOut:
    """Marketing offers a way out (TPL-3)."""

    @pytest.mark.parametrize(
        "content",
        [
            "Sale now. Reply with T to unsubscribe",
            "Sale now. Reply T to unsubscribe.",
            "Sale now, text TD to opt out",
            "Sale now. Unsubscribe: reply N",
            "五折，回T退订",
            "五折，回复TD退订",
            "五折，退订回N",
            "五折，回Ｔ退订",
            "五折，拒收请回复R",
        ],
    )
    def test_known_wordings(self, content: str) -> None:
        assert draft(content, SmsType.MARKETING).content == content

    @pytest.mark.parametrize(
        "content",
        ["Sale now", "五折", "you cannot unsubscribe", "Reply STOP to unsubscribe", "回Q退订"],
    )
    def test_a_reply_nobody_listens_to_is_no_way_out(self, content: str) -> None:
        [(code, message)] = faults(content, SmsType.MARKETING)
        assert code is Code.INVALID
        assert message.endswith(
            'is marketing and offers no way to unsubscribe: end it like "回T退订" '
            'or "Reply T to unsubscribe"'
        )

    def test_regular_content_needs_none(self) -> None:
        assert draft("your parcel is here").variables == 0


class TestParameters:
    """One recipient's values (BLK-3)."""

    def test_their_number_is_the_templates(self) -> None:
        compiled = template.compile("{1} and {2}")
        assert compiled.variables == 2
        assert compiled.check(["a", "b"]) is None
        for params in ([], ["a"], ["a", "b", "c"]):
            assert compiled.check(params) == Problem(
                Code.MISMATCH,
                f"template takes 2 variables and {len(params)} were given: give one value for each",
            )

    def test_an_individual_has_12_characters(self) -> None:
        individual = template.compile("hello {1}", IdentityKind.INDIVIDUAL)
        assert individual.check(["x" * 12]) is None
        assert individual.check(["x" * 13]) == Problem(
            Code.TOO_LONG,
            'variable {1} value "xxxxxxxxxxxxx" has 13 characters: shorten it to at most 12',
        )
        assert individual.check(["😀" * 7]) is not None

    def test_an_organization_has_what_a_message_has(self) -> None:
        organization = template.compile("hello {1}")
        assert organization.check(["x" * 500]) is None
        problem = organization.check(["x" * 501])
        assert problem is not None
        assert problem.code is Code.TOO_LONG

    @pytest.mark.parametrize("content", ["hello {1} {2}", "Your code is {1}{2}"])
    @pytest.mark.parametrize("blank", ["", " \t", "\u3000"])
    def test_an_empty_value_is_refused(self, content: str, blank: str) -> None:
        compiled = template.compile(content)
        empty = Problem(Code.REQUIRED, "variable {2} is empty: fill it in")
        assert compiled.check(["1", "2"]) is None
        assert compiled.check(["1", blank]) == empty
        assert [place for place, _ in compiled.faults([blank, blank])] == [1, 2]

    def test_a_link_is_refused(self) -> None:
        compiled = template.compile("hello {1} {2}")
        assert compiled.check(["12:30", "Mr.Xu"]) is None
        assert compiled.check(["Ann", "点击t.cn/x"]) == Problem(
            Code.INVALID,
            'variable {2} value "点击t.cn/x" contains a link: write links into the template itself',
        )

    @pytest.mark.parametrize("mark", ["【", "】", "\x00"])
    def test_a_value_cannot_forge_a_signature_or_break_storage(self, mark: str) -> None:
        problem = template.compile("hello {1}").check([f"a{mark}"])
        assert problem is not None
        assert problem.code is Code.INVALID

    @pytest.mark.parametrize("content", ["您的验证码是{1}", "Your code is {1}", "Code: {1}"])
    def test_a_verification_code_is_1_to_6_digits(self, content: str) -> None:
        compiled = template.compile(content)
        assert compiled.is_verification_code
        for value in ("1", "123456"):
            assert compiled.check([value]) is None
        for value in ("1234567", "12a", "١٢", "12\n"):
            problem = compiled.check([value])
            assert problem is not None
            assert problem.message.endswith("is no verification code: enter 1 to 6 digits")

    @pytest.mark.parametrize(
        "content", ["decoder {1}", "barcodes {1}", "Promo code {1}. Reply T to unsubscribe"]
    )
    def test_other_texts_are_none(self, content: str) -> None:
        assert not template.compile(content).is_verification_code


class TestFullText:
    """What is sent and billed (TPL-5)."""

    def test_signature_in_the_brackets_of_its_region(self) -> None:
        assert template.full_text("腾讯云", "您好", Region.MAINLAND) == "【腾讯云】您好"
        assert template.full_text("Qsms", "hello", Region.GLOBAL) == "[Qsms]hello"
        assert template.full_text(None, "hello", Region.GLOBAL) == "hello"

    def test_500_characters_in_all(self) -> None:
        assert len(template.full_text("ab", "x" * 496, Region.GLOBAL)) == 500
        with pytest.raises(Refused) as refused:
            template.full_text("ab", "x" * 497, Region.GLOBAL)
        assert refused.value.problems == (
            Problem(
                Code.TOO_LONG,
                "text has 501 characters with its signature and variables: "
                "shorten it to at most 500",
            ),
        )
        with pytest.raises(Refused):
            template.full_text("ab", "😀" * 249, Region.GLOBAL)


CONSTANTS = st.text(st.characters(exclude_characters="{}"), max_size=10)


@given(st.lists(st.tuples(CONSTANTS, st.integers(1, 9)), max_size=8), CONSTANTS, st.data())
def test_rendering_is_replacement_done_once(
    pieces: list[tuple[str, int]], end: str, data: st.DataObject
) -> None:
    """A value that looks like a variable stays as it is."""
    content = "".join(f"{constant}{{{number}}}" for constant, number in pieces) + end
    compiled = template.compile(content)
    assert compiled.variables == max((number for _, number in pieces), default=0)
    values = st.text(max_size=5) | st.just("{1}")
    params = data.draw(st.lists(values, min_size=9, max_size=9))
    expected = "".join(constant + params[number - 1] for constant, number in pieces) + end
    assert compiled.render(params) == expected


@given(st.text(st.sampled_from("{}12｛a 字.w/【&\n\x00"), max_size=30), st.sampled_from(SmsType))
def test_a_draft_is_refused_or_can_be_filled(content: str, sms_type: SmsType) -> None:
    try:
        made = draft(content, sms_type)
    except Refused as refused:
        messages = [problem.message for problem in refused.problems]
    else:
        messages = []
        compiled = template.compile(made.content)
        assert compiled.check(["7"] * made.variables) is None
        assert "{" not in compiled.render(["7"] * made.variables)
    assert all(map(str.isprintable, messages))

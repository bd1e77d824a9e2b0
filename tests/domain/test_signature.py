"""Signatures: names, papers and brackets (SIG-1 to SIG-3, ACC-3)."""

from dataclasses import replace
from typing import TypedDict, Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import signature
from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind, Region
from domain.signature import CertificateType, Draft, Purpose, SignatureType

PAPERS = {
    CertificateType.THREE_IN_ONE_LICENCE,
    CertificateType.BUSINESS_LICENCE,
    CertificateType.ORGANIZATION_CODE,
    CertificateType.SOCIAL_CREDIT_CODE,
}
COMPANY = Draft(
    "腾讯云",
    SignatureType.COMPANY,
    Purpose.SELF_USE,
    CertificateType.BUSINESS_LICENCE,
    "",
)


class Circumstances(TypedDict, total=False):
    """What a form says beside the draft's own fields."""

    region: Region
    kind: IdentityKind
    has_certificate: bool
    has_authorization: bool


def submit(form: Draft, **circumstances: Unpack[Circumstances]) -> Draft:
    """Submit a form: an organization's, for Mainland China, with all images, unless said."""
    return signature.draft(
        content=form.content,
        signature_type=form.signature_type,
        purpose=form.purpose,
        certificate_type=form.certificate_type,
        note=form.note,
        region=circumstances.get("region", Region.MAINLAND),
        kind=circumstances.get("kind", IdentityKind.ORGANIZATION),
        has_certificate=circumstances.get("has_certificate", True),
        has_authorization=circumstances.get("has_authorization", True),
    )


def problems(form: Draft, **circumstances: Unpack[Circumstances]) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as refused:
        submit(form, **circumstances)
    return refused.value.problems


class TestContent:
    """The name itself."""

    @pytest.mark.parametrize("content", ["腾讯", "QQ", "Tencent", "网易163", "x" * 12, "𠮷野家"])
    def test_mainland_names(self, content: str) -> None:
        assert submit(replace(COMPANY, content=f" {content}\n")).content == content

    @pytest.mark.parametrize("content", ["Tencent Cloud", "McDonald's", "AT&T", "x" * 15, "腾讯"])
    def test_global_names(self, content: str) -> None:
        """The guide's example has a blank and 13 characters: only a Global name can be like it."""
        made = submit(replace(COMPANY, content=content), region=Region.GLOBAL)
        assert made.content == content

    @pytest.mark.parametrize(
        ("region", "content", "code"),
        [
            (Region.MAINLAND, "", Code.REQUIRED),
            (Region.MAINLAND, "x", Code.TOO_SHORT),
            (Region.MAINLAND, "x" * 13, Code.TOO_LONG),
            (Region.MAINLAND, "Tencent Cloud", Code.TOO_LONG),
            (Region.MAINLAND, "QQ mail", Code.INVALID),
            (Region.MAINLAND, "腾讯-云", Code.INVALID),
            (Region.MAINLAND, "【腾讯云】", Code.INVALID),
            (Region.MAINLAND, "验证码", Code.INVALID),
            (Region.MAINLAND, "TEST", Code.INVALID),
            (Region.GLOBAL, "x", Code.TOO_SHORT),
            (Region.GLOBAL, "x" * 16, Code.TOO_LONG),
            (Region.GLOBAL, "[Qsms]", Code.INVALID),
            (Region.GLOBAL, "...", Code.INVALID),
            (Region.GLOBAL, "Notification", Code.INVALID),
            (Region.GLOBAL, "a\nb", Code.INVALID),
        ],
    )
    def test_what_is_no_name(self, region: Region, content: str, code: Code) -> None:
        [problem] = problems(replace(COMPANY, content=content), region=region)
        assert (problem.code, problem.field) == (code, ("content",))

    def test_the_error_quotes_the_name_and_says_what_to_do(self) -> None:
        assert problems(replace(COMPANY, content="【腾讯云】")) == (
            Problem(
                Code.INVALID,
                'content "【腾讯云】" has brackets: leave them out, they are added by themselves',
                ("content",),
            ),
        )

    @given(st.text(max_size=20), st.sampled_from(Region))
    def test_whatever_passes_renders_with_one_pair_of_brackets(
        self, content: str, region: Region
    ) -> None:
        try:
            made = submit(replace(COMPANY, content=content), region=region)
        except Refused:
            return
        rendered = signature.render(made.content, region)
        assert sum(rendered.count(bracket) for bracket in "[]【】") == 2
        assert rendered[0] + rendered[-1] == ("【】" if region is Region.MAINLAND else "[]")


class TestPapers:
    """Which certificate proves what (SIG-1, SIG-2)."""

    @pytest.mark.parametrize(
        ("signature_type", "organization", "individual"),
        [
            (SignatureType.COMPANY, PAPERS, None),
            (
                SignatureType.APP,
                PAPERS | {CertificateType.APP_SCREENSHOT},
                {CertificateType.APP_SCREENSHOT},
            ),
            (
                SignatureType.WEBSITE,
                PAPERS | {CertificateType.WEBSITE_SCREENSHOT},
                {CertificateType.WEBSITE_SCREENSHOT},
            ),
            (
                SignatureType.OFFICIAL_ACCOUNT,
                PAPERS | {CertificateType.ACCOUNT_SCREENSHOT},
                {CertificateType.ACCOUNT_SCREENSHOT},
            ),
            (SignatureType.TRADEMARK, {CertificateType.TRADEMARK_REGISTRATION}, None),
            (
                SignatureType.GOVERNMENT,
                {CertificateType.ORGANIZATION_CODE, CertificateType.SOCIAL_CREDIT_CODE},
                None,
            ),
        ],
    )
    def test_for_self_use(
        self,
        signature_type: SignatureType,
        organization: set[CertificateType],
        individual: set[CertificateType] | None,
    ) -> None:
        """Every certificate is tried; None: an individual may not have the type at all (ACC-3)."""
        for certificate in CertificateType:
            form = replace(
                COMPANY, signature_type=signature_type, certificate_type=certificate, note="x"
            )
            if certificate in organization:
                assert submit(form) == form
            else:
                [problem] = problems(form)
                assert (problem.code, problem.field) == (Code.MISMATCH, ("certificate_type",))
            if individual is not None and certificate in individual:
                assert submit(form, kind=IdentityKind.INDIVIDUAL) == form
            else:
                codes = {found.code for found in problems(form, kind=IdentityKind.INDIVIDUAL)}
                expected = Code.NOT_PERMITTED if individual is None else Code.MISMATCH
                assert expected in codes

    @pytest.mark.parametrize("kind", IdentityKind)
    def test_for_others_the_owners_papers_count(self, kind: IdentityKind) -> None:
        form = replace(
            COMPANY, signature_type=SignatureType.APP, purpose=Purpose.OTHERS, note="store link"
        )
        assert submit(form, kind=kind) == form
        screenshot = replace(form, certificate_type=CertificateType.APP_SCREENSHOT)
        assert problems(screenshot, kind=kind) == (
            Problem(
                Code.MISMATCH,
                'certificate type "app_screenshot" does not prove a signature of type "app" '
                'for purpose "others": choose one of business_licence, organization_code, '
                "social_credit_code, three_in_one_licence",
                ("certificate_type",),
            ),
        )

    def test_for_others_needs_an_authorization_letter(self) -> None:
        """SIG-2; self-use does not ask for one."""
        assert submit(COMPANY, has_authorization=False) == COMPANY
        [problem] = problems(replace(COMPANY, purpose=Purpose.OTHERS), has_authorization=False)
        assert (problem.code, problem.field) == (Code.REQUIRED, ("authorization",))

    def test_a_certificate_is_always_needed(self) -> None:
        [problem] = problems(COMPANY, has_certificate=False)
        assert (problem.code, problem.field) == (Code.REQUIRED, ("certificate",))


class TestNote:
    """The note (SIG-3)."""

    @pytest.mark.parametrize(
        ("signature_type", "certificate", "message"),
        [
            (
                SignatureType.APP,
                CertificateType.APP_SCREENSHOT,
                "note is missing: enter the link to the app in a store",
            ),
            (
                SignatureType.WEBSITE,
                CertificateType.WEBSITE_SCREENSHOT,
                "note is missing: enter the filed domain name",
            ),
            (
                SignatureType.OFFICIAL_ACCOUNT,
                CertificateType.ACCOUNT_SCREENSHOT,
                "note is missing: enter the full name of the account or mini program",
            ),
        ],
    )
    def test_what_people_look_up_needs_one(
        self, signature_type: SignatureType, certificate: CertificateType, message: str
    ) -> None:
        form = replace(COMPANY, signature_type=signature_type, certificate_type=certificate)
        expected = (Problem(Code.REQUIRED, message, ("note",)),)
        assert problems(replace(form, note="  ")) == expected

    def test_it_has_at_most_500_characters(self) -> None:
        assert submit(replace(COMPANY, note="x" * 500)).note == "x" * 500
        [problem] = problems(replace(COMPANY, note="x" * 501))
        assert (problem.code, problem.field) == (Code.TOO_LONG, ("note",))


def test_everything_wrong_is_told_at_once() -> None:
    form = Draft("x", SignatureType.TRADEMARK, Purpose.OTHERS, CertificateType.APP_SCREENSHOT, "")
    found = problems(
        form, kind=IdentityKind.INDIVIDUAL, has_certificate=False, has_authorization=False
    )
    assert [problem.field for problem in found] == [
        ("content",),
        ("signature_type",),
        ("certificate_type",),
        ("certificate",),
        ("authorization",),
    ]


def test_published_numbers_cover_every_name_once() -> None:
    for numbers, names in (
        (signature.TYPE_NUMBERS, SignatureType),
        (signature.PURPOSE_NUMBERS, Purpose),
        (signature.CERTIFICATE_NUMBERS, CertificateType),
    ):
        assert list(numbers) == list(names)
        assert list(numbers.values()) == list(range(len(names)))

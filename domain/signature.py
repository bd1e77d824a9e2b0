"""Signatures: the name in front of a message and the papers that prove it (SIG)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain import account, text
from domain.account import Capability
from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind, Region
from domain.text import quoted

NOTE_MOST: Final = 500


class SignatureType(StrEnum):
    """What the signature names (SIG-1)."""

    COMPANY = "company"
    APP = "app"
    WEBSITE = "website"
    OFFICIAL_ACCOUNT = "official_account"
    TRADEMARK = "trademark"
    GOVERNMENT = "government"


class Purpose(StrEnum):
    """Whose name it is: the account's own, or another's by authorization (SIG-1, SIG-2)."""

    SELF_USE = "self_use"
    OTHERS = "others"


class CertificateType(StrEnum):
    """The paper or screenshot that proves the right to the name."""

    THREE_IN_ONE_LICENCE = "three_in_one_licence"
    BUSINESS_LICENCE = "business_licence"
    ORGANIZATION_CODE = "organization_code"
    SOCIAL_CREDIT_CODE = "social_credit_code"
    APP_SCREENSHOT = "app_screenshot"
    WEBSITE_SCREENSHOT = "website_screenshot"
    ACCOUNT_SCREENSHOT = "account_screenshot"
    TRADEMARK_REGISTRATION = "trademark_registration"


# The integers of the provider's published API (SignType, SignPurpose, DocumentType of 2019).
TYPE_NUMBERS: Final = {
    SignatureType.COMPANY: 0,
    SignatureType.APP: 1,
    SignatureType.WEBSITE: 2,
    SignatureType.OFFICIAL_ACCOUNT: 3,
    SignatureType.TRADEMARK: 4,
    SignatureType.GOVERNMENT: 5,
}
PURPOSE_NUMBERS: Final = {Purpose.SELF_USE: 0, Purpose.OTHERS: 1}
CERTIFICATE_NUMBERS: Final = {
    CertificateType.THREE_IN_ONE_LICENCE: 0,
    CertificateType.BUSINESS_LICENCE: 1,
    CertificateType.ORGANIZATION_CODE: 2,
    CertificateType.SOCIAL_CREDIT_CODE: 3,
    CertificateType.APP_SCREENSHOT: 4,
    CertificateType.WEBSITE_SCREENSHOT: 5,
    CertificateType.ACCOUNT_SCREENSHOT: 6,
    CertificateType.TRADEMARK_REGISTRATION: 7,
}

_ENTERPRISE: Final = frozenset(
    {
        CertificateType.THREE_IN_ONE_LICENCE,
        CertificateType.BUSINESS_LICENCE,
        CertificateType.ORGANIZATION_CODE,
        CertificateType.SOCIAL_CREDIT_CODE,
    }
)
_SCREENSHOTS: Final = {
    SignatureType.APP: CertificateType.APP_SCREENSHOT,
    SignatureType.WEBSITE: CertificateType.WEBSITE_SCREENSHOT,
    SignatureType.OFFICIAL_ACCOUNT: CertificateType.ACCOUNT_SCREENSHOT,
}
_FOR_ANYONE: Final = {
    SignatureType.COMPANY: _ENTERPRISE,
    SignatureType.APP: _ENTERPRISE,
    SignatureType.WEBSITE: _ENTERPRISE,
    SignatureType.OFFICIAL_ACCOUNT: _ENTERPRISE,
    SignatureType.TRADEMARK: frozenset({CertificateType.TRADEMARK_REGISTRATION}),
    SignatureType.GOVERNMENT: frozenset(
        {CertificateType.ORGANIZATION_CODE, CertificateType.SOCIAL_CREDIT_CODE}
    ),
}
_CAPABILITIES: Final = {
    SignatureType.COMPANY: Capability.COMPANY_SIGNATURE,
    SignatureType.TRADEMARK: Capability.TRADEMARK_SIGNATURE,
    SignatureType.GOVERNMENT: Capability.GOVERNMENT_SIGNATURE,
}
_NOTES: Final = {
    SignatureType.APP: "the link to the app in a store",
    SignatureType.WEBSITE: "the filed domain name",
    SignatureType.OFFICIAL_ACCOUNT: "the full name of the account or mini program",
}

_LEAST: Final = 2
_MOST: Final = {Region.MAINLAND: 12, Region.GLOBAL: 15}
_BRACKETS: Final = {Region.MAINLAND: ("【", "】"), Region.GLOBAL: ("[", "]")}
_MAINLAND_CONTENT: Final = re.compile(
    "[A-Za-z0-9\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]*"
)
_ANY_BRACKET: Final = re.compile("[][【】]")
# Names that tell a recipient nothing; the review standard lists them by example.
_NEUTRAL: Final = frozenset(
    {"test", "aabb", "sms", "message", "notice", "notification", "code", "verification"}
    | {"verificationcode", "marketing", "测试", "短信", "消息", "通知", "提醒", "验证码", "验证"}
    | {"营销", "签名", "系统通知", "系统消息"}
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A signature that may go to review; its images are checked and stored beside it."""

    content: str
    signature_type: SignatureType
    purpose: Purpose
    certificate_type: CertificateType
    note: str


def certificate_types(
    signature_type: SignatureType, purpose: Purpose, kind: IdentityKind
) -> frozenset[CertificateType]:
    """Which certificates prove a signature of this type (review standard of 2020).

    For others, the owner's papers count, and only organizations authorize. For self-use an
    organization shows its papers or a screenshot of what it runs, an individual, who has no such
    papers, the screenshot alone.
    """
    papers = _FOR_ANYONE[signature_type]
    screenshot = _SCREENSHOTS.get(signature_type)
    if purpose is Purpose.OTHERS or screenshot is None:
        return papers
    if kind is IdentityKind.INDIVIDUAL:
        return frozenset({screenshot})
    return papers | {screenshot}


def draft(  # noqa: PLR0913 - one argument for each field of the form
    *,
    content: str,
    signature_type: SignatureType,
    purpose: Purpose,
    certificate_type: CertificateType,
    note: str,
    has_certificate: bool,
    has_authorization: bool,
    region: Region,
    kind: IdentityKind,
) -> Draft:
    """Return what may go to review, texts tidied; raise Refused with everything that may not.

    `has_certificate` and `has_authorization` say whether an image was given, now or before an edit.
    """
    content, note = text.tidy(content), text.tidy(note)
    problems = _content_problems(content, region)
    capability = _CAPABILITIES.get(signature_type)
    if capability:
        # Applications ask for a verified identity; a signature's type only for its kind (ACC-3).
        lacking = account.lacking(kind, True, capability, "signature_type")
        problems += [lacking] if lacking else []
    problems += _paper_problems(signature_type, purpose, certificate_type, kind)
    if not has_certificate:
        message = "certificate is missing: upload a .jpg or .png image of it"
        problems.append(Problem(Code.REQUIRED, message, ("certificate",)))
    if purpose is Purpose.OTHERS and not has_authorization:
        message = "authorization letter is missing: a signature for others needs its stamped scan"
        problems.append(Problem(Code.REQUIRED, message, ("authorization",)))
    if signature_type in _NOTES and not note:
        message = f"note is missing: enter {_NOTES[signature_type]}"
        problems.append(Problem(Code.REQUIRED, message, ("note",)))
    problems += text.check(note, "note", least=0, most=NOTE_MOST, lines=True)
    if problems:
        raise Refused(*problems)
    return Draft(content, signature_type, purpose, certificate_type, note)


def render(content: str, region: Region) -> str:
    """Put a signature into its region's brackets: 【content】 or [content]."""
    opening, closing = _BRACKETS[region]
    return f"{opening}{content}{closing}"


def _content_problems(content: str, region: Region) -> list[Problem]:
    """Apply the review standard's rules of content.

    Mainland names are Chinese characters, letters and digits. The guide's example "Tencent Cloud"
    has a blank and 13 characters, beyond any mainland name, so blanks are for Global ones, where
    only brackets and a lack of letters are refused.
    """
    problems = text.check(content, "content", least=_LEAST, most=_MOST[region])
    if problems:
        return problems
    fault = None
    if _ANY_BRACKET.search(content):
        fault = "has brackets: leave them out, they are added by themselves"
    elif region is Region.MAINLAND and not _MAINLAND_CONTENT.fullmatch(content):
        fault = "has other characters than Chinese, letters and digits: remove them"
    elif not any(character.isalnum() for character in content):
        fault = "has no letter or digit: enter a name"
    elif content.replace(" ", "").casefold() in _NEUTRAL:
        fault = "names nobody: enter the name of the company, product or site"
    return (
        [Problem(Code.INVALID, f"content {quoted(content)} {fault}", ("content",))] if fault else []
    )


def _paper_problems(
    signature_type: SignatureType,
    purpose: Purpose,
    certificate_type: CertificateType,
    kind: IdentityKind,
) -> list[Problem]:
    allowed = certificate_types(signature_type, purpose, kind)
    if certificate_type in allowed:
        return []
    names = ", ".join(sorted(allowed))
    message = (
        f"certificate type {quoted(certificate_type)} does not prove a signature of type "
        f"{quoted(signature_type)} for purpose {quoted(purpose)}: choose one of {names}"
    )
    return [Problem(Code.MISMATCH, message, ("certificate_type",))]

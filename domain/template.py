"""Body templates: what an applicant may submit, and the text each recipient gets (TPL, BLK-3)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from domain import account, signature, text
from domain.account import Capability
from domain.errors import Code, Problem, Refused
from domain.link import links
from domain.region import IdentityKind, Region, SmsType
from domain.text import quoted

NAME_MOST: Final = 60
CONTENT_MOST: Final = 499  # the guide: fewer than 500
REMARKS_MOST: Final = 500
FULL_TEXT_MOST: Final = 500
INDIVIDUAL_VARIABLE_MOST: Final = 12

# Replies a marketing text may promise; each must end a subscription when it comes in (UNS-1).
OPT_OUT_REPLIES: Final = ("TD", "T", "N", "R")

_VARIABLE: Final = re.compile(r"\{([1-9][0-9]{0,2})\}")
_BRACE: Final = re.compile(r"[{}\uff5b\uff5d]")
_MARKS: Final = ("\uffe5", "★", "^_^", "&", "☞", "√", "※")
_SIGNATURE_BRACKETS: Final = re.compile("[【】]")
_SPLIT_DIGITS: Final = re.compile(r"[0-9]\{[0-9]+\}[0-9]")
_KEYWORD_OF_CODE: Final = re.compile(r"验证码|(?<![a-z])code(?![a-z])", re.IGNORECASE)
_CODE_VALUE: Final = re.compile(r"[0-9]{1,6}")

_REPLY: Final = rf"""["'\u201c\u2018]?(?:{"|".join(OPT_OUT_REPLIES)})["'\u201d\u2019]?"""
_OPT_OUT: Final = re.compile(
    rf"回复?\s*{_REPLY}\s*(?:可|即可)?(?:退订|拒收)"
    rf"|(?:退订|拒收)\s*(?:请)?回复?\s*{_REPLY}(?![a-z])"
    rf"|\b(?:reply|text|send)\s+(?:with\s+)?{_REPLY}\s+to\s+(?:unsubscribe|opt[ -]?out|stop)\b"
    rf"|\b(?:unsubscribe|opt[ -]?out)\b[:,]?\s+(?:reply|text|send)\s+(?:with\s+)?{_REPLY}(?![a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A template that may go to review; `variables` is how many it has."""

    name: str
    sms_type: SmsType
    content: str
    remarks: str
    variables: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template ready to be filled, a million times over."""

    variables: int
    is_verification_code: bool
    _parts: tuple[str, ...]
    _slots: tuple[int, ...]
    _kind: IdentityKind

    def render(self, params: Sequence[str]) -> str:
        """Fill the variables: {1} with the first parameter, and so on; `check` comes first."""
        pieces = [self._parts[0]]
        for slot, constant in zip(self._slots, self._parts[1:], strict=True):
            pieces += params[slot], constant
        return "".join(pieces)

    def check(self, params: Sequence[str]) -> Problem | None:
        """Find the first thing wrong with one recipient's parameters, None when they fit.

        An empty value never fits, though the published rule for codes is 0 to 6 digits: what is
        left blank is a mistake in filling, and would be paid for as a text with a hole.
        """
        if len(params) != self.variables:
            message = f"template takes {self.variables} variables and {len(params)} were given"
            return Problem(Code.MISMATCH, f"{message}: give one value for each")
        return next((problem for _, problem in self.faults(params)), None)

    def faults(self, params: Sequence[str]) -> Iterator[tuple[int, Problem]]:
        """Yield the first thing wrong with each value that does not fit, after its place from 1."""
        for position, value in enumerate(params, 1):
            problem = self._check_value(f"variable {{{position}}}", value)
            if problem:
                yield position, problem

    def _check_value(self, label: str, value: str) -> Problem | None:
        if not value.strip():
            return Problem(Code.REQUIRED, f"{label} is empty: fill it in")
        if self.is_verification_code and not _CODE_VALUE.fullmatch(value):
            fault = "is no verification code: enter 1 to 6 digits"
            return Problem(Code.INVALID, f"{label} value {quoted(value)} {fault}")
        most = FULL_TEXT_MOST
        if self._kind is IdentityKind.INDIVIDUAL:
            most = INDIVIDUAL_VARIABLE_MOST
        if text.length(value) > most:
            fault = f"has {text.length(value)} characters: shorten it to at most {most}"
            return Problem(Code.TOO_LONG, f"{label} value {quoted(value)} {fault}")
        mark = text.unsendable(value) or _first(_SIGNATURE_BRACKETS, value)
        if mark:
            fault = f"contains {quoted(mark)}: remove it"
            return Problem(Code.INVALID, f"{label} value {quoted(value)} {fault}")
        if links(value):
            fault = "contains a link: write links into the template itself"
            return Problem(Code.INVALID, f"{label} value {quoted(value)} {fault}")
        return None


def draft(name: str, sms_type: SmsType, content: str, remarks: str, kind: IdentityKind) -> Draft:
    """Return what may go to review, texts tidied; raise Refused with everything that may not.

    The rules are those of the guide (TPL-1 to TPL-3) and its review standard, for both regions.
    """
    name, content, remarks = text.tidy(name), text.tidy(content), text.tidy(remarks)
    problems = text.check(name, "name", least=1, most=NAME_MOST)
    if sms_type is SmsType.MARKETING:
        # No marketing rule asks whether the identity is verified: applications do that.
        lacking = account.lacking(kind, True, Capability.MARKETING, "sms_type")
        problems += [lacking] if lacking else []
    unfit = text.check(content, "content", least=1, most=CONTENT_MOST, lines=True)
    problems += unfit or _content_problems(content, sms_type)
    problems += text.check(remarks, "remarks", least=0, most=REMARKS_MOST, lines=True)
    if problems:
        raise Refused(*problems)
    return Draft(name, sms_type, content, remarks, compile(content, kind).variables)


def compile(content: str, kind: IdentityKind = IdentityKind.ORGANIZATION) -> Compiled:  # noqa: A001 - read as template.compile, like re.compile
    """Prepare the content of a Draft; `kind` is the sender's, whose variables may be shorter.

    A text with 验证码 or the word "code" is a verification code, unless it offers to unsubscribe:
    the standard asks for those words in every such text, and for no other mark.
    """
    pieces = _VARIABLE.split(content)
    slots = tuple(int(number) - 1 for number in pieces[1::2])
    return Compiled(
        variables=max(slots, default=-1) + 1,
        is_verification_code=bool(_KEYWORD_OF_CODE.search(content)) and not offers_opt_out(content),
        _parts=tuple(pieces[::2]),
        _slots=slots,
        _kind=kind,
    )


def full_text(sign: str | None, body: str, region: Region) -> str:
    """Join signature and body as they are sent and billed; Refused beyond 500 characters."""
    whole = f"{signature.render(sign, region)}{body}" if sign else body
    if len(whole) * 2 > FULL_TEXT_MOST and text.length(whole) > FULL_TEXT_MOST:
        size = text.length(whole)
        message = (
            f"text has {size} characters with its signature and variables: "
            f"shorten it to at most {FULL_TEXT_MOST}"
        )
        raise Refused.one(Code.TOO_LONG, message)
    return whole


def offers_opt_out(content: str) -> bool:
    """Say whether a text tells how to unsubscribe, as marketing must (TPL-3)."""
    return bool(_OPT_OUT.search(unicodedata.normalize("NFKC", content)))


def _content_problems(content: str, sms_type: SmsType) -> list[Problem]:
    """Apply the review standard to a content of legal length."""
    faults = [*_mark_faults(content), *_variable_faults(content)]
    if sms_type is SmsType.MARKETING and not offers_opt_out(content):
        way_out = 'end it like "回T退订" or "Reply T to unsubscribe"'
        faults.append(f"is marketing and offers no way to unsubscribe: {way_out}")
    return [
        Problem(Code.INVALID, f"content {quoted(content)} {fault}", ("content",))
        for fault in faults
    ]


def _mark_faults(content: str) -> list[str]:
    faults = []
    bracket = _first(_SIGNATURE_BRACKETS, content)
    if bracket:
        faults.append(f"contains {quoted(bracket)}: the signature is added by itself")
    faults += [f"contains {quoted(mark)}: replace it" for mark in _MARKS if mark in content]
    return faults


def _variable_faults(content: str) -> list[str]:
    faults = []
    constant = _VARIABLE.sub("", content)
    brace = _first(_BRACE, constant)
    if brace:
        way_out = "write variables {1}, {2} and so on, with half-width braces and a number alone"
        faults.append(f"has {quoted(brace)} outside a variable: {way_out}")
    numbers = {int(number) for number in _VARIABLE.findall(content)}
    missing = next((n for n in range(1, len(numbers) + 1) if n not in numbers), None)
    if missing:
        faults.append(f"has no variable {{{missing}}}: number variables from 1 without gaps")
    if numbers and not any(character.isalnum() for character in constant):
        faults.append("has nothing but variables: add constant text")
    split = _first(_SPLIT_DIGITS, content) or next(
        (link for link in links(content) if "{" in link), None
    )
    if split:
        faults.append(
            f"has a variable inside {quoted(split)}: make a number or link whole or constant"
        )
    return faults


def _first(pattern: re.Pattern[str], content: str) -> str | None:
    match = pattern.search(content)
    return match.group() if match else None

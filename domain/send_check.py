"""What decides about a single send before any list or limit is asked (API-1, domain.md 1.6)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain import account, number, task, template
from domain.account import Capability
from domain.errors import Code, Refused
from domain.link import links
from domain.number import Number
from domain.region import IdentityKind, Region, SmsType
from domain.segment import measure
from domain.send import (
    EXTEND_MOST,
    RECIPIENTS_MOST,
    SESSION_CONTEXT_MOST,
    GlobalMessage,
    SendRefused,
)
from domain.template import Compiled
from domain.text import quoted, unsendable

BAD_SIGNATURE: Final = "FailedOperation.SignatureIncorrectOrUnapproved"
BAD_TEMPLATE: Final = "FailedOperation.TemplateUnapprovedOrNotExist"
BAD_NUMBER: Final = "InvalidParameterValue.IncorrectPhoneNumber"
WRONG_COUNT: Final = "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
WRONG_LENGTH: Final = "InvalidParameterValue.TemplateParameterLengthLimit"
WITH_LINK: Final = "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
WRONG_FORMAT: Final = "InvalidParameterValue.TemplateParameterFormatError"
TOO_LONG: Final = "InvalidParameterValue.ContentLengthLimit"
NOT_PERMITTED: Final = "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny"
NOT_NOW: Final = "FailedOperation.MarketingSendTimeConstraint"
NO_BALANCE: Final = "FailedOperation.InsufficientBalanceInSmsPackage"
NO_QUOTA: Final = "LimitExceeded.DailyLimit"
NO_APPLICATION: Final = "InvalidParameterValue.SdkAppIdNotExist"
DISABLED: Final = "UnauthorizedOperation.SdkAppIdIsDisabled"

_OTHER_REGION: Final = {
    Region.MAINLAND: "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
    Region.GLOBAL: "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
}
MIXED: Final = "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber"
_DOMESTIC: Final = "UnsupportedOperation.ContainDomesticPhoneNumber"
NO_NUMBER: Final = "MissingParameter.EmptyPhoneNumberSet"
TOO_MANY: Final = "LimitExceeded.PhoneNumberCountLimit"
_BAD_PARAMETER: Final = "InvalidParameter.InvalidParameters"

_EXTEND: Final = re.compile(rf"[0-9]{{0,{EXTEND_MOST}}}")
# What SMPP carries as a name of GSM characters, or as a number (carrier settings hold the same).
_SENDER_ID: Final = re.compile(r"(?:\+?[0-9]{1,20}|[A-Za-z0-9 ._-]{1,11})?")
_PHONE_KEPT: Final = 20
_LARGEST_ID: Final = 2**63 - 1
_PARAMS_KEPT: Final = template.FULL_TEXT_MOST


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a request; `number` is None where `phone` is no mobile number."""

    message: GlobalMessage
    number: Number | None

    @property
    def phone(self) -> str:
        """Give what a record calls the recipient, whatever was written for a number."""
        if self.number is not None:
            return self.number.e164
        shown = (one for one in self.message.phone if one.isascii() and one.isprintable())
        return "".join(shown)[:_PHONE_KEPT]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: what the account is, and where its day is."""

    kind: IdentityKind
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved template of the sender's account."""

    id: int
    region: Region
    sms_type: SmsType
    compiled: Compiled


class Text(NamedTuple):
    """What a message says, or the code that says why it cannot."""

    code: str | None = None
    whole: str = ""
    characters: int = 0
    segments: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """One message of a request and what was found against it before any list was asked."""

    item: Item
    template: Approved | None
    text: Text
    code: str | None


def is_id(value: int) -> bool:
    """Say whether a number a program gave can be the id of anything."""
    return 0 < value <= _LARGEST_ID


def check_parameters(extend: str, messages: Sequence[GlobalMessage]) -> None:
    """Raise SendRefused where a parameter beside numbers and texts cannot be kept."""
    if not _EXTEND.fullmatch(extend):
        most = f"enter at most {EXTEND_MOST} digits"
        fault = f"extend {quoted(extend)} is no extend code: {most}"
        raise SendRefused(_BAD_PARAMETER, fault, "extend")
    for message in messages:
        context = message.session_context
        size = len(context.encode("utf-8", "surrogatepass"))
        if size > SESSION_CONTEXT_MOST:
            way_out = f"shorten it to at most {SESSION_CONTEXT_MOST} bytes"
            fault = f"session context has {size} bytes: {way_out}"
            raise SendRefused(_BAD_PARAMETER, fault, "session_context")
        if mark := unsendable(context):
            fault = f"session context contains the character {quoted(mark)}: remove it"
            raise SendRefused(_BAD_PARAMETER, fault, "session_context")
        if not _SENDER_ID.fullmatch(message.sender_id):
            way_out = "enter at most 11 letters and digits, or at most 20 digits"
            fault = f"sender ID {quoted(message.sender_id)} cannot be sent from: {way_out}"
            raise SendRefused(_BAD_PARAMETER, fault, "sender_id")


def read(messages: Sequence[GlobalMessage], *, only_global: bool) -> list[Item]:
    """Read the numbers; raise SendRefused for none, too many, and both regions in one request."""
    if not messages:
        raise SendRefused(NO_NUMBER)
    if len(messages) > RECIPIENTS_MOST:
        raise SendRefused(TOO_MANY)
    items = []
    for message in messages:
        found = number.anywhere(message.phone)
        items.append(Item(message, found if isinstance(found, Number) else None))
    regions = {item.number.region for item in items if item.number}
    if only_global and Region.MAINLAND in regions:
        raise SendRefused(_DOMESTIC)
    if len(regions) > 1:
        raise SendRefused(MIXED)
    return items


def region_of(items: Sequence[Item]) -> Region | None:
    """Give the region of a request's numbers; None where none of them is a number."""
    return next((item.number.region for item in items if item.number), None)


def text_of(
    sign: str | None, found: Approved | None, region: Region | None, params: Sequence[str]
) -> Text:
    """Say what a message is, or the first reason against it: template, variables, then length."""
    if found is None:
        return Text(BAD_TEMPLATE)
    if region is not None and found.region is not region:
        return Text(_OTHER_REGION[region])
    if code := _parameters_code(found.compiled, params):
        return Text(code)
    try:
        whole = template.full_text(sign, found.compiled.render(params), found.region)
    except Refused:
        return Text(TOO_LONG)
    size = measure(whole, found.region)
    return Text(None, whole, size.characters, size.segments)


def judge(  # noqa: PLR0913 - what is sent, with what, by whom and when
    items: Sequence[Item],
    templates: Mapping[int, Approved],
    sign: str | None,
    sender: Sender,
    *,
    missing_signature: bool,
    now: datetime,
) -> list[Judged]:
    """Hold each message to what needs no list; equal texts are looked at once."""
    region = region_of(items)
    texts: dict[tuple[int, tuple[str, ...]], Text] = {}
    judged = []
    for item in items:
        message = item.message
        found = templates.get(message.template_id)
        key = message.template_id, tuple(message.params)
        text = texts.get(key)
        if text is None:
            text = texts[key] = text_of(sign, found, region, message.params)
        code = BAD_SIGNATURE if missing_signature else text.code
        if code is None and found is not None:
            code = sender_code(sender, found.sms_type, now)
        if code is None and item.number is None:
            code = BAD_NUMBER
        judged.append(Judged(item, found, text, code))
    return judged


def sender_code(sender: Sender, sms_type: SmsType, now: datetime) -> str | None:
    """Say why this sender may not send this type now; None when it may."""
    if sms_type is not SmsType.MARKETING:
        return None
    if account.lacking(sender.kind, True, Capability.MARKETING):
        return NOT_PERMITTED
    return NOT_NOW if task.marketing_time(now, sender.zone) != now else None


def kept_params(params: Sequence[str], variables: int) -> list[str]:
    """Give the values a refused message's record is filled with: so many, and together bounded.

    What was refused may have any number of values of any length and with any characters.
    """
    kept, room = [], _PARAMS_KEPT
    for value in [*params[:variables], *[""] * (variables - len(params))]:
        fit = value[:room]
        kept.append("" if unsendable(fit) else fit)
        room -= len(fit)
    return kept


def _parameters_code(compiled: Compiled, params: Sequence[str]) -> str | None:
    if len(params) != compiled.variables:
        return WRONG_COUNT
    faults = [problem.code for _, problem in compiled.faults(params)]
    if Code.TOO_LONG in faults:
        return WRONG_LENGTH
    if faults and any(links(value) for value in params):
        return WITH_LINK
    return WRONG_FORMAT if faults else None

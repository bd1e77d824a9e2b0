"""Review: what may still change, when a decision is due, and why things are rejected (REV)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from domain import text
from domain.errors import Code, Problem, Refused
from domain.terms import Terms

REASON_MOST: Final = 500


class ReviewStatus(StrEnum):
    """Where something submitted for review stands (SIG-4, TPL-4)."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


# The provider's published numbers: StatusCode of API 3.0, status of API v5.
STATUS_NUMBERS: Final = {
    ReviewStatus.APPROVED: 0,
    ReviewStatus.PENDING: 1,
    ReviewStatus.REJECTED: -1,
}
LEGACY_STATUS_NUMBERS: Final = {
    ReviewStatus.APPROVED: 0,
    ReviewStatus.PENDING: 1,
    ReviewStatus.REJECTED: 2,
}


def check_edit(what: str, current: ReviewStatus) -> None:
    """Raise Refused where something approved is edited; others go to review again (SIG-5)."""
    if current is ReviewStatus.APPROVED:
        message = f"{what} is approved and cannot be modified: create another one"
        raise Refused.one(Code.WRONG_STATE, message, "id")


def check_usable(what: str, current: ReviewStatus, *field: str) -> None:
    """Raise Refused unless something is approved, and so may be sent with."""
    if current is not ReviewStatus.APPROVED:
        message = f"{what} is {current} and cannot be sent with: choose an approved one"
        raise Refused.one(Code.WRONG_STATE, message, *field)


def decide(
    what: str, current: ReviewStatus, *, approved: bool, reason: str
) -> tuple[ReviewStatus, str]:
    """Return the state and the tidied reason of an operator's decision (REV-1).

    Only what is pending is decided, and a rejection has a reason.
    """
    reason = text.tidy(reason)
    problems = text.check(
        reason, "reason", least=0 if approved else 1, most=REASON_MOST, lines=True
    )
    verdict = ReviewStatus.APPROVED if approved else ReviewStatus.REJECTED
    if current is not ReviewStatus.PENDING:
        message = f"{what} is {current} and cannot become {verdict}: only pending ones are decided"
        problems.insert(0, Problem(Code.WRONG_STATE, message, ("id",)))
    if problems:
        raise Refused(*problems)
    return verdict, reason


@dataclass(frozen=True, slots=True)
class Hours:
    """When reviewers work: every day from `opens` to `closes` (after it, same day) in `zone`."""

    opens: time
    closes: time
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError(
                f'review hours "{self.opens}-{self.closes}" are empty: close after opening'
            )


def expected_decision(submitted_at: datetime, hours: Hours, target: timedelta) -> datetime:
    """Say by when, in UTC, a decision is expected: `target` of open hours later (REV-2)."""
    left = target
    day = submitted_at.astimezone(hours.zone).date()
    while True:
        opens = datetime.combine(day, hours.opens, hours.zone).astimezone(UTC)
        closes = datetime.combine(day, hours.closes, hours.zone).astimezone(UTC)
        begin = max(submitted_at.astimezone(UTC), opens)
        if begin < closes:
            if begin + left <= closes:
                return begin + left
            left -= closes - begin
        day += timedelta(days=1)


def due(submitted_at: datetime, terms: Terms) -> datetime:
    """Say by when a decision is expected under an installation's review hours and target."""
    hours = Hours(terms.review_opens, terms.review_closes, ZoneInfo(terms.review_time_zone))
    return expected_decision(submitted_at, hours, terms.review_target)


@dataclass(frozen=True, slots=True)
class RejectReason:
    """A reason reviewers give often, with what the applicant should do about it."""

    key: str
    text: str


# The subjects are those of the provider's catalogue of common rejections; the wording is ours.
REJECT_REASONS: Final = (
    RejectReason("sms_type", "The SMS type does not suit the content: choose the other type."),
    RejectReason("variable_format", "A variable is not written {1}, {2} and so on: correct it."),
    RejectReason("symbol", "The content has a symbol that cannot be sent: replace it."),
    RejectReason(
        "unclear",
        "The content does not say what it is about, or leaves too much to variables: "
        "add constant text.",
    ),
    RejectReason(
        "keyword",
        "A word is missing: a way to unsubscribe in marketing, 验证码 or code in a "
        "verification code.",
    ),
    RejectReason(
        "promotion", "A notification carries marketing: remove it, or apply as marketing."
    ),
    RejectReason(
        "code_variable",
        "A verification code leaves room for more than a code: shorten its variable.",
    ),
    RejectReason(
        "link", "The link does not open, is not filed or has nothing to do with the text."
    ),
    RejectReason("link_variable", "A link is a variable: write it into the content."),
    RejectReason("forbidden", "The content belongs to a field that may not send SMS."),
    RejectReason("members", "Marketing goes to members only: say in the remarks who they are."),
    RejectReason("outdated", "The content speaks of something that is over: bring it up to date."),
    RejectReason("certificate", "The certificate is unreadable or does not prove the name."),
    RejectReason("authorization", "The authorization letter is unsealed or names other parties."),
    RejectReason("name", "The signature does not tell recipients who is writing."),
)

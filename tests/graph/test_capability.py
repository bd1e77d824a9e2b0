"""What each identity may do, through the schema: one row a capability that has a field (ACC-3)."""

from collections.abc import Awaitable, Callable

import pytest

from db.account import AccountRow
from domain.account import Capability
from domain.region import IdentityKind, Region, SmsType, Verification
from tests import bulk
from tests.console import Caller, Console
from tests.graph import bulk_task, signing, test_application, test_template
from tests.graph.bulk_task import errors

Refusals = list[tuple[str, list[str] | None, str]]
Attempt = Callable[[Console, Caller, AccountRow], Awaitable[Refusals]]

INDIVIDUAL = IdentityKind.INDIVIDUAL
AS_ORGANIZATION = "request verification as an organization (verificationRequest)"
FIRST = "request it (verificationRequest), or wait for the decision on the request"
MARKETING = {"smsType": "MARKETING", "content": "Sale on {1}. Reply T to unsubscribe"}


async def application(_: Console, caller: Caller, __: AccountRow) -> Refusals:
    return await errors(caller, test_application.CREATE, name="Shop", overview="")


async def marketing_template(_: Console, caller: Caller, __: AccountRow) -> Refusals:
    return await errors(caller, test_template.CREATE, input=test_template.form(**MARKETING))


async def becoming_marketing(_: Console, caller: Caller, __: AccountRow) -> Refusals:
    template = await test_template.create(caller)
    return await errors(caller, test_template.UPDATE, id=template, input=MARKETING)


async def marketing_draft(console: Console, caller: Caller, account: AccountRow) -> Refusals:
    parts = await bulk.add_parts(
        console.database, account.uin, console.clock.now, Region.GLOBAL, SmsType.MARKETING
    )
    return await errors(caller, bulk_task.CREATE, input=bulk_task.form(parts))


async def marketing_start(console: Console, caller: Caller, account: AccountRow) -> Refusals:
    await bulk.grant(console.database, account.uin, 100, console.clock.now)
    parts = await bulk.add_parts(
        console.database, account.uin, console.clock.now, sms_type=SmsType.MARKETING
    )
    task = await bulk_task.ready(console, parts, sms_type=SmsType.MARKETING)
    return await errors(caller, bulk_task.START, id=task, input=bulk_task.consent(3))


def signature(signature_type: str, certificate: str) -> Attempt:
    async def attempt(_: Console, caller: Caller, __: AccountRow) -> Refusals:
        form = signing.form(signatureType=signature_type, certificateType=certificate)
        return await errors(caller, signing.CREATE, input=form)

    return attempt


TYPE, TEMPLATE_TYPE = ["input", "signatureType"], ["input", "smsType"]
# Capability, attempt, the field at fault, and what the refusal says first.
ATTEMPTS: dict[str, tuple[Capability, Attempt, list[str] | None, str]] = {
    "application": (Capability.CREATE_APPLICATION, application, None, "creating an application"),
    "marketing template": (
        Capability.MARKETING,
        marketing_template,
        TEMPLATE_TYPE,
        "marketing SMS",
    ),
    "template becoming marketing": (
        Capability.MARKETING,
        becoming_marketing,
        TEMPLATE_TYPE,
        "marketing SMS",
    ),
    "marketing task": (
        Capability.MARKETING,
        marketing_draft,
        ["input", "templateId"],
        "marketing SMS",
    ),
    "consent to a marketing task": (Capability.MARKETING, marketing_start, ["id"], "marketing SMS"),
    "company": (
        Capability.COMPANY_SIGNATURE,
        signature("COMPANY", "BUSINESS_LICENCE"),
        TYPE,
        "a signature of type company",
    ),
    "trademark": (
        Capability.TRADEMARK_SIGNATURE,
        signature("TRADEMARK", "TRADEMARK_REGISTRATION"),
        TYPE,
        "a signature of type trademark",
    ),
    "government": (
        Capability.GOVERNMENT_SIGNATURE,
        signature("GOVERNMENT", "SOCIAL_CREDIT_CODE"),
        TYPE,
        "a signature of type government",
    ),
}
# ACC-3's other rows are held where their fields are.
ELSEWHERE = {Capability.FREQUENCY_RULE, Capability.SHORT_URL, Capability.SIGN_API}
VERIFIED_ONLY = {Capability.CREATE_APPLICATION}


@pytest.mark.parametrize("verification", Verification)
@pytest.mark.parametrize("kind", IdentityKind)
@pytest.mark.parametrize("row", ATTEMPTS.values(), ids=ATTEMPTS)
async def test_a_refusal_says_why_and_the_way_out_and_others_are_let_through(
    console: Console,
    row: tuple[Capability, Attempt, list[str] | None, str],
    kind: IdentityKind,
    verification: Verification,
) -> None:
    capability, attempt, field, what = row
    account = await console.add_account(identity=kind, verification=verification)
    expected: Refusals = []
    if capability in VERIFIED_ONLY:
        if verification is not Verification.VERIFIED:
            expected = [("NOT_PERMITTED", field, f"{what} needs a verified identity: {FIRST}")]
    elif kind is INDIVIDUAL:
        reason = f"{what} is for organizations and this account is an individual's"
        expected = [("NOT_PERMITTED", field, f"{reason}: {AS_ORGANIZATION}")]
    assert await attempt(console, console.root(account), account) == expected


def test_every_capability_is_held_somewhere() -> None:
    held = {capability for capability, *_ in ATTEMPTS.values()}
    assert held | ELSEWHERE == set(Capability)
    assert not held & ELSEWHERE

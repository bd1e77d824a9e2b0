"""Single sends: what each number is answered, and what is kept of it (API-1, API-2, SIG-7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from db import application, message_context
from db.blocklist import BlocklistRow
from db.send import SendRefused
from db.session import Database
from domain import blocklist
from domain.message import MessageStatus
from domain.region import IdentityKind, Region, SmsType
from domain.serial_no import message_id_of
from tests import bulk, counting, requesting, sending
from tests.console import START, Statements
from tests.requesting import ELSEWHERE, PHONES, TERMS, UIN, codes, kept, ledger, send

SECOND = timedelta(seconds=1)
NIGHT = START.replace(hour=15)  # 23:00 in Shanghai


async def test_each_number_becomes_a_message_that_overtakes_tasks(database: Database) -> None:
    parts = await requesting.add_sender(database)
    results = await send(database, parts, PHONES[:3], session_context="order 7")
    rows = await kept(database)
    assert [one.message_id for one in results] == [row.id for row in rows]
    assert [message_id_of(one.serial_no) for one in results] == [row.id for row in rows]
    assert [one.phone for one in results] == PHONES[:3] == [row.phone for row in rows]
    first = results[0]
    assert (first.code, first.message, first.iso_code) == ("Ok", "send success", "CN")
    assert (first.segments, first.session_context) == (1, "order 7")
    row = rows[0]
    assert (row.state, row.task_id, row.urgent) == (MessageStatus.QUEUED, None, False)
    assert (row.signature_id, row.params) == (parts.signature_id, '["A1","Monday"]')
    assert row.characters == len("【Shop0】您的订单A1将于Monday送达。")
    assert await bulk.balance(database, UIN, START) == 997
    assert await ledger(database) == {row.id: 1 for row in rows}
    claimed = await sending.claim(database)
    assert [one.id for one in claimed] == [row.id for row in rows]


async def test_the_context_is_kept_only_where_there_is_one(database: Database) -> None:
    parts = await requesting.add_sender(database)
    (plain,) = await send(database, parts, PHONES[:1])
    (rich,) = await send(database, parts, PHONES[1:2], session_context="é" * 255, extend="12")
    async with database.read() as session:
        found = await message_context.among(session, [plain.message_id or 0, rich.message_id or 0])
    (context,) = found.values()
    assert (context.message_id, context.account_uin) == (rich.message_id, UIN)
    assert (context.session_context, context.extend, context.sender_id) == ("é" * 255, "12", "")


async def test_what_one_request_costs_does_not_grow_with_its_numbers(database: Database) -> None:
    parts = await requesting.add_sender(database)
    await send(database, parts, PHONES[:1])  # PostgreSQL makes the account's watch once
    counts = []
    for phones in (PHONES[1:2], PHONES[2:202]):
        with Statements(database) as counted:
            assert set(codes(await send(database, parts, phones, extend="1"))) == {"Ok"}
        counts.append(len(counted))
    # PostgreSQL takes a savepoint and its end, and the account's watch; and one less for limits.
    cost = 11 if database.is_sqlite else 13
    assert counts == [cost, cost]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"phones": []}, "MissingParameter.EmptyPhoneNumberSet"),
        ({"phones": PHONES[:201]}, "LimitExceeded.PhoneNumberCountLimit"),
        (
            {"phones": [PHONES[0], ELSEWHERE[0]]},
            "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
        ),
        ({"app_id": 1}, "InvalidParameterValue.SdkAppIdNotExist"),
        ({"account_uin": 1}, "InvalidParameterValue.SdkAppIdNotExist"),
        ({"session_context": "x" * 512}, "InvalidParameter.InvalidParameters"),
        ({"session_context": "\x00"}, "InvalidParameter.InvalidParameters"),
        ({"extend": "a"}, "InvalidParameter.InvalidParameters"),
        ({"extend": "1" * 21}, "InvalidParameter.InvalidParameters"),
        ({"sender_id": "far too long a name"}, "InvalidParameter.InvalidParameters"),
    ],
)
async def test_a_request_that_cannot_be_sent_leaves_nothing(
    database: Database, changes: dict[str, Any], code: str
) -> None:
    parts = await requesting.add_sender(database)
    with pytest.raises(SendRefused) as refused:
        await send(database, parts, **changes)
    assert refused.value.code == code
    assert await kept(database) == []


async def test_a_disabled_application_sends_nothing(database: Database) -> None:
    parts = await requesting.add_sender(database)
    async with database.write() as session:
        row = await application.changing(session, UIN, parts.app_id)
        row.wanted_enabled, row.switched_at = False, START
    assert codes(await send(database, parts)) == ["Ok"]  # disabling takes five minutes (APP-5)
    with pytest.raises(SendRefused) as refused:
        await send(database, parts, now=START + TERMS.application_delay)
    assert refused.value.code == "UnauthorizedOperation.SdkAppIdIsDisabled"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": "Nobody"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"signature": "Shop\x000"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"signature": "Shop\ud8000"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"template_id": 99}, "FailedOperation.TemplateUnapprovedOrNotExist"),
        ({"template_id": 2**80}, "FailedOperation.TemplateUnapprovedOrNotExist"),
        ({"params": ()}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        ({"params": ("1",) * 999}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        ({"params": ("x" * 501, "1")}, "InvalidParameterValue.TemplateParameterLengthLimit"),
        (
            {"params": ("http://a.cn/b", "1")},
            "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        ),
        ({"params": ("", "1")}, "InvalidParameterValue.TemplateParameterFormatError"),
        ({"params": ("\x00", "1")}, "InvalidParameterValue.TemplateParameterFormatError"),
        ({"params": ("x" * 490, "1")}, "InvalidParameterValue.ContentLengthLimit"),
        ({"phones": ["12345"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
        ({"phones": ["\x00\ud800"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
        (
            {"phones": ELSEWHERE[:1]},
            "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
        ),
    ],
)
async def test_a_number_that_cannot_be_sent_to_is_told_and_kept(
    database: Database, changes: dict[str, Any], code: str
) -> None:
    parts = await requesting.add_sender(database)
    (result,) = await send(database, parts, **changes)
    assert (result.code, result.serial_no, result.segments, result.iso_code) == (code, "", 0, "")
    (row,) = await kept(database)
    assert (row.state, row.code, row.done_at) == (MessageStatus.REFUSED, code, START)
    assert await bulk.balance(database, UIN, START) == 1_000
    by_hour, _ = await counting.failures(database)
    assert by_hour == {code: 1}
    assert await sending.claim(database) == []


async def test_another_accounts_template_looks_absent_in_record_and_answer(
    database: Database,
) -> None:
    parts = await requesting.add_sender(database)
    await bulk.add_account(database, START, UIN + 1)
    theirs = await bulk.add_parts(database, UIN + 1, START)
    (result,) = await send(database, parts, template_id=theirs.template_id)
    assert result.code == "FailedOperation.TemplateUnapprovedOrNotExist"
    (row,) = await kept(database)
    assert row.template_id == 0


async def test_marketing_is_for_organizations_and_for_the_day(database: Database) -> None:
    """ACC-3, domain.md 5.4: 08:00 to 22:00 of the account's day."""
    parts = await requesting.add_sender(database, sms_type=SmsType.MARKETING)
    (late,) = await send(database, parts, now=NIGHT)
    assert late.code == "FailedOperation.MarketingSendTimeConstraint"
    assert codes(await send(database, parts)) == ["Ok"]


async def test_an_individual_sends_no_marketing_and_short_variables(database: Database) -> None:
    parts = await requesting.add_sender(
        database, sms_type=SmsType.MARKETING, identity=IdentityKind.INDIVIDUAL
    )
    (result,) = await send(database, parts, now=NIGHT)
    assert result.code == "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny"
    (result,) = await send(database, parts, params=("x" * 13, "1"))
    assert result.code == "InvalidParameterValue.TemplateParameterLengthLimit"


async def test_without_a_signature_the_first_approved_one_is_used(database: Database) -> None:
    """SIG-7; Global messages go without."""
    first = await requesting.add_sender(database)
    await bulk.add_parts(database, UIN, START)
    elsewhere = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    await send(database, first)
    await send(database, first, PHONES[1:2], signature="Shop1")
    await send(database, elsewhere, ELSEWHERE[:1])
    await send(database, elsewhere, ELSEWHERE[1:2], signature="Shop2")
    signed = [row.signature_id for row in await kept(database)]
    assert signed == [first.signature_id, first.signature_id + 1, None, elsewhere.signature_id]


async def test_listed_numbers_and_limits_are_told_as_the_pipeline_tells_them(
    database: Database,
) -> None:
    """BLO-2, CFG-3: and a refused one does not count in a limit."""
    parts = await requesting.add_sender(database)
    async with database.write() as session:
        session.add(
            BlocklistRow(
                account_uin=UIN,
                signature_id=parts.signature_id,
                sms_type=SmsType.REGULAR,
                phone=PHONES[0],
                added_at=START - timedelta(hours=1),
            )
        )
    results = await send(database, parts, [PHONES[0], PHONES[1], PHONES[1]])
    assert codes(results) == [
        "FailedOperation.PhoneNumberInBlacklist",
        "Ok",
        "LimitExceeded.PhoneNumberThirtySecondLimit",
    ]
    rows = await kept(database)
    assert [row.code for row in rows] == [
        blocklist.CODE,
        None,
        "LimitExceeded.PhoneNumberThirtySecondLimit",
    ]
    assert await ledger(database) == {rows[1].id: 1}
    again = await send(database, parts, PHONES[1:2], now=START + 30 * SECOND)
    assert codes(again) == ["Ok"]


async def test_what_the_packages_do_not_pay_for_is_not_counted_in_any_limit(
    database: Database,
) -> None:
    """PKG-4: as many as the balance lasts for, in their order; the rest can be tried at once."""
    parts = await requesting.add_sender(database, units=2)
    results = await send(database, parts, PHONES[:3])
    short = "FailedOperation.InsufficientBalanceInSmsPackage"
    assert codes(results) == ["Ok", "Ok", short]
    assert await bulk.balance(database, UIN, START) == 0
    assert codes(await send(database, parts, PHONES[2:3], now=START + SECOND)) == [short]
    await bulk.grant(database, UIN, 1, START)
    assert codes(await send(database, parts, PHONES[2:3], now=START + SECOND)) == ["Ok"]
    by_hour, _ = await counting.failures(database)
    assert by_hour == {short: 2}


async def test_a_global_account_sends_as_many_a_day_as_it_may(database: Database) -> None:
    """BLK-10: on the account's calendar day."""
    parts = await requesting.add_sender(database, 0, Region.GLOBAL)
    terms = replace(TERMS, global_daily=3)
    first = await send(database, parts, ELSEWHERE[:2], terms=terms)
    second = await send(database, parts, ELSEWHERE[2:4], terms=terms)
    assert codes([*first, *second]) == ["Ok", "Ok", "Ok", "LimitExceeded.DailyLimit"]
    tomorrow = START + timedelta(days=1)
    assert codes(await send(database, parts, ELSEWHERE[4:5], terms=terms, now=tomorrow)) == ["Ok"]

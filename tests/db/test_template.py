"""Body templates on both databases (TPL-4)."""

from datetime import timedelta

import pytest

from db import quota, template
from db.account import AccountRow
from db.template import Listing
from domain.errors import Code, Refused
from domain.quota import TEMPLATES
from domain.region import Region, SmsType
from domain.review import ReviewStatus
from domain.template import Draft
from domain.terms import Terms
from tests.console import Console
from tests.db.test_signature import add as add_signature

PARCEL = Draft("Parcel", SmsType.REGULAR, "Your parcel {1} has arrived.", "", 1)
CODE = Draft("登录", SmsType.REGULAR, "验证码{1}", "", 1)
SALE = Draft("Sale", SmsType.MARKETING, "50% off. Reply T to unsubscribe", "", 0)


async def add(
    console: Console, account: AccountRow, draft: Draft = PARCEL, region: Region = Region.GLOBAL
) -> int:
    async with console.database.write() as session:
        assert await quota.take(session, account.uin, TEMPLATES)
        row = await template.add(session, account.uin, region, draft, console.clock.now, Terms())
    return row.id


async def test_a_mainland_template_needs_a_mainland_signature(console: Console) -> None:
    account, other = await console.add_account(), await console.add_account()
    await add_signature(console, other)
    await add_signature(console, account, region=Region.GLOBAL)
    with pytest.raises(Refused) as refusal:
        await add(console, account, region=Region.MAINLAND)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.field) == (Code.WRONG_STATE, ("region",))
    assert problem.message.endswith("apply for a signature first")
    await add_signature(console, account)
    await add(console, account, region=Region.MAINLAND)
    async with console.database.read() as session:
        assert await quota.used(session, account.uin, TEMPLATES) == 1


async def test_what_an_edit_changes_and_what_it_keeps(console: Console) -> None:
    account = await console.add_account()
    template_id = await add(console, account)
    applied = console.clock.now
    async with console.database.write() as session:
        row = await template.changing(session, account.uin, template_id)
        row.status, row.reason = ReviewStatus.REJECTED, "unclear"
    console.clock.advance(timedelta(hours=1))
    draft = Draft("Letter", SmsType.MARKETING, "{1}, {2}: reply T to unsubscribe", "members", 2)
    async with console.database.write() as session:
        row = await template.editable(session, account.uin, template_id)
        await template.revise(session, row, draft, console.clock.now, Terms())
    async with console.database.read() as session:
        found = await template.owned(session, account.uin, template_id)
    assert found is not None
    assert (found.name, found.sms_type, found.content, found.remarks, found.variables) == (
        draft.name,
        draft.sms_type,
        draft.content,
        draft.remarks,
        2,
    )
    assert (found.status, found.reason) == (ReviewStatus.PENDING, "")
    assert (found.created_at, found.submitted_at) == (applied, console.clock.now)


async def test_an_approved_template_stays_as_it_is(console: Console) -> None:
    account = await console.add_account()
    template_id = await add(console, account)
    async with console.database.write() as session:
        row = await template.changing(session, account.uin, template_id)
        row.status = ReviewStatus.APPROVED
    async with console.database.write() as session:
        with pytest.raises(Refused, match="template is approved and cannot be modified"):
            await template.editable(session, account.uin, template_id)


async def test_deleting_gives_the_place_back_once(console: Console) -> None:
    account, other = await console.add_account(), await console.add_account()
    template_id = await add(console, account)
    with pytest.raises(Refused, match="there is no such template"):
        async with console.database.write() as session:
            await template.remove(session, other.uin, template_id, console.clock.now)
    async with console.database.write() as session:
        await template.remove(session, account.uin, template_id, console.clock.now)
    with pytest.raises(Refused, match="there is no such template"):
        async with console.database.write() as session:
            await template.remove(session, account.uin, template_id, console.clock.now)
    async with console.database.read() as session:
        assert await quota.used(session, account.uin, TEMPLATES) == 0
        assert await template.owned(session, account.uin, template_id) is None
        assert set(await template.among(session, {template_id})) == {template_id}


async def test_a_list_is_filtered_and_searched(console: Console) -> None:
    account = await console.add_account()
    await add_signature(console, account)
    parcel = await add(console, account)
    code = await add(console, account, CODE, Region.MAINLAND)
    sale = await add(console, account, SALE)

    async def listed(listing: Listing) -> list[int]:
        async with console.database.read() as session:
            page = await template.page(session, listing, first=10, after=None)
            assert await template.count(session, listing) == len(page.rows)
        return sorted(row.id for row in page.rows)

    uin = account.uin
    assert await listed(Listing(uin)) == [parcel, code, sale]
    assert await listed(Listing(uin, region=Region.MAINLAND)) == [code]
    assert await listed(Listing(uin, sms_type=SmsType.MARKETING)) == [sale]
    assert await listed(Listing(uin, status=ReviewStatus.APPROVED)) == []
    assert await listed(Listing(uin, search="PARCEL")) == [parcel]
    assert await listed(Listing(uin, search="登录")) == [code]
    assert await listed(Listing(uin, search="50%")) == [sale]
    assert await listed(Listing(uin, search="a_c")) == []

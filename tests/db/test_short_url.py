"""Short URLs in storage (URL-1), and the templates that hold them (URL-3)."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, select

from db import purge, quota, short_url, template
from db.account import AccountRow
from db.restorable import RestorableRow
from db.session import Database
from db.short_url import Listing, ShortUrlRow, ShortUrlTemplateRow, SortKey
from db.template import TemplateRow
from domain.errors import Code, Refused
from domain.quota import SHORT_URLS, TEMPLATES
from domain.region import IdentityKind, Region, SmsType
from domain.review import ReviewStatus
from domain.short_url import Draft
from domain.template import draft as template_draft
from domain.terms import Terms
from tests import bulk
from tests.console import START as NOW

BASE = "https://s.example.com"
LASTS = timedelta(days=90)
TERMS = Terms()


@pytest.fixture
async def account(database: Database) -> AccountRow:
    return await bulk.add_account(database, NOW)


async def add(
    database: Database, owner: int, name: str = "Sale", code: str = "", base: str = BASE
) -> ShortUrlRow:
    """Add as the mutation does; a code may be chosen."""
    draft = Draft(name, f"https://example.com/{name}", base)
    async with database.write() as session:
        assert await quota.take(session, owner, SHORT_URLS)
        if code:
            return await short_url.add(session, owner, draft, NOW, LASTS, lambda: code)
        return await short_url.add(session, owner, draft, NOW, LASTS)


async def submit(database: Database, owner: int, content: str, terms: Terms = TERMS) -> TemplateRow:
    """Submit a Global template, which needs no signature."""
    draft = template_draft("News", SmsType.REGULAR, content, "", IdentityKind.ORGANIZATION)
    async with database.write() as session:
        assert await quota.take(session, owner, TEMPLATES)
        return await template.add(session, owner, Region.GLOBAL, draft, NOW, terms)


async def bound(database: Database) -> list[tuple[int, int]]:
    async with database.read() as session:
        rows = await session.exec(
            select(ShortUrlTemplateRow).order_by(col(ShortUrlTemplateRow.short_url_id))
        )
        return [(row.short_url_id, row.template_id) for row in rows]


async def test_a_code_that_is_taken_is_drawn_again(database: Database, account: AccountRow) -> None:
    await add(database, account.uin, code="abcdefgh")
    drawn: Iterator[str] = iter(["abcdefgh", "abcdefgh", "abcdefgj"])
    draft = Draft("Second", "https://example.com", BASE)
    async with database.write() as session:
        row = await short_url.add(session, account.uin, draft, NOW, LASTS, lambda: next(drawn))
    assert (row.code, row.expires_at) == ("abcdefgj", NOW + LASTS)
    async with database.read() as session:
        found = await short_url.owned(session, account.uin, row.id)
    assert found is not None
    assert found.model_dump() == row.model_dump()


async def test_codes_that_are_always_taken_end_in_an_error_and_not_in_a_loop(
    database: Database, account: AccountRow
) -> None:
    await add(database, account.uin, code="abcdefgh")
    with pytest.raises(RuntimeError, match="5 random codes"):
        await add(database, account.uin, code="abcdefgh")


async def test_a_deleted_code_never_comes_back(database: Database, account: AccountRow) -> None:
    row = await add(database, account.uin, code="abcdefgh")
    async with database.write() as session:
        await short_url.remove(session, account.uin, row.id, NOW)
    async with database.read() as session:
        assert await short_url.owned(session, account.uin, row.id) is None
        assert await quota.used(session, account.uin, SHORT_URLS) == 0
    with pytest.raises(RuntimeError):
        await add(database, account.uin, code="abcdefgh")
    async with database.write() as session:
        with pytest.raises(Refused) as refused:
            await short_url.remove(session, account.uin, row.id, NOW)
        await session.rollback()
    assert refused.value.problems[0].code is Code.NOT_FOUND


async def test_another_accounts_is_absent(database: Database, account: AccountRow) -> None:
    stranger = await bulk.add_account(database, NOW, 12_345_679)
    row = await add(database, account.uin)
    async with database.read() as session:
        assert await short_url.owned(session, stranger.uin, row.id) is None
        assert await short_url.count(session, Listing(stranger.uin)) == 0
    with pytest.raises(Refused):
        async with database.write() as session:
            await short_url.remove(session, stranger.uin, row.id, NOW)
    async with database.read() as session:
        assert await short_url.owned(session, account.uin, row.id) is not None


async def test_many_who_create_at_once_get_codes_of_their_own(
    database: Database, account: AccountRow
) -> None:
    rows = await asyncio.gather(*(add(database, account.uin, f"S{n}") for n in range(20)))
    assert len({row.code for row in rows}) == len({row.id for row in rows}) == 20


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("", ["Autumn", "Spring", "Winter"]),
        ("spr", ["Spring"]),
        ("example.com/WIN", ["Winter"]),
        ("abcdefgh", ["Spring"]),
        ("https://s.example.com/s/abcdefgh", ["Spring"]),
        ("S.example.com/s/ABCDEFGH", ["Spring"]),
        ("abcdefg", []),
        ("%", []),
        ("_", []),
    ],
)
async def test_a_list_is_searched_by_name_target_and_short_url(
    database: Database, account: AccountRow, search: str, names: list[str]
) -> None:
    for name, code in (("Spring", "abcdefgh"), ("Autumn", ""), ("Winter", "")):
        await add(database, account.uin, name, code)
    async with database.read() as session:
        found = await short_url.page(
            session,
            Listing(account.uin, search),
            SortKey.NAME,
            descending=False,
            first=10,
            after=None,
        )
        assert await short_url.count(session, Listing(account.uin, search)) == len(names)
    assert [row.name for row in found.rows] == names


async def test_a_template_is_bound_to_the_short_urls_it_holds(
    database: Database, account: AccountRow
) -> None:
    """URL-3."""
    first = await add(database, account.uin, code="abcdefgh")
    second = await add(database, account.uin, code="abcdefgj")
    text = "See s.example.com/s/abcdefgh or https://S.example.com/s/ABCDEFGJ. Thanks {1}"
    row = await submit(database, account.uin, text)
    assert await bound(database) == [(first.id, row.id), (second.id, row.id)]
    changed = template_draft(
        "News", SmsType.REGULAR, "Only s.example.com/s/abcdefgj {1}", "", IdentityKind.ORGANIZATION
    )
    async with database.write() as session:
        held = await template.editable(session, account.uin, row.id)
        await template.revise(session, held, changed, NOW, TERMS)
    assert await bound(database) == [(second.id, row.id)]
    async with database.read() as session:
        listed = Listing(account.uin, region=Region.GLOBAL)
        assert await short_url.count(session, listed) == 1
        listed = Listing(account.uin, region=Region.MAINLAND)
        assert await short_url.count(session, listed) == 0


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("unknown", Code.NOT_FOUND),
        ("foreign", Code.NOT_FOUND),
        ("deleted", Code.NOT_FOUND),
        ("expired", Code.WRONG_STATE),
    ],
)
async def test_a_template_with_a_link_that_leads_nowhere_is_refused_and_nothing_is_kept(
    database: Database, account: AccountRow, case: str, code: Code
) -> None:
    stranger = await bulk.add_account(database, NOW, 12_345_679)
    await add(database, account.uin)  # whose address tells which host is ours
    row = await add(database, stranger.uin if case == "foreign" else account.uin, code="abcdefgh")
    async with database.write() as session:
        if case == "deleted":
            await short_url.remove(session, account.uin, row.id, NOW)
        elif case == "expired":
            held = await session.get(ShortUrlRow, row.id)
            assert held is not None
            held.expires_at = NOW
    written = "zzzzzzzz" if case == "unknown" else "abcdefgh"
    with pytest.raises(Refused) as refused:
        await submit(database, account.uin, f"See https://s.example.com/s/{written} {{1}}")
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (code, ("content",))
    assert await bound(database) == []
    async with database.read() as session:
        assert (await session.exec(select(TemplateRow))).all() == []
        assert await quota.used(session, account.uin, TEMPLATES) == 0


async def test_whose_host_nobody_of_the_account_used_is_judged_by_the_setting(
    database: Database, account: AccountRow
) -> None:
    text = "See https://s.example.com/s/zzzzzzzz {1}"
    with pytest.raises(Refused):
        await submit(database, account.uin, text, Terms(short_url_base=BASE))
    await submit(database, account.uin, text)
    assert await bound(database) == []


async def test_the_templates_of_several_are_found_newest_first_and_bounded(
    database: Database, account: AccountRow
) -> None:
    first = await add(database, account.uin, code="abcdefgh")
    second = await add(database, account.uin, code="abcdefgj")
    both = "s.example.com/s/abcdefgh s.example.com/s/abcdefgj {1}"
    rows = [await submit(database, account.uin, both) for _ in range(3)]
    async with database.write() as session:
        await template.remove(session, account.uin, rows[2].id, NOW)
    rows.append(await submit(database, account.uin, "s.example.com/s/abcdefgh {1}"))
    async with database.read() as session:
        found = await template.holding(session, account.uin, [first.id, second.id, 99], 2)
    assert {key: [row.id for row in held] for key, held in found.items()} == {
        first.id: [rows[3].id, rows[1].id],
        second.id: [rows[1].id, rows[0].id],
    }


@pytest.mark.parametrize("approved", [True, False])
async def test_an_erased_template_is_released_and_one_that_was_sent_with_still_counts(
    database: Database, account: AccountRow, approved: bool
) -> None:
    await add(database, account.uin, code="abcdefgh")
    row = await submit(database, account.uin, "s.example.com/s/abcdefgh {1}")
    async with database.write() as session:
        held = await template.changing(session, account.uin, row.id)
        if approved:
            held.status = ReviewStatus.APPROVED
        await template.remove(session, account.uin, row.id, NOW)
    async with database.write() as session:
        assert await purge.begin(session, NOW, 10) == 1
        (restorable,) = (await session.exec(select(RestorableRow))).all()
        await purge.finish(session, restorable.id)
    assert len(await bound(database)) == int(approved)

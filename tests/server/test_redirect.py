"""Short URLs over HTTP (URL-2): as recipients, previews and strangers meet them."""

import re
from datetime import timedelta

import httpx2
import pytest
from sqlmodel import select

from db import short_url
from db.click import ShortUrlVisitorRow
from db.session import Database
from db.short_url import ShortUrlRow
from domain.short_url import Draft
from server.short_url_page import BUSY, GONE, POLICY, UNKNOWN, Page
from tests import bulk
from tests.console import START as NOW
from tests.console import Clock

TARGET = "https://example.com/sale?a=1&b=%E8%B7%AF#top"
PHONE = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"}


@pytest.fixture
async def row(database: Database) -> ShortUrlRow:
    account = await bulk.add_account(database, NOW)
    draft = Draft("Sale", TARGET, "http://console.test")
    async with database.write() as session:
        return await short_url.add(session, account.uin, draft, NOW, timedelta(days=90))


async def visitors(database: Database) -> dict[str, int]:
    async with database.read() as session:
        rows = await session.exec(select(ShortUrlVisitorRow))
        return {each.address: each.clicks for each in rows}


async def test_a_click_leads_on_and_is_seen_again_the_next_time(
    http: httpx2.AsyncClient, database: Database, row: ShortUrlRow
) -> None:
    for _ in range(2):
        answer = await http.get(f"/s/{row.code}", headers=PHONE)
        assert answer.status_code == 302
        assert answer.headers["location"] == TARGET
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.content == b""
    assert await visitors(database) == {"192.0.2.7": 2}


@pytest.mark.parametrize("tail", ["", "/", ".", "%E9%80%80%E8%AE%A2", "?utm=1", "%20now"])
async def test_what_a_phone_takes_for_a_part_of_the_link_does_no_harm(
    http: httpx2.AsyncClient, row: ShortUrlRow, tail: str
) -> None:
    for code in (row.code, row.code.upper()):
        answer = await http.get(f"/s/{code}{tail}", headers=PHONE)
        assert (answer.status_code, answer.headers["location"]) == (302, TARGET)


async def test_head_and_previews_are_answered_and_not_counted(
    http: httpx2.AsyncClient, database: Database, row: ShortUrlRow
) -> None:
    preview = {"user-agent": "facebookexternalhit/1.1"}
    prefetch = {**PHONE, "sec-purpose": "prefetch;prerender"}
    answers = [
        await http.head(f"/s/{row.code}", headers=PHONE),
        await http.get(f"/s/{row.code}", headers=preview),
        await http.get(f"/s/{row.code}", headers=prefetch),
    ]
    assert {(each.status_code, each.headers["location"]) for each in answers} == {(302, TARGET)}
    assert await visitors(database) == {}


async def test_an_expired_one_says_so(
    http: httpx2.AsyncClient, database: Database, row: ShortUrlRow, clock: Clock
) -> None:
    clock.advance(timedelta(days=90))
    answer = await http.get(f"/s/{row.code}", headers=PHONE)
    assert answer.status_code == 410
    assert "This link has expired" in answer.text
    assert "链接已失效" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert "example.com" not in answer.text
    assert (await http.head(f"/s/{row.code}")).status_code == 410
    assert await visitors(database) == {}


@pytest.mark.parametrize(
    "path",
    ["/s/zzzzzzzz", "/s/", "/s/abc", "/s/https://evil.example", "/s/..%2f"],
)
async def test_an_unknown_one_is_a_page_and_leads_nowhere(
    http: httpx2.AsyncClient, row: ShortUrlRow, path: str
) -> None:
    answer = await http.get(path, headers=PHONE)
    assert answer.status_code == 404
    assert "There is no such link" in answer.text
    assert "location" not in answer.headers
    assert answer.headers["content-security-policy"] == POLICY
    assert "evil" not in answer.text


async def test_a_line_end_in_the_address_ends_no_header(
    http: httpx2.AsyncClient, row: ShortUrlRow
) -> None:
    for path in ("/s/%0d%0aLocation:x", f"/s/{row.code}%0d%0aLocation:x"):
        answer = await http.get(path, headers=PHONE)
        assert (answer.status_code, answer.headers.get("location")) == (404, None)


async def test_nothing_but_get_and_head_is_taken(
    http: httpx2.AsyncClient, row: ShortUrlRow
) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert (await http.request(method, f"/s/{row.code}")).status_code == 405


@pytest.mark.parametrize("page", [GONE, UNKNOWN, BUSY])
def test_a_page_is_whole_in_itself(page: Page) -> None:
    answer = page.response()
    text = bytes(answer.body).decode()
    assert not re.search(r"<script|src=|href=|url\(|@import", text)
    assert 'name="viewport"' in text
    assert 'lang="zh-CN"' in text
    assert ("http-equiv" in text) is page.retries
    assert answer.headers.get("retry-after") == ("2" if page.retries else None)
    assert answer.status_code == page.status

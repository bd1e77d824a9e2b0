"""Links to tables as files: followed by a browser, and by nobody who may not (STA-6, STA-8)."""

import asyncio
import csv
import io
import logging
from dataclasses import replace
from datetime import timedelta
from io import BufferedReader
from typing import Any

import httpx2
import pytest

from db.account import AccountRow
from db.session import Database
from delivery.export.table import Table
from delivery.step import Tools
from domain.export import PLACE, Export
from domain.region import Region
from domain.terms import Terms
from graph.node import encode
from server import export
from server.export import AT_ONCE, OF_ACCOUNT
from server.log import redacted
from tests import bulk
from tests.access import Company, allow
from tests.bulk import Parts
from tests.console import START, Caller, Console
from tests.dumping import Bench, add_records, expected, phones, read_archive

STATISTICS = """
query ($table: StatisticTable!, $input: StatisticInput!, $format: ExportFormat! = CSV) {
  link: statisticExport(table: $table, input: $input, format: $format) { url fileName expiresAt }
}
"""
RECORDS = """
query ($input: MessageRecordInput!, $format: ExportFormat! = CSV) {
  link: messageRecordExport(input: $input, format: $format) { url fileName expiresAt }
}
"""
TASK = """
query ($id: ID!, $table: BulkTaskTable!) {
  link: bulkTaskExport(id: $id, table: $table) { url fileName }
}
"""
DUMP = "query ($id: ID!) { link: dumpDownload(id: $id) { url fileName } }"
TODAY = {"region": "MAINLAND", "period": "TODAY"}


async def link(caller: Caller, document: str, **variables: Any) -> str:
    found = (await caller.run(document, **variables))["link"]
    assert found["url"].startswith(f"http://console.test/exports/{found['fileName']}?token=")
    url: str = found["url"]
    return url


async def table(http: httpx2.AsyncClient, url: str) -> list[list[str]]:
    answer = await http.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-length"] == str(len(answer.content))
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def parts_of(console: Console, account: AccountRow) -> Parts:
    return await bulk.add_parts(console.database, account.uin, console.clock.now)


async def add(database: Database, *rows: object) -> None:
    async with database.write() as session:
        session.add_all(rows)


async def test_a_dump_is_downloaded_while_it_is_ready(
    console: Console, http: httpx2.AsyncClient, tmp_path: Any
) -> None:
    account = await console.add_account()
    parts = await parts_of(console, account)
    await add_records(console.database, parts, 10)
    tools = Tools(console.database, console.store, Terms(), console.clock)
    bench = Bench(tools, parts, tmp_path)
    dump_id = await bench.order()
    await bench.work(dump_id)
    root, key = console.root(account), encode("Dump", dump_id)
    url = await link(root, DUMP, id=key)
    answer = await http.get(url)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert phones(read_archive(answer.content)) == expected(10)
    await root.run("mutation ($id: ID!) { dumpCancel(id: $id) { dump { id } } }", id=key)
    gone = await http.get(url)
    assert gone.status_code == 404
    assert gone.json()["errors"][0]["message"] == "there is no such file, or not any more"


async def test_a_link_works_for_ten_minutes_and_only_as_it_was_made(
    console: Console, http: httpx2.AsyncClient
) -> None:
    root = console.root(await console.add_account())
    url = await link(root, STATISTICS, table="OVERVIEW", input=TODAY)
    path, token = url.split("token=")
    other = console.vault.seal("anything", "credential_file/1").translate(str.maketrans("+/", "-_"))
    middle = len(token) // 2
    altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for wrong in ("", "A", "退", altered, token[:-8], other, "A" * 3_000, token + "AAAA"):
        answer = await http.get(f"{path}token={wrong}")
        assert answer.status_code == 404, wrong
        assert answer.json() == {
            "errors": [
                {
                    "message": "the link has expired or is damaged: ask for another",
                    "extensions": {"code": "NOT_FOUND"},
                }
            ]
        }
    assert (await http.get(url.split("?")[0])).status_code == 404
    console.clock.advance(timedelta(minutes=10) - timedelta(seconds=1))
    assert (await http.get(url)).status_code == 200
    console.clock.advance(timedelta(seconds=1))
    assert (await http.get(url)).status_code == 404


async def test_who_loses_the_permission_or_is_disabled_downloads_no_more(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account = await console.add_account()
    company = Company(console, account, console.root(account))
    policy = await company.policy("Exports", allow("name/sms:DescribeSmsResultFile"))
    person = await company.person("ops", policy)
    url = await link(person.caller, STATISTICS, table="OVERVIEW", input=TODAY)
    assert (await http.get(url)).status_code == 200
    answer = await person.caller.ask(RECORDS, input=TODAY)
    assert answer.code == "FORBIDDEN"
    await company.root.run(
        """
        mutation ($input: UserPoliciesInput!) {
          userPolicyDetach(input: $input) { userErrors { message } }
        }
        """,
        input={"userId": person.id, "policyIds": [policy]},
    )
    refused = await http.get(url)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["extensions"]["action"] == "sms:DescribeSmsResultFile"


async def test_more_rows_than_are_given_at_once_are_for_a_dump(
    console: Console, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await console.add_account()
    parts = await parts_of(console, account)
    await add_records(console.database, parts, 3)
    task = await bulk.add_task(console.database, parts, START)
    await bulk.make_ready(console.database, task, START)
    console.clock.advance(timedelta(minutes=1))
    root = console.root(account)
    url = await link(root, RECORDS, input=TODAY)
    assert len(await table(http, url)) == 4
    told = "the table has more than 2 rows: order a dump of the records (dumpOrder)"
    console.terms = Terms(export_rows=2)
    for document, variables in (
        (RECORDS, {"input": TODAY}),
        (TASK, {"id": encode("BulkTask", task), "table": "RECIPIENTS"}),
    ):
        answer = await root.ask(document, **variables)
        assert answer.code == "BAD_USER_INPUT"
        assert answer.errors[0].message == told
    console.terms = Terms()
    app = http._transport.app  # type: ignore[attr-defined]  # noqa: SLF001 - the limit is changed behind the server
    monkeypatch.setattr(
        app.state, "console", replace(app.state.console, terms=Terms(export_rows=2))
    )
    for form in ("CSV", "XLSX"):
        refused = await http.get(await link(root, RECORDS, input=TODAY, format=form))
        assert refused.status_code == 409
        assert refused.json()["errors"][0] == {
            "message": told,
            "extensions": {"code": "LIMIT_EXCEEDED"},
        }


async def test_an_account_leaves_places_to_others(
    console: Console, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a slow disk holds an account's files up, those of another are written."""
    disk, begun = asyncio.Event(), asyncio.Queue[Region | None]()
    write = export._written  # noqa: SLF001 - what is slow

    async def slow(found: Table, wanted: Export) -> BufferedReader:
        begun.put_nowait(wanted.region)
        if wanted.region is Region.MAINLAND:
            await disk.wait()
        return await write(found, wanted)

    monkeypatch.setattr(export, "_written", slow)
    many, few = [console.root(await console.add_account()) for _ in range(2)]
    urls = [await link(many, RECORDS, input=TODAY) for _ in range(AT_ONCE)]
    waiting = [asyncio.create_task(http.get(url)) for url in urls]
    assert [await begun.get() for _ in range(OF_ACCOUNT)] == [Region.MAINLAND] * OF_ACCOUNT
    other = await link(few, RECORDS, input={**TODAY, "region": "GLOBAL"})
    assert len(await table(http, other)) == 1
    assert (begun.get_nowait(), begun.empty()) == (Region.GLOBAL, True)
    disk.set()
    answers = await asyncio.gather(*waiting)
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE


async def test_a_link_says_nothing_in_a_log_or_to_who_reads_it(
    console: Console, http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    root = console.root(await console.add_account())
    url = await link(root, RECORDS, input={**TODAY, "phone": "13800138000"})
    token = url.split("token=")[1]
    with caplog.at_level(logging.DEBUG):
        await http.get(url)
    assert token not in redacted(caplog.text)
    assert token not in redacted(f'127.0.0.1:1 - "GET {url.removeprefix("http://console.test")} 1')
    sealed = token.translate(str.maketrans("-_", "+/")) + "=" * (-len(token) % 4)
    assert "13800138000" in console.vault.open(sealed, PLACE)
    assert "13800138000" not in url

"""Links to tables as files: followed by a browser, and by nobody who may not (STA-6, STA-8)."""

import csv
import io
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from python_calamine import CalamineWorkbook

from db.account import AccountRow
from db.reply import ReplyRow
from db.session import Database
from db.statistic import FailureStatisticRow, StatisticRow
from delivery.step import Tools
from domain.export import PLACE
from domain.message import MessageStatus
from domain.region import Region
from domain.terms import Terms
from graph.node import encode
from server.log import redacted
from tests import bulk
from tests.access import Company, allow
from tests.bulk import Found, Parts
from tests.console import START, Caller, Console
from tests.dumping import Bench, add_records, expected, phones, read_archive

STATISTICS = """
query ($table: StatisticTable!, $input: StatisticInput!, $format: ExportFormat! = CSV) {
  link: statisticExport(table: $table, input: $input, format: $format) { url fileName expiresAt }
}
"""
MONTHS = """
query ($input: MonthStatisticInput!) { link: monthStatisticExport(input: $input) { url fileName } }
"""
RECORDS = """
query ($input: MessageRecordInput!, $format: ExportFormat! = CSV) {
  link: messageRecordExport(input: $input, format: $format) { url fileName expiresAt }
}
"""
REPLIES = """
query ($input: ReplyRecordInput!) { link: replyExport(input: $input) { url fileName } }
"""
TASK = """
query ($id: ID!, $table: BulkTaskTable!) {
  link: bulkTaskExport(id: $id, table: $table) { url fileName }
}
"""
DUMP = "query ($id: ID!) { link: dumpDownload(id: $id) { url fileName } }"
REPEATED = [
    *("4", "", "TAKEN", "+8613800138000"),
    "row 4 repeats row 2, number and content: it is sent once",
]
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


def counted(account: AccountRow) -> tuple[StatisticRow, FailureStatisticRow]:
    key: dict[str, Any] = {
        "account_uin": account.uin,
        "region": Region.MAINLAND,
        "hour": START,
        "app_id": 1_400_000_000,
        "template_id": 1,
    }
    return (
        StatisticRow(**key, requests=10, accepted=8, segments=12, delivered=5, failed=1),
        FailureStatisticRow(**key, code="MK:0012", count=1, receipts=1),
    )


async def test_statistics_are_what_the_pages_show(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account = await console.add_account()
    await add(console.database, *counted(account))
    root = console.root(account)
    overview = await table(http, await link(root, STATISTICS, table="OVERVIEW", input=TODAY))
    assert len(overview) == 25
    assert overview[0] == [
        *("From (Asia/Shanghai)", "Until (Asia/Shanghai)", "Requests", "Accepted"),
        *("Billable segments", "Delivered", "Failed", "Success rate"),
    ]
    assert overview[11] == [
        *("2026-03-02 10:00:00+08:00", "2026-03-02 11:00:00+08:00"),
        *("10", "8", "12", "5", "1", "0.800000"),
    ]
    assert overview[1][2:] == ["0", "0", "0", "0", "0", ""]
    receipts = await table(http, await link(root, STATISTICS, table="RECEIPTS", input=TODAY))
    assert receipts[11][2:] == ["8", "6", "2", "5", "1", "0.750000", "0.833333"]
    for name in ("FAILURES", "RECEIPT_FAILURES"):
        lines = await table(http, await link(root, STATISTICS, table=name, input=TODAY))
        assert [[line[0], *line[2:]] for line in lines] == [
            ["Code", "Kind", "Failures", "Proportion"],
            ["MK:0012", "invalid_number", "1", "1.000000"],
        ]
    months = {"region": "MAINLAND", "from": "2026-02", "to": "2026-03"}
    assert [row[0] for row in await table(http, await link(root, MONTHS, input=months))] == [
        *("Month", "2026-02", "2026-03"),
    ]
    countries = await table(http, await link(root, STATISTICS, table="COUNTRIES", input=TODAY))
    assert countries[0][:4] == ["Country or region", "Dial code", "Name", "Requests"]


async def test_countries_are_not_counted_by_template(console: Console) -> None:
    root = console.root(await console.add_account())
    wanted = {**TODAY, "templateId": encode("Template", 1)}
    answer = await root.ask(STATISTICS, table="COUNTRIES", input=wanted)
    assert answer.errors[0].message == "countries are not counted by template: leave it out"


async def test_a_workbook_holds_numbers_as_texts(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account = await console.add_account()
    await add_records(console.database, await parts_of(console, account), 2, since=START)
    console.clock.advance(timedelta(minutes=1))
    url = await link(console.root(account), RECORDS, input=TODAY, format="XLSX")
    answer = await http.get(url)
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    assert answer.headers["content-disposition"] == (
        'attachment; filename="records-2026-03-02-2026-03-02.xlsx"'
    )
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert [row[1] for row in rows] == ["Mobile number", "+8613800000001", "+8613800000000"]
    assert str(rows[1][-1]) == "2026-03-02 10:00:00"


async def test_records_are_narrowed_as_on_the_page(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account = await console.add_account()
    parts = await parts_of(console, account)
    await add_records(console.database, parts, 5)
    await add_records(console.database, parts, 1, state=MessageStatus.FAILED, code="MK:0012")
    console.clock.advance(timedelta(minutes=1))
    root = console.root(account)
    rows = await table(http, await link(root, RECORDS, input=TODAY))
    assert len(rows) == 7
    (_, failed) = await table(http, await link(root, RECORDS, input={**TODAY, "state": "FAILED"}))
    assert failed[10:12] == ["failed", "MK:0012"]
    assert failed[13:] == ["", "", ""]  # the guide: a failure has no times
    wanted = {**TODAY, "phone": "13800000003", "applicationId": encode("Application", parts.app_id)}
    (_, one) = await table(http, await link(root, RECORDS, input=wanted))
    assert one[1] == "+8613800000003"
    with_nothing = {**TODAY, "templateId": encode("Template", 99)}
    assert len(await table(http, await link(root, RECORDS, input=with_nothing))) == 1


async def test_replies_calculate_nothing(console: Console, http: httpx2.AsyncClient) -> None:
    account = await console.add_account()
    parts = await parts_of(console, account)
    await add_records(console.database, parts, 1)
    reply = ReplyRow(
        account_uin=account.uin,
        app_id=parts.app_id,
        template_id=parts.template_id,
        region=Region.MAINLAND,
        message_id=1,
        phone="+8613800000000",
        text="=HYPERLINK(A1)",
        opted_out=False,
        received_at=START,
    )
    await add(console.database, reply)
    console.clock.advance(timedelta(minutes=1))
    (_, row) = await table(http, await link(console.root(account), REPLIES, input=TODAY))
    assert row == [
        *("5000:17724168001", "+8613800000000", "'=HYPERLINK(A1)", "received"),
        *(str(parts.app_id), str(parts.template_id), "2026-03-02 10:00:00+08:00"),
    ]


async def test_a_task_gives_its_recipients_and_what_was_left_out(
    console: Console, http: httpx2.AsyncClient
) -> None:
    """BLK-3, BLK-8."""
    account = await console.add_account()
    parts = await parts_of(console, account)
    task = await bulk.add_task(console.database, parts, START)
    batch = Found(
        [(2, "+8613800138000", "CN", ["A1", "Monday"], 21, 1)],
        [(3, "A (Mobile number)", "INVALID", "-12", "not a number")],
        [(4, 2, "+8613800138000")],
    )
    await bulk.make_ready(console.database, task, START, batch)
    root, key = console.root(account), encode("BulkTask", task)
    (head, row) = await table(http, await link(root, TASK, id=key, table="RECIPIENTS"))
    assert head[:5] == ["Row", "Serial number", "Mobile number", "Country or region", "Content"]
    assert row == [
        *("2", "5000:17724168001", "+8613800138000", "CN", "【Shop0】您的订单A1将于Monday送达。"),
        *("21", "1", "queued", "", "", "", ""),
    ]
    url = await link(root, TASK, id=key, table="ROW_ERRORS")
    assert f"/row-errors-{task}.csv?" in url
    assert (await table(http, url))[1:] == [
        ["3", "A (Mobile number)", "INVALID", "'-12", "not a number"],
        REPEATED,
    ]
    stranger = console.root(await console.add_account())
    assert (await stranger.run(TASK, id=key, table="RECIPIENTS"))["link"] is None


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
    console.terms = Terms(export_rows=2)
    root = console.root(account)
    url = await link(root, RECORDS, input=TODAY)
    assert len(await table(http, url)) == 4  # the server of this test has its own limit
    answer = await root.ask(TASK, id=encode("BulkTask", task), table="RECIPIENTS")
    told = "the table has more than 2 rows: order a dump of the records (dumpOrder)"
    assert answer.errors[0].message == told
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

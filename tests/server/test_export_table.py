"""Tables as files hold what the pages show (STA-6)."""

import io
from datetime import timedelta
from typing import Any

import httpx2
from python_calamine import CalamineWorkbook

from db.account import AccountRow
from db.reply import ReplyRow
from db.statistic import FailureStatisticRow, StatisticRow
from domain.message import MessageStatus
from domain.region import Region
from graph.node import encode
from tests import bulk
from tests.bulk import Found
from tests.console import START, Console
from tests.dumping import add_records
from tests.server.test_export import (
    RECORDS,
    STATISTICS,
    TASK,
    TODAY,
    add,
    link,
    parts_of,
    table,
)

MONTHS = """
query ($input: MonthStatisticInput!) { link: monthStatisticExport(input: $input) { url fileName } }
"""
REPLIES = """
query ($input: ReplyRecordInput!) { link: replyRecordExport(input: $input) { url fileName } }
"""
REPEATED = [
    *("4", "", "TAKEN", "+8613800138000"),
    "row 4 repeats row 2, number and content: it is sent once",
]


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

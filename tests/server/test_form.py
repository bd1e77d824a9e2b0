"""Downloads of the recipient form and of the rows left out, over HTTP (BLK-2, BLK-3)."""

import csv
import io
from collections.abc import Sequence
from datetime import timedelta

import httpx2
import pytest
from python_calamine import CalamineWorkbook

from db import sign_in
from db.account import AccountRow
from delivery.recipient_file.form import header
from domain.region import Region
from graph.node import encode
from server import form
from tests import bulk
from tests.bulk import Found, Parts
from tests.console import Console


@pytest.fixture
async def account(console: Console) -> AccountRow:
    """A verified organization."""
    return await console.add_account()


@pytest.fixture
async def parts(console: Console, account: AccountRow) -> Parts:
    """What a Mainland task needs."""
    return await bulk.add_parts(console.database, account.uin, console.clock.now)


async def bearer(console: Console, user_uin: int) -> dict[str, str]:
    """Sign somebody in."""
    token = f"token of {user_uin}"
    async with console.database.write() as session:
        await sign_in.open_session(session, user_uin, token, console.clock.now, timedelta(hours=1))
    return {"authorization": f"Bearer {token}"}


async def task_with(
    console: Console, parts: Parts, errors: Sequence[tuple[int, str, str, str, str]]
) -> str:
    """Make a task with one recipient and these bad rows; gives the path of their download."""
    task_id = await bulk.add_task(console.database, parts, console.clock.now)
    batch = Found(bulk.found(1).recipients, errors)
    await bulk.make_ready(console.database, task_id, console.clock.now, batch)
    return f"/bulk-tasks/{encode('BulkTask', task_id)}/row-errors.csv"


def table(answer: httpx2.Response) -> list[list[str]]:
    """Read an answer as a spreadsheet program would."""
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("region", Region)
async def test_the_form_of_a_template_has_its_columns(
    console: Console, http: httpx2.AsyncClient, account: AccountRow, region: Region
) -> None:
    parts = await bulk.add_parts(console.database, account.uin, console.clock.now, region)
    headers = await bearer(console, account.uin)
    place = f"/forms/recipients/{encode('Template', parts.template_id)}"
    expected = header(2)
    answer = await http.get(f"{place}.xlsx", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == form.XLSX
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="recipients-{parts.template_id}.xlsx"'
    )
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0)
    assert sheet.to_python() == [expected]
    answer = await http.get(f"{place}.csv", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, form.CSV)
    assert table(answer) == [expected]


async def test_rows_left_out_come_in_their_order_and_run_nothing(
    console: Console, http: httpx2.AsyncClient, account: AccountRow, parts: Parts
) -> None:
    formulas = ["=1+1", "+86+13", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"]
    path = await task_with(
        console,
        parts,
        [(row, "B (名字)", "INVALID", value, "no") for row, value in enumerate(formulas, 3)],
    )
    answer = await http.get(path, headers=await bearer(console, account.uin))
    assert (answer.status_code, answer.headers["content-type"]) == (200, form.CSV)
    head, *lines = table(answer)
    assert head == ["Row 行", "Column 列", "Code", "Value 内容", "Problem"]
    assert [line[3] for line in lines] == [f"'{value}" for value in formulas]
    assert lines[0] == ["3", "B (名字)", "INVALID", "'=1+1", "no"]


async def test_a_long_list_is_streamed_page_by_page(
    console: Console, http: httpx2.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form, "ROWS_AT_ONCE", 10)
    path = await task_with(
        console, parts, [(row // 2, "A", "INVALID", f"{row}", "no") for row in range(6, 41)]
    )
    answer = await http.get(path, headers=await bearer(console, parts.account_uin))
    assert [line[3] for line in table(answer)[1:]] == [str(row) for row in range(6, 41)]


async def test_only_who_may_see_a_task_gets_its_rows(
    console: Console, http: httpx2.AsyncClient, account: AccountRow, parts: Parts
) -> None:
    path = await task_with(console, parts, [(3, "A", "INVALID", "12", "no")])
    forms = f"/forms/recipients/{encode('Template', parts.template_id)}.csv"
    other = await console.add_account()
    stranger = await console.add_user(account, "stranger")
    denied, elsewhere = await bearer(console, stranger.uin), await bearer(console, other.uin)
    for place, action in ((path, "sms:DescribeSendSMSDetail"), (forms, "sms:DescribeTPLSignInfo")):
        answer = await http.get(place)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        answer = await http.get(place, headers=denied)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["action"]) == (403, action)
        answer = await http.get(place, headers=elsewhere)
        assert (answer.status_code, answer.json()["errors"][0]["message"]) == (
            404,
            "there is no such file",
        )


@pytest.mark.parametrize(
    "path",
    [
        "/bulk-tasks/nonsense/row-errors.csv",
        f"/bulk-tasks/{encode('BulkTask', 2**63 - 1)}/row-errors.csv",
        f"/bulk-tasks/{encode('Template', 1)}/row-errors.csv",
        "/forms/recipients/nonsense.xlsx",
        f"/forms/recipients/{encode('Template', 99)}.csv",
    ],
)
async def test_what_is_not_there_is_told_so(
    console: Console, http: httpx2.AsyncClient, account: AccountRow, path: str
) -> None:
    answer = await http.get(path, headers=await bearer(console, account.uin))
    assert answer.status_code == 404


async def test_the_form_of_customers_has_one_column_and_is_for_who_may_see_them(
    console: Console, http: httpx2.AsyncClient, account: AccountRow
) -> None:
    headers = await bearer(console, account.uin)
    answer = await http.get("/forms/customers.xlsx", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, form.XLSX)
    assert answer.headers["content-disposition"] == 'attachment; filename="customers.xlsx"'
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.get_sheet_by_index(0).to_python() == [header(0)]
    hint = str(book.get_sheet_by_index(1).to_python()[1][1])
    assert hint.startswith("A number a row: 11 digits for Mainland China, country or region code")
    answer = await http.get("/forms/customers.csv", headers=headers)
    assert (answer.status_code, table(answer)) == (200, [header(0)])
    assert (await http.get("/forms/customers.csv")).status_code == 401
    clerk = await console.add_user(account, "clerk")
    answer = await http.get("/forms/customers.csv", headers=await bearer(console, clerk.uin))
    assert answer.status_code == 403

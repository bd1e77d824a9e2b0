"""Imports of customers by GraphQL (CUS-1): the upload, its bounds, and how far it has come."""

from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import UploadFile

from db import customer_import
from db.account import AccountRow
from db.job import JobKind
from domain.errors import Code
from domain.region import SmsType
from domain.terms import Terms
from graph.node import encode
from tests import bulk
from tests.access import Company, allow
from tests.console import Caller, Console, Statements
from tests.customers import Found, add_group, assert_counted, begin_import, contacts, found, store
from tests.graph.bulk_task import errors, file

IMPORT = """{
  id status smsType groupId groupName fileName fileBytes rowsSeen rowsTotal added duplicates
  members rejected problem createdAt finishedAt
}"""
CREATE = f"""
mutation ($input: CustomerImportCreateInput!) {{
  customerImportCreate(input: $input) {{
    customerImport {IMPORT} userErrors {{ code field message }}
  }}
}}
"""
ONE = f"query ($id: ID!) {{ customerImport(id: $id) {IMPORT} node(id: $id) {{ id }} }}"
LIST = f"""
query ($first: Int = 20, $after: String) {{
  customerImports(first: $first, after: $after) {{
    nodes {IMPORT} pageInfo {{ hasNextPage endCursor }} totalCount
  }}
}}
"""
ROW_ERRORS = """
query ($id: ID!, $first: Int = 20, $after: String) {
  customerImportRowErrors(id: $id, first: $first, after: $after) {
    nodes { row column code value message } pageInfo { hasNextPage endCursor } totalCount
  }
}
"""
FORM = "{ customerForm { xlsxUrl csvUrl } }"


def form(upload: UploadFile | None = None, **target: Any) -> dict[str, Any]:
    """Fill in the form of the guide; into a new group "VIP" unless told otherwise."""
    wanted = target or {"newGroup": {"name": "VIP"}}
    data = b"Mobile number\n13800138000\n"
    return {"smsType": "REGULAR", "file": upload or file(data), **wanted}


def stored_files(console: Console) -> int:
    folder = Path(str(console.store._folder))  # noqa: SLF001 - the store never lists
    return sum(path.is_file() for path in folder.rglob("*"))


async def ended(console: Console, owner: int, group: int, batch: Found, name: str = "") -> str:
    """Make an import whose form was read; gives its id."""
    import_id = await begin_import(console.database, owner, group)
    rows = 1 + len(batch.recipients) + len(batch.errors) + len(batch.duplicates)
    assert await store(console.database, import_id, batch, 0, rows)
    async with console.database.write() as session:
        await customer_import.finish(session, import_id, name or None, console.clock.now)
    return encode("CustomerImport", import_id)


async def test_an_upload_is_stored_and_its_import_asked_for(
    console: Console, account: AccountRow
) -> None:
    root, now = console.root(account), console.clock.now
    upload = file(b"Mobile number\n13800138000\n", "C:\\my files\\list\n.csv")
    payload = (await root.run(CREATE, input=form(upload)))["customerImportCreate"]
    begun = {
        "id": encode("CustomerImport", 1),
        "status": "RUNNING",
        "smsType": "REGULAR",
        "groupId": encode("CustomerGroup", 1),
        "groupName": "VIP",
        "fileName": "list.csv",
        "fileBytes": 26,
        "rowsSeen": 0,
        "rowsTotal": 0,
        "added": 0,
        "duplicates": 0,
        "members": 0,
        "rejected": 0,
        "problem": None,
        "createdAt": now.isoformat(),
        "finishedAt": None,
    }
    assert payload == {"customerImport": begun, "userErrors": []}
    assert await root.run(ONE, id=begun["id"]) == {
        "customerImport": begun,
        "node": {"id": begun["id"]},
    }
    (job,) = await bulk.open_jobs(console.database, now)
    assert (job.kind, job.subject_id) == (JobKind.IMPORT_CUSTOMERS, 1)
    async with console.database.read() as session:
        work = await customer_import.work(session, 1)
    assert work is not None
    assert await console.store.get(work.file_key, limit=100) == b"Mobile number\n13800138000\n"
    await assert_counted(console.database, account.uin)


async def test_uploads_are_bounded_and_refused_ones_leave_nothing(
    console: Console, account: AccountRow
) -> None:
    console.terms = Terms(recipient_file_bytes=26)
    root = console.root(account)
    group = await add_group(console.database, account.uin, "full", sms_type=SmsType.MARKETING)
    group_id = encode("CustomerGroup", group)
    before = await console.digest()
    for given, code, field, message in (
        (
            form(file(b"x" * 27)),
            "TOO_LARGE",
            ["file"],
            "file is larger than 26 bytes: split it and import each part",
        ),
        (form(file(b"")), "REQUIRED", ["file"], "file is empty: upload the filled form"),
        (
            form(groupId=group_id),
            "MISMATCH",
            ["groupId"],
            (
                'customer group "full" is for marketing messages, not for regular ones: '
                "choose a group of that type"
            ),
        ),
        (
            form(newGroup={"name": "full"}),
            "TAKEN",
            ["newGroup", "name"],
            'group name "full" is taken: choose another, or add to that group',
        ),
        (
            form(newGroup=None),
            "REQUIRED",
            ["groupId"],
            "no customer group is named: give groupId, or newGroup with a name",
        ),
    ):
        assert await errors(root, CREATE, input=given) == [(code, ["input", *field], message)]
    assert stored_files(console) == 0
    assert await console.digest() == before
    await root.run(CREATE, input=form())
    assert stored_files(console) == 1


async def test_a_sixth_import_waits_for_one_to_end(console: Console, account: AccountRow) -> None:
    root = console.root(account)
    group = await add_group(console.database, account.uin)
    group_id = encode("CustomerGroup", group)
    for _ in range(5):
        await root.run(CREATE, input=form(groupId=group_id))
    before = await console.digest()
    assert await errors(root, CREATE, input=form(groupId=group_id)) == [
        (
            "LIMIT_EXCEEDED",
            None,
            (
                "at most 5 imports of customers at the same time, and 1 more would pass that: "
                "wait until one has ended"
            ),
        )
    ]
    assert (stored_files(console), await console.digest()) == (5, before)


async def test_imports_and_their_row_errors_are_paged(
    console: Console, account: AccountRow
) -> None:
    root, owner = console.root(account), account.uin
    group = await add_group(console.database, owner, members=contacts(1))
    bad = [(row, "A", Code.INVALID, str(row), "is no number") for row in range(4, 7)]
    batch = Found(found(2).recipients, bad, [(7, 2, contacts(1)[0].phone)])
    first = await ended(console, owner, group, batch)
    second = await ended(console, owner, group, found(1), "the group is gone")
    page = (await root.run(LIST, first=1))["customerImports"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (2, True)
    (node,) = page["nodes"]
    assert (node["id"], node["status"], node["problem"]) == (
        second,
        "FAILED",
        "the group is gone",
    )
    rest = (await root.run(LIST, after=page["pageInfo"]["endCursor"]))["customerImports"]
    (node,) = rest["nodes"]
    assert node["id"] == first
    counts = [node[name] for name in ("added", "duplicates", "members", "rejected")]
    assert counts == [1, 1, 1, 3]
    assert node["finishedAt"] == console.clock.now.isoformat()
    page = (await root.run(ROW_ERRORS, id=first, first=2))["customerImportRowErrors"]
    assert page["nodes"][0] == {
        "row": 4,
        "column": "A",
        "code": "INVALID",
        "value": "4",
        "message": "is no number",
    }
    assert (page["totalCount"], len(page["nodes"])) == (3, 2)
    after = page["pageInfo"]["endCursor"]
    page = (await root.run(ROW_ERRORS, id=first, after=after))["customerImportRowErrors"]
    assert [each["row"] for each in page["nodes"]] == [6]
    lengths = []
    for number in (1, 2):
        with Statements(console.database) as run:
            await root.run(LIST, first=number)
        lengths.append(len(run))
    assert lengths[0] == lengths[1]


async def test_another_account_sees_nothing(console: Console, account: AccountRow) -> None:
    group = await add_group(console.database, account.uin)
    import_id = await ended(console, account.uin, group, found(1))
    stranger = console.root(await console.add_account())
    assert await stranger.run(ONE, id=import_id) == {"customerImport": None, "node": None}
    found_errors = await stranger.run(ROW_ERRORS, id=import_id)
    assert found_errors == {"customerImportRowErrors": None}
    assert (await stranger.run(LIST))["customerImports"]["totalCount"] == 0
    into = form(groupId=encode("CustomerGroup", group))
    before = await console.digest()
    assert await stranger.refused(CREATE, input=into) == [("NOT_FOUND", ["input", "groupId"])]
    assert (await console.digest(), stored_files(console)) == (before, 0)


async def test_the_form_has_a_place(console: Console, account: AccountRow) -> None:
    assert await console.root(account).run(FORM) == {
        "customerForm": {
            "xlsxUrl": "http://console.test/forms/customers.xlsx",
            "csvUrl": "http://console.test/forms/customers.csv",
        }
    }


@pytest.mark.parametrize("action", ["AddUpLoadMobileTask", "DescribeCustomers"])
async def test_importing_and_looking_are_allowed_apart(console: Console, action: str) -> None:
    company = await Company.of(console)
    policy = await company.policy("customers", allow(f"name/sms:{action}"))
    clerk: Caller = (await company.person("clerk", policy)).caller
    before = await console.digest()
    looking = [await clerk.ask(LIST), await clerk.ask(FORM)]
    expected = None if action == "DescribeCustomers" else "FORBIDDEN"
    assert [answer.code for answer in looking] == [expected, expected]
    assert await console.digest() == before
    answer = await clerk.ask(CREATE, input=form())
    if action == "AddUpLoadMobileTask":
        assert (answer.code, stored_files(console)) == (None, 1)
    else:
        assert (answer.code, stored_files(console)) == ("FORBIDDEN", 0)
        assert await console.digest() == before

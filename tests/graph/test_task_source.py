"""Customer groups and numbers as recipients of bulk tasks, through the schema (BLK-11, CUS-5)."""

from dataclasses import replace
from typing import Any

import pytest

from db.account import AccountRow
from db.customer_group import CustomerGroupRow
from domain.region import SmsType
from domain.terms import Terms
from graph.node import encode
from tests import bulk, filling
from tests.bulk import Parts
from tests.console import Console, Statements
from tests.docs.test_guide import work
from tests.graph.bulk_task import START, UPDATE, UPLOAD, change, consent, errors, file
from tests.graph.test_task_upload import stored_files

TASK = """
  id status source fileName fileBytes rowsSeen rowsTotal recipients rejected duplicates segments
  problem groups { groupId name memberCount }
"""
SELECT = f"""
mutation ($id: ID!, $input: BulkTaskSelectGroupsInput!) {{
  bulkTaskSelectGroups(id: $id, input: $input) {{
    bulkTask {{ {TASK} }} userErrors {{ code field message }}
  }}
}}
"""
ENTER = f"""
mutation ($id: ID!, $input: BulkTaskEnterNumbersInput!) {{
  bulkTaskEnterNumbers(id: $id, input: $input) {{
    bulkTask {{ {TASK} }} userErrors {{ code field message }}
  }}
}}
"""
SHOW = f"query ($id: ID!) {{ bulkTask(id: $id) {{ {TASK} }} }}"
RECIPIENTS = """
query ($id: ID!) {
  bulkTaskRecipients(id: $id) { nodes { row phone content } }
  bulkTaskRowErrors(id: $id) { nodes { row column code value } }
}
"""


@pytest.fixture
async def plain(console: Console, parts: Parts) -> Parts:
    """What a task without variables needs."""
    now = console.clock.now
    return replace(parts, template_id=await filling.add_template(console.database, parts, now))


async def draft(console: Console, parts: Parts, **changes: Any) -> str:
    task_id = await bulk.add_task(console.database, parts, console.clock.now, **changes)
    return encode("BulkTask", task_id)


async def group(console: Console, owner: int, *phones: str, **changes: Any) -> str:
    group_id = await filling.add_group(
        console.database, owner, phones, console.clock.now, **changes
    )
    return encode("CustomerGroup", group_id)


async def test_a_task_is_filled_from_groups_and_sent(
    console: Console, account: AccountRow, plain: Parts
) -> None:
    root, owner = console.root(account), account.uin
    one, two = filling.phones(2)
    first = await group(console, owner, one, "+85266661234", name="First")
    second = await group(console, owner, one, two, name="Second")
    task_id = await draft(console, plain)
    assert (await root.run(SHOW, id=task_id))["bulkTask"]["source"] is None
    answer = await root.run(SELECT, id=task_id, input={"groupIds": [first, second, first]})
    assert answer["bulkTaskSelectGroups"]["userErrors"] == []
    shown = answer["bulkTaskSelectGroups"]["bulkTask"]
    assert (shown["status"], shown["source"]) == ("CHECKING", "GROUPS")
    assert (shown["rowsSeen"], shown["rowsTotal"]) == (0, 4)
    await work(console)
    # What becomes of the group later does not reach the task.
    await change(console, CustomerGroupRow, 1, name="Renamed", deleted_at=console.clock.now)
    shown = (await root.run(SHOW, id=task_id))["bulkTask"]
    assert shown == {
        "id": task_id,
        "status": "READY",
        "source": "GROUPS",
        "fileName": None,
        "fileBytes": None,
        "rowsSeen": 4,
        "rowsTotal": 4,
        "recipients": 2,
        "rejected": 1,
        "duplicates": 1,
        "segments": 2,
        "problem": None,
        "groups": [
            {"groupId": first, "name": "First", "memberCount": 2},
            {"groupId": second, "name": "Second", "memberCount": 2},
        ],
    }
    found = await root.run(RECIPIENTS, id=task_id)
    assert found["bulkTaskRecipients"]["nodes"] == [
        {"row": 1, "phone": one, "content": "【Shop0】We are closed tomorrow."},
        {"row": 4, "phone": two, "content": "【Shop0】We are closed tomorrow."},
    ]
    assert found["bulkTaskRowErrors"]["nodes"] == [
        {"row": 2, "column": "First", "code": "MISMATCH", "value": "+85266661234"},
        {"row": 3, "column": "", "code": "TAKEN", "value": one},
    ]
    answer = await root.run(START, id=task_id, input=consent(2))
    assert answer["bulkTaskStart"]["userErrors"] == []
    await work(console)
    assert (await root.run(SHOW, id=task_id))["bulkTask"]["status"] == "SENT"
    row = await bulk.task_of(console.database, 1)
    assert (row.accepted, row.delivered, row.reserved_units) == (2, 2, 2)


async def test_groups_and_the_task_must_fit(
    console: Console, account: AccountRow, plain: Parts
) -> None:
    root, owner = console.root(account), account.uin
    stranger = await console.add_account()
    good = await group(console, owner, *filling.phones(1), name="Good")
    selling = await group(
        console, owner, *filling.phones(1), name='The "best"', sms_type=SmsType.MARKETING
    )
    foreign = await group(console, stranger.uin, *filling.phones(1))
    gone = await group(console, owner, name="Gone")
    await change(console, CustomerGroupRow, 4, deleted_at=console.clock.now)
    task_id = await draft(console, plain)
    before = await console.digest()
    absent = "there is no such customer group"
    given = {"groupIds": [good, selling, foreign, gone]}
    assert await errors(root, SELECT, id=task_id, input=given) == [
        (
            "MISMATCH",
            ["input", "groupIds", "1"],
            (
                'customer group "The \\"best\\"" is for marketing SMS and the task\'s template for '
                "regular SMS: select groups of one type with the template"
            ),
        ),
        ("NOT_FOUND", ["input", "groupIds", "2"], absent),
        ("NOT_FOUND", ["input", "groupIds", "3"], absent),
    ]
    assert await errors(root, SELECT, id=task_id, input={"groupIds": []}) == [
        ("REQUIRED", ["input", "groupIds"], "groupIds is empty: select 1 to 50 customer groups")
    ]
    many = [encode("CustomerGroup", key) for key in range(1, 52)]
    assert await errors(root, SELECT, id=task_id, input={"groupIds": many}) == [
        (
            "TOO_LARGE",
            ["input", "groupIds"],
            "groupIds has 51 entries: select at most 50 customer groups",
        )
    ]
    (found,) = await errors(root, SELECT, id=task_id, input={"groupIds": [good, "x", task_id]})
    assert found[:2] == ("INVALID", ["input", "groupIds", "1"])
    wrong = encode("Application", plain.app_id)
    (found,) = await errors(root, SELECT, id=task_id, input={"groupIds": [wrong]})
    assert found[:2] == ("INVALID", ["input", "groupIds", "0"])
    assert found[2].endswith("is the id of an Application, not of a CustomerGroup")
    theirs = console.root(stranger)
    assert await errors(theirs, SELECT, id=task_id, input={"groupIds": [foreign]}) == [
        ("NOT_FOUND", ["id"], "there is no such bulk task")
    ]
    console.terms = Terms(recipient_rows=0)
    assert await errors(root, SELECT, id=task_id, input={"groupIds": [good]}) == [
        (
            "LIMIT_EXCEEDED",
            ["input", "groupIds"],
            (
                "the groups have 1 members: a task reaches 0 at most, so select fewer groups and "
                "send two tasks"
            ),
        )
    ]
    assert await console.digest() == before


async def test_fifty_groups_may_be_selected(
    console: Console, account: AccountRow, plain: Parts
) -> None:
    root = console.root(account)
    ids = [await group(console, account.uin, name=f"Group {number}") for number in range(50)]
    answer = await root.run(SELECT, id=await draft(console, plain), input={"groupIds": ids})
    shown = answer["bulkTaskSelectGroups"]["bulkTask"]
    assert [one["groupId"] for one in shown["groups"]] == ids


async def test_only_an_upload_fills_variables(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    """domain.md 5.5."""
    root, task_id = console.root(account), await draft(console, parts)
    good = await group(console, account.uin, *filling.phones(1))
    before = await console.digest()
    problem = (
        "MISMATCH",
        ["id"],
        (
            "the task's template has 2 variables, which only an uploaded form fills: upload one, "
            "or choose a template without variables"
        ),
    )
    assert await errors(root, SELECT, id=task_id, input={"groupIds": [good]}) == [problem]
    assert await errors(root, ENTER, id=task_id, input={"numbers": "13800138000"}) == [problem]
    assert await console.digest() == before
    assert stored_files(console) == 0


async def test_numbers_are_entered_and_checked(
    console: Console, account: AccountRow, plain: Parts
) -> None:
    root, task_id = console.root(account), await draft(console, plain)
    numbers = "13800138000\n\n138 0013 8001\n12\n13800138000\n85266661234"
    answer = await root.run(ENTER, id=task_id, input={"numbers": numbers})
    shown = answer["bulkTaskEnterNumbers"]["bulkTask"]
    assert (shown["status"], shown["source"], shown["fileName"]) == ("CHECKING", "NUMBERS", None)
    await work(console)
    shown = (await root.run(SHOW, id=task_id))["bulkTask"]
    assert (shown["status"], shown["groups"]) == ("READY", [])
    assert (shown["recipients"], shown["rejected"], shown["duplicates"]) == (2, 2, 1)
    found = await root.run(RECIPIENTS, id=task_id)
    assert [(one["row"], one["phone"]) for one in found["bulkTaskRecipients"]["nodes"]] == [
        (1, "+8613800138000"),
        (3, "+8613800138001"),
    ]
    assert found["bulkTaskRowErrors"]["nodes"] == [
        {"row": 4, "column": "", "code": "INVALID", "value": "12"},
        {"row": 5, "column": "", "code": "TAKEN", "value": "+8613800138000"},
        {"row": 6, "column": "", "code": "MISMATCH", "value": "85266661234"},
    ]
    assert stored_files(console) == 0


async def test_a_hundred_numbers_may_be_entered_and_no_more(
    console: Console, account: AccountRow, plain: Parts
) -> None:
    root, task_id = console.root(account), await draft(console, plain)
    numbers = [phone.removeprefix("+86") for phone in filling.phones(101)]
    refused = [
        ("\n".join(numbers), "LIMIT_EXCEEDED", "numbers has more than 100 entries: split the list"),
        (" \n", "REQUIRED", "numbers is empty: enter 1 to 100 mobile numbers, one a line"),
    ]
    for given, code, message in refused:
        assert await errors(root, ENTER, id=task_id, input={"numbers": given}) == [
            (code, ["input", "numbers"], message)
        ]
    assert stored_files(console) == 0
    await root.run(ENTER, id=task_id, input={"numbers": "\n".join(numbers[:100])})
    await work(console)
    assert (await bulk.task_of(console.database, 1)).recipients == 100


async def test_the_last_source_holds(console: Console, account: AccountRow, plain: Parts) -> None:
    root, task_id = console.root(account), await draft(console, plain)
    groups = {"groupIds": [await group(console, account.uin, *filling.phones(3))]}
    await root.run(UPLOAD, id=task_id, file=file(b"Mobile number\n13900139000\n"))
    for document, given in ((SELECT, groups), (ENTER, {"numbers": "13800138000"})):
        (found,) = await errors(root, document, id=task_id, input=given)
        assert found[0] == "WRONG_STATE"
        assert found[2].startswith("task is checking and cannot become checking")
    assert stored_files(console) == 1
    await work(console)
    await root.run(SELECT, id=task_id, input=groups)
    await work(console)
    shown = (await root.run(SHOW, id=task_id))["bulkTask"]
    assert (shown["source"], shown["fileName"], shown["recipients"]) == ("GROUPS", None, 3)
    await root.run(ENTER, id=task_id, input={"numbers": "13800138000"})
    await work(console)
    shown = (await root.run(SHOW, id=task_id))["bulkTask"]
    assert (shown["source"], shown["groups"], shown["recipients"]) == ("NUMBERS", [], 1)
    assert len(await bulk.messages(console.database, 1)) == 1
    # What the recipients were checked against stays with them.
    (found,) = await errors(root, UPDATE, id=task_id, input={"templateId": encode("Template", 1)})
    assert found[0] == "WRONG_STATE"


async def test_the_groups_of_a_page_cost_one_statement(
    console: Console, account: AccountRow, plain: Parts
) -> None:
    root, counts = console.root(account), []
    groups = {"groupIds": [await group(console, account.uin, *filling.phones(1))]}
    page = "{ bulkTasks(first: 50) { nodes { name groups { name memberCount } } } }"
    bare = "{ bulkTasks(first: 50) { nodes { name } } }"
    for count in (1, 5):
        for _ in range(count):
            await root.run(SELECT, id=await draft(console, plain), input=groups)
        for document in (page, bare):
            with Statements(console.database) as statements:
                await root.run(document)
            counts.append(len(statements))
    assert counts[0] == counts[2] == counts[1] + 1 == counts[3] + 1


async def test_who_may_not_edit_tasks_fills_none(
    console: Console, account: AccountRow, plain: Parts
) -> None:
    task_id = await draft(console, plain)
    groups = {"groupIds": [await group(console, account.uin, *filling.phones(1))]}
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess")
    before = await console.digest()
    for document, given in ((SELECT, groups), (ENTER, {"numbers": "13800138000"})):
        answer = await reader.ask(document, id=task_id, input=given)
        action = answer.errors[0].extensions["action"]
        assert (answer.code, action) == ("FORBIDDEN", "sms:ModifySendSMSTask")
    assert await console.digest() == before

"""Recipient files through the schema: the form, the upload, its bounds (BLK-2, BLK-3)."""

from pathlib import Path

from db.account import AccountRow
from domain.terms import Terms
from graph.node import encode
from tests import bulk
from tests.bulk import Parts
from tests.console import Console
from tests.graph.bulk_task import UPLOAD, errors, file


async def test_an_upload_is_stored_and_its_check_asked_for(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, now = console.root(account), console.clock.now
    task_id = await bulk.add_task(console.database, parts, now)
    upload = file(b"Mobile number,1,2\n", "C:\\my files\\list\n.csv")
    payload = await root.run(UPLOAD, id=encode("BulkTask", task_id), file=upload)
    assert payload["bulkTaskUpload"] == {
        "bulkTask": {
            "status": "CHECKING",
            "fileName": "list.csv",
            "fileBytes": 18,
            "recipients": 0,
        },
        "userErrors": [],
    }
    row = await bulk.task_of(console.database, task_id)
    assert await console.store.get(row.file_key or "", limit=100) == b"Mobile number,1,2\n"
    (job,) = await bulk.open_jobs(console.database, now)
    assert (job.id, job.subject_id) == (row.check_job, task_id)
    # A second upload waits for the first to be checked, and leaves nothing behind.
    (found,) = await errors(root, UPLOAD, id=encode("BulkTask", task_id), file=file(b"x"))
    assert found[2].startswith("task is checking and cannot become checking")
    assert stored_files(console) == 1


def stored_files(console: Console) -> int:
    folder = Path(str(console.store._folder))  # noqa: SLF001 - the store never lists
    return sum(path.is_file() for path in folder.rglob("*"))


async def test_uploads_are_bounded_and_refused_ones_leave_no_file(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    console.terms = Terms(recipient_file_bytes=10)
    root = console.root(account)
    task_id = encode("BulkTask", await bulk.add_task(console.database, parts, console.clock.now))
    assert await errors(root, UPLOAD, id=task_id, file=file(b"12345678901")) == [
        ("TOO_LARGE", ["file"], "file is larger than 10 bytes: split it and send two tasks")
    ]
    assert await errors(root, UPLOAD, id=task_id, file=file(b"")) == [
        ("REQUIRED", ["file"], "file is empty: upload the filled form")
    ]
    assert stored_files(console) == 0
    await root.run(UPLOAD, id=task_id, file=file(b"1234567890"))
    assert stored_files(console) == 1


async def test_the_form_is_for_templates_of_the_account(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    query = """
    query ($id: ID!) { recipientForm(templateId: $id) { xlsxUrl csvUrl variables region } }
    """
    template_id = encode("Template", parts.template_id)
    found = (await console.root(account).run(query, id=template_id))["recipientForm"]
    place = f"http://console.test/forms/recipients/{template_id}"
    assert found == {
        "xlsxUrl": f"{place}.xlsx",
        "csvUrl": f"{place}.csv",
        "variables": 2,
        "region": "MAINLAND",
    }
    other = console.root(await console.add_account())
    assert (await other.run(query, id=template_id))["recipientForm"] is None

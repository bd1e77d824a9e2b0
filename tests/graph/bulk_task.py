"""Documents and steps of the bulk task tests."""

from io import BytesIO
from typing import Any

from sqlmodel import col, update
from starlette.datastructures import UploadFile

from graph.node import encode
from tests import bulk
from tests.bulk import Found, Parts
from tests.console import Caller, Console

CREATE = """
mutation ($input: BulkTaskCreateInput!) {
  bulkTaskCreate(input: $input) {
    bulkTask {
      id name region smsType status progress scheduledAt applicationId templateId signatureId
      unknownMessages
      rowErrorsUrl fee { packageUnits packageBalance amountMicros currency }
    }
    userErrors { code field message }
  }
}
"""
UPDATE = """
mutation ($id: ID!, $input: BulkTaskUpdateInput!) {
  bulkTaskUpdate(id: $id, input: $input) {
    bulkTask { name scheduledAt templateId signatureId region unknownMessages }
    userErrors { code field message }
  }
}
"""
UPLOAD = """
mutation ($id: ID!, $file: Upload!) {
  bulkTaskUpload(id: $id, file: $file) {
    bulkTask { status fileName fileBytes recipients }
    userErrors { code field message }
  }
}
"""
START = """
mutation ($id: ID!, $input: BulkTaskStartInput!) {
  bulkTaskStart(id: $id, input: $input) {
    bulkTask { status fee { packageUnits packageBalance amountMicros } }
    userErrors { code field message }
  }
}
"""
STOP = """
mutation ($id: ID!) {
  bulkTaskStop(id: $id) { bulkTask { status } userErrors { code field message } }
}
"""
CANCEL = """
mutation ($id: ID!) {
  bulkTaskCancel(id: $id) { bulkTask { status } userErrors { code field message } }
}
"""
DELETE = """
mutation ($id: ID!) {
  bulkTaskDelete(id: $id) { deletedId userErrors { code field message } }
}
"""
SHOW = """
query ($id: ID!) {
  bulkTask(id: $id) {
    status progress recipients rejected duplicates segments problem rowErrorsUrl
    delivery { accepted refused delivered failed awaited }
    fee { packageUnits packageBalance amountMicros }
    blockers { code field message }
  }
}
"""
LIST = """
query ($where: BulkTaskFilter, $first: Int = 20, $after: String) {
  bulkTasks(where: $where, first: $first, after: $after) {
    nodes { name fee { packageBalance } blockers { code } }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
"""


def form(parts: Parts, **changes: Any) -> dict[str, Any]:
    """Fill in the form of a new task, without naming a signature."""
    return {
        "name": "Autumn",
        "applicationId": encode("Application", parts.app_id),
        "templateId": encode("Template", parts.template_id),
        **changes,
    }


def file(data: bytes, name: str = "list.csv") -> UploadFile:
    return UploadFile(BytesIO(data), size=len(data), filename=name)


async def ready(console: Console, parts: Parts, batch: Found | None = None, **changes: Any) -> str:
    """Make a task whose recipients are checked; gives its id."""
    now = console.clock.now
    task_id = await bulk.add_task(console.database, parts, now, **changes)
    await bulk.make_ready(console.database, task_id, now, batch)
    return encode("BulkTask", task_id)


async def errors(caller: Caller, document: str, **variables: Any) -> list[tuple[Any, Any, Any]]:
    """Execute a mutation that is refused; gives code, field and message of each error."""
    (payload,) = (await caller.run(document, **variables)).values()
    return [(found["code"], found["field"], found["message"]) for found in payload["userErrors"]]


async def change(console: Console, table: Any, key: int, **values: Any) -> None:
    async with console.database.write() as session:
        await session.exec(update(table).where(col(table.id) == key).values(**values))


def consent(segments: int, **changes: Any) -> dict[str, Any]:
    return {"consent": True, "expectedSegments": segments, **changes}

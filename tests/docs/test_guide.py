"""docs/guide.md does what it says: each of its operations is run in order on a real console.

A comment in an operation's first line says who calls, what time passes, what is awaited and what
is refused; the JSON below it holds its variables.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse
from sqlmodel import col, select
from starlette.datastructures import UploadFile

from db.job import JobRow
from db.message import MessageRow
from db.task import BulkTaskRow
from delivery.carriers import Means, builder
from delivery.settings import DeliverySettings
from delivery.step import Tools
from delivery.worker import Worker
from delivery.workflows import Workflows
from domain.message import MessageStatus
from domain.region import IdentityKind, Verification
from domain.sandbox import Odds
from domain.task import TaskStatus
from graph.schema import schema
from tests import bulk
from tests.console import Caller, Console
from tests.images import image

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")
INSIDE: Final = re.compile(r"\$\{([\w.]+)\}")
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHAPTERS: Final = (
    "Applications",
    "Basic configuration",
    "Alarm contacts",
    "Event callback",
    "Signatures",
    "Templates",
    "Review",
    "Customers",
    "Bulk SMS",
    "Packages",
    "Blocklist",
    "Unsubscribed users",
    "Statistics",
    "Message and reply records",
    "Exports and dumps",
    "Short URLs",
    "Reply callback",
    "Single messages",
    "Identity",
)
# What the chapters are about: none of these fields may be missing from them.
TOPICS: Final = re.compile(
    r"account|application|certificate|signature|template|segment|review|restor|bulkTask|recipientForm|verif"
    r"|blocklist|unsubscription|eventCallback|replyCallback|frequency|alarm|notification|package|price|purchase|warning|shortUrl|customer"
    r"|statistic(Overview|Trend)|failureAnalysis|receiptAnalysis|countryStatistic$|monthStatistic$"
    r"|messageRecords?$|replyRecords?$"
    r"|messageSend|phoneNumberInfo"
    r"|statusPull|replyPull|statusesByPhoneNumber|repliesByPhoneNumber"
)
UNDER_WAY: Final = (MessageStatus.CLAIMED, MessageStatus.SUBMITTED)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the guide: its comment, and the variables below it."""

    document: str
    comment: str
    variables: Any
    sheet: str

    @property
    def refusal(self) -> str | None:
        """The code it is refused with; None when it succeeds."""
        found = re.search(r"is refused with (\w+)", self.comment)
        return found.group(1) if found else None

    @property
    def minutes(self) -> int:
        """The minutes that pass before it."""
        found = re.search(r"after (\d+) minutes", self.comment)
        return int(found.group(1)) if found else 0


def steps(guide: str = GUIDE) -> list[Step]:
    """Read a guide; a table in a csv block is the sheet of every upload behind it."""
    found: list[Step] = []
    sheet = ""
    blocks = [*BLOCK.findall(guide), ("end", "")]
    for (language, content), (following, variables) in pairwise(blocks):
        if language == "csv":
            sheet = content
        elif language == "graphql":
            first = content.partition("\n")[0]
            comment = first.removeprefix("# ") if first.startswith("# ") else ""
            given = json.loads(variables) if following == "json" else {}
            found.append(Step(content, comment, given, sheet))
    return found


class Reader:
    """Somebody who follows the guide: a console, its people, and what was answered so far."""

    def __init__(self, console: Console, callers: Mapping[str, Caller]) -> None:
        """Begin at the first page."""
        self.console = console
        self.callers = callers
        self.answers: dict[str, Any] = {}

    async def follow(self, step: Step) -> None:
        """Do one step and hold it to what the guide says of it."""
        self.console.clock.advance(timedelta(minutes=step.minutes))
        if "once the worker has caught up" in step.comment:
            await work(self.console)
        caller = next(who for name, who in self.callers.items() if name in step.comment)
        answer = await caller.run(step.document, **self.filled(step.variables, step))
        for name, shown in answer.items():
            assert shown is not None, f"{step.document} answers nothing as {name}"
            errors = shown.get("userErrors") if isinstance(shown, dict) else None
            codes = [error["code"] for error in errors or ()]
            assert codes == ([step.refusal] if step.refusal else []), (step.document, errors)
        if not step.refusal:
            self.answers |= answer

    def filled(self, value: Any, step: Step) -> Any:
        """Put earlier answers and files where the guide names them."""
        if isinstance(value, dict):
            return {key: self.filled(inner, step) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner, step) for inner in value]
        if isinstance(value, str) and value.startswith("$"):
            return self.answered(value[1:])
        if isinstance(value, str) and "${" in value:
            return INSIDE.sub(lambda found: self.answered(found.group(1)), value)
        if isinstance(value, str) and value.startswith("@"):
            data = step.sheet.encode() if value.endswith(".csv") else image()
            return UploadFile(BytesIO(data), size=len(data), filename=value[1:])
        return value

    def answered(self, path: str) -> Any:
        """Look an earlier answer up."""
        found: Any = self.answers
        for part in path.split("."):
            found = found[int(part) if part.isdecimal() else part]
        return found


async def work(console: Console) -> None:
    """Run a worker until nothing is left to do."""
    tools = Tools(console.database, console.store, console.terms, console.clock)
    settings = DeliverySettings(
        poll=timedelta(milliseconds=5), odds=Odds(success_rate=1, delay=timedelta(0), seed=1)
    )
    build = builder(
        Means(
            database=console.database,
            vault=console.vault,
            clock=console.clock,
            settings=settings,
        )
    )
    worker = Worker(console.database, build, Workflows(tools), console.clock, settings)
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(30):
            while await busy(console):  # noqa: ASYNC110 - durable work sets no event here
                await asyncio.sleep(0.02)
    finally:
        worker.stop()
        await running


async def busy(console: Console) -> bool:
    async with console.database.read() as session:
        jobs = select(JobRow.id).where(
            col(JobRow.finished_at).is_(None), col(JobRow.due_at) <= console.clock.now
        )
        messages = select(MessageRow.id).where(col(MessageRow.state).in_(UNDER_WAY))
        tasks = select(BulkTaskRow.id).where(BulkTaskRow.status == TaskStatus.SENDING)
        return any([(await session.exec(query)).all() for query in (jobs, messages, tasks)])


@pytest.fixture
async def reader(console: Console) -> Reader:
    """A reader with a verified organization, two operators, and somebody's new account."""
    company = await console.add_account()
    await bulk.grant(console.database, company.uin, 100, console.clock.now)
    person = await console.add_account(
        identity=IdentityKind.INDIVIDUAL, verification=Verification.UNVERIFIED
    )
    callers = {
        "as an operator": await console.operator(),
        "as another operator": await console.operator(),
        "as a new account": console.root(person),
        "": console.root(company),
    }
    return Reader(console, callers)


async def test_every_step_of_the_guide_works_in_order(reader: Reader) -> None:
    for step in steps():
        await reader.follow(step)
    answers = reader.answers
    assert answers["bulkTasks"]["nodes"][-1]["delivery"] == {
        "accepted": 2,
        "refused": 0,
        "inDoubt": 0,
        "unsent": 0,
        "delivered": 2,
        "failed": 0,
        "awaited": 0,
    }
    assert [error["row"] for error in answers["bulkTaskRowErrors"]["nodes"]] == [4, 5]
    assert answers["filled"]["groups"][0]["memberCount"] == 3
    assert (answers["filled"]["recipients"], answers["filled"]["rejected"]) == (2, 1)
    assert (answers["entered"]["source"], answers["entered"]["recipients"]) == ("NUMBERS", 2)
    assert answers["bulkTaskCancel"]["bulkTask"]["status"] == "CANCELLED"
    assert answers["reviewTarget"]["share"] == 1.0
    entered = [found["status"] for found in answers["customerAdd"]["results"]]
    assert entered == ["ADDED", "ADDED", "ADDED", "REPEATED"]
    imported = answers["customerImport"]
    assert [imported[name] for name in ("status", "added", "duplicates", "rejected")] == [
        "DONE",
        3,
        1,
        1,
    ]
    assert [len(answers["customerMove"][name]) for name in ("movedIds", "mergedIds")] == [1, 1]
    assert answers["customerGroup"] == {"name": "Regular customers", "memberCount": 3}
    assert answers["customerGroupDelete"]["deletedCustomers"] == 1
    statuses = [found["status"] for found in answers["blocklistAdd"]["results"]]
    assert statuses == ["ADDED", "ADDED", "ADDED", "DUPLICATE", "INVALID"]
    assert answers["blocklistEntry"]["status"] == "EFFECTIVE"
    assert answers["checked"]["willSkip"] == {"blocklisted": 1, "unsubscribed": 0}
    assert [node["phone"] for node in answers["leftOut"]["nodes"]] == ["+8613800000002"]
    assert [node["status"] for node in answers["unsubscriptions"]["nodes"]] == ["UNSUBSCRIBED"]
    assert answers["unsubscription"]["status"] == "REMOVED"
    assert answers["unsubscriptionRemoval"]["status"] == "APPROVED"
    assert answers["eventCallbackTest"]["result"]["succeeded"]
    assert answers["replyCallback"]["url"] == "https://hooks.example.com/replies"
    assert [node["accountUin"] for node in answers["purchases"]["nodes"]] == ["12345678"]
    assert answers["packageBalance"]["remaining"] > 20_000
    assert answers["warningThreshold"]["global"] == {
        "enabled": False,
        "threshold": 500,
        "sentToday": 0,
        "remindedAt": None,
    }
    assert answers["shortUrl"]["templates"] == [{"name": "Spring sale", "region": "GLOBAL"}]
    assert [node["clicks"] for node in answers["shortUrlStatistics"]["nodes"]] == [0]
    assert answers["statisticOverview"]["totals"]["delivered"] == 3
    assert answers["receiptAnalysis"]["totals"]["receiptSuccessRate"] == 1.0
    assert [line["name"] for line in answers["countryStatistic"]] == ["China"]
    assert [line["month"] for line in answers["monthStatistic"]] == ["2026-02", "2026-03"]
    records = answers["messageRecords"]
    assert (records["totalCount"], records["hasMoreThanCounted"]) == (4, False)
    assert answers["messageRecord"]["remarks"] == "a receipt says it arrived"
    assert answers["replyRecord"]["status"] == "UNSUBSCRIBED"
    assert (answers["dump"]["status"], answers["dump"]["rows"]) == ("READY", 4)
    assert answers["dumpCancel"]["dump"]["status"] == "CANCELLED"
    assert answers["statusPullQueue"]["waiting"] == 0
    sent = [found["code"] for found in answers["messageSend"]["results"]]
    assert sent == ["Ok", "Ok", "InvalidParameterValue.IncorrectPhoneNumber"]
    assert [found["valid"] for found in answers["phoneNumberInfo"]] == [True, True, False]
    kinds = [node["kind"] for node in answers["verificationRequests"]["nodes"]]
    assert kinds == ["ORGANIZATION", "INDIVIDUAL"]


def test_the_guide_has_its_chapters() -> None:
    assert tuple(re.findall(r"^## (.+)$", GUIDE, re.MULTILINE)) == CHAPTERS


def test_the_chapters_leave_no_operation_out() -> None:
    types = schema._schema  # noqa: SLF001 - the graphql-core schema has no public name
    assert types.query_type is not None
    assert types.mutation_type is not None
    there = {("query", name) for name in types.query_type.fields if TOPICS.match(name)}
    there |= {("mutation", name) for name in types.mutation_type.fields if TOPICS.match(name)}
    shown = {
        (operation.operation.value, field.name.value)
        for step in steps()
        for operation in parse(step.document).definitions
        if isinstance(operation, OperationDefinitionNode)
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
    }
    assert there <= shown
    assert len(there) > 40

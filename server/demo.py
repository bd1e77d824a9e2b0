"""The product's main job, played by an outside client against a running server."""

import asyncio
import io
import json
import secrets
import time
from typing import Any, Final

import httpx2
from PIL import Image, ImageDraw
from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from server.demo_client import Client, DemoError
from server.demo_recipients import Expected, fill
from server.settings import Settings
from server.setup import DEMO_FILE

POLL_SECONDS: Final = 0.3
PATIENCE_SECONDS: Final = 300
SHOWN_ERRORS: Final = 4

CREATE_APPLICATION: Final = """
mutation ($input: ApplicationCreateInput!) {
  applicationCreate(input: $input) { application { id sdkAppId } userErrors { field message } }
}
"""
CREATE_SIGNATURE: Final = """
mutation ($input: SignatureCreateInput!) {
  signatureCreate(input: $input) { signature { id } userErrors { field message } }
}
"""
CREATE_TEMPLATE: Final = """
mutation ($input: TemplateCreateInput!) {
  templateCreate(input: $input) { template { id } userErrors { field message } }
}
"""
QUEUE: Final = "{ reviewQueue(first: 100) { nodes { id subject { id } } } }"
APPROVE: Final = """
mutation ($id: ID!) {
  reviewApprove(id: $id) { reviewItem { verdict } userErrors { field message } }
}
"""
FORM: Final = "query ($id: ID!) { recipientForm(templateId: $id) { xlsxUrl } }"
CREATE_TASK: Final = """
mutation ($input: BulkTaskCreateInput!) {
  bulkTaskCreate(input: $input) { bulkTask { id } userErrors { field message } }
}
"""
UPLOAD: Final = """
mutation ($id: ID!, $file: Upload!) {
  bulkTaskUpload(id: $id, file: $file) { bulkTask { id } userErrors { field message } }
}
"""
TASK: Final = """
query ($id: ID!) {
  bulkTask(id: $id) {
    status problem rowsSeen rowsTotal recipients rejected duplicates segments
    fee { packageUnits packageBalance } blockers { message }
    delivery { accepted refused delivered failed awaited }
  }
}
"""
ROW_ERRORS: Final = """
query ($id: ID!, $first: Int!) {
  bulkTaskRowErrors(id: $id, first: $first) { totalCount nodes { row column value message } }
}
"""
START: Final = """
mutation ($id: ID!, $segments: Int!) {
  bulkTaskStart(id: $id, input: {consent: true, expectedSegments: $segments}) {
    bulkTask { status } userErrors { field message }
  }
}
"""
OVERVIEW: Final = """
query ($input: StatisticInput!) {
  statisticOverview(input: $input) {
    totals { requests accepted billableSegments delivered failed successRate }
  }
}
"""
FAILURES: Final = """
query ($input: StatisticInput!) {
  failureAnalysis(input: $input) { code reason failures proportion }
}
"""


async def play(settings: Settings, terminal: Terminal) -> int:
    """Play the whole story; gives the process's exit code, 0 when every figure is right."""
    base_url = f"http://{settings.host}:{settings.port}"
    try:
        credentials = json.loads((settings.data / DEMO_FILE).read_text())
        root = await Client.sign_in(
            base_url,
            accountUin=credentials["account_uin"],
            password=credentials["root_password"],
        )
        operator = await Client.sign_in(
            base_url, name=credentials["operator_name"], password=credentials["operator_password"]
        )
        try:
            await _story(root, operator, terminal)
        finally:
            await root.close()
            await operator.close()
    except FileNotFoundError:
        terminal.print(f"no {settings.data / DEMO_FILE}: start `make run` first", style="red")
        return 1
    except (DemoError, httpx2.TransportError) as error:
        terminal.print(f"the demo failed: {error}", style="red", markup=False)
        return 1
    return 0


async def _story(root: Client, operator: Client, terminal: Terminal) -> None:
    mark = secrets.token_hex(3)
    application = (
        await root.change(CREATE_APPLICATION, input={"name": f"Demo {mark}", "overview": "Demo"})
    )["application"]
    terminal.print(f"application {application['sdkAppId']}")
    signature = await _signature(root, mark)
    template = await _template(root, mark)
    await _approve(operator, signature, template)
    terminal.print("signature and template approved by the operator")
    form = await root.ask(FORM, id=template)
    sheet, expected = fill(await root.download(form["xlsxUrl"]))
    task = (
        await root.change(
            CREATE_TASK,
            input={
                "name": f"Demo {mark}",
                "applicationId": application["id"],
                "templateId": template,
                "signatureId": signature,
            },
        )
    )["bulkTask"]["id"]
    await root.upload(UPLOAD, "file", ("recipients.xlsx", sheet), id=task, file=None)
    began = time.monotonic()
    with _progress(terminal) as progress:
        checked = await _follow_check(root, task, progress)
        await _show_row_errors(root, task, checked, expected, terminal)
        await root.change(START, id=task, segments=checked["segments"])
        sent = await _follow_sending(root, task, expected, progress)
    terminal.print(f"checked and sent in {time.monotonic() - began:.1f} s")
    _compare("delivery", sent["delivery"], _delivery(expected))
    await _show_statistics(root, application["id"], template, expected, terminal)


async def _signature(root: Client, mark: str) -> str:
    image = Image.new("RGB", (640, 400), "white")
    ImageDraw.Draw(image).text((40, 40), f"Business licence {mark}", fill="black")
    data = io.BytesIO()
    image.save(data, "PNG")
    answer = await root.upload(
        CREATE_SIGNATURE,
        "input.certificate",
        ("licence.png", data.getvalue()),
        input={
            "region": "MAINLAND",
            "content": f"Demo{mark}",
            "signatureType": "COMPANY",
            "purpose": "SELF_USE",
            "certificateType": "THREE_IN_ONE_LICENCE",
            "certificate": None,
        },
    )
    identity: str = answer["signature"]["id"]
    return identity


async def _template(root: Client, mark: str) -> str:
    answer = await root.change(
        CREATE_TEMPLATE,
        input={
            "region": "MAINLAND",
            "name": f"Demo {mark}",
            "smsType": "REGULAR",
            "content": "Dear {1}, your {2} yuan order has shipped.",
        },
    )
    identity: str = answer["template"]["id"]
    return identity


async def _approve(operator: Client, *subjects: str) -> None:
    queue = await operator.ask(QUEUE)
    items = {item["subject"]["id"]: item["id"] for item in queue["nodes"]}
    for subject in subjects:
        if subject not in items:
            raise DemoError("what was submitted is not in the operator's queue")
        await operator.change(APPROVE, id=items[subject])


def _progress(terminal: Terminal) -> Progress:
    return Progress(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=terminal,
    )


async def _follow_check(root: Client, task: str, progress: Progress) -> Any:
    bar = progress.add_task("checking", total=None)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            state = await root.ask(TASK, id=task)
            progress.update(bar, completed=state["rowsSeen"], total=state["rowsTotal"] or None)
            if state["status"] == "READY":
                return state
            if state["status"] != "CHECKING":
                raise DemoError(f"the check ended as {state['status']}: {state['problem']}")
            await asyncio.sleep(POLL_SECONDS)


async def _show_row_errors(
    root: Client, task: str, checked: Any, expected: Expected, terminal: Terminal
) -> None:
    for name in ("recipients", "rejected", "duplicates"):
        _compare(name, checked[name], getattr(expected, name))
    errors = await root.ask(ROW_ERRORS, id=task, first=SHOWN_ERRORS)
    _compare("row errors", errors["totalCount"], expected.rejected + expected.duplicates)
    table = Table("row", "column", "value", "what is wrong", title="The first rows left out")
    for error in errors["nodes"]:
        table.add_row(str(error["row"]), error["column"], error["value"], error["message"])
    terminal.print(table)
    fee = checked["fee"]
    terminal.print(
        f"{checked['recipients']} recipients, {checked['segments']} segments: "
        f"{fee['packageUnits']} of {fee['packageBalance']} package units"
    )
    if checked["blockers"]:
        raise DemoError("; ".join(blocker["message"] for blocker in checked["blockers"]))


async def _follow_sending(root: Client, task: str, expected: Expected, progress: Progress) -> Any:
    sending = progress.add_task("sending", total=expected.recipients)
    receipts = progress.add_task("receipts", total=expected.recipients - expected.awaited)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            state = await root.ask(TASK, id=task)
            figures = state["delivery"]
            progress.update(sending, completed=figures["accepted"] + figures["refused"])
            progress.update(receipts, completed=figures["delivered"] + figures["failed"])
            if state["status"] == "SENT" and figures["awaited"] <= expected.awaited:
                return state
            if state["status"] not in {"SENDING", "SENT"}:
                raise DemoError(f"the task ended as {state['status']}: {state['problem']}")
            await asyncio.sleep(POLL_SECONDS)


def _delivery(expected: Expected) -> dict[str, int]:
    return {
        "accepted": expected.recipients,
        "refused": 0,
        "delivered": expected.delivered,
        "failed": expected.failures.total(),
        "awaited": expected.awaited,
    }


async def _show_statistics(
    root: Client, application: str, template: str, expected: Expected, terminal: Terminal
) -> None:
    which = {"applicationId": application, "templateId": template, "region": "MAINLAND"}
    chosen = {**which, "period": "LAST_7_DAYS"}
    totals = (await root.ask(OVERVIEW, input=chosen))["totals"]
    table = Table(*totals, title="Overview")
    table.add_row(*(str(value) for value in totals.values()))
    terminal.print(table)
    _compare("requests", totals["requests"], expected.recipients)
    _compare("delivered", totals["delivered"], expected.delivered)
    _compare("failed", totals["failed"], expected.failures.total())
    failures = await root.ask(FAILURES, input=chosen)
    table = Table("code", "reason", "failures", "proportion", title="Failures by reason")
    for row in failures:
        share = f"{row['proportion']:.1%}"
        table.add_row(row["code"], row["reason"], str(row["failures"]), share)
    terminal.print(table)
    _compare(
        "failures by code", {row["code"]: row["failures"] for row in failures}, expected.failures
    )


def _compare(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise DemoError(f"{what} should be {expected} and is {found}")

"""Drafts of bulk tasks through the schema, in both regions (BLK-1, BLK-7, SIG-7)."""

from datetime import datetime, timedelta
from typing import Any

from db.account import AccountRow
from db.signature import SignatureRow
from db.template import TemplateRow
from domain.region import IdentityKind, SmsType
from domain.review import ReviewStatus
from graph.node import encode
from tests import bulk
from tests.bulk import Parts
from tests.console import Console, Statements
from tests.graph.bulk_task import (
    CANCEL,
    CREATE,
    DELETE,
    LIST,
    SHOW,
    START,
    STOP,
    UPDATE,
    UPLOAD,
    change,
    consent,
    errors,
    file,
    form,
    ready,
)


async def test_a_draft_takes_region_and_type_from_its_template_and_the_first_signature(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    later = await bulk.add_parts(console.database, account.uin, console.clock.now)
    given = form(parts, name="  Autumn ", applicationId=encode("Application", later.app_id))
    payload = (await console.root(account).run(CREATE, input=given))["bulkTaskCreate"]
    assert payload["userErrors"] == []
    task = payload["bulkTask"]
    assert task.pop("id")
    assert task == {
        "name": "Autumn",
        "region": "MAINLAND",
        "smsType": "REGULAR",
        "status": "DRAFT",
        "progress": 0.0,
        "scheduledAt": None,
        "applicationId": encode("Application", later.app_id),
        "templateId": encode("Template", parts.template_id),
        "signatureId": encode("Signature", parts.signature_id),
        "unknownMessages": "RESEND",
        "rowErrorsUrl": None,
        "fee": {
            "packageUnits": 0,
            "packageBalance": 100,
            "amountMicros": 0,
            "currency": "USD",
        },
    }


async def test_a_global_task_needs_no_signature_and_takes_none_by_itself(
    console: Console, account: AccountRow, far: Parts
) -> None:
    root = console.root(account)
    task = (await root.run(CREATE, input=form(far)))["bulkTaskCreate"]["bulkTask"]
    assert (task["region"], task["signatureId"]) == ("GLOBAL", None)
    signed = form(far, signatureId=encode("Signature", far.signature_id))
    task = (await root.run(CREATE, input=signed))["bulkTaskCreate"]["bulkTask"]
    assert task["signatureId"] == encode("Signature", far.signature_id)


async def test_everything_wrong_with_a_draft_is_told_at_once(
    console: Console, account: AccountRow, parts: Parts, far: Parts
) -> None:
    await change(console, TemplateRow, parts.template_id, status=ReviewStatus.PENDING)
    given = form(
        parts,
        name=" ",
        signatureId=encode("Signature", far.signature_id),
        scheduledAt=(console.clock.now - timedelta(minutes=1)).isoformat(),
    )
    found = await errors(console.root(account), CREATE, input=given)
    assert [(code, field) for code, field, _ in found] == [
        ("REQUIRED", ["input", "name"]),
        ("WRONG_STATE", ["input", "templateId"]),
        ("MISMATCH", ["input", "signatureId"]),
        ("OUT_OF_RANGE", ["input", "scheduledAt"]),
    ]
    assert found[1][2] == "template is pending and cannot be sent with: choose an approved one"
    assert found[2][2] == (
        "signature is for global and the template for mainland: choose two of one region"
    )


async def test_a_mainland_draft_needs_an_approved_signature(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await change(console, SignatureRow, parts.signature_id, status=ReviewStatus.REJECTED)
    assert await errors(root, CREATE, input=form(parts)) == [
        (
            "REQUIRED",
            ["input", "signatureId"],
            (
                "Mainland China SMS needs an approved signature and the account has none: "
                "apply for one first"
            ),
        )
    ]
    named = form(parts, signatureId=encode("Signature", parts.signature_id))
    assert await errors(root, CREATE, input=named) == [
        (
            "WRONG_STATE",
            ["input", "signatureId"],
            "signature is rejected and cannot be sent with: choose an approved one",
        )
    ]


async def test_what_belongs_to_another_account_is_not_there(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    other = console.root(await console.add_account())
    named = form(parts, signatureId=encode("Signature", parts.signature_id))
    assert await errors(other, CREATE, input=named) == [
        ("NOT_FOUND", ["input", "applicationId"], "there is no such application"),
        ("NOT_FOUND", ["input", "templateId"], "there is no such template"),
        ("NOT_FOUND", ["input", "signatureId"], "there is no such signature"),
    ]
    task_id = await ready(console, parts)
    before = await console.digest()
    assert (await other.run(SHOW, id=task_id))["bulkTask"] is None
    assert (await other.run("{ bulkTasks { totalCount } }"))["bulkTasks"]["totalCount"] == 0
    for document, more in (
        (UPDATE, {"input": {"name": "x"}}),
        (UPLOAD, {"file": file(b"1")}),
        (START, {"input": consent(3)}),
        (STOP, {}),
        (CANCEL, {}),
        (DELETE, {}),
    ):
        (found,) = await errors(other, document, id=task_id, **more)
        assert found[:2] == ("NOT_FOUND", ["id"])
    for field in ("bulkTaskRecipients", "bulkTaskRowErrors"):
        query = f"query ($id: ID!) {{ {field}(id: $id) {{ totalCount }} }}"
        assert await other.run(query, id=task_id) == {field: None}
    assert await other.run(
        "query ($id: ID!) { bulkTaskReport(id: $id) { recipients } }", id=task_id
    ) == {"bulkTaskReport": None}
    assert await console.digest() == before


async def test_marketing_is_for_organizations(console: Console) -> None:
    person = await console.add_account(identity=IdentityKind.INDIVIDUAL)
    now = console.clock.now
    parts = await bulk.add_parts(console.database, person.uin, now, sms_type=SmsType.MARKETING)
    (found,) = await errors(console.root(person), CREATE, input=form(parts))
    assert found[:2] == ("NOT_PERMITTED", ["input", "templateId"])
    task_id = await ready(console, parts, sms_type=SmsType.MARKETING)
    found, _ = await errors(console.root(person), START, id=task_id, input=consent(3))
    assert found == (
        "NOT_PERMITTED",
        ["id"],
        (
            "marketing SMS is for organizations and this account is an individual's: "
            "request verification as an organization (verificationRequest)"
        ),
    )


async def test_a_schedule_is_within_a_month_and_marketing_within_the_day(
    console: Console, account: AccountRow, selling: Parts
) -> None:
    root, now = console.root(account), console.clock.now

    async def scheduled(at: datetime) -> Any:
        payload = await root.run(CREATE, input=form(selling, scheduledAt=at.isoformat()))
        payload = payload["bulkTaskCreate"]
        if payload["userErrors"]:
            return payload["userErrors"][0]["message"]
        return payload["bulkTask"]["scheduledAt"]

    latest = now + timedelta(days=31)
    assert await scheduled(latest) == latest.isoformat()
    assert "is too far ahead" in await scheduled(latest + timedelta(seconds=1))
    night = datetime.fromisoformat("2026-03-02T22:00:00+08:00")
    assert await scheduled(night - timedelta(seconds=1)) == "2026-03-02T13:59:59+00:00"
    assert await scheduled(night) == (
        'marketing SMS is sent from 08:00 to 22:00 and not at "22:00" (Asia/Shanghai): '
        'the next possible time is "2026-03-03T08:00:00+08:00"'
    )


async def test_a_draft_changes_whole_and_a_checked_task_in_name_and_time(
    console: Console, account: AccountRow, parts: Parts, far: Parts
) -> None:
    root = console.root(account)
    due = console.clock.now + timedelta(hours=2)
    draft = encode(
        "BulkTask",
        await bulk.add_task(console.database, parts, console.clock.now, scheduled_at=due),
    )
    changes: dict[str, Any] = {
        "templateId": encode("Template", far.template_id),
        "signatureId": None,
        "scheduledAt": None,
    }
    task = (await root.run(UPDATE, id=draft, input=changes))["bulkTaskUpdate"]["bulkTask"]
    assert task == {
        "name": "Autumn",
        "scheduledAt": None,
        "templateId": encode("Template", far.template_id),
        "signatureId": None,
        "region": "GLOBAL",
        "unknownMessages": "RESEND",
    }
    checked = await ready(console, parts)
    assert await errors(root, UPDATE, id=checked, input=changes) == [
        (
            "WRONG_STATE",
            ["id"],
            (
                "task is ready and keeps its application, template and signature, which its "
                "recipients were checked against: create another task"
            ),
        )
    ]
    later = {"name": "Winter", "scheduledAt": due.isoformat(), "unknownMessages": "WAIT"}
    task = (await root.run(UPDATE, id=checked, input=later))["bulkTaskUpdate"]["bulkTask"]
    assert (task["name"], task["scheduledAt"]) == ("Winter", due.isoformat())
    assert task["unknownMessages"] == "WAIT"
    task = (await root.run(UPDATE, id=checked, input={"name": "May"}))["bulkTaskUpdate"]["bulkTask"]
    assert task["unknownMessages"] == "WAIT"
    sent = await ready(console, parts)
    await root.run(START, id=sent, input=consent(3))
    (found,) = await errors(root, UPDATE, id=sent, input={"name": "x"})
    assert found[2] == "task is sending and cannot be edited: create another task"


async def test_a_draft_is_deleted_and_gone_from_sight_at_once(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, task_id = console.root(account), await ready(console, parts)
    payload = (await root.run(DELETE, id=task_id))["bulkTaskDelete"]
    assert payload == {"deletedId": task_id, "userErrors": []}
    assert (await root.run(SHOW, id=task_id))["bulkTask"] is None
    sent = await ready(console, parts)
    await root.run(START, id=sent, input=consent(3))
    assert await errors(root, DELETE, id=sent) == [
        ("WRONG_STATE", ["id"], "task is sending and cannot be deleted: only drafts are")
    ]


async def test_the_list_costs_the_same_for_one_task_and_for_fifty(
    console: Console, account: AccountRow, parts: Parts, far: Parts
) -> None:
    root = console.root(account)

    async def cost() -> int:
        with Statements(console.database) as statements:
            await root.run(LIST, first=60)
        return len(statements)

    for number in range(50):
        place = far if number % 2 else parts
        await bulk.add_task(console.database, place, console.clock.now, name=f"{number}")
        if number == 1:
            few = await cost()
    found = (await root.run(LIST, first=2, where={"region": "GLOBAL"}))["bulkTasks"]
    assert [node["name"] for node in found["nodes"]] == ["49", "47"]
    assert (found["totalCount"], found["pageInfo"]["hasNextPage"]) == (25, True)
    after = found["pageInfo"]["endCursor"]
    found = (await root.run(LIST, first=2, after=after, where={"region": "GLOBAL"}))["bulkTasks"]
    assert [node["name"] for node in found["nodes"]] == ["45", "43"]
    for where in ({"statuses": ["SENT"]}, {"search": "nothing"}):
        assert (await root.run(LIST, where=where))["bulkTasks"]["totalCount"] == 0
    of_one = {"applicationId": encode("Application", far.app_id)}
    assert (await root.run(LIST, where=of_one))["bulkTasks"]["totalCount"] == 25
    assert await cost() == few


async def test_moments_name_their_time_zone(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    assert await errors(root, CREATE, input=form(parts, scheduledAt="2026-03-02T12:00:00")) == [
        (
            "INVALID",
            ["input", "scheduledAt"],
            ('scheduled at "2026-03-02T12:00:00" names no time zone: add one, such as "+08:00"'),
        )
    ]
    for given in ("2026-03-02T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        for field in ("createdFrom", "createdUntil"):
            answer = await root.ask(LIST, where={field: given})
            assert (answer.code, answer.errors[0].extensions["argument"]) == (
                "BAD_USER_INPUT",
                field,
            )
        (found,) = await errors(root, CREATE, input=form(parts, scheduledAt=given))
        assert found[0] in {"INVALID", "OUT_OF_RANGE"}

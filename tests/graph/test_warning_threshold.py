"""The excessive messaging reminder through GraphQL (CFG-1)."""

import itertools
from typing import Any

import pytest

from db.tally import Counted, Tally
from domain.region import Region
from graph.node import encode
from tests.access import Company, allow
from tests.console import Console
from tests.graph import bulk_task
from tests.graph.test_application import CREATE

SHOW = """
query ($id: ID!) {
  warningThreshold(applicationId: $id) {
    mainland { enabled threshold sentToday remindedAt }
    global { enabled threshold sentToday remindedAt }
  }
}
"""
SET = """
mutation ($id: ID!, $input: WarningThresholdUpdateInput!) {
  warningThresholdUpdate(applicationId: $id, input: $input) {
    warningThreshold { mainland { enabled threshold sentToday } global { enabled threshold } }
    userErrors { code field message }
  }
}
"""
_names = itertools.count(1)
OFF = {"enabled": False, "threshold": None, "sentToday": 0, "remindedAt": None}


async def application(company: Company) -> str:
    """Create an application; gives its id."""
    name = f"Shop {next(_names)}"
    answer = await company.root.run(CREATE, name=name, overview="")
    identity: str = answer["applicationCreate"]["application"]["id"]
    return identity


async def test_each_region_is_set_apart_and_what_is_left_out_stays(console: Console) -> None:
    company = await Company.of(console)
    app = await application(company)
    assert (await company.root.run(SHOW, id=app))["warningThreshold"] == {
        "mainland": OFF,
        "global": OFF,
    }
    on = {"mainland": {"enabled": True, "threshold": 1_000_000_000}}
    answer = (await company.root.run(SET, id=app, input=on))["warningThresholdUpdate"]
    assert answer == {
        "userErrors": [],
        "warningThreshold": {
            "mainland": {"enabled": True, "threshold": 1_000_000_000, "sentToday": 0},
            "global": {"enabled": False, "threshold": None},
        },
    }
    await company.root.run(SET, id=app, input={"mainland": {"enabled": False}})
    await company.root.run(SET, id=app, input={})
    shown = (await company.root.run(SHOW, id=app))["warningThreshold"]
    assert shown == {"mainland": {**OFF, "threshold": 1_000_000_000}, "global": OFF}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"enabled": True}, "REQUIRED"),
        ({"enabled": True, "threshold": 0}, "OUT_OF_RANGE"),
        ({"threshold": 1_000_000_001}, "OUT_OF_RANGE"),
    ],
)
@pytest.mark.parametrize("region", Region)
async def test_a_threshold_has_its_bounds(
    console: Console, region: Region, form: dict[str, Any], code: str
) -> None:
    company = await Company.of(console)
    app = await application(company)
    before = await console.digest()
    found = await bulk_task.errors(company.root, SET, id=app, input={region.value: form})
    assert [(kind, field) for kind, field, _ in found] == [
        (code, ["input", region.value, "threshold"])
    ]
    assert await console.digest() == before


async def test_it_is_granted_for_one_application(console: Console) -> None:
    """CAM-7."""
    company = await Company.of(console)
    mine, other = await application(company), await application(company)
    document = allow(["sms:DescribeWarningThreshold"], company.app(1_400_000_000))
    policy = await company.policy("Reminders", document)
    caller = (await company.person("clerk", policy)).caller
    assert (await caller.run(SHOW, id=mine))["warningThreshold"]["mainland"] == OFF
    assert (await caller.ask(SHOW, id=other)).code == "FORBIDDEN"
    form = {"mainland": {"enabled": True, "threshold": 1}}
    before = await console.digest()
    assert (await caller.ask(SET, id=mine, input=form)).code == "FORBIDDEN"
    assert await console.digest() == before


async def test_another_accounts_application_is_absent(console: Console) -> None:
    company, stranger = await Company.of(console), await Company.of(console)
    app = await application(company)
    assert (await stranger.root.run(SHOW, id=app))["warningThreshold"] is None
    form = {"mainland": {"enabled": True, "threshold": 1}}
    assert await stranger.root.refused(SET, id=app, input=form) == [
        ("NOT_FOUND", ["applicationId"])
    ]


async def test_today_is_shown_with_what_was_sent_and_told(console: Console) -> None:
    company = await Company.of(console)
    answer = await company.root.run(CREATE, name="Shop", overview="")
    app = answer["applicationCreate"]["application"]["id"]
    key = int(answer["applicationCreate"]["application"]["sdkAppId"])
    assert app == encode("Application", key)
    await company.root.run(SET, id=app, input={"global": {"enabled": True, "threshold": 3}})
    async with console.database.write() as session:
        counts = await Tally.open(session, [company.account.uin])
        for _ in range(3):
            where = Counted(company.account.uin, Region.GLOBAL, key, 1, "US", None, 1)
            counts.accepted(where, console.clock.now)
        await counts.write(session)
    shown = (await company.root.run(SHOW, id=app))["warningThreshold"]
    assert shown["mainland"] == OFF
    assert shown["global"] == {
        "enabled": True,
        "threshold": 3,
        "sentToday": 3,
        "remindedAt": console.clock.now.isoformat(),
    }

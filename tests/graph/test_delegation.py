"""What somebody with `cam` rights may hand on, and what not even they reach (CAM-9)."""

from typing import Any

import pytest

from graph import access
from graph.node import encode
from policies.analysis import no_more_than
from tests.access import (
    CAM_FULL,
    FULL,
    GROUP_ADD,
    POLICY_CREATE,
    POLICY_UPDATE,
    READ_ONLY,
    USER_ATTACH,
    USER_CREATE,
    USER_DELETE,
    USER_DETACH,
    USER_DISABLE,
    USER_ENABLE,
    Company,
    allow,
    can,
    document,
    done,
)
from tests.console import Console
from tests.office import Office, furnished


@pytest.fixture
async def office(console: Console) -> Office:
    return await furnished(console)


async def test_the_refusal_names_a_right_that_is_missing(office: Office) -> None:
    given = {"userId": office.colleague.id, "policyIds": [office.strong]}
    answer = await office.admin.caller.run(USER_ATTACH, input=given)
    (error,) = answer["userPolicyAttach"]["userErrors"]
    assert error["field"] == ["input", "policyIds"]
    assert error["message"] == (
        'this would give "name/sms:BuyPackage" on "*", which you do not hold: ask the root account'
    )


async def test_what_one_holds_can_be_handed_on(office: Office) -> None:
    admin, company = office.admin.caller, office.company
    payload = await done(admin, USER_CREATE, input={"name": "trainee", "consoleLogin": False})
    user = payload["created"][0]["user"]
    await done(admin, USER_ATTACH, input={"userId": user["id"], "policyIds": [READ_ONLY]})
    narrow = {"name": "Narrow", "document": document(allow("sms:Describe*", company.app("14*")))}
    policy = (await done(admin, POLICY_CREATE, input=narrow))["policy"]["id"]
    given = {"userId": office.chief.id, "policyIds": [policy]}
    await done(admin, USER_ATTACH, input=given)
    await done(admin, USER_DETACH, input=given)
    await done(admin, USER_DETACH, input={"userId": user["id"], "policyIds": [READ_ONLY]})
    trainee = await company.signed_in(user["id"], int(user["uin"]))
    assert not await can(trainee.caller, "sms:DescribeAppList")


async def test_a_deny_may_be_laid_on_others_and_a_held_policy_made_narrower(
    office: Office,
) -> None:
    admin, company = office.admin.caller, office.company
    given = {"userId": office.colleague.id, "policyIds": [office.no_buying]}
    await done(admin, USER_ATTACH, input=given)
    wide = await company.policy("Wide", allow("sms:*"))
    await company.attach(office.chief.id, wide)
    # The chief's rights exceed the administrator's; taking some away gives nobody anything.
    text = document(allow("sms:Describe*"))
    await done(admin, POLICY_UPDATE, id=wide, input={"document": text})
    await done(admin, USER_DISABLE, id=office.colleague.id)
    await done(admin, USER_ENABLE, id=office.colleague.id)


async def test_writing_a_strong_policy_gives_nothing_until_the_root_attaches_it(
    office: Office,
) -> None:
    admin = office.admin.caller
    strong = {"name": "Everything", "document": document(allow("*"))}
    policy = (await done(admin, POLICY_CREATE, input=strong))["policy"]["id"]
    assert not await can(admin, "sms:BuyPackage")
    for holder in (office.admin, office.colleague):
        given = {"userId": holder.id, "policyIds": [policy]}
        assert await admin.refused(USER_ATTACH, input=given)
    await office.company.attach(office.colleague.id, policy)
    assert await can(office.colleague.caller, "sms:BuyPackage")


async def test_the_root_user_is_no_sub_account_that_could_be_managed(office: Office) -> None:
    admin, root = office.admin.caller, encode("User", office.company.account.uin)
    for mutation in (USER_DISABLE, USER_ENABLE, USER_DELETE):
        assert [code for code, _ in await admin.refused(mutation, id=root)] == ["NOT_FOUND"]
    for mutation, given in (
        (USER_ATTACH, {"userId": root, "policyIds": [READ_ONLY]}),
        (GROUP_ADD, {"groupId": office.barred, "userIds": [root]}),
    ):
        assert [code for code, _ in await admin.refused(mutation, input=given)] == ["NOT_FOUND"]


async def test_no_sms_policy_reaches_access_management(console: Console) -> None:
    company = await Company.of(console)
    policy = await company.policy("All", allow("name/sms:*"), allow("sms:*", company.app("*")))
    ops = await company.person("ops", FULL, policy)
    answer = await ops.caller.run("{ viewer { actions } }")
    assert not [name for name in answer["viewer"]["actions"] if name.startswith("cam:")]
    assert (await ops.caller.ask("{ users { nodes { name } } }")).code == "FORBIDDEN"


async def test_no_policy_reaches_the_operators_actions(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", await company.policy("All", allow("*")))
    answer = await ops.caller.run("{ viewer { actions } }")
    assert not [name for name in answer["viewer"]["actions"] if name.startswith("operator:")]


async def test_rights_under_a_condition_are_handed_on_with_it_only(console: Console) -> None:
    company = await Company.of(console)
    office = {"ip_equal": {"qcs:ip": "192.0.2.0/24"}}
    own = await company.policy("Own", allow("sms:AddApp", condition=office))
    admin, ops = await company.person("admin", CAM_FULL, own), await company.person("ops")
    free = await company.policy("Free", allow("sms:AddApp"))
    same = await company.policy("Same", allow("sms:AddApp", condition=office))
    given = {"userId": ops.id, "policyIds": [free]}
    assert [code for code, _ in await admin.caller.refused(USER_ATTACH, input=given)] == [
        "ESCALATION"
    ]
    given["policyIds"] = [same]
    await done(admin.caller, USER_ATTACH, input=given)


async def test_policies_that_change_while_rights_are_compared_are_a_conflict(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:

    async def race() -> None:
        await office.company.done(USER_DISABLE, id=office.colleague.id)

    original = access.analysed

    async def slow(function: Any, *arguments: Any) -> Any:
        found = await original(function, *arguments)
        if function is no_more_than:
            await race()
        return found

    monkeypatch.setattr(access, "analysed", slow)
    given = {"userId": office.chief.id, "policyIds": [READ_ONLY]}
    assert await office.admin.caller.refused(USER_ATTACH, input=given) == [("CONFLICT", None)]

"""Body templates over the server API: the console's rules, the provider's codes (API-2)."""

from typing import Any

import db
from domain.quota import TEMPLATES
from tests.graph.signing import REJECT, decide
from tests.server.api.v3.client import Api
from tests.server.api.v3.test_signature import form as signature

MARKETING = {"SmsType": 1, "TemplateContent": "今日半价，回T退订"}


def form(**fields: Any) -> dict[str, Any]:
    """Fill in the form for a verification code."""
    return {
        "TemplateName": "Sign-in",
        "TemplateContent": "您的验证码为{1}，请勿泄露。",
        "SmsType": 3,
        "International": 0,
        "Remark": "when people sign in",
        **fields,
    }


async def test_a_template_is_applied_for_changed_listed_and_deleted(api: Api) -> None:
    account, sdk = await api.organization()
    sdk.ask("AddSmsSign", **signature())
    made = sdk.ask("AddSmsTemplate", **form())["AddTemplateStatus"]["TemplateId"]
    assert isinstance(made, str), "the one action where it is a text"
    key = int(made)

    document = "{ templates(first: 9) { nodes { id templateId name content smsType remarks } } }"
    (shown,) = (await api.console.root(account).run(document))["templates"]["nodes"]
    identity = shown.pop("id")
    assert shown == {
        "templateId": made,
        "name": "Sign-in",
        "content": "您的验证码为{1}，请勿泄露。",
        "smsType": "REGULAR",
        "remarks": "when people sign in",
    }
    changed = sdk.ask("ModifySmsTemplate", TemplateId=key, **form(TemplateName="Codes"))
    assert changed == {"ModifyTemplateStatus": {"TemplateId": key}}
    await decide(api.console, identity, REJECT, reason="say who asks")
    assert sdk.ask("DescribeSmsTemplateList", International=0, Limit=1) == {
        "DescribeTemplateStatusSet": [
            {
                "TemplateId": key,
                "International": 0,
                "StatusCode": -1,
                "ReviewReply": "say who asks",
                "TemplateName": "Codes",
                "CreateTime": int(api.clock.now.timestamp()),
                "TemplateContent": "您的验证码为{1}，请勿泄露。",
            }
        ]
    }
    assert sdk.ask("DeleteSmsTemplate", TemplateId=key) == {
        "DeleteTemplateStatus": {
            "DeleteStatus": "return successfully!",
            "DeleteTime": int(api.clock.now.timestamp()),
        }
    }
    assert sdk.refused("DeleteSmsTemplate", TemplateId=key) == (
        "FailedOperation.TemplateIdNotExist",
        "TemplateId: there is no such template",
    )
    assert sdk.refused("ModifySmsTemplate", TemplateId=key, **form()) == (
        "FailedOperation.MissingTemplateToModify",
        "TemplateId: there is no such template",
    )


async def test_templates_are_listed_by_region_ids_and_part(api: Api) -> None:
    _, sdk = await api.organization()
    sdk.ask("AddSmsSign", **signature())

    def made(**fields: Any) -> int:
        answer = sdk.ask("AddSmsTemplate", **form(**fields))
        return int(answer["AddTemplateStatus"]["TemplateId"])

    def listed(**fields: Any) -> list[int]:
        answer = sdk.ask("DescribeSmsTemplateList", **{"International": 0, **fields})
        return [template["TemplateId"] for template in answer["DescribeTemplateStatusSet"]]

    ids = [made(TemplateName=name) for name in "ABC"]
    abroad = made(International=1, TemplateContent="Your code is {1}")
    assert listed() == [], "the published default of Limit is 0"
    assert listed(Limit=100) == ids[::-1]
    assert listed(Limit=2, Offset=1) == [ids[1], ids[0]]
    assert listed(TemplateIdSet=[ids[0], ids[2], abroad]) == [ids[2], ids[0]]
    code, _ = sdk.refused("DescribeSmsTemplateList", International=1, TemplateIdSet=ids)
    assert code == "FailedOperation.MissingTemplateList"
    code, _ = sdk.refused("ModifySmsTemplate", TemplateId=abroad, **form())
    assert code == "InvalidParameterValue.InvalidInternational"


async def test_an_approved_template_stays_as_it_is(api: Api) -> None:
    account, sdk = await api.organization()
    sdk.ask("AddSmsSign", **signature())
    key = int(sdk.ask("AddSmsTemplate", **form())["AddTemplateStatus"]["TemplateId"])
    document = "{ templates(first: 9) { nodes { id } } }"
    (node,) = (await api.console.root(account).run(document))["templates"]["nodes"]
    await decide(api.console, node["id"])

    (shown,) = sdk.ask("DescribeSmsTemplateList", International=0, Limit=9)[
        "DescribeTemplateStatusSet"
    ]
    assert shown["StatusCode"] == 0
    assert sdk.refused("ModifySmsTemplate", TemplateId=key, **form(TemplateName="x")) == (
        "FailedOperation.TemplateAlreadyPassedCheck",
        "TemplateId: template is approved and cannot be modified: create another one",
    )


MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "braces": (
        {"TemplateContent": "code {a}"},
        "InvalidParameterValue.InvalidTemplateFormat",
        "TemplateContent",
    ),
    "too long": (
        {"TemplateContent": "一" * 500},
        "InvalidParameterValue.InvalidTemplateFormat",
        "TemplateContent",
    ),
    "empty": (
        {"TemplateContent": ""},
        "InvalidParameterValue.InvalidTemplateFormat",
        "TemplateContent",
    ),
    "no way out": (
        {"SmsType": 1},
        "InvalidParameterValue.MarketingTemplateWithoutUnsubscribe",
        "TemplateContent",
    ),
    "type": ({"SmsType": 4}, "InvalidParameterValue.InvalidSmsType", "SmsType"),
    "region": (
        {"International": 3},
        "InvalidParameterValue.InvalidInternational",
        "International",
    ),
    "name": ({"TemplateName": ""}, "InvalidParameterValue", "TemplateName"),
    "remark": ({"Remark": None}, "MissingParameter", "Remark"),
}


async def test_each_mistake_has_its_code_and_leaves_nothing(api: Api) -> None:
    _, sdk = await api.organization()
    before = await api.console.digest()
    code, message = sdk.refused("AddSmsTemplate", **form())
    assert code == "FailedOperation.MissingSignature"
    assert message.startswith("International: a template for Mainland China needs a signature")
    for what, (fields, code, field) in MISTAKES.items():
        found, message = sdk.refused("AddSmsTemplate", **form(**fields))
        assert (what, found) == (what, code)
        assert message.startswith(field), what
    assert await api.console.digest() == before


async def test_the_quota_is_the_consoles(api: Api) -> None:
    account, sdk = await api.organization()
    sdk.ask("AddSmsSign", **signature())
    async with api.console.database.write() as session:
        assert await db.quota.take(session, account.uin, TEMPLATES, TEMPLATES.limit)
    code, _ = sdk.refused("AddSmsTemplate", **form())
    assert code == "FailedOperation.TemplateNumberLimit"


async def test_every_published_number_of_a_type_is_understood(api: Api) -> None:
    account, sdk = await api.organization()
    sdk.ask("AddSmsSign", **signature())
    for number in (0, 2, 3):
        sdk.ask("AddSmsTemplate", **form(SmsType=number, TemplateName=f"{number}"))
    sdk.ask("AddSmsTemplate", **form(TemplateName="1", **MARKETING))

    document = "{ templates(first: 9) { nodes { name smsType } } }"
    nodes = (await api.console.root(account).run(document))["templates"]["nodes"]
    assert {node["name"]: node["smsType"] for node in nodes} == {
        "0": "REGULAR",
        "1": "MARKETING",
        "2": "REGULAR",
        "3": "REGULAR",
    }


async def test_the_api_of_templates_is_for_organizations(api: Api) -> None:
    sdk = await api.individual()
    codes = {
        sdk.refused("AddSmsTemplate", **form())[0],
        sdk.refused("ModifySmsTemplate", TemplateId=1, **form())[0],
        sdk.refused("DeleteSmsTemplate", TemplateId=1)[0],
        sdk.refused("DescribeSmsTemplateList", International=0)[0],
    }
    assert codes == {"FailedOperation.NotEnterpriseCertification"}

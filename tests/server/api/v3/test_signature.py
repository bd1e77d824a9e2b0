"""Signatures over the server API: the console's rules, the provider's fields and codes (API-2)."""

from base64 import b64encode
from typing import Any

import db
from domain.quota import SIGNATURES
from tests.graph.signing import REJECT, decide, stored
from tests.images import image
from tests.server.api.v3.client import READ_ONLY, Api

IMAGE = b64encode(image()).decode()


def form(**fields: Any) -> dict[str, Any]:
    """Fill in the form for a company's own Mainland signature."""
    return {
        "SignName": "腾讯云",
        "SignType": 0,
        "DocumentType": 1,
        "International": 0,
        "SignPurpose": 0,
        "ProofImage": IMAGE,
        **fields,
    }


async def test_what_a_program_applies_for_is_what_the_console_shows(api: Api) -> None:
    account, sdk = await api.organization()
    made = sdk.ask("AddSmsSign", **form(SignType=1, DocumentType=1, Remark="store.test/app"))
    sign_id = made["AddSignStatus"]["SignId"]
    assert made == {"AddSignStatus": {"SignId": sign_id}}
    assert isinstance(sign_id, int)

    document = (
        "{ signatures(first: 9) { nodes { signatureId content signatureType note status } } }"
    )
    shown = await api.console.root(account).run(document)
    assert shown["signatures"]["nodes"] == [
        {
            "signatureId": str(sign_id),
            "content": "腾讯云",
            "signatureType": "APP",
            "note": "store.test/app",
            "status": "PENDING",
        }
    ]
    assert stored(api.console) == 1


async def test_signatures_are_listed_by_region_ids_and_part(api: Api) -> None:
    _, sdk = await api.organization()
    names = ["一号", "二号", "三号"]
    ids = [
        sdk.ask("AddSmsSign", **form(SignName=name))["AddSignStatus"]["SignId"] for name in names
    ]
    abroad = form(SignName="Cloud", International=1)
    elsewhere = sdk.ask("AddSmsSign", **abroad)["AddSignStatus"]["SignId"]

    def listed(**fields: Any) -> list[int]:
        answer = sdk.ask("DescribeSmsSignList", **{"International": 0, **fields})
        return [sign["SignId"] for sign in answer["DescribeSignListStatusSet"]]

    assert listed() == ids[::-1]
    assert listed(Limit=2) == [ids[2], ids[1]]
    assert listed(Limit=2, Offset=2) == [ids[0]]
    assert listed(Limit=0) == []
    assert listed(SignIdSet=[ids[0], ids[2], elsewhere, 999], Limit=1, Offset=5) == [ids[2], ids[0]]
    assert listed(International=1) == [elsewhere]
    assert sdk.refused("DescribeSmsSignList", International=0, SignIdSet=[999]) == (
        "FailedOperation.MissingSignatureList",
        "SignIdSet names no signature of this account and region",
    )
    other = await api.sdk(await api.console.add_account(), READ_ONLY)
    code, _ = other.refused("DescribeSmsSignList", International=0, SignIdSet=ids)
    assert code == "FailedOperation.MissingSignatureList"


async def test_a_decision_is_told_with_its_reason(api: Api) -> None:
    account, sdk = await api.organization()
    first, second = (
        sdk.ask("AddSmsSign", **form(SignName=name))["AddSignStatus"]["SignId"]
        for name in ("一号", "二号")
    )
    document = "{ signatures(first: 9) { nodes { id signatureId } } }"
    nodes = (await api.console.root(account).run(document))["signatures"]["nodes"]
    ids = {node["signatureId"]: node["id"] for node in nodes}
    await decide(api.console, ids[str(first)])
    await decide(api.console, ids[str(second)], REJECT, reason="the licence is out of date")

    answer = sdk.ask("DescribeSmsSignList", International=0, SignIdSet=[first, second])
    created = int(api.clock.now.timestamp())
    newer = {"QualificationId": None, "QualificationName": None, "QualificationStatusCode": None}
    assert answer["DescribeSignListStatusSet"] == [
        {
            "SignId": second,
            "International": 0,
            "StatusCode": -1,
            "ReviewReply": "the licence is out of date",
            "SignName": "二号",
            "CreateTime": created,
            **newer,
        },
        {
            "SignId": first,
            "International": 0,
            "StatusCode": 0,
            "ReviewReply": "",
            "SignName": "一号",
            "CreateTime": created,
            **newer,
        },
    ]
    assert sdk.refused("ModifySmsSign", SignId=first, **form()) == (
        "InvalidParameterValue.SignAlreadyPassedCheck",
        "SignId: signature is approved and cannot be modified: create another one",
    )


async def test_a_signature_is_modified_until_it_is_approved_and_deleted_at_any_time(
    api: Api,
) -> None:
    _, sdk = await api.organization()
    sign_id = sdk.ask("AddSmsSign", **form())["AddSignStatus"]["SignId"]
    changed = sdk.ask("ModifySmsSign", SignId=sign_id, **form(SignName="云通信"))
    assert changed == {"ModifySignStatus": {"SignId": sign_id}}
    (shown,) = sdk.ask("DescribeSmsSignList", International=0)["DescribeSignListStatusSet"]
    assert (shown["SignName"], shown["StatusCode"]) == ("云通信", 1)
    assert stored(api.console) == 1, "the replaced image is gone"
    assert sdk.refused("ModifySmsSign", SignId=sign_id, **form(International=1)) == (
        "InvalidParameterValue.InvalidInternational",
        'International: "1" is another region than the stored one: it cannot be changed',
    )

    assert sdk.ask("DeleteSmsSign", SignId=sign_id) == {
        "DeleteSignStatus": {
            "DeleteStatus": "return successfully!",
            "DeleteTime": int(api.clock.now.timestamp()),
        }
    }
    code, message = sdk.refused("DeleteSmsSign", SignId=sign_id)
    assert (code, message) == (
        "FailedOperation.SignIdNotExist",
        "SignId: there is no such signature",
    )
    code, _ = sdk.refused("ModifySmsSign", SignId=sign_id, **form())
    assert code == "FailedOperation.MissingSignatureToModify"


# What is wrong, what it is told as, and the field that is named.
MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "too long": (
        {"SignName": "一" * 13},
        "InvalidParameterValue.SignNameLengthTooLong",
        "SignName",
    ),
    "brackets": ({"SignName": "【云】"}, "InvalidParameterValue", "SignName"),
    "type": ({"SignType": 7}, "InvalidParameterValue", "SignType"),
    "document": (
        {"DocumentType": 9},
        "InvalidParameterValue.InvalidDocumentType",
        "DocumentType",
    ),
    "document of another type": (
        {"DocumentType": 7},
        "InvalidParameterValue.InvalidDocumentType",
        "DocumentType",
    ),
    "region": (
        {"International": 2},
        "InvalidParameterValue.InvalidInternational",
        "International",
    ),
    "purpose": ({"SignPurpose": 2}, "InvalidParameterValue.InvalidSignPurpose", "SignPurpose"),
    "data URL": (
        {"ProofImage": "data:image/png;base64,AA=="},
        "InvalidParameterValue.ImageInvalid",
        "ProofImage",
    ),
    "no image": ({"ProofImage": "aGVsbG8="}, "InvalidParameterValue.ImageInvalid", "ProofImage"),
    "empty image": ({"ProofImage": ""}, "InvalidParameterValue.ImageInvalid", "ProofImage"),
    "no letter": ({"SignPurpose": 1}, "MissingParameter", "CommissionImage"),
    "broken letter": (
        {"SignPurpose": 1, "CommissionImage": "!"},
        "InvalidParameterValue.ImageInvalid",
        "CommissionImage",
    ),
    "no note": ({"SignType": 2}, "MissingParameter", "Remark"),
    "qualification": (
        {"QualificationId": 5},
        "InvalidParameterValue.QualificationIdNotFound",
        "QualificationId",
    ),
}


async def test_each_mistake_has_its_code_and_leaves_nothing(api: Api) -> None:
    _, sdk = await api.organization()
    before = await api.console.digest()
    for what, (fields, code, field) in MISTAKES.items():
        found, message = sdk.refused("AddSmsSign", **form(**fields))
        assert (what, found) == (what, code)
        assert message.startswith(field), what
    assert await api.console.digest() == before
    assert stored(api.console) == 0


async def test_a_name_in_use_is_taken(api: Api) -> None:
    _, sdk = await api.organization()
    sdk.ask("AddSmsSign", **form())
    code, message = sdk.refused("AddSmsSign", **form())
    assert code == "InvalidParameterValue.SignExistAndUnapproved"
    assert message.startswith('SignName: content "腾讯云" is pending as another signature')


async def test_the_quota_is_the_consoles(api: Api) -> None:
    account, sdk = await api.organization()
    async with api.console.database.write() as session:
        assert await db.quota.take(session, account.uin, SIGNATURES, SIGNATURES.limit)
    code, message = sdk.refused("AddSmsSign", **form())
    assert code == "FailedOperation.SignNumberLimit"
    assert message.startswith("at most 50 signatures in an account")


async def test_the_api_of_signatures_is_for_organizations(api: Api) -> None:
    sdk = await api.individual()
    why = (
        "the server API of signatures and templates is for organizations and this account is an "
        "individual's: request verification as an organization (verificationRequest)"
    )
    expected = ("FailedOperation.NotEnterpriseCertification", why)
    assert sdk.refused("AddSmsSign", **form()) == expected
    assert sdk.refused("ModifySmsSign", SignId=1, **form()) == expected
    assert sdk.refused("DeleteSmsSign", SignId=1) == expected
    assert sdk.refused("DescribeSmsSignList", International=0) == expected

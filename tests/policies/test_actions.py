"""The one table of action names (CAM-7, CAM-9)."""

import re
from typing import Final

import pytest

from policies import actions
from policies.action import Access, Catalogue, Level

GUIDE: Final = (
    "DescribeAppList",
    "DescribeAppInfo",
    "ModifyAppInfo",
    "ModifyAppStatus",
    "DeleteAppInfo",
    "DescribeWarningThreshold",
    "ModifyWarningThreshold",
    "DescribeFreqRule",
    "ModifyFreqRule",
    "DescribeCallbackInfo",
    "ModifyCallbackInfo",
    "DescribeFrequencyWhiteList",
    "AddFrequencyWhiteList",
    "DeleteFrequencyWhiteList",
    "DescribeNewsReceiver",
    "AddNewsReceiver",
    "ModifyNewsReceiver",
    "DeleteNewsReceiver",
    "ModifyTaskStatusStart",
    "ModifyTaskStatusStop",
    "CancelSendSMSTask",
)


def test_exactly_the_actions_of_the_guides_table_are_granted_per_application() -> None:
    """CAM-7."""
    found = {row.name for row in actions.CATALOGUE.values() if row.level is Level.RESOURCE}
    assert found == {f"sms:{name}" for name in GUIDE}
    assert len(found) == 21


def test_describe_never_changes_anything() -> None:
    """CAM-2: `name/sms:Describe*` is the read-only preset."""
    for row in actions.CATALOGUE.values():
        if re.match(r"\w+:Describe", row.name):
            assert row.access is not Access.WRITE, row.name


def test_constants_are_named_and_ordered_as_the_rows_they_hold() -> None:
    rows = [
        (name, value) for name, value in vars(actions).items() if isinstance(value, actions.Action)
    ]
    assert [row.name for _, row in rows] == list(actions.CATALOGUE)
    for constant, row in rows:
        assert constant.replace("_", "").lower() == row.name.partition(":")[2].lower()


def test_a_name_is_found_whatever_its_case() -> None:
    assert actions.find("SMS:describeapplist") is actions.DESCRIBE_APP_LIST
    assert actions.find("sms:DescribeAppLists") is None


@pytest.mark.parametrize("name", ["sms:AddBlac\u212aList", "\u017fms:SendSms", "sms:SendSm\uff53"])
def test_a_look_alike_is_not_found(name: str) -> None:
    assert actions.find(name) is None


def test_a_name_used_twice_is_refused_whatever_its_case() -> None:
    publish = Catalogue().publisher("sms", Level.OPERATION)
    publish("SendSms", Access.WRITE, "Send")
    with pytest.raises(ValueError, match='action "sms:SENDSMS" is declared twice'):
        publish("SENDSMS", Access.WRITE, "Send again")

"""The retired CAM module `consolesms`: the guide's two tables, and what a legacy action means.

The guide: what a preset granted of `consolesms` is granted of `sms`; in a custom policy a mapped
name is replaced by hand at the next update, and a disused one is deleted (CAM-8).
"""

from dataclasses import dataclass
from typing import Final

from policies.pattern import BLANKS
from policies.wildcard import MAX_STARS, STAR, matches

SERVICE: Final = "consolesms"

TABLE: Final[tuple[tuple[str, str], ...]] = (
    ("SMS_GetAPPList", "DescribeAppList"),
    ("SMS_GetAPPInfo", "DescribeAppInfo"),
    ("SMS_GetWarningThreshold", "DescribeWarningThreshold"),
    ("SMS_GetFreqRule", "DescribeFreqRule"),
    ("SMS_GetCallbackList", "DescribeCallbackInfo"),
    ("SMS_GetFrqWhiteList", "DescribeFrequencyWhiteList"),
    ("SMS_GetNewsReceiver", "DescribeNewsReceiver"),
    ("SMS_GetBlackListByQappid", "DescribeBlackList"),
    ("SMS_SendSMSResultStatisticQuery_export", "DescribeSmsResultFile"),
    ("SMS_Statistic_QuerySMS_ByAppid_export", "DescribeSmsRecordFile"),
    ("SMS_StatisticQueryByQappid", "DescribeStatisticQuery"),
    ("SMS_QuerySendSMSByQappid", "DescribeSendSmsRecord"),
    ("SMS_GetPkgAutoRenew", "DescribePkgAutoRenew"),
    ("SMS_QueryDumpLogTask", "DescribeQueryDumpLogTask"),
    ("SMS_QuerySendSMSDumpLogTask", "DescribeSendSmsDumpLogTask"),
    ("SMS_CancelDumpLogTask", "CancelDumpLogTask"),
    ("SMS_AddDumpLogTask", "AddDumpLogTask"),
    ("SMS_GetWarningThreshold", "DescribeWarningThreshold"),
    ("SMS_StatisticNationCode", "DescribeNationCodeStatistic"),
    ("SMS_SendSMSResultStatisticQuery", "DescribeSendSMSResult"),
    ("SMS_Stat_InnerQuery_Reply", "DescribeInnerSMSReply"),
    ("SMS_QuerySendSMSTaskSummary", "DescribeSendSMSTaskSummary"),
    ("SMS_StatisticMonth", "DescribeMonthStatistic"),
    ("SMS_QuerySendSMSStatistic", "DescribeSendSMSStatistic"),
    ("SMS_QuerySendSMSDetail", "DescribeSendSMSDetail"),
    ("SMS_QuerySmsPkgRemain", "DescribeSmsPkgRemain"),
    ("SMS_GetPackageList", "DescribePackageList"),
    ("SMS_UnsubscribeQuery", "DescribeUnsubscribe"),
    ("SMS_ReceiptAnalysis", "DescribeReceiptResult"),
    ("SMS_GetTPLSignInfo", "DescribeTPLSignInfo"),
    ("SMS_GetTPLSignList", "DescribeTPLSignList"),
)
"""The mapping as printed: 31 rows, SMS_GetWarningThreshold twice."""

MAPPED: Final[dict[str, str]] = dict(TABLE)
"""The 30 distinct legacy names and the action of `sms` each became."""

DISUSED: Final[tuple[str, ...]] = (
    "SMS_Stat_InnerQuery_export",
    "SMS_GetConsoleFlag",
    "SMS_IsWhiteDumpAppid",
    "SMS_IsWhiteAppId",
    "SMS_QueryBill_export",
    "SMS_CheckAppidBizid",
    "SMS_GetAllBizList",
    "SMS_GetSMSNotice",
    "Voice_GetSelfAccountTypes",
    "Voice_GetAccountTypeInfo",
    "Voice_GetBizTypes",
    "Voice_GetBizAndAccountTypeInfo",
    "SMS_GetServiceState",
    "SMS_StatisticQueryIOTAnalysis",
    "SMS_StatisticQueryIOTByOper",
    "SMS_StatisticQueryIOT",
    "SMS_Stat_InnerQueryVoice",
    "SMS_StatisticQueryEx",
    "SMS_StatisticQueryNew",
    "SMS_GetNewsReceiverFlag",
    "SMS_QueryTemplateStatisticEx",
    "SMS_QueryTemplateStatistic",
    "SMS_QueryBill",
    "SMS_QuerySendSMSRemain",
    "SMS_QuerySendSMS",
    "SMS_IsWhiteUin",
    "SMS_GetBlackList",
    "SMS_Statistic_QuerySMS_export",
    "SMS_GetSendList",
    "SMS_GetReceiver",
    "SMS_Query_Black",
)
"""The 31 names that no longer do anything and are to be deleted from policies."""

ANY: Final = f"name/{SERVICE}:{STAR}"


@dataclass(frozen=True, slots=True)
class Translation:
    """What one legacy action stands for: the mapped names, and those to delete."""

    text: str
    mapped: tuple[tuple[str, str], ...]
    disused: tuple[str, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """The canonical `sms` actions it works as."""
        return tuple(f"name/sms:{new}" for _, new in self.mapped)


def is_legacy(action: str) -> bool:
    """Say whether an action as written belongs to the retired module."""
    return parts(action)[0] == SERVICE


def translate(action: str) -> Translation | None:
    """Look up a legacy action or a pattern of them; None when the tables have no such name.

    Case does not matter: the provider's own pages differ in it. The names behind a pattern are
    only those of the tables, because the module had no others left when it was retired.
    """
    service, name = parts(action)
    if service != SERVICE or name.count(STAR) > MAX_STARS:
        return None
    mapped = tuple((old, new) for old, new in MAPPED.items() if matches(name, old))
    disused = tuple(old for old in DISUSED if matches(name, old))
    if not mapped and not disused:
        return None
    spelled = name if STAR in name else (mapped[0][0] if mapped else disused[0])
    return Translation(f"name/{SERVICE}:{spelled}", mapped, disused)


def preset_actions(action: str) -> tuple[str, ...]:
    """Give the actions that a preset grant of `consolesms` works as: all of `sms` for all of it."""
    translation = translate(action)
    if translation is None:
        return ()
    return ("name/sms:*",) if translation.text == ANY else translation.actions


def parts(action: str) -> tuple[str, str]:
    """Cut an action as written into its service, in lower case, and its name, without blanks."""
    service, _, name = action.rpartition("/")[2].partition(":")
    return service.strip(BLANKS).lower(), name.strip(BLANKS)

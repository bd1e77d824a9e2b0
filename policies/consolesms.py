"""The retired CAM module `consolesms`: the guide's two tables (CAM-8)."""

from typing import Final

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

_BY_LOWER: Final = {name.lower(): name for name in (*MAPPED, *DISUSED)}


def known(name: str) -> str | None:
    """Give the printed spelling of a legacy name, whatever its case (the tables differ in case)."""
    return _BY_LOWER.get(name.lower())

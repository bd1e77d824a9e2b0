"""The one table of action names: every policy, field and preset takes its names from here.

The names of `sms` are those of the guide's tables; what the guide does not name follows the
provider's published list, or its verbs, so that `name/sms:Describe*` stays read-only.
Resource level have exactly the 21 console actions that the guide lists as such (CAM-7).
`cam` is a service of its own, so no SMS policy reaches it (CAM-9); `console` is what a caller may
do about itself, `operator` what only the operator of the installation may do (REV-1).
"""

from collections.abc import Mapping
from typing import Final

from policies.action import Access, Action, Catalogue, Level

__all__ = ["CATALOGUE", "Access", "Action", "Level", "find"]

_catalogue: Final = Catalogue()
_app: Final = _catalogue.publisher("sms", Level.RESOURCE)
_reserved_app: Final = _catalogue.publisher("sms", Level.RESOURCE, reserved=True)
_sms: Final = _catalogue.publisher("sms", Level.OPERATION)
_reserved_sms: Final = _catalogue.publisher("sms", Level.OPERATION, reserved=True)
_cam: Final = _catalogue.publisher("cam", Level.OPERATION)
_reserved_cam: Final = _catalogue.publisher("cam", Level.OPERATION, reserved=True)
_console: Final = _catalogue.publisher("console", Level.OPERATION)
_operator: Final = _catalogue.publisher("operator", Level.OPERATION)
_reserved_operator: Final = _catalogue.publisher("operator", Level.OPERATION, reserved=True)
LIST, READ, WRITE = Access

CATALOGUE: Final[Mapping[str, Action]] = _catalogue.rows
find: Final = _catalogue.find

APPLY_VERIFICATION: Final = _sms("ApplyVerification", WRITE, "Request identity verification")
DESCRIBE_ACCOUNT: Final = _sms("DescribeAccount", READ, "Get the account and its identity")
DESCRIBE_VERIFICATION: Final = _sms(
    "DescribeVerification", LIST, "List requests for identity verification"
)

APPLY_RESTORE: Final = _sms("ApplyRestore", WRITE, "Request the restore of what was deleted")
DESCRIBE_RESTORABLES: Final = _sms("DescribeRestorables", LIST, "List what can be restored")

ADD_APP: Final = _sms("AddApp", WRITE, "Create an application")
DELETE_APP_INFO: Final = _app("DeleteAppInfo", WRITE, "Delete an application")
DESCRIBE_APP_INFO: Final = _app("DescribeAppInfo", READ, "Get an application")
DESCRIBE_APP_KEY: Final = _reserved_sms(
    "DescribeAppKey", READ, "Get the age of an AppKey, never the key"
)
DESCRIBE_APP_LIST: Final = _app("DescribeAppList", LIST, "List applications")
MODIFY_APP_INFO: Final = _app("ModifyAppInfo", WRITE, "Edit an application")
MODIFY_APP_STATUS: Final = _app("ModifyAppStatus", WRITE, "Enable or disable an application")
RESET_APP_KEY: Final = _sms("ResetAppKey", WRITE, "Replace an AppKey and show it once")

ADD_FREQUENCY_WHITE_LIST: Final = _app(
    "AddFrequencyWhiteList", WRITE, "Add to the frequency allowlist"
)
DELETE_FREQUENCY_WHITE_LIST: Final = _app(
    "DeleteFrequencyWhiteList", WRITE, "Remove from the frequency allowlist"
)
DESCRIBE_CALLBACK_INFO: Final = _app("DescribeCallbackInfo", READ, "Get the event callback")
DESCRIBE_FREQUENCY_WHITE_LIST: Final = _app(
    "DescribeFrequencyWhiteList", LIST, "List the frequency allowlist"
)
DESCRIBE_FREQ_RULE: Final = _app("DescribeFreqRule", READ, "Get the frequency limits")
DESCRIBE_WARNING_THRESHOLD: Final = _app(
    "DescribeWarningThreshold", READ, "Get the excess reminder"
)
MODIFY_CALLBACK_INFO: Final = _app("ModifyCallbackInfo", WRITE, "Edit the event callback")
MODIFY_FREQ_RULE: Final = _app("ModifyFreqRule", WRITE, "Edit the frequency limits")
MODIFY_WARNING_THRESHOLD: Final = _app("ModifyWarningThreshold", WRITE, "Edit the excess reminder")

ADD_NEWS_RECEIVER: Final = _app("AddNewsReceiver", WRITE, "Add an alarm contact")
DELETE_NEWS_RECEIVER: Final = _app("DeleteNewsReceiver", WRITE, "Delete an alarm contact")
DESCRIBE_NEWS_RECEIVER: Final = _app("DescribeNewsReceiver", LIST, "List alarm contacts")
MODIFY_NEWS_RECEIVER: Final = _app("ModifyNewsReceiver", WRITE, "Edit an alarm contact")

ADD_SMS_SIGN: Final = _sms("AddSmsSign", WRITE, "Apply for a signature")
ADD_SMS_TEMPLATE: Final = _sms("AddSmsTemplate", WRITE, "Apply for a body template")
DELETE_SMS_SIGN: Final = _sms("DeleteSmsSign", WRITE, "Delete a signature")
DELETE_SMS_TEMPLATE: Final = _sms("DeleteSmsTemplate", WRITE, "Delete a body template")
DESCRIBE_TPL_SIGN_INFO: Final = _sms("DescribeTPLSignInfo", READ, "Get a signature or template")
DESCRIBE_TPL_SIGN_LIST: Final = _sms("DescribeTPLSignList", LIST, "List signatures and templates")
MODIFY_SMS_SIGN: Final = _sms("ModifySmsSign", WRITE, "Edit a signature")
MODIFY_SMS_TEMPLATE: Final = _sms("ModifySmsTemplate", WRITE, "Edit a body template")

ADD_SEND_SMS_TASK: Final = _sms("AddSendSMSTask", WRITE, "Create a bulk task")
CANCEL_SEND_SMS_TASK: Final = _app("CancelSendSMSTask", WRITE, "Cancel a scheduled task")
DELETE_SEND_SMS_TASK: Final = _sms("DeleteSendSMSTask", WRITE, "Delete a draft task")
DESCRIBE_SEND_SMS_DETAIL: Final = _sms("DescribeSendSMSDetail", LIST, "List recipients of a task")
DESCRIBE_SEND_SMS_RESULT: Final = _sms("DescribeSendSMSResult", READ, "Get the report of a task")
DESCRIBE_SEND_SMS_TASK_SUMMARY: Final = _sms("DescribeSendSMSTaskSummary", LIST, "List bulk tasks")
MODIFY_SEND_SMS_TASK: Final = _sms("ModifySendSMSTask", WRITE, "Edit a draft task")
MODIFY_TASK_STATUS_START: Final = _app("ModifyTaskStatusStart", WRITE, "Start a task")
MODIFY_TASK_STATUS_STOP: Final = _app("ModifyTaskStatusStop", WRITE, "Stop a running task")

ADD_DUMP_LOG_TASK: Final = _sms("AddDumpLogTask", WRITE, "Order a dump of records")
CANCEL_DUMP_LOG_TASK: Final = _sms("CancelDumpLogTask", WRITE, "Cancel a dump of records")
DESCRIBE_INNER_SMS_REPLY: Final = _sms("DescribeInnerSMSReply", LIST, "List replies")
DESCRIBE_MONTH_STATISTIC: Final = _sms("DescribeMonthStatistic", READ, "Get statistics by month")
DESCRIBE_NATION_CODE_STATISTIC: Final = _sms(
    "DescribeNationCodeStatistic", READ, "Get statistics by country or region"
)
DESCRIBE_QUERY_DUMP_LOG_TASK: Final = _sms(
    "DescribeQueryDumpLogTask", LIST, "List dumps of records"
)
DESCRIBE_RECEIPT_RESULT: Final = _sms("DescribeReceiptResult", READ, "Get the receipt analysis")
DESCRIBE_SEND_SMS_DUMP_LOG_TASK: Final = _sms(
    "DescribeSendSmsDumpLogTask", READ, "Download a dump of records"
)
DESCRIBE_SEND_SMS_RECORD: Final = _sms("DescribeSendSmsRecord", LIST, "List message records")
DESCRIBE_SEND_SMS_STATISTIC: Final = _sms("DescribeSendSMSStatistic", READ, "Get the trend chart")
DESCRIBE_SMS_RECORD_FILE: Final = _sms("DescribeSmsRecordFile", READ, "Export message records")
DESCRIBE_SMS_RESULT_FILE: Final = _sms("DescribeSmsResultFile", READ, "Export statistics")
DESCRIBE_STATISTIC_QUERY: Final = _sms("DescribeStatisticQuery", READ, "Get the data overview")

BUY_PACKAGE: Final = _sms("BuyPackage", WRITE, "Buy a package")
DESCRIBE_PACKAGE_LIST: Final = _sms("DescribePackageList", LIST, "List packages")
DESCRIBE_PKG_ALARM: Final = _sms("DescribePkgAlarm", READ, "Get the package balance alarm")
DESCRIBE_PKG_AUTO_RENEW: Final = _sms("DescribePkgAutoRenew", READ, "Get automatic renewal")
DESCRIBE_PRICE_LIST: Final = _sms("DescribePriceList", LIST, "List what packages cost")
DESCRIBE_SMS_PKG_REMAIN: Final = _sms("DescribeSmsPkgRemain", READ, "Get the package balance")
MODIFY_PKG_ALARM: Final = _sms("ModifyPkgAlarm", WRITE, "Edit the package balance alarm")
MODIFY_PKG_AUTO_RENEW: Final = _sms("ModifyPkgAutoRenew", WRITE, "Switch automatic renewal")

ADD_CUSTOMER_GROUP: Final = _sms("AddCustomerGroup", WRITE, "Create a customer group")
ADD_SEND_MOBILE_LIST: Final = _sms("AddSendMobileList", WRITE, "Enter customer numbers")
ADD_UP_LOAD_MOBILE_TASK: Final = _sms(
    "AddUpLoadMobileTask", WRITE, "Import customer numbers from a file"
)
DELETE_CUSTOMERS: Final = _sms("DeleteCustomers", WRITE, "Delete customers")
DELETE_CUSTOMER_GROUP: Final = _sms("DeleteCustomerGroup", WRITE, "Delete a customer group")
DESCRIBE_CUSTOMERS: Final = _sms("DescribeCustomers", LIST, "List customers")
DESCRIBE_CUSTOMER_GROUPS: Final = _sms("DescribeCustomerGroups", LIST, "List customer groups")
MODIFY_CUSTOMERS: Final = _sms("ModifyCustomers", WRITE, "Move customers between groups")
MODIFY_CUSTOMER_GROUP: Final = _sms("ModifyCustomerGroup", WRITE, "Rename a customer group")

ADD_SHORT_URL: Final = _sms("AddShortUrl", WRITE, "Create a short URL")
DELETE_SHORT_URL: Final = _sms("DeleteShortUrl", WRITE, "Delete a short URL")
DESCRIBE_SHORT_URL_LIST: Final = _sms("DescribeShortUrlList", LIST, "List short URLs")
DESCRIBE_SHORT_URL_STATISTIC: Final = _sms(
    "DescribeShortUrlStatistic", READ, "Get clicks of short URLs"
)

ADD_BLACK_LIST: Final = _sms("AddBlackList", WRITE, "Add to the blocklist")
ADD_REPLY_URL: Final = _sms("AddReplyUrl", WRITE, "Add the reply callback")
APPLY_UNSUBSCRIBE_REMOVAL: Final = _sms(
    "ApplyUnsubscribeRemoval", WRITE, "Request removal of an unsubscription"
)
DELETE_BLACK_LIST: Final = _sms("DeleteBlackList", WRITE, "Remove from the blocklist")
DESCRIBE_BLACK_LIST: Final = _sms("DescribeBlackList", LIST, "List the blocklist")
DESCRIBE_REPLY_URL: Final = _sms("DescribeReplyUrl", READ, "Get the reply callback")
DESCRIBE_UNSUBSCRIBE: Final = _sms("DescribeUnsubscribe", LIST, "List unsubscribed users")
MODIFY_REPLY_URL: Final = _sms("ModifyReplyUrl", WRITE, "Edit the reply callback")

CALLBACK_STATUS_STATISTICS: Final = _sms("CallbackStatusStatistics", READ, "Count receipts")
DESCRIBE_PHONE_NUMBER_INFO: Final = _sms("DescribePhoneNumberInfo", READ, "Parse phone numbers")
DESCRIBE_SEND_RECORD_LIST: Final = _sms(
    "DescribeSendRecordList", LIST, "List send records of a number"
)
DESCRIBE_SMS_SIGN_LIST: Final = _sms("DescribeSmsSignList", LIST, "List signatures by id")
DESCRIBE_SMS_TEMPLATE_LIST: Final = _sms(
    "DescribeSmsTemplateList", LIST, "List body templates by id"
)
PULL_SMS_REPLY_STATUS: Final = _sms("PullSmsReplyStatus", WRITE, "Take queued replies, each once")
PULL_SMS_REPLY_STATUS_BY_PHONE_NUMBER: Final = _sms(
    "PullSmsReplyStatusByPhoneNumber", READ, "Get replies of a number"
)
PULL_SMS_SEND_STATUS: Final = _sms("PullSmsSendStatus", WRITE, "Take queued receipts, each once")
PULL_SMS_SEND_STATUS_BY_PHONE_NUMBER: Final = _sms(
    "PullSmsSendStatusByPhoneNumber", READ, "Get receipts of a number"
)
REPORT_CONVERSION: Final = _reserved_sms("ReportConversion", WRITE, "Report a conversion")
SEND_MULTI_GLOBAL_SMS: Final = _sms(
    "SendMultiGlobalSms", WRITE, "Send Global SMS, a template a number"
)
SEND_SMS: Final = _sms("SendSms", WRITE, "Send SMS")
SEND_STATUS_STATISTICS: Final = _sms("SendStatusStatistics", READ, "Count sent messages")
SMS_PACKAGES_STATISTICS: Final = _sms("SmsPackagesStatistics", READ, "Count package use")

ADD_USER: Final = _cam("AddUser", WRITE, "Create a sub-account")
ADD_USER_TO_GROUP: Final = _cam("AddUserToGroup", WRITE, "Add a sub-account to a group")
CREATE_ACCESS_KEY: Final = _cam("CreateAccessKey", WRITE, "Create an access key")
CREATE_GROUP: Final = _cam("CreateGroup", WRITE, "Create a group")
DELETE_ACCESS_KEY: Final = _cam("DeleteAccessKey", WRITE, "Delete an access key")
DELETE_GROUP: Final = _cam("DeleteGroup", WRITE, "Delete a group")
DELETE_USER: Final = _cam("DeleteUser", WRITE, "Delete a sub-account")
GET_GROUP: Final = _cam("GetGroup", READ, "Get a group")
GET_USER: Final = _cam("GetUser", READ, "Get a sub-account")
LIST_ACCESS_KEYS: Final = _cam("ListAccessKeys", LIST, "List access keys")
LIST_GROUPS: Final = _cam("ListGroups", LIST, "List groups")
LIST_GROUPS_FOR_USER: Final = _cam("ListGroupsForUser", LIST, "List groups of a sub-account")
LIST_USERS: Final = _cam("ListUsers", LIST, "List sub-accounts")
LIST_USERS_FOR_GROUP: Final = _cam("ListUsersForGroup", LIST, "List sub-accounts of a group")
REMOVE_USER_FROM_GROUP: Final = _cam(
    "RemoveUserFromGroup", WRITE, "Remove a sub-account from a group"
)
UPDATE_ACCESS_KEY: Final = _cam("UpdateAccessKey", WRITE, "Enable or disable an access key")
UPDATE_GROUP: Final = _cam("UpdateGroup", WRITE, "Edit a group")
UPDATE_USER: Final = _cam("UpdateUser", WRITE, "Edit, enable or disable a sub-account")

ATTACH_GROUP_POLICY: Final = _cam("AttachGroupPolicy", WRITE, "Attach a policy to a group")
ATTACH_USER_POLICY: Final = _cam("AttachUserPolicy", WRITE, "Attach a policy to a sub-account")
CREATE_POLICY: Final = _cam("CreatePolicy", WRITE, "Create a custom policy")
CREATE_POLICY_VERSION: Final = _cam(
    "CreatePolicyVersion", WRITE, "Add a version to a custom policy"
)
DELETE_POLICY: Final = _cam("DeletePolicy", WRITE, "Delete a custom policy")
DELETE_POLICY_VERSION: Final = _cam(
    "DeletePolicyVersion", WRITE, "Delete a version of a custom policy"
)
DETACH_GROUP_POLICY: Final = _cam("DetachGroupPolicy", WRITE, "Detach a policy from a group")
DETACH_USER_POLICY: Final = _cam("DetachUserPolicy", WRITE, "Detach a policy from a sub-account")
GET_POLICY: Final = _cam("GetPolicy", READ, "Get a policy")
GET_POLICY_VERSION: Final = _reserved_cam("GetPolicyVersion", READ, "Get a version of a policy")
LIST_ATTACHED_GROUP_POLICIES: Final = _cam(
    "ListAttachedGroupPolicies", LIST, "List policies of a group"
)
LIST_ATTACHED_USER_ALL_POLICIES: Final = _reserved_cam(
    "ListAttachedUserAllPolicies", LIST, "List policies of a sub-account and its groups"
)
LIST_ATTACHED_USER_POLICIES: Final = _cam(
    "ListAttachedUserPolicies", LIST, "List policies of a sub-account"
)
LIST_AUDIT_RECORDS: Final = _cam("ListAuditRecords", LIST, "List changes of access")
LIST_ENTITIES_FOR_ACTION: Final = _cam("ListEntitiesForAction", LIST, "List who may do an action")
LIST_ENTITIES_FOR_POLICY: Final = _cam("ListEntitiesForPolicy", LIST, "List who holds a policy")
LIST_POLICIES: Final = _cam("ListPolicies", LIST, "List policies")
LIST_POLICY_VERSIONS: Final = _cam("ListPolicyVersions", LIST, "List versions of a policy")
MIGRATE_POLICY: Final = _cam("MigratePolicy", READ, "Rewrite consolesms actions of a policy")
SET_DEFAULT_POLICY_VERSION: Final = _cam(
    "SetDefaultPolicyVersion", WRITE, "Put a version of a policy in force"
)
SIMULATE_POLICY: Final = _cam("SimulatePolicy", READ, "Try a policy that is not saved")
UPDATE_POLICY: Final = _cam("UpdatePolicy", WRITE, "Edit a custom policy")

CHANGE_PASSWORD: Final = _console("ChangePassword", WRITE, "Change one's own password")
DESCRIBE_CATALOGUE: Final = _console("DescribeCatalogue", LIST, "List what policies may name")
DESCRIBE_NODE: Final = _console("DescribeNode", READ, "Look up an object by its id")
DESCRIBE_VIEWER: Final = _console("DescribeViewer", READ, "Get who one is and what one may do")
SIGN_IN: Final = _console("SignIn", WRITE, "Sign in")
SIGN_OUT: Final = _console("SignOut", WRITE, "Sign out")

DECIDE_REVIEW: Final = _operator("DecideReview", WRITE, "Approve or reject an item")
DESCRIBE_ACCOUNTS: Final = _reserved_operator("DescribeAccounts", LIST, "List accounts")
DESCRIBE_CARRIERS: Final = _operator("DescribeCarriers", LIST, "List carrier connections")
DESCRIBE_NOTIFICATIONS: Final = _operator(
    "DescribeNotifications", LIST, "List what alarm contacts are told"
)
DESCRIBE_PRICE_ITEMS: Final = _operator(
    "DescribePriceItems", LIST, "List the items of the price list, on sale or not"
)
DESCRIBE_PURCHASES: Final = _operator(
    "DescribePurchases", LIST, "List purchases of packages, to bill them"
)
DESCRIBE_REVIEW_FILE: Final = _operator(
    "DescribeReviewFile", READ, "Get a file handed in for review"
)
DESCRIBE_REVIEW_HISTORY: Final = _operator("DescribeReviewHistory", LIST, "List what was decided")
DESCRIBE_REVIEW_QUEUE: Final = _operator("DescribeReviewQueue", LIST, "List what waits for review")
DESCRIBE_ROUTES: Final = _operator("DescribeRoutes", LIST, "List routes to carriers, and try them")
MODIFY_CARRIER: Final = _operator("ModifyCarrier", WRITE, "Edit a carrier connection")
MODIFY_PRICE_LIST: Final = _operator("ModifyPriceList", WRITE, "Edit the price list of packages")
MODIFY_ROUTE: Final = _operator("ModifyRoute", WRITE, "Edit a route to carriers")
RESEND_NOTIFICATION: Final = _operator(
    "ResendNotification", WRITE, "Send a notification that failed once more"
)

"""The words every resource shares: where messages go, and what kind they are."""

from domain import region as rules
from graph.enums import publish

Region = publish(
    rules.Region,
    name="Region",
    description="Where recipients' numbers are registered; signatures and templates are for one.",
    values={
        "MAINLAND": "Mainland China: numbers of +86.",
        "GLOBAL": "Everywhere else, with Hong Kong, Macao and Taiwan.",
    },
)
SmsType = publish(
    rules.SmsType,
    name="SmsType",
    description="What messages are for.",
    values={
        "REGULAR": "Notifications and verification codes.",
        "MARKETING": "Promotion: for organizations only, and with a way to unsubscribe.",
    },
)

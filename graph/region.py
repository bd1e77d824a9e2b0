"""The words every resource shares: where messages go, and what kind they are."""

from domain.region import Region, SmsType
from graph.enums import publish

__all__ = ["Region", "SmsType"]

publish(
    Region,
    name="Region",
    description="Where recipients' numbers are registered; signatures and templates are for one.",
    values={
        "MAINLAND": "Mainland China: numbers of +86.",
        "GLOBAL": "Everywhere else, with Hong Kong, Macao and Taiwan.",
    },
)
publish(
    SmsType,
    name="SmsType",
    description="What messages are for.",
    values={
        "REGULAR": "Notifications and verification codes.",
        "MARKETING": "Promotion: for organizations only, and with a way to unsubscribe.",
    },
)

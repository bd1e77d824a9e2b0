"""The published limits, one row each.

They are those of APP-1, SIG, TPL, BLK-10, CFG-4, ALM-1, BLO-1, CAM-1, CUS, URL-1 and STA-8.
"""

from domain import quota
from domain.quota import Quota


def rows() -> dict[str, Quota]:
    return {name: value for name, value in vars(quota).items() if isinstance(value, Quota)}


def test_the_limits_of_the_guide() -> None:
    assert {name: row.limit for name, row in rows().items()} == {
        "APPLICATIONS": 500,
        "SIGNATURES": 50,
        "TEMPLATES": 1000,
        "GLOBAL_DAILY": 1000,
        "ALLOWLIST": 300,
        "ALARM_CONTACTS": 5,
        "BLOCKLIST": 1000,
        "SUB_ACCOUNTS": 1000,
        "GROUPS": 300,
        "GROUPS_PER_USER": 10,
        "USERS_PER_GROUP": 100,
        "POLICIES": 1500,
        "ATTACHMENTS": 200,
        "POLICY_VERSIONS": 5,
        "ACCESS_KEYS": 2,
        "QUICK_USERS": 10,
        "CUSTOMERS": 5_000_000,
        "CUSTOMER_GROUPS": 500,
        "CUSTOMER_IMPORTS": 5,
        "DUMPS": 5,
        "SHORT_URLS": 1000,
    }


def test_a_limit_is_counted_under_its_own_name() -> None:
    assert {name: row.name for name, row in rows().items()} == {name: name for name in rows()}


def test_a_refusal_names_the_limit_and_the_way_out() -> None:
    assert quota.APPLICATIONS.exceeded() == (
        "at most 500 applications in an account, and 1 more would pass that: "
        "delete what is no longer needed"
    )
    assert quota.GLOBAL_DAILY.exceeded(20) == (
        "at most 1000 Global messages of an account a day, and 20 more would pass that: "
        "go on tomorrow"
    )

"""How many of each thing there may be: names and published limits, one row each."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit and the name it is counted under; `what` completes "at most 500 ..."."""

    name: str
    limit: int
    what: str
    way_out: str = "delete what is no longer needed"

    def exceeded(self, amount: int = 1) -> str:
        """Word the refusal of `amount` more than there are."""
        return (
            f"at most {self.limit} {self.what}, and {amount} more would pass that: {self.way_out}"
        )


APPLICATIONS: Final = Quota("APPLICATIONS", 500, "applications in an account")
SIGNATURES: Final = Quota("SIGNATURES", 50, "signatures in an account")
TEMPLATES: Final = Quota("TEMPLATES", 1000, "body templates in an account")
GLOBAL_DAILY: Final = Quota(
    "GLOBAL_DAILY", 1000, "Global messages of an account a day", "go on tomorrow"
)
ALLOWLIST: Final = Quota("ALLOWLIST", 300, "numbers on an application's frequency-limit allowlist")
ALARM_CONTACTS: Final = Quota("ALARM_CONTACTS", 5, "alarm contacts of an application")
BLOCKLIST: Final = Quota("BLOCKLIST", 1000, "blocklisted numbers for all signatures")
SUB_ACCOUNTS: Final = Quota("SUB_ACCOUNTS", 1000, "sub-accounts of a root account")
GROUPS: Final = Quota("GROUPS", 300, "user groups of a root account")
GROUPS_PER_USER: Final = Quota(
    "GROUPS_PER_USER", 10, "groups a sub-account may join", "leave another group first"
)
USERS_PER_GROUP: Final = Quota(
    "USERS_PER_GROUP", 100, "sub-accounts in a group", "use a second group"
)
POLICIES: Final = Quota("POLICIES", 1500, "custom policies of a root account")
ATTACHMENTS: Final = Quota(
    "ATTACHMENTS", 200, "policies on one user or group", "unbind another policy first"
)
POLICY_VERSIONS: Final = Quota("POLICY_VERSIONS", 5, "versions of a policy")
ACCESS_KEYS: Final = Quota("ACCESS_KEYS", 2, "access keys of a user")
QUICK_USERS: Final = Quota(
    "QUICK_USERS", 10, "sub-accounts in one quick creation", "create the others next"
)
CUSTOMER_GROUPS: Final = Quota("CUSTOMER_GROUPS", 500, "customer groups in an account")
CUSTOMERS: Final = Quota("CUSTOMERS", 5_000_000, "customers in an account")
CUSTOMER_IMPORTS: Final = Quota(
    "CUSTOMER_IMPORTS", 5, "imports of customers at the same time", "wait until one has ended"
)
SHORT_URLS: Final = Quota("SHORT_URLS", 1000, "short URLs in an account")
DUMPS: Final = Quota(
    "DUMPS", 5, "dumps of records in work or kept at the same time", "cancel one, or wait"
)

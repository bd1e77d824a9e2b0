"""An account with an administrator of access who is not its root, and others who hold more."""

from dataclasses import dataclass

from tests.access import CAM_FULL, FULL, READ_ONLY, Company, Person, allow, deny
from tests.console import Console


@dataclass(frozen=True, slots=True)
class Office:
    """An administrator who holds cam and reading, and others who hold more."""

    company: Company
    admin: Person
    colleague: Person
    chief: Person
    team: str
    chiefs: str
    barred: str
    own_policy: str
    no_buying: str
    strong: str


async def furnished(console: Console) -> Office:
    """Set the office up."""
    company = await Company.of(console)
    own_policy = await company.policy("Own", allow("sms:DescribePackageList"))
    no_buying = await company.policy("NoBuying", deny("sms:BuyPackage"))
    strong = await company.policy("Strong", allow("sms:BuyPackage"))
    admin = await company.person("admin", CAM_FULL, READ_ONLY, own_policy)
    colleague = await company.person("colleague", READ_ONLY)
    chief = await company.person("chief", FULL, no_buying)
    return Office(
        company=company,
        admin=admin,
        colleague=colleague,
        chief=chief,
        team=await company.group("Team", admin, policies=(READ_ONLY,)),
        chiefs=await company.group("Chiefs", policies=(FULL,)),
        barred=await company.group("Barred", chief, policies=(no_buying,)),
        own_policy=own_policy,
        no_buying=no_buying,
        strong=strong,
    )

"""What operators ask of routes, and an office that has some, for every test of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from db.account import AccountRow
from tests.console import Caller, Console

ROUTE = """
  id position enabled note fallback createdAt updatedAt
  conditions { region country prefix smsType accountUin }
  targets { carrier weight }
"""
CREATE = f"""
mutation ($input: RouteCreateInput!) {{
  routeCreate(input: $input) {{ route {{ {ROUTE} }} userErrors {{ code field message }} }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: RouteUpdateInput!) {{
  routeUpdate(id: $id, input: $input) {{ route {{ {ROUTE} }} userErrors {{ code field message }} }}
}}
"""
MOVE = f"""
mutation ($id: ID!, $position: Int!) {{
  routeMove(id: $id, position: $position) {{
    route {{ {ROUTE} }} userErrors {{ code field message }}
  }}
}}
"""
DELETE = """
mutation ($id: ID!) { routeDelete(id: $id) { deletedId userErrors { code field message } } }
"""
LIST = f"{{ routes {{ {ROUTE} }} }}"
ONE = f"query ($id: ID!) {{ route(id: $id) {{ {ROUTE} }} }}"
DRY_RUN = """
query ($phone: String!, $smsType: SmsType = REGULAR, $accountUin: String) {
  routeDryRun(phone: $phone, smsType: $smsType, accountUin: $accountUin) {
    phone country region code
    route { position }
    carriers { carrier weight share paused connected hasRoom }
    skipped { route { position } reasons }
  }
}
"""
ANYTHING = {
    "region": None,
    "country": None,
    "prefix": None,
    "smsType": None,
    "accountUin": None,
}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Office:
    """An operator of an installation with the simulator and three carriers, and an account."""

    console: Console
    operator: Caller
    account: AccountRow

    async def create(self, position: int = 1, **given: Any) -> Any:
        """Put a route to the carrier "one" into the table, unless told otherwise."""
        form = {"position": position, "targets": [{"carrier": "one"}], **given}
        payload = (await self.operator.run(CREATE, input=form))["routeCreate"]
        assert payload["userErrors"] == []
        return payload["route"]

    async def table(self) -> list[tuple[int, str]]:
        """Give position and note of every route."""
        found = (await self.operator.run(LIST))["routes"]
        return [(row["position"], row["note"]) for row in found]

    async def dry_run(self, phone: str, **given: Any) -> Any:
        """Ask where a number goes."""
        return (await self.operator.run(DRY_RUN, phone=phone, **given))["routeDryRun"]

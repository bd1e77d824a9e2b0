"""What operators ask of carriers, for every test of them."""

from datetime import timedelta
from typing import Any

from db import carrier
from tests.console import Caller, Console

SETTINGS = """
  host port tls tlsCa tlsVerify tlsName systemId systemType bindMode binds window throughput
  alphabet longMessages receipts receiptIds receiptZone senderId sourceTon sourceNpi destTon
  destNpi enquireLinkSeconds responseTimeoutSeconds extraTlvs { tag value }
"""
STATE = """
  state {
    binds bindsWanted window rate error errorAt
    workers { worker binds bindsWanted window rate error errorAt seenAt }
  }
"""
CARRIER = f"""
  id name kind paused note createdAt updatedAt smpp {{ {SETTINGS} }} {STATE}
"""
CREATE = f"""
mutation ($input: CarrierCreateInput!) {{
  carrierCreate(input: $input) {{
    carrier {{ {CARRIER} }} userErrors {{ code field message }}
  }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: CarrierUpdateInput!) {{
  carrierUpdate(id: $id, input: $input) {{
    carrier {{ {CARRIER} }} userErrors {{ code field message }}
  }}
}}
"""
SWITCH = """
mutation ($id: ID!) {
  %s(id: $id) { carrier { name paused updatedAt } userErrors { code field message } }
}
"""
PAUSE, RESUME = SWITCH % "carrierPause", SWITCH % "carrierResume"
DELETE = """
mutation ($id: ID!) { carrierDelete(id: $id) { deletedId userErrors { code field message } } }
"""
LIST = f"{{ carriers {{ {CARRIER} }} }}"
ONE = f"query ($id: ID!) {{ carrier(id: $id) {{ {CARRIER} }} }}"
SECRET = "s3cret-pw"
MINUTE = timedelta(minutes=1)


def form(**smpp: Any) -> dict[str, Any]:
    """Give what a carrier is created with, settings changed as told."""
    reach = {"host": "smsc.example.com", "port": 2775, "systemId": "console", "password": SECRET}
    return {"name": "acme", "note": "The first", "smpp": reach | smpp}


async def create(operator: Caller, name: str = "acme", **smpp: Any) -> Any:
    """Create a carrier and give it as it is shown."""
    answer = await operator.run(CREATE, input=form(**smpp) | {"name": name})
    assert answer["carrierCreate"]["userErrors"] == []
    return answer["carrierCreate"]["carrier"]


async def password(console: Console, name: str = "acme") -> str:
    """Open the password that is stored of a carrier."""
    async with console.database.read() as session:
        (row,) = [row for row in await carrier.in_force(session) if row.name == name]
    return row.password(console.vault)

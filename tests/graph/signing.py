"""Applying for signatures and deciding on them: documents and steps that several stories share."""

from typing import Any

from tests.console import Caller, Console
from tests.images import upload

SHOWN = """
  id signatureId region content signatureType purpose certificateType note
  status reason createdAt submittedAt expectedDecisionAt decidedAt
  certificate { url mediaType size } authorization { mediaType size }
"""
CREATE = f"""
mutation ($input: SignatureCreateInput!) {{
  signatureCreate(input: $input) {{
    signature {{ {SHOWN} }}
    userErrors {{ code field message }}
  }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: SignatureUpdateInput!) {{
  signatureUpdate(id: $id, input: $input) {{
    signature {{ {SHOWN} }}
    userErrors {{ code field message }}
  }}
}}
"""
DELETE = """
mutation ($id: ID!) { signatureDelete(id: $id) { deletedId userErrors { code field message } } }
"""
READ = f"query ($id: ID!) {{ signature(id: $id) {{ {SHOWN} reviews {{ verdict automatic }} }} }}"
LIST = """
query ($region: Region, $status: ReviewStatus, $search: String, $first: Int!, $after: String) {
  signatures(region: $region, status: $status, search: $search, first: $first, after: $after) {
    nodes { id content certificate { url } reviews { verdict } }
    totalCount
    pageInfo { hasNextPage endCursor }
  }
}
"""
QUEUE = "{ reviewQueue { nodes { id subject { id } } } }"
APPROVE = "mutation ($id: ID!) { reviewApprove(id: $id) { userErrors { code field message } } }"
REJECT = """
mutation ($id: ID!, $reason: String!) {
  reviewReject(id: $id, input: {reason: $reason}) { userErrors { code field message } }
}
"""


def form(**fields: Any) -> dict[str, Any]:
    """Fill in the form for a company's own Mainland signature."""
    return {
        "region": "MAINLAND",
        "content": "腾讯云",
        "signatureType": "COMPANY",
        "purpose": "SELF_USE",
        "certificateType": "BUSINESS_LICENCE",
        "certificate": upload(),
        **fields,
    }


async def create(caller: Caller, **fields: Any) -> str:
    answer = (await caller.run(CREATE, input=form(**fields)))["signatureCreate"]
    assert answer["userErrors"] == []
    identity: str = answer["signature"]["id"]
    return identity


async def decide(console: Console, signature_id: str, document: str = APPROVE, **more: Any) -> None:
    operator = await console.operator()
    nodes = (await operator.run(QUEUE))["reviewQueue"]["nodes"]
    (item,) = [node["id"] for node in nodes if node["subject"]["id"] == signature_id]
    (payload,) = (await operator.run(document, id=item, **more)).values()
    assert payload["userErrors"] == []


async def read(caller: Caller, signature_id: str) -> Any:
    return (await caller.run(READ, id=signature_id))["signature"]


def stored(console: Console) -> int:
    folder = console.store._folder  # noqa: SLF001 - what lies on disk is what is tested
    assert folder is not None
    return sum(path.is_file() for path in folder.rglob("*"))

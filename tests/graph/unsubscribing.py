"""Sending to numbers that unsubscribe, and deciding on removals: what several stories share."""

from datetime import timedelta
from typing import Any

from tests.bulk import Parts
from tests.carrying import Carriage, to
from tests.console import Caller, Console
from tests.graph.bulk_task import START, consent, ready
from tests.graph.test_review import APPROVE

TD, OK = "+8613800009930", "+8613800009931"
SHOWN = """
  id phone signatureId signatureContent smsType status reply unsubscribedAt optOuts removedAt
  removal { id status reason justification }
"""
LIST = f"""
query ($phone: String, $signature: ID, $type: SmsType, $first: Int = 20, $after: String) {{
  unsubscriptions(
    phone: $phone, signatureId: $signature, smsType: $type, first: $first, after: $after
  ) {{
    nodes {{ {SHOWN} }}
    pageInfo {{ hasNextPage endCursor }}
    totalCount
  }}
}}
"""
REMOVALS = """
query ($status: ReviewStatus, $first: Int = 20) {
  unsubscriptionRemovals(status: $status, first: $first) {
    nodes {
      id status reason justification expectedDecisionAt decidedAt reviews { verdict }
      unsubscription { phone smsType signatureContent status }
    }
    totalCount
  }
}
"""
REQUEST = """
mutation ($id: ID!, $reason: String!) {
  unsubscriptionRemovalRequest(input: {id: $id, reason: $reason}) {
    unsubscriptionRemoval { id status justification unsubscription { id } }
    userErrors { code field message }
  }
}
"""
QUEUE = """
{
  reviewQueue(kind: UNSUBSCRIPTION) {
    nodes {
      id
      account { name }
      subject {
        ... on UnsubscriptionRemoval {
          justification unsubscription { phone signatureContent smsType reply optOuts }
        }
      }
    }
  }
}
"""
REPORT = """
query ($id: ID!) {
  bulkTaskReport(id: $id) {
    accepted refused delivered failures { code reason count }
  }
  bulkTaskRecipients(id: $id) { nodes { phone state code reason } }
}
"""
SKIPS = "query ($id: ID!) { bulkTask(id: $id) { willSkip { blocklisted unsubscribed } } }"
REASON = "the recipient has unsubscribed from this SMS type under this signature"


async def sent(root: Caller, carriage: Carriage, parts: Parts, *phones: str) -> Any:
    """Send a task through GraphQL and the worker; gives its report and recipients."""
    task_id = await ready(root.console, parts, to(phones))
    payload = (await root.run(START, id=task_id, input=consent(len(phones))))["bulkTaskStart"]
    assert payload["userErrors"] == []
    await carriage.run()
    root.console.clock.advance(timedelta(minutes=1))
    return await root.run(REPORT, id=task_id)


async def listed(caller: Caller, **arguments: Any) -> list[Any]:
    nodes: list[Any] = (await caller.run(LIST, **arguments))["unsubscriptions"]["nodes"]
    return nodes


async def decide(console: Console, document: str = APPROVE, **more: Any) -> Any:
    """Decide the only request that waits; gives what the operator saw."""
    operator = await console.operator()
    (item,) = (await operator.run(QUEUE))["reviewQueue"]["nodes"]
    (payload,) = (await operator.run(document, id=item["id"], **more)).values()
    assert payload["userErrors"] == []
    return item

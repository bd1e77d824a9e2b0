"""The two callbacks by the names of their fields, and an account to set them in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.callback import REPLIES
from graph.node import encode
from tests import pushing
from tests.console import Caller, Console
from tests.pushing import UIN

SHOWN = """
callback { url enabled state changedAt oldSecretUntil pushedAt failingSince nextTryAt error errorAt
  waiting oldestWaitingAt parked }
"""
ERRORS = "userErrors { field code message }"
URL = "https://hooks.example/sms"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two callbacks, by the names of its fields."""

    name: str
    first: str
    app_id: int

    def argument(self, more: str = "") -> str:
        """Write the arguments of a field."""
        given = [f'applicationId: "{encode("Application", self.app_id)}"'] if self.app_id else []
        given += [more] if more else []
        return f"({', '.join(given)})" if given else ""

    async def set(self, caller: Caller, *, first: bool = False, **given: object) -> Any:
        """Set URL and switch."""
        field = self.first if first else f"{self.name}Update"
        document = (
            f"mutation ($input: CallbackInput!) {{ {field}{self.argument('input: $input')} "
            f"{{ secret {SHOWN} {ERRORS} }} }}"
        )
        return (await caller.run(document, input=given))[field]

    async def change(self, caller: Caller, what: str, shown: str, more: str = "") -> Any:
        """Run another mutation."""
        field = f"{self.name}{what}"
        document = f"mutation {{ {field}{self.argument(more)} {{ {shown} {ERRORS} }} }}"
        return (await caller.run(document))[field]

    async def test(self, caller: Caller) -> Any:
        """Push a sample."""
        shown = "result { succeeded problem status body milliseconds }"
        return await self.change(caller, "Test", shown)

    async def get(self, caller: Caller) -> Any:
        """Read it."""
        shown = SHOWN.partition("{")[2]
        return (await caller.run(f"{{ {self.name}{self.argument()} {{ {shown} }}"))[self.name]

    async def parked(self, caller: Caller) -> Any:
        """List what is parked."""
        field = f"{self.name}Parked"
        shown = "totalCount nodes { id webhookId events tries createdAt parkedAt error }"
        return (await caller.run(f"{{ {field}{self.argument()} {{ {shown} }} }}"))[field]


EVENTS = Side("eventCallback", "eventCallbackUpdate", UIN)
REPLY = Side("replyCallback", "replyCallbackAdd", REPLIES)


def code_of(answer: Mapping[str, Any]) -> tuple[str, list[str] | None]:
    """Give code and field of the only problem."""
    (error,) = answer["userErrors"]
    return error["code"], error["field"]


async def happen(console: Console, side: Side, *messages: int) -> None:
    """Let receipts, or replies, come."""
    make = pushing.reply if side is REPLY else pushing.receipt
    await pushing.happen(console.database, *(make(message) for message in messages))

"""The guide's two worked examples of custom policies, and a short way to write documents."""

import json
from collections.abc import Mapping, Sequence

from policies.document import GeneratorStatement
from policies.rule import Effect

OWNER = "12345678"
FIRST = f"qcs::sms::uin/{OWNER}:app/1400000001"
SECOND = f"qcs::sms::uin/{OWNER}:app/1400000002"

GENERATOR = (
    GeneratorStatement(Effect.ALLOW, "sms", ("*",), (FIRST,)),
    GeneratorStatement(Effect.DENY, "sms", ("DeleteAppInfo",), (FIRST,)),
)
"""What "Using the policy generator" has the reader choose."""

SYNTAX = """{
  "version": "2.0",
  "statement": [
    {
      "effect": "allow",
      "action": [
        "name/SMS:*"
      ],
      "resource": [
        "qcs::sms::uin/12345678:app/1400000001",
        "qcs::sms::uin/12345678:app/1400000002"
      ]
    },
    {
      "effect": "deny",
      "action": [
        "name/SMS: DeleteAppInfo "
      ],
      "resource": [
        "qcs::SMS::uin/12345678:app/1400000001"
      ]
    }
  ]
}
"""
"""What "Using the policy syntax" has the reader paste, blanks and mixed case included."""


def document(*statements: Mapping[str, object]) -> str:
    """Write a document of these statements."""
    return json.dumps({"version": "2.0", "statement": list(statements)})


def allow(
    action: str | Sequence[str], resource: str | Sequence[str] = "*", **more: object
) -> dict[str, object]:
    """Write an allow statement."""
    return {"effect": "allow", "action": action, "resource": resource, **more}


def deny(
    action: str | Sequence[str], resource: str | Sequence[str] = "*", **more: object
) -> dict[str, object]:
    """Write a deny statement."""
    return {"effect": "deny", "action": action, "resource": resource, **more}

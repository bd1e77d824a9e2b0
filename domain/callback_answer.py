"""Which answers to a push count as success: 2xx with a JSON object whose result is 0."""

import json
from typing import Any, Final

from domain.callback import Heard
from domain.text import quoted

EXPECTED: Final = '{"result":0,"errmsg":"OK"}'


def problem(heard: Heard) -> str:
    """Say in words why a push counts as failed; empty when it was taken (domain.md section 3)."""
    if heard.error:
        return heard.error
    status = heard.status or 0
    if 200 <= status < 300:  # noqa: PLR2004 - the class of success
        return _unexpected(status, heard.body)
    if 300 <= status < 400:  # noqa: PLR2004 - the class of redirects
        return (
            f"the URL answered {status}, a redirect, and redirects are not followed: "
            "enter the address it leads to"
        )
    return f"the URL answered {status}"


def _unexpected(status: int, body: bytes) -> str:
    if not body.strip():
        return f"the URL answered {status} without a body: answer {EXPECTED}"
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        shown = quoted(body.decode(errors="replace"))
        return f"the URL answered {shown}, which is not JSON: answer {EXPECTED}"
    if not isinstance(answer, dict) or "result" not in answer:
        return f'the URL answered JSON without "result": answer {EXPECTED}'
    return _result(answer)


def _result(answer: dict[str, Any]) -> str:
    result = answer["result"]
    # False and 0 are equal in Python, and not in JSON.
    if result == 0 and not isinstance(result, bool):
        return ""
    shown = json.dumps(result, ensure_ascii=False)
    told = answer.get("errmsg")
    reason = f": {quoted(told)}" if isinstance(told, str) and told else ""
    return f"the URL answered result {quoted(shown)}, not the number 0{reason}"

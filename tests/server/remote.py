"""A user of a server in another process, by HTTP alone."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

DEMO_UIN: Final = "12345678"
SIGN_IN: Final = """
mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }
"""
APPLICATIONS: Final = "{ applications(first: 1) { totalCount } }"


class Remote:
    """Somebody who speaks to the server at one port."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def health(self) -> dict[str, Any]:
        """Ask how the process feels."""
        answer: dict[str, Any] = self._http.get("/healthz").json()
        return answer

    def ask(self, document: str, **variables: Any) -> tuple[dict[str, Any] | None, str | None]:
        """Send a document; give its data, and the code of its only error or None."""
        body = {"query": document, "variables": variables}
        answer = self._http.post("/graphql", json=body).json()
        errors = answer.get("errors") or []
        assert len(errors) <= 1, errors
        return answer.get("data"), errors[0]["extensions"]["code"] if errors else None

    def done(self, mutation: str, **variables: Any) -> dict[str, Any]:
        """Send a mutation that must succeed and give its payload."""
        data, code = self.ask(mutation, **variables)
        assert data is not None, code
        (payload,) = data.values()
        assert payload["userErrors"] == [], payload["userErrors"]
        found: dict[str, Any] = payload
        return found

    def refused(self) -> str | None:
        """Try to list applications; give the code of the refusal, or None."""
        return self.ask(APPLICATIONS)[1]

    def sign_in(self, **who: str) -> None:
        """Sign in, and send the token from now on."""
        token = self.done(SIGN_IN, input=who)["token"]
        self._http.headers["authorization"] = f"Bearer {token}"


@contextmanager
def remote(variables: Mapping[str, str]) -> Iterator[Remote]:
    """Speak to the server that was started with these variables."""
    url = f"http://127.0.0.1:{variables['SMS_CONSOLE_PORT']}"
    with httpx2.Client(base_url=url, timeout=30) as http:
        yield Remote(http)


def root_password(data: Path) -> str:
    """Read the demo account's password as its owner would."""
    kept: dict[str, str] = json.loads((data / "demo.json").read_text(encoding="utf-8"))
    return kept["root_password"]

"""A GraphQL client as any program would write it: JSON over HTTP, uploads as multipart."""

import json
from typing import Any, Final

import httpx2

TIMEOUT: Final = 60


class DemoError(Exception):
    """The server answered something the demo did not expect."""


class Client:
    """Speaks to one server as one signed-in user."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.AsyncClient(base_url=base_url, headers=headers, timeout=TIMEOUT)

    @classmethod
    async def sign_in(cls, base_url: str, **who: str) -> "Client":
        """Sign in and give a client that carries the token."""
        anybody = cls(base_url)
        try:
            answer = await anybody.change(
                "mutation ($input: SignInInput!) "
                "{ signIn(input: $input) { token userErrors { field message } } }",
                input=who,
            )
        finally:
            await anybody.close()
        return cls(base_url, answer["token"])

    async def ask(self, document: str, **variables: Any) -> Any:
        """Send a document and give its only root field's value."""
        body = {"query": document, "variables": variables}
        return _read(await self._http.post("/graphql", json=body))

    async def change(self, document: str, **variables: Any) -> Any:
        """Send a mutation and give its payload, which must hold no userErrors."""
        return _unrefused(await self.ask(document, **variables))

    async def upload(
        self, document: str, path: str, part: tuple[str, bytes], **variables: Any
    ) -> Any:
        """Send a mutation with one file in place of the variable at `path`."""
        operations = {"query": document, "variables": variables}
        form = {
            "operations": json.dumps(operations),
            "map": json.dumps({"0": [f"variables.{path}"]}),
        }
        # Any value will do: a page of another site cannot add a header to a form.
        headers = {"apollo-require-preflight": "1"}
        return _unrefused(
            _read(await self._http.post("/graphql", data=form, files={"0": part}, headers=headers))
        )

    async def download(self, url: str) -> bytes:
        """Fetch a file with the same token."""
        answer = await self._http.get(url)
        if answer.status_code != httpx2.codes.OK:
            raise DemoError(f"{url} answered {answer.status_code}")
        return answer.content

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


def _read(answer: httpx2.Response) -> Any:
    try:
        body = answer.json()
    except ValueError:
        raise DemoError(f"the server answered {answer.status_code}: {answer.text[:200]}") from None
    if body.get("errors"):
        raise DemoError("; ".join(error["message"] for error in body["errors"]))
    (value,) = body["data"].values()
    return value


def _unrefused(payload: Any) -> Any:
    if payload["userErrors"]:
        raise DemoError(
            "; ".join(f"{error['field']}: {error['message']}" for error in payload["userErrors"])
        )
    return payload

"""The GraphQL endpoint: bounded in time, and GraphiQL with files of its own where it has them."""

import asyncio
import hashlib
import re
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from cross_web import HTTPException
from starlette.exceptions import HTTPException as MalformedForm
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http.ides import get_graphql_ide_html
from strawberry.types import ExecutionResult

from graph.context import Context
from graph.schema import schema
from server.bounds import refusal
from server.operation import watched
from server.request import context_of

SECONDS: Final = 30
WEB: Final = Path(__file__).parent.parent / "web" / "node_modules"
STATIC: Final = "/static"
_REMOTE: Final = re.compile(r"(https://[\w.-]+)/((?:@[\w-]+/)?[\w.-]+)@[\w.-]+/([\w./-]+)")
_EXAMPLE: Final = re.compile(r"const EXAMPLE_QUERY = `.*?`;", re.DOTALL)
# A sub-account's sign-in link names its account; only digits of it reach the query.
_WELCOME: Final = """const asked = new URLSearchParams(location.search).get("accountUin") || "";
const asWhom = /^[0-9]{1,19}$/.test(asked)
  ? `accountUin: "${asked}", name: "..."` : `accountUin: "12345678"`;
const EXAMPLE_QUERY = `# Sign in, then put the token into the Headers pane:
#   {"Authorization": "Bearer <token>"}
mutation SignIn {
  signIn(input: {${asWhom}, password: "..."}) {
    token
    userErrors { message }
  }
}
`;"""


class OperationTimeout(Exception):  # noqa: N818 - internal signal, never shown
    """An operation took longer than `SECONDS`."""


class Endpoint(GraphQL[Context, None]):
    """Strawberry's endpoint with this product's context and limits."""

    def __init__(self) -> None:
        """Take queries by POST only; subscriptions speak graphql-transport-ws alone."""
        super().__init__(
            schema,
            allow_queries_via_get=False,
            multipart_uploads_enabled=True,
            subscription_protocols=(),
        )

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Read who calls."""
        del response
        return await context_of(request)

    async def run(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer one request, in JSON whatever it was, and let go of the files it brought."""
        try:
            return await super().run(request, *args, **kwargs)
        except (HTTPException, MalformedForm) as problem:
            reason = problem.reason if isinstance(problem, HTTPException) else problem.detail
            return refusal(problem.status_code, "BAD_USER_INPUT", reason)
        except OperationTimeout:
            message = f"the operation took over {SECONDS} seconds: ask for less at once"
            return refusal(200, "QUERY_TOO_COSTLY", message)
        finally:
            if isinstance(request, Request):
                await request.close()

    async def execute_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Give up on an operation that takes too long; its transaction rolls back."""
        try:
            async with asyncio.timeout(SECONDS) as limit:
                return await super().execute_operation(*args, **kwargs)
        except TimeoutError:
            if limit.expired():
                raise OperationTimeout from None
            raise

    async def execute_single(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Measure, trace and log one operation."""
        with watched(kwargs["context"]) as watch:
            result = await super().execute_single(*args, **kwargs)
            watch.answered(result.errors or ())
            return result

    def decode_json(self, data: str | bytes) -> object:
        """Decode with orjson: it refuses lone surrogates, bad UTF-8, NaN and endless nesting.

        Python's own reader takes the first, which nothing can encode again, and fails over the
        others, or over a number of many digits, with errors that are nobody's answer.
        """
        decoded = orjson.loads(data)
        if not isinstance(decoded, dict | list):
            raise HTTPException(400, "the body must be a JSON object with a query")
        return decoded

    async def parse_multipart(self, request: Any) -> dict[str, str]:
        """Put files where the map says; a map that fits nothing is the client's mistake."""
        try:
            return await super().parse_multipart(request)
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            message = 'the parts "operations" and "map" do not fit: map each file to a variable'
            raise HTTPException(400, message) from error

    def encode_json(self, data: object) -> bytes:
        """Encode with orjson, twelve times as fast."""
        return orjson.dumps(data)

    async def render_graphql_ide(self, request: Request) -> Response:
        """Give the GraphiQL page."""
        del request
        page, policy = _page()
        return HTMLResponse(page, headers={"content-security-policy": policy})


@cache
def _page() -> tuple[str, str]:
    html = get_graphql_ide_html("graphiql").replace("Strawberry GraphiQL", "SMS Console")
    html = _EXAMPLE.sub(lambda _: _WELCOME, html)
    remote = list(_REMOTE.finditer(html))
    source = "'self'"
    if all((WEB / found.group(2) / found.group(3)).is_file() for found in remote):
        html = _REMOTE.sub(rf"{STATIC}/\2/\3", html)
    else:
        # Without the local files the page takes them from where Strawberry does, checked by hash.
        source = " ".join(sorted({source, *(found.group(1) for found in remote)}))
    return html, (
        f"default-src 'self'; script-src {source} {_inline_hashes(html)}; "
        f"style-src {source} 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def _inline_hashes(html: str) -> str:
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", html, re.DOTALL)
    return " ".join(
        f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )


async def static_file(request: Request) -> Response:
    """Serve one of the few files the page asks for, and nothing else of the folder."""
    name = request.path_params["name"]
    if f'"{STATIC}/{name}"' not in _page()[0]:
        return Response(status_code=404)
    return FileResponse(WEB / name, headers={"cache-control": "public, max-age=86400"})

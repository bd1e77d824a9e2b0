"""Short URLs as recipients open them (URL-2): `/s/<code>` leads on, and each click is counted.

The answer is 302 Found and may not be stored: every browser takes it for a change of address that
is asked for anew, so that every click comes here. 301 and 308 are kept by browsers, and later
clicks would never be seen.

A click is a GET. A HEAD is answered alike and counts nothing, nor does what says of itself that it
is a program (`domain.click.is_automatic`): apps fetch the links of a message to draw a preview.
The client is the peer of the connection, or whom a trusted proxy names (`server.serving`).
"""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from delivery.clicks import Clicks, Standing, Visit
from domain import click, short_url
from server import short_url_page
from server.request import Console

PAGES: Final = {
    Standing.GONE: short_url_page.GONE,
    Standing.UNKNOWN: short_url_page.UNKNOWN,
    Standing.BUSY: short_url_page.BUSY,
}


class Redirect:
    """The redirects of one process."""

    def __init__(self, console: Console) -> None:
        self._clicks = Clicks(console.database, console.clock)

    def routes(self) -> list[BaseRoute]:
        """List the one path, for GET and HEAD."""
        return [Route(f"{short_url.PATH}{{rest:path}}", self.redirect)]

    async def redirect(self, request: Request) -> Response:
        """Lead on, or say why not."""
        code = short_url.code_at(request.path_params["rest"])
        if code is None:
            return short_url_page.UNKNOWN.response()
        answer = await self._clicks.visit(Visit(code, *_who(request)))
        if answer.standing is not Standing.REDIRECTED:
            return PAGES[answer.standing].response()
        # The target was put into printable ASCII when it was entered: no header ends in it.
        return Response(status_code=HTTPStatus.FOUND, headers={"location": answer.target})


def _who(request: Request) -> tuple[str, bool]:
    headers = request.headers
    purpose = headers.get("sec-purpose") or headers.get("purpose") or ""
    automatic = click.is_automatic(headers.get("user-agent", ""), purpose)
    address = click.visitor(request.client.host if request.client else "")
    return address, request.method == "GET" and not automatic

"""The download of new credentials: once, soon, and by whoever was given the link (CAM-1)."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from db import credential
from server.request import Console

PATH = "/credentials/{token}.csv"
GONE = "this file has been downloaded already or has expired; create a new access key or password\n"


async def credentials_file(request: Request) -> Response:
    """Give the file and delete it."""
    if request.method != "GET":
        # A client that only looks must not use the one download up.
        return PlainTextResponse("use GET\n", status_code=405, headers={"allow": "GET"})
    console: Console = request.app.state.console
    async with console.database.write() as session:
        content = await credential.take(
            session, request.path_params["token"], console.vault, console.clock()
        )
    if content is None:
        return PlainTextResponse(GONE, status_code=404)
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="credentials.csv"'},
    )

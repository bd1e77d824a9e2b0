"""A real HTTP server on this machine that answers pushes as it is told, well or badly."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

OK: Final = b'{"result":0,"errmsg":"OK"}'


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(status: int = 200, body: bytes = OK, **headers: str) -> Answer:
    """Answer properly."""

    async def write(writer: asyncio.StreamWriter) -> None:
        head = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
        head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await writer.drain()

    return write


def endless(part: bytes = b"x" * 4096, pause: float = 0) -> Answer:
    """Answer a body that never ends, slowly if told so."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            await writer.drain()
            await asyncio.sleep(pause)

    return write


async def silence(writer: asyncio.StreamWriter) -> None:
    """Answer nothing, until the other side has had enough."""
    await writer.wait_closed()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close the connection without an answer."""
    writer.close()


@dataclass(slots=True)
class Receiver:
    """What was received, and how the next requests are answered."""

    port: int = 0
    answer: Answer = field(default_factory=answer)
    answers: list[Answer] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Give the URL of a path."""
        return f"{scheme}://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        self._open.add(writer)
        try:
            while not writer.is_closing():
                line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                named = (header.partition(": ") for header in rest if header)
                headers = {name.lower(): value for name, _, value in named}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.received.append(Received(line, headers, body))
                await (self.answers.pop(0) if self.answers else self.answer)(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._open.discard(writer)
            writer.close()

    def close(self) -> None:
        """Close what is open."""
        for writer in list(self._open):
            writer.close()


@asynccontextmanager
async def receiving(trust: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Serve on a free port of this machine."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=trust)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        receiver.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await server.wait_closed()

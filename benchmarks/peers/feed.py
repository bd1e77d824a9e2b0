"""Feeding a peer over its HTTP interface as fast as it takes messages, and taking its receipts."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

CONNECTIONS: Final = 20  # keep-alive connections, as many as Jasmin was measured best with


class Receipts(asyncio.Protocol):
    """One connection of a web server that answers every callback with success."""

    def __init__(self) -> None:
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request, in the words that Jasmin wants and Kannel ignores."""
        self._pending += data
        while (end := self._pending.find(b"\r\n\r\n")) >= 0:
            end += 4 + _length(self._pending[:end])
            if len(self._pending) < end:
                break
            self._pending = self._pending[end:]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nACK/Jasmin")


async def feed(port: int, paths: Sequence[str], accepted: bytes) -> int:
    """Ask for every path once; gives how many answers held `accepted`."""
    waiting = iter(paths)

    async def client() -> int:
        taken = 0
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for path in waiting:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: peer\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            body = await _body(reader, head)
            taken += accepted in head + body
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return taken

    return sum(await asyncio.gather(*(client() for _ in range(CONNECTIONS))))


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head.lower():
        return await reader.readexactly(_length(head))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0

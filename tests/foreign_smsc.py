"""SMSCs somebody else wrote, for what we and our own cast may have misread in the same way.

`smpp34` 1.5.0 (PyPI) takes any password and does not tell of query_sm; npm's `smpp` 0.5.1 is
driven by tests/delivery/smpp/npm/smsc.js. Both send a receipt until it is acknowledged.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import smpp34

NPM: Final = Path(__file__).parent / "delivery" / "smpp" / "npm"


def has_npm() -> bool:
    """Say whether Node is here, and `make test` has fetched its SMPP."""
    return shutil.which("node") is not None and (NPM / "node_modules" / "smpp").is_dir()


@asynccontextmanager
async def npm_smsc(**environment: str) -> AsyncIterator[int]:
    """Run npm's SMSC; gives its port."""
    node = shutil.which("node")
    assert node is not None
    process = await asyncio.create_subprocess_exec(
        node,
        str(NPM / "smsc.js"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            port = int(await process.stdout.readline())
        yield port
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def smpp34_smsc() -> AsyncIterator[int]:
    """Run smpp34's SMSC in this event loop; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = smpp34.Server("127.0.0.1", port)
    await server.start()
    smsc = _Smpp34(server)
    serving = asyncio.create_task(smsc.serve())
    try:
        yield port
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await server.stop()


class _Smpp34:
    """Accepts everything, and sends a receipt until it is acknowledged."""

    def __init__(self, server: smpp34.Server) -> None:
        self._server = server
        self._receivers: dict[str, smpp34.Esme] = {}
        self._owed: dict[str, tuple[str, str]] = {}
        self._pushes: set[asyncio.Task[None]] = set()
        self._last = 0

    async def serve(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                if event.can_receive:
                    self._receivers[event.session_id] = event
                    for message_id in self._owed:
                        self._push(message_id)
            elif isinstance(event, smpp34.Unbound):
                self._receivers.pop(event.session_id, None)
            else:
                self._submitted(event)

    def _submitted(self, event: smpp34.SubmitSmEvent) -> None:
        self._last += 1
        message_id = f"{self._last:08X}"
        event.accept(message_id)
        if event.registered_delivery & 1:
            self._owed[message_id] = (event.destination_addr, event.source_addr)
            self._push(message_id)

    def _push(self, message_id: str) -> None:
        task = asyncio.create_task(self._deliver(message_id))
        self._pushes.add(task)
        task.add_done_callback(self._pushes.discard)

    async def _deliver(self, message_id: str) -> None:
        if not self._receivers or message_id not in self._owed:
            return
        phone, sender_id = self._owed[message_id]
        dates = "submit date:2501010000 done date:2501010000"
        text = f"id:{message_id} sub:001 dlvrd:001 {dates} stat:DELIVRD err:000 text:"
        with suppress(smpp34.SmppError):  # the receiver has gone: the next one gets it
            response = await next(iter(self._receivers.values())).deliver_sm(
                sender_id, text.encode(), source_addr=phone, source_addr_ton=1, esm_class=4
            )
            if response.is_success:
                self._owed.pop(message_id, None)

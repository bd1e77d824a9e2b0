"""Connections to hosts that users name, which must not lead into the operator's own network.

A name is resolved once, each address is checked, and the address that was checked is the one that
is connected to: a name that leads elsewhere a moment later leads nowhere. The name still goes into
the Host header and the TLS handshake, because only the address is replaced.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Final

from httpcore2 import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
)

from domain.callback_url import Network, forbidden
from domain.text import quoted

ADDRESSES_TRIED: Final = 3
RESOLVERS: Final = 32

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Resolver:
    """Resolves names on threads of its own.

    Names of a dead DNS server take long, and must not keep others from the shared threads.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._threads = ThreadPoolExecutor(RESOLVERS, "resolver")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Give the addresses of a name, each once, in the order to try them."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """Begin no further look-up."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedNetwork(AsyncNetworkBackend):
    """Connects to public addresses, and to those of networks that are opened."""

    def __init__(self, opened: Collection[Network], resolve: Resolve) -> None:
        """Refuse whatever is neither public nor in `opened`."""
        self._opened = opened
        self._resolve = resolve
        self._network = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of `host` that may be connected to and answers."""
        error: Exception = ConnectError(f"the name {quoted(host)} has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except ConnectError as failure:
                error = failure
        raise error

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise ConnectError(f"the name {quoted(host)} is not known") from None
        allowed, refusal = [], ""
        for each in found:
            if reason := forbidden(ip_address(each), self._opened):
                refusal = f"{quoted(host)} leads to {each}, {reason}: nothing is pushed there"
            else:
                allowed.append(each)
        if refusal and not allowed:
            raise ConnectError(refusal)
        return allowed[:ADDRESSES_TRIED]


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]

"""Where callbacks may lead: URLs as they are entered, and addresses as they are connected to."""

import re
from collections.abc import Collection
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import SplitResult, urlsplit

from domain.errors import Code, Problem, Refused
from domain.text import quoted

URL_MOST: Final = 1_000
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IPv6 addresses that carry an IPv4 address: where they lead is decided by that one (RFC 6052).
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
# What the standard library calls global and is none of the public Internet: protocol assignments
# (Oracle Cloud has its metadata there), 6to4 relays, Azure's WireServer, documentation.
_NEVER: Final = tuple(
    map(
        ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20", "5f00::/16"),
    )
)
_LOOPBACK: Final = IPv4Address("127.0.0.1")
_NUMBER: Final = re.compile("[0-9]+|0[xX][0-9a-fA-F]*")
_OCTETS: Final = 4


def networks(text: str) -> tuple[Network, ...]:
    """Read networks between commas, such as "10.0.0.0/8,fd00::/8"; raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def forbidden(address: Address, opened: Collection[Network]) -> str:
    """Say why nothing may be pushed to an address; empty when it may.

    `opened` are networks an operator opens although they are not public.
    """
    if any(address in network for network in opened):
        return ""
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return forbidden(inner, opened)
        if address.is_site_local:
            return "which is site-local"
    for name in ("loopback", "link_local", "multicast", "unspecified", "private", "reserved"):
        if getattr(address, f"is_{name}"):
            return f"which is {name.replace('_', '-')}"
    if not address.is_global or any(address in network for network in _NEVER):
        return "which is not public"
    return ""


def check(url: str, opened: Collection[Network]) -> str:
    """Give the URL of a callback without blanks around it; raises Refused with every problem."""
    url = url.strip()
    if not url:
        raise Refused.one(Code.REQUIRED, "url is empty: enter an http or https address", "url")
    problems = []
    if len(url) > URL_MOST:
        message = f"url has {len(url)} characters: shorten it to at most {URL_MOST}"
        problems.append(Problem(Code.TOO_LONG, message, ("url",)))
    strange = next((mark for mark in url if not "!" <= mark <= "~"), None)
    if strange:
        message = (
            f"url {quoted(url)} contains {quoted(strange)}: write it in ASCII without blanks, "
            "names in their xn-- form and the rest percent-encoded"
        )
        raise Refused(*problems, Problem(Code.INVALID, message, ("url",)))
    problems += [Problem(Code.INVALID, message, ("url",)) for message in _mistakes(url, opened)]
    if problems:
        raise Refused(*problems)
    return url


def _mistakes(url: str, opened: Collection[Network]) -> list[str]:
    shown = f"url {quoted(url)}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return [f"{shown} cannot be read: enter an address such as https://example.com/sms"]
    found = []
    if parts.scheme in {"http", "https"}:
        found += [f"{shown} {reason}" for reason in _astray(parts, opened)]
    else:
        found.append(f"{shown} does not begin with http:// or https://")
    if "@" in parts.netloc:
        found.append(f"{shown} holds a user name: remove it, pushes are signed instead")
    if "#" in url:
        found.append(f"{shown} has a fragment: remove it from the # on")
    if port == 0:
        found.append(f"{shown} has port 0: enter 1 to 65535")
    return found


def _astray(parts: SplitResult, opened: Collection[Network]) -> list[str]:
    host = (parts.hostname or "").rstrip(".")
    if not host:
        return ["names no host: enter an address such as https://example.com/sms"]
    try:
        address: Address = ip_address(host)
    except ValueError:
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            number = _old_style(host)
            if number is None:
                return ["names no address: write four numbers from 0 to 255 between dots"]
            address = number
        elif host == "localhost" or host.endswith(".localhost"):
            address = _LOOPBACK
        else:
            return []
    reason = forbidden(address, opened)
    return [f"leads to {address}, {reason}: enter a public address"] if reason else []


def _old_style(host: str) -> IPv4Address | None:
    """Read an address the way resolvers do: 127.1, 0x7f000001 and 017700000001 are 127.0.0.1.

    One to four numbers, decimal, octal after 0 or hexadecimal after 0x; the last fills the rest
    (inet_aton). A name never ends in a number, so what is no address is none.
    """
    parts = host.split(".")
    if len(parts) > _OCTETS or not all(map(_NUMBER.fullmatch, parts)):
        return None
    try:
        *first, last = (int(part, _base(part)) for part in parts)
    except ValueError:  # 08 is no octal number, 0x alone none at all
        return None
    rest = _OCTETS - len(first)
    if any(number > 0xFF for number in first) or last >= 1 << (8 * rest):  # noqa: PLR2004 - an octet's most
        return None
    return IPv4Address(bytes(first) + last.to_bytes(rest))


def _base(part: str) -> int:
    if part[:2] in {"0x", "0X"}:
        return 16
    return 8 if part.startswith("0") else 10


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    compatible = address in _COMPATIBLE and int(address) > 0xFFFF  # noqa: PLR2004 - :: and ::1
    if address in _NAT64 or compatible:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None

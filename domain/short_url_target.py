"""Where a short URL may lead (URL-1): http and https addresses that a recipient can open.

What comes out is printable ASCII: it is sent as a header to whoever clicks, so nothing in it may
end a header or be read in two ways.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna

from domain import text
from domain.errors import Code, Problem, Refused
from domain.text import quoted

URL_MOST: Final = 2_000
HOST_MOST: Final = 253
FIELD: Final = "original_url"

# Browsers read a backslash as a slash; the others are written in percent-encoding everywhere.
_STRANGE: Final = re.compile(r'[\s\\<>"{}|^`]')
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# A last label of digits makes browsers read a whole host as an IPv4 address, also as 0x7f.1.
_LAST: Final = re.compile(r"[a-z][a-z0-9-]*")
_SAFE: Final = "/%:@!$&'()*+,;=~?[]"


def check(url: str, own_host: str) -> str:
    """Give the address in ASCII, the host in its xn-- form; raises Refused with every problem.

    `own_host` is the host of the short URLs themselves, to which none may lead.
    """
    url = text.tidy(url)
    problems = text.check(url, FIELD, least=1, most=URL_MOST)
    strange = _STRANGE.search(url)
    if strange and not problems:
        message = (
            f"original url {quoted(url)} contains {quoted(strange.group())}: "
            "write it in percent-encoding, or copy the address from a browser"
        )
        problems.append(Problem(Code.INVALID, message, (FIELD,)))
    if problems:
        raise Refused(*problems)
    shown = f"original url {quoted(url)}"
    try:
        parts = urlsplit(url)
        faults = list(_faults(parts, own_host))
    except ValueError:
        faults = ["cannot be read: enter an address such as https://example.com/sale"]
    if faults:
        raise Refused(*(Problem(Code.INVALID, f"{shown} {fault}", (FIELD,)) for fault in faults))
    address = _written(parts)
    if len(address) > URL_MOST:
        fault = f"has {len(address)} characters when it is percent-encoded"
        message = f"{shown} {fault}: shorten it to at most {URL_MOST}"
        raise Refused.one(Code.TOO_LONG, message, FIELD)
    return address


def host_of(base: str) -> str:
    """Give the host of an address that is known to be good, without its port."""
    return urlsplit(base).hostname or ""


def _faults(parts: SplitResult, own_host: str) -> Iterator[str]:
    if parts.scheme not in {"http", "https"}:
        yield "does not begin with http:// or https://: enter the whole address"
        return
    if "@" in parts.netloc:
        yield "holds a user name or a password, which everybody could read: remove it"
    if parts.port == 0:
        yield "has port 0: enter 1 to 65535"
    if not parts.hostname:
        yield "names no host: enter an address such as https://example.com/sale"
        return
    host = _host(parts.hostname)
    if host is None:
        name = quoted(parts.hostname)
        yield f"names {name}, where no recipient gets to: enter a whole host name or IP address"
    elif host == own_host:
        yield "leads to where short URLs are opened: enter the address it should lead to"


def _host(name: str) -> str | None:
    """Give the host as it is looked up; None for what recipients cannot reach by its form."""
    try:
        address = ip_address(name)
    except ValueError:
        return _domain(name)
    meant = getattr(address, "ipv4_mapped", None) or address
    if meant.is_loopback or meant.is_unspecified or meant.is_link_local or meant.is_multicast:
        return None
    return None if "%" in name else str(address)


def _domain(name: str) -> str | None:
    try:
        mapped = idna.uts46_remap(name, std3_rules=True, transitional=False).removesuffix(".")
        labels = [_ascii(label) for label in mapped.split(".")]
    except idna.IDNAError:
        return None
    host = ".".join(labels)
    if len(labels) < 2 or len(host) > HOST_MOST or not _LAST.fullmatch(labels[-1]):  # noqa: PLR2004 - a name and the domain it is in
        return None
    return host if all(map(_LABEL.fullmatch, labels)) else None


def _ascii(label: str) -> str:
    if not label.isascii():
        return idna.alabel(label).decode()
    if label.startswith("xn--"):
        idna.ulabel(label)
    return label


def _written(parts: SplitResult) -> str:
    host = _host(parts.hostname or "") or ""
    netloc = f"[{host}]" if ":" in host else host
    if parts.port is not None:
        netloc = f"{netloc}:{parts.port}"
    path, query, fragment = (
        quote(part, safe=_SAFE) for part in (parts.path, parts.query, parts.fragment)
    )
    return urlunsplit((parts.scheme, netloc, path, query, fragment))

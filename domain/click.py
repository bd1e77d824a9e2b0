"""Clicks on short URLs: what counts as one, who made it, and what they come to (URL-2, URL-3)."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from domain.statistic import Span

UNKNOWN: Final = "unknown"
ADDRESS_MOST: Final = 45
_ONE_SITE: Final = 64

# Programs that look at a link so that an app can draw a preview, or that index the web. They say
# so themselves; CUBOT is a maker of phones.
_AUTOMATIC: Final = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|preview|facebookexternalhit|^whatsapp/|^curl/|^wget/"
    r"|headlesschrome|^python-|^go-http-client|^okhttp|^java/",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a time brought: messages accepted with the link in them, distinct visitors, clicks.

    `clickers` is None where their addresses are no longer kept.
    """

    recipients: int = 0
    clickers: int | None = 0
    clicks: int = 0

    @property
    def ctr(self) -> float | None:
        """Clickers by recipients; None without recipients, or without the clickers' addresses."""
        if self.clickers is None or not self.recipients:
            return None
        return self.clickers / self.recipients


def visitor(address: str) -> str:
    """Give the address that a visitor is told apart by.

    An IPv4 address as it is, also where it comes inside an IPv6 one. Of an IPv6 address its /64
    network: a device changes the other half every day to be hard to follow, and has 2 ** 64 of
    them at will. What is no address counts as one visitor.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(ip_network((found, _ONE_SITE), strict=False))
        found = found.ipv4_mapped
    return str(found)


def is_automatic(user_agent: str, purpose: str) -> bool:
    """Say whether no person asked: a preview, a crawler, or a page fetched ahead of a click.

    `purpose` is what a browser says in Sec-Purpose or Purpose.
    """
    return "prefetch" in purpose.lower() or _AUTOMATIC.search(user_agent) is not None


def kept_from(now: datetime, kept: timedelta) -> date:
    """Give the first day whose visitors are kept; those of earlier days may be forgotten.

    One day more than `kept` is there in every time zone.
    """
    return (now.astimezone(UTC) - kept).date() - timedelta(days=1)


def bars(
    span: Span, clicks: Iterable[tuple[datetime, int, int]], sent: Iterable[tuple[datetime, int]]
) -> list[Figures]:
    """Put what was counted by the hour into the bars of a span; none is left out.

    `clicks` are (hour, clicks, clickers new on that day), `sent` (hour, recipients).
    """
    counts = [[0, 0, 0] for _ in span.edges[1:]]
    for hour, recipients in sent:
        counts[bisect_right(span.edges, hour) - 1][0] += recipients
    for hour, clicked, clickers in clicks:
        bar = counts[bisect_right(span.edges, hour) - 1]
        bar[1] += clickers
        bar[2] += clicked
    return [Figures(*bar) for bar in counts]

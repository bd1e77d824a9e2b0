"""Clicks (URL-2, URL-3): who is one visitor, what is no click, and what they come to."""

from datetime import date, timedelta
from ipaddress import IPv4Address, IPv6Address
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.click import (
    ADDRESS_MOST,
    UNKNOWN,
    Figures,
    bars,
    is_automatic,
    kept_from,
    visitor,
)
from domain.statistic import Period, hour_of, span_of
from tests.console import START as NOW

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", UNKNOWN),
        ("unknown", UNKNOWN),
        ("203.0.113.7, 10.0.0.1", UNKNOWN),
        ("<script>", UNKNOWN),
    ],
)
def test_a_visitor_is_an_ipv4_address_or_a_network_of_ipv6(address: str, one: str) -> None:
    assert visitor(address) == one


@given(st.ip_addresses() | st.text(max_size=80))
def test_whatever_comes_is_short_and_stays_itself(
    address: IPv4Address | IPv6Address | str,
) -> None:
    found = visitor(str(address))
    assert len(found) <= ADDRESS_MOST
    assert found.isascii()
    assert visitor(found.removesuffix("/64")) == found


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "purpose", "automatic"),
    [
        (IPHONE, "", False),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/120.0 Mobile", "", False),
        ("Mozilla/5.0 (Linux; Android 14) WhatsApp/2.24 Chrome/120.0 Mobile", "", False),
        ("Mozilla/5.0 (Linux) MicroMessenger/8.0 Mobile", "", False),
        ("", "", False),
        (IPHONE, "prefetch", True),
        (IPHONE, "prefetch;prerender", True),
        ("facebookexternalhit/1.1 (+http://www.facebook.com)", "", True),
        ("WhatsApp/2.24.1 A", "", True),
        ("TelegramBot (like TwitterBot)", "", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", True),
        ("Mozilla/5.0 SkypeUriPreview Preview/0.5", "", True),
        ("curl/8.5.0", "", True),
    ],
)
def test_programs_that_say_so_are_no_clickers(agent: str, purpose: str, automatic: bool) -> None:
    assert is_automatic(agent, purpose) is automatic


def test_the_rate_is_clickers_by_recipients_and_null_where_either_is_missing() -> None:
    assert Figures(recipients=200, clickers=50, clicks=80).ctr == 0.25
    assert Figures(recipients=0, clickers=5, clicks=8).ctr is None
    assert Figures(recipients=10, clickers=None, clicks=8).ctr is None
    assert Figures(recipients=10, clickers=0, clicks=0).ctr == 0
    assert Figures(recipients=10, clickers=12, clicks=20).ctr == 1.2


def test_addresses_are_kept_a_day_longer_than_set_so_that_every_zone_has_its_days() -> None:
    assert kept_from(NOW, timedelta(days=180)) == date(2025, 9, 2)


def test_hours_fall_into_the_bars_of_the_accounts_days() -> None:
    """URL-3: bars without anything are there too."""
    span = span_of(None, date(2026, 2, 26), date(2026, 3, 2), NOW, SHANGHAI)
    first, last = hour_of(span.start, SHANGHAI), hour_of(NOW, SHANGHAI)
    before_midnight = span.edges[1] - timedelta(hours=1)
    found = bars(
        span,
        [(first, 3, 2), (before_midnight, 4, 1), (last, 5, 5)],
        [(last, 100), (before_midnight, 10)],
    )
    assert found == [
        Figures(recipients=10, clickers=3, clicks=7),
        Figures(),
        Figures(),
        Figures(),
        Figures(recipients=100, clickers=5, clicks=5),
    ]


def test_short_times_have_hourly_bars() -> None:
    span = span_of(Period.TODAY, None, None, NOW, SHANGHAI)
    found = bars(span, [(hour_of(NOW, SHANGHAI), 2, 1)], [])
    assert len(found) == 24
    assert found[10] == Figures(clickers=1, clicks=2)

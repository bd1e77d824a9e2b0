"""What an installation has set: every number of the guide that may be changed, with its default."""

from dataclasses import dataclass
from datetime import time, timedelta

from domain.alarm import FOLD_WINDOW
from domain.callback_url import Network
from domain.frequency import GUIDE, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Business settings, passed down from the edge; nothing below reads the environment."""

    application_delay: timedelta = timedelta(minutes=5)
    """How long disabling and enabling an application take to have effect (APP-5)."""
    blocklist_delay: timedelta = timedelta(minutes=5)
    """How long a number on the blocklist takes to be in force (BLO-2)."""
    opt_out_words: tuple[str, ...] = ("TD", "T", "N", "R", "退订", "T退订", "QX", "0000")
    """Replies that unsubscribe; those that marketing texts may promise are among them (UNS-1)."""
    opt_out_window: timedelta = timedelta(hours=72)
    """How long after a message a reply to it unsubscribes (UNS-1)."""
    session_lifetime: timedelta = timedelta(hours=12)
    """How long a sign-in lasts (ACC-4)."""
    sign_in_window: timedelta = timedelta(minutes=15)
    """The time over which tries to sign in are counted."""
    sign_in_tries_per_name: int = 10
    """Tries for one user name within the window."""
    sign_in_tries_per_address: int = 100
    """Tries from one address within the window."""
    credential_lifetime: timedelta = timedelta(minutes=10)
    """How long the file with a new sub-account's credentials can be fetched (CAM-1)."""
    review_opens: time = time(9)
    """When reviewers begin, in the review time zone (REV-2)."""
    review_closes: time = time(23)
    """When reviewers end, in the review time zone (REV-2)."""
    review_target: timedelta = timedelta(hours=2)
    """How long a decision takes within review hours (REV-2)."""
    review_time_zone: str = "Asia/Shanghai"
    """The zone of the review hours."""
    review_lease: timedelta = timedelta(minutes=15)
    """How long a reviewer holds an item that they claimed (REV-1)."""
    callback_networks: tuple[Network, ...] = ()
    """Networks that callbacks may lead to although they are not public (CFG-2, RPL-1)."""
    restore_for: timedelta = timedelta(days=30)
    """How long something deleted can be restored by review (APP-6)."""
    auto_review: bool = False
    """Approve whatever is submitted at once; for sandboxes only."""
    recipient_file_bytes: int = 30 * 1024 * 1024
    """The largest recipient file (BLK-3)."""
    recipient_rows: int = 1_000_000
    """The most rows of one recipient file (domain.md 5.5)."""
    schedule_ahead: timedelta = timedelta(days=31)
    """How far ahead a task may be scheduled: one month."""
    frequency: Limits = GUIDE
    """The frequency limits of applications without their own (CFG-3)."""
    alarm_fold: timedelta = FOLD_WINDOW
    """How long an alarm that repeats is only counted before it is told again (ALM-2)."""
    global_daily: int = 1_000
    """Global messages an account may send on one calendar day (BLK-10)."""
    global_segment_micros: int = 50_000
    """The price of one Global segment, in millionths of the currency unit."""
    currency: str = "USD"
    """The currency of Global prices, ISO 4217, and of price list items that name none."""
    gift_individual: int = 100
    """Package units an individual is given when the identity is verified (domain.md 5.2)."""
    gift_organization: int = 1_000
    """Package units an organization is given when the identity is verified."""
    gift_lasts: timedelta = timedelta(days=365)
    """How long they can be used."""
    package_delay: timedelta = timedelta()
    """How long a package takes to be effective after its purchase (PKG-1)."""
    short_url_base: str = ""
    """What short URLs begin with; empty for the address their creator uses (URL-1)."""
    short_url_lasts: timedelta = timedelta(days=90)
    """How long a short URL redirects (URL-1)."""
    click_addresses_kept: timedelta = timedelta(days=180)
    """How long the addresses of who clicked are kept (URL-2)."""
    export_link: timedelta = timedelta(minutes=10)
    """How long a link to a download can be used (STA-6)."""
    export_rows: int = 100_000
    """The most rows of a table that is given at once; beyond it is a dump (STA-6)."""
    dump_rows: int = 20_000_000
    """The most rows of one dump (STA-8)."""
    dump_kept: timedelta = timedelta(days=7)
    """How long a dump can be downloaded (STA-8)."""

"""What delivery may be told by the edge."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain import frequency
from domain.alarm import FOLD_WINDOW
from domain.frequency import Limits
from domain.sandbox import Odds
from domain.terms import Terms
from domain.unsubscription import OptOut

_OPT_OUT: Final = OptOut.of(Terms().opt_out_words, Terms().opt_out_window)
_ODDS: Final = Odds(success_rate=0.98, delay=timedelta(seconds=1), seed=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How messages are taken, sent and waited for."""

    batch: int = 500
    """Messages a worker takes at once, in one transaction."""
    in_flight: int = 1_000
    """Messages a worker has submitted and not recorded: the most that one killed can send twice."""
    lease: timedelta = timedelta(seconds=60)
    """How long a worker may hold a message before others take it for dead; half of it is how long
    a carrier may take to answer."""
    poll: timedelta = timedelta(seconds=1)
    """How often an idle worker looks for work nobody woke it for."""
    frequency: Limits = frequency.GUIDE
    """The frequency limits of applications without their own (CFG-3)."""
    alarm_fold: timedelta = FOLD_WINDOW
    """How long an alarm that repeats is only counted before it is told again (ALM-2)."""
    receipt_wait: timedelta = timedelta(hours=72)
    """How long a message waits for its receipt."""
    drain: timedelta = timedelta(seconds=10)
    """How long a worker that is told to stop may take to finish what it holds."""
    application_delay: timedelta = timedelta(minutes=5)
    """How long disabling and enabling an application take (APP-5)."""
    blocklist_delay: timedelta = timedelta(minutes=5)
    """How long a number on the blocklist takes to be in force (BLO-2)."""
    opt_out: OptOut = _OPT_OUT
    """Which replies unsubscribe (UNS-1)."""
    odds: Odds = _ODDS
    """How the simulator carrier treats numbers without a magic ending."""

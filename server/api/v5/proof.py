"""That a request was made by who holds the AppKey: its `sig`, its time, and that it comes once.

`sig` covers the query's random number, the time and the numbers that are sent to (domain.md 2).
What it does not cover, the text among it, anybody on the way could change: that is what TLS is for.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from db import app_key_use
from db.session import AsyncSession
from server.api.v5.fault import Fault

SKEW: Final = timedelta(minutes=10)
_RANDOM: Final = re.compile(r"[0-9]{1,20}")
_LATEST: Final = 253_402_300_799  # the last second of the year 9999

_MISSING: Final = "InternalError.SigFieldMissing"
_WRONG: Final = "InternalError.SigVerificationFail"
_OFF: Final = "InternalError.RequestTimeException"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request proves itself by; `mobiles` are as the body has them, None where none are."""

    app_id: int
    random: str
    time: int
    sig: str
    mobiles: Sequence[str] | None

    def check(self, app_key: str, now: datetime) -> None:
        """Raise Fault unless the request was signed with this AppKey and just now."""
        if not self.sig:
            raise Fault(_MISSING)
        if not _RANDOM.fullmatch(self.random):
            raise Fault(_WRONG, "random in the query must be 1 to 20 digits: sign with it too")
        right = signature(app_key, self.random, self.time, self.mobiles)
        given = self.sig.encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, right.encode()):
            raise Fault(_WRONG)
        signed_at = datetime.fromtimestamp(self.time, UTC) if 0 <= self.time <= _LATEST else None
        if signed_at is None or abs(now - signed_at) > SKEW:
            raise Fault(_OFF)

    async def use_up(self, session: AsyncSession, now: datetime) -> None:
        """Raise Fault where a request with this proof was answered before.

        It is used up when the caller's transaction commits: what was refused can be sent again.
        """
        if not await app_key_use.note(session, self.app_id, self._digest, now, now - 2 * SKEW):
            raise Fault(_WRONG, "sig was used before: sign each request with another random")

    @property
    def _digest(self) -> str:
        return sha256(f"{self.random}&{self.time}&{self.sig}".encode()).hexdigest()


def signature(app_key: str, random: str, time: int, mobiles: Sequence[str] | None) -> str:
    """Sign a request: 64 lower-case hexadecimal digits (domain.md 2)."""
    signed = f"appkey={app_key}&random={random}&time={time}"
    if mobiles is not None:
        signed += f"&mobile={','.join(mobiles)}"
    return sha256(signed.encode("utf-8", "surrogatepass")).hexdigest()

"""Magic numbers of the simulator carrier: the last four digits decide what becomes of a message."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from domain.carrier import Verdict

DELIVERED: Final = "DELIVRD"
LATE: Final = timedelta(seconds=30)
ENDING_DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the simulator does with one number.

    `first` answers the first submission, and every one after it is accepted unless `first` is
    REFUSED. A receipt with `code` follows after `delay`; None means that none ever does.
    """

    first: Verdict = Verdict.ACCEPTED
    code: str = DELIVERED
    delay: timedelta | None = timedelta(0)
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """One row of the table in docs/sandbox.md."""

    description: str
    script: Script


@dataclass(frozen=True, slots=True)
class Odds:
    """How numbers without a magic ending fare; a number always fares alike under one seed."""

    success_rate: float
    delay: timedelta
    seed: int


def _fails(code: str) -> Script:
    return Script(code=code)


ENDINGS: Final[Mapping[str, Ending]] = MappingProxyType(
    {
        "9900": Ending("Delivered at once.", Script()),
        "9901": Ending("Fails: the number is empty.", _fails("MK:0012")),
        "9902": Ending("Fails: the handset is off or out of service.", _fails("MK:0004")),
        "9903": Ending("Fails: the number is on a blocklist of the carrier.", _fails("TD:0001")),
        "9904": Ending("Fails: the carrier's daily limit is reached.", _fails("MX:0003")),
        "9905": Ending("Fails: internal failure of the carrier.", _fails("MB:1078")),
        "9906": Ending("Fails: the content is rejected.", _fails("REJECTD")),
        "9907": Ending("Fails: the handset did not answer in time.", _fails("EXPIRED")),
        "9908": Ending("Fails: undeliverable.", _fails("UNDELIV")),
        "9909": Ending("Fails: the carrier lost track of it.", _fails("UNKNOWN")),
        "9910": Ending(
            f"Delivered late: the receipt comes after {LATE.seconds} seconds.", Script(delay=LATE)
        ),
        "9911": Ending("Accepted, and no receipt ever comes.", Script(delay=None)),
        "9920": Ending(
            "Refused at submission: the number is malformed.",
            Script(first=Verdict.REFUSED, code="InvalidParameterValue.IncorrectPhoneNumber"),
        ),
        "9921": Ending(
            "Throttled once, then accepted and delivered.", Script(first=Verdict.THROTTLED)
        ),
        "9930": Ending('Delivered, and the recipient replies "TD".', Script(reply="TD")),
        "9931": Ending('Delivered, and the recipient replies "OK".', Script(reply="OK")),
    }
)

# Failures of ordinary numbers, the frequent ones first; 16 places make each a share of a sixteenth.
_FAILURES: Final = (
    *("MK:0004",) * 6,
    *("MK:0012",) * 4,
    *("UNDELIV",) * 2,
    *("TD:0001",) * 2,
    "EXPIRED",
    "MB:1078",
)


def script(phone: str, odds: Odds) -> Script:
    """Say what becomes of a number: by its magic ending, else by the odds.

    Delays of ordinary numbers lie between half and one and a half times that of the odds.
    """
    ending = ENDINGS.get(phone[-ENDING_DIGITS:])
    if ending is not None:
        return ending.script
    drawn = hashlib.blake2b(f"{odds.seed}:{phone}".encode(), digest_size=8).digest()
    chance = int.from_bytes(drawn[:4]) / 2**32
    code = DELIVERED if chance < odds.success_rate else _FAILURES[drawn[4] % len(_FAILURES)]
    return Script(code=code, delay=odds.delay * (0.5 + int.from_bytes(drawn[5:]) / 2**24))

"""All lanes of this process, and which of them takes a message."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from db.queue import Claimed
from delivery.lane import Lane
from domain.route import Destination, Routing

LOOKED_EVERY: Final = timedelta(seconds=10)


class Way(NamedTuple):
    """Where a message goes: to `carrier` now, or when that has room again."""

    carrier: str
    now: bool


class Lanes:
    """The lanes by the names of their carriers, and the routes to them."""

    def __init__(self, lanes: Mapping[str, Lane], routing: Routing) -> None:
        self.by_name = dict(lanes)
        self.routing = routing
        self.changed = False
        """Whether what waits for a carrier has to be looked at again, for every carrier."""
        self._up: frozenset[str] | None = None
        self._looked_at: datetime | None = None

    @property
    def in_flight(self) -> int:
        """Messages that were submitted and not answered."""
        return sum(lane.in_flight for lane in self.by_name.values())

    def rooms(self) -> dict[str, int]:
        """Give the carriers that have room, with how much."""
        rooms = {name: lane.room() for name, lane in self.by_name.items()}
        return {name: room for name, room in rooms.items() if room > 0}

    def pause(self, longest: float) -> float:
        """Give the seconds until a carrier that took nothing is tried again, `longest` at most."""
        pauses = (lane.pause() for lane in self.by_name.values())
        return min((pause for pause in pauses if 0 < pause < longest), default=longest)

    def left(self, now: datetime) -> tuple[str, ...] | None:
        """Give the carriers that are away, when that has changed since the last look.

        Looks are seldom: a connection that comes and goes must not move a million messages.
        """
        if self._looked_at is not None and now - self._looked_at < LOOKED_EVERY:
            return None
        self._looked_at = now
        up = frozenset(name for name, lane in self.by_name.items() if lane.up)
        if self._up == up:
            return None
        known, self._up = self._up, up
        return None if known is None else tuple(sorted(self.by_name.keys() - up))

    def way(self, message: Claimed, rooms: dict[str, int]) -> Way | None:
        """Choose the way of a message and take its place in `rooms`; None when no route takes it.

        Of its route's carriers the first that is there, so a fall-back is for carriers that are
        away and not for busy ones; while all are away, the message waits for the first.
        """
        destination = Destination(
            message.account_uin, message.region, message.country, message.phone, message.sms_type
        )
        choice = self.routing.choose(destination, message.id)
        if choice is None:
            return None
        for name in choice.carriers:
            if rooms.get(name, 0) > 0:
                rooms[name] -= 1
                return Way(name, now=True)
            if name in self.by_name and self.by_name[name].up:
                return Way(name, now=False)
        return Way(choice.carriers[0], now=False)

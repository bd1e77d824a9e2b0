"""Lanes for dispatchers that tests step by hand."""

from collections.abc import Callable, Sequence
from datetime import datetime

from db.session import Database
from db.vault import Vault
from delivery.carriers import Build, Means, builder
from delivery.carriers.base import Carrier
from delivery.dispatcher import Dispatcher
from delivery.lane import Lane
from delivery.lanes import Lanes
from delivery.settings import DeliverySettings
from domain.route import Route, Routing, Target
from tests.console import KEY


def lanes(
    clock: Callable[[], datetime],
    settings: DeliverySettings,
    *carriers: Carrier,
    routes: Sequence[Route] | None = None,
) -> Lanes:
    """Open a lane to each carrier.

    Unless told otherwise, one route takes everything to the first; the second is its fall-back.
    """
    if routes is None:
        fallback = carriers[1].name if len(carriers) > 1 else None
        routes = [Route(id=1, targets=(Target(carriers[0].name, 1),), fallback=fallback)]
    found = {}
    for carrier in carriers:
        lane = found[carrier.name] = Lane(carrier, clock, settings)
        lane.open = True
    return Lanes(found, Routing.of(routes))


async def turn(dispatcher: Dispatcher, there: Lanes) -> float:
    """Take one turn, and wait until all that was submitted is answered."""
    pause = await dispatcher.step()
    for lane in there.by_name.values():
        await lane.idle()
    return pause


def build(database: Database, clock: Callable[[], datetime], settings: DeliverySettings) -> Build:
    """Build carriers as the product does."""
    return builder(Means(database=database, vault=Vault(KEY), clock=clock, settings=settings))

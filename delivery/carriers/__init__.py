"""The carriers there are: the rest of delivery knows them by this table only."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from db.session import Database
from delivery.carriers.base import Carrier
from delivery.carriers.simulator import Simulator
from delivery.settings import DeliverySettings

Build = Callable[[Database, Callable[[], datetime], DeliverySettings], Carrier]

CARRIERS: Final[Mapping[str, Build]] = {Simulator.name: Simulator}
DEFAULT: Final = Simulator.name

"""The carriers there are: the rest of delivery knows them by this table only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.carrier import CarrierRow
from db.session import Database
from db.vault import Vault
from delivery.carriers.base import Carrier
from delivery.carriers.simulator import Simulator
from delivery.carriers.smpp.carrier import SmppCarrier
from delivery.carriers.smpp.configured import smpp_settings
from delivery.settings import DeliverySettings
from domain.carrier_form import CarrierKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What carriers are built with."""

    database: Database
    vault: Vault
    clock: Callable[[], datetime]
    settings: DeliverySettings


Build = Callable[[CarrierRow], Carrier]


def _simulator(_row: CarrierRow, means: Means) -> Carrier:
    return Simulator(means.database, means.clock, means.settings)


def _smpp(row: CarrierRow, means: Means) -> Carrier:
    return SmppCarrier(row.name, smpp_settings(row, means.vault), means.clock)


_KINDS: Final[Mapping[CarrierKind, Callable[[CarrierRow, Means], Carrier]]] = {
    CarrierKind.SIMULATOR: _simulator,
    CarrierKind.SMPP: _smpp,
}


def builder(means: Means) -> Build:
    """Give what builds a carrier as it is set up.

    Building raises SealBroken where the password was sealed with another key.
    """
    return lambda row: _KINDS[row.kind](row, means)

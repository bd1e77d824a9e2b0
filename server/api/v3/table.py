"""Every action of the server API under its published name: what is not here is no action.

ReportConversion is missing: nothing of this product learns from conversions, and the provider
offers it to chosen accounts alone.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from server.api.v3 import (
    number,
    package,
    record,
    sending,
    signature,
    statistic,
    status,
    template,
)
from server.api.v3.operation import Operation

VERSION: Final = "2021-01-11"
_FAMILIES: Final = (sending, signature, template, status, statistic, package, number, record)
OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {operation.name: operation for family in _FAMILIES for operation in family.OPERATIONS}
)

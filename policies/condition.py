"""When a statement is in force: CAM's condition grammar (domain.md 6.2), read whole.

    condition = { operator: { key: value or [value, ...], ... }, ... }

Enforced are `ip_equal` and `ip_not_equal` on `qcs:ip`, the six `date_` operators on
`qcs:current_time`, and the six `string_` operators on `qcs:uin` and `qcs:owner_uin`, each also with
`_if_exist`. Every other operator, qualifier or key is refused by its name: a condition that is read
but not enforced would widen an allow or drop a deny without a word.

The values of a key are alternatives; keys and operators must all hold. A negated operator is the
opposite of its positive one over the same list, so `ip_not_equal` with two networks holds outside
both; read as alternatives it would hold everywhere.

CAM says that a statement takes effect only when its condition is met, and that `_if_exist` counts
as met when the request lacks the key. What a request cannot tell (the key is absent without
`_if_exist`, or its value cannot be read) therefore never helps the caller: an allow does not take
effect, and a deny does. `_if_exist` on a deny changes nothing; on an allow it widens.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Literal

from policies.rule import Context
from policies.wildcard import matches

CURRENT_TIME: Final = "qcs:current_time"
IP: Final = "qcs:ip"
UIN: Final = "qcs:uin"
OWNER_UIN: Final = "qcs:owner_uin"

Kind = Literal["date", "ip", "string"]
Value = str | datetime | IPv4Network | IPv6Network
Told = str | datetime | IPv4Address | IPv6Address

KEYS: Final[dict[str, Kind]] = {CURRENT_TIME: "date", IP: "ip", UIN: "string", OWNER_UIN: "string"}
"""What a request tells about itself, and how it is compared; keys are case-sensitive."""

IF_EXIST: Final = "_if_exist"

_NEGATED: Final = {
    "date_not_equal": "date_equal",
    "ip_not_equal": "ip_equal",
    "string_not_equal": "string_equal",
    "string_not_equal_ignore_case": "string_equal_ignore_case",
    "string_not_like": "string_like",
}
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}(?:/[0-9]{1,3})?")
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One operator on one key: met when any of `values` matches (or none, when negated)."""

    operator: str
    if_exist: bool
    key: str
    values: tuple[Value, ...]

    def met(self, context: Context) -> bool | None:
        """Say whether the request meets the clause; None when the request cannot tell."""
        if self.key not in context:
            return True if self.if_exist else None
        told = _told(KEYS[self.key], context[self.key])
        if told is None:
            return None
        positive = _NEGATED.get(self.operator, self.operator)
        matched = any(_matches(positive, told, value) for value in self.values)
        return matched == (positive == self.operator)


@dataclass(frozen=True, slots=True)
class Condition:
    """The clauses of a statement, all of which must be met, in the order of their text.

    `deny` is whether the statement denies, and so what a clause that cannot be told counts as.
    """

    clauses: tuple[Clause, ...]
    deny: bool

    def holds(self, context: Context) -> bool:
        """Say whether the statement is in force for a request that tells `context`.

        `context` has the keys of KEYS; `qcs:current_time` is an aware datetime or ISO 8601 text.
        """
        for clause in self.clauses:
            met = clause.met(context)
            if not (self.deny if met is None else met):
                return False
        return True

    def __str__(self) -> str:
        """Print the condition on one line, as it stands in a document."""
        return json.dumps(self.as_json())

    def as_json(self) -> dict[str, dict[str, list[str]]]:
        """The condition as CAM writes it, operators and keys sorted, values always in a list."""
        found: dict[str, dict[str, list[str]]] = {}
        for clause in self.clauses:
            operator = clause.operator + (IF_EXIST if clause.if_exist else "")
            found.setdefault(operator, {})[clause.key] = [
                _written(value) for value in clause.values
            ]
        return found


def read_time(written: str) -> datetime | None:
    """Read a time; without an offset it is UTC, as CAM's own examples are."""
    if not _DATE.fullmatch(written):
        return None
    try:
        read = datetime.fromisoformat(written)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def read_network(written: str) -> IPv4Network | IPv6Network | None:
    """Read a network; bits behind the mask are dropped, as CAM's own examples have them."""
    if not _ADDRESS.fullmatch(written):
        return None
    try:
        return ip_network(written, strict=False)
    except ValueError:
        return None


def _told(kind: Kind, value: str | datetime) -> Told | None:
    if isinstance(value, datetime):
        return value if kind == "date" and value.tzinfo else None
    if kind == "date":
        return read_time(value)
    if kind == "string":
        return value
    if not _ADDRESS.fullmatch(value):
        return None
    try:
        address = ip_address(value)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _matches(operator: str, told: Told, value: Value) -> bool:
    if isinstance(told, str) and isinstance(value, str):
        return _string_matches(operator, told, value)
    if isinstance(told, datetime) and isinstance(value, datetime):
        return {
            "date_equal": told == value,
            "date_less_than": told < value,
            "date_less_than_equal": told <= value,
            "date_greater_than": told > value,
            "date_greater_than_equal": told >= value,
        }[operator]
    return isinstance(value, IPv4Network | IPv6Network) and told in value


def _string_matches(operator: str, told: str, value: str) -> bool:
    if operator == "string_like":
        return matches(value, told)
    if operator == "string_equal_ignore_case":
        return told.isascii() and told.lower() == value.lower()
    return told == value


def _written(value: Value) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)

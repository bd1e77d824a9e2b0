"""Parameters in a query: `PhoneNumberSet.0=...&PhoneNumberSet.1=...` as lists and objects."""

from typing import Any, Final
from urllib.parse import parse_qsl

from domain.text import quoted
from server.api.v3.fault import ApiFault

QUERY_MOST: Final = 32 * 1024
_FIELDS_MOST: Final = 2_000
_DEPTH_MOST: Final = 4


def parameters_of(query: str) -> dict[str, Any]:
    """Read a query of at most 32 KiB; raises ApiFault for what is none."""
    if len(query) > QUERY_MOST:
        message = f"the query is longer than {QUERY_MOST} bytes: send a POST request"
        raise ApiFault("RequestSizeLimitExceeded", message)
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MOST
        )
    except ValueError:  # bytes that are no UTF-8, or too many fields
        message = f"the query is no form of at most {_FIELDS_MOST} fields in UTF-8"
        raise ApiFault("InvalidParameter", message) from None
    tree: dict[str, Any] = {}
    for name, value in pairs:
        _put(tree, name, value)
    return {name: _listed(value) for name, value in tree.items()}


def _put(tree: dict[str, Any], name: str, value: str) -> None:
    *path, last = name.split(".", _DEPTH_MOST)
    place: Any = tree
    for part in path:
        place = place.setdefault(part, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict) or last in place:
        message = f"{quoted(name)} is given twice: give it once"
        raise ApiFault("InvalidParameter", message)
    place[last] = value


def _listed(value: Any) -> Any:
    """Turn an object whose names are 0, 1, 2 ... into a list."""
    if not isinstance(value, dict):
        return value
    if list(value) == [str(place) for place in range(len(value))]:
        return [_listed(part) for part in value.values()]
    return {name: _listed(part) for name, part in value.items()}

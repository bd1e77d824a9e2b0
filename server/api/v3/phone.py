"""Phone numbers that actions name (API-2, domain.md 5.8)."""

from domain import number
from domain.errors import Problem
from server.api.v3.fault import ApiFault


def e164(text: str) -> str:
    """Read a number written in any of the ways a recipient may be; raises ApiFault."""
    found = number.anywhere(text)
    if isinstance(found, Problem):
        raise ApiFault("InvalidParameterValue.IncorrectPhoneNumber", found.message)
    return found.e164

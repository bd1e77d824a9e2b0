"""What phone numbers are: country code, country, and the number in E.164 (API-2)."""

from typing import Annotated, Final

from pydantic import Field

from domain import country, number
from domain.errors import Problem
from domain.number import UNKNOWN_COUNTRY
from graph.context import Context
from policies import actions
from server.api.v3.operation import Operation, Result
from server.api.v3.parameters import Parameters, Text

_MOST: Final = 200


class NumberParameters(Parameters):
    """Up to 200 numbers."""

    phone_number_set: Annotated[list[Text], Field(min_length=1, max_length=_MOST)]


async def described(_: Context, given: NumberParameters) -> Result:
    """Read each number, in the order they came; it takes nobody's data."""
    return {"PhoneNumberInfoSet": [_info(text) for text in given.phone_number_set]}


def _info(text: str) -> Result:
    found = number.anywhere(text)
    if isinstance(found, Problem):
        return {
            "Code": "FailedOperation.PhoneNumberParseFail",
            "Message": found.message,
            "NationCode": "",
            "SubscriberNumber": "",
            "PhoneNumber": text,
            "IsoCode": UNKNOWN_COUNTRY,
            "IsoName": country.UNKNOWN_NAME,
        }
    return {
        "Code": "Ok",
        "Message": "Describe success",
        "NationCode": found.dial_code,
        "SubscriberNumber": found.e164.removeprefix(f"+{found.dial_code}"),
        "PhoneNumber": found.e164,
        "IsoCode": found.country,
        "IsoName": country.name(found.country),
    }


OPERATIONS: Final = (Operation(actions.DESCRIBE_PHONE_NUMBER_INFO, NumberParameters, described),)

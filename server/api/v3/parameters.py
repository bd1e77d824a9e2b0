"""Parameters of actions: read strictly, and every mistake named by its field (domain.md 1.6)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal
from pydantic_core import ErrorDetails

from domain.text import quoted
from server.api.v3.fault import ApiFault

TEXT_MOST: Final = 4_096
_ID_MOST: Final = 2**63 - 1

# Fields whose mistakes have a code of their own, whatever the action.
_CODES: Final[Mapping[str, str]] = {
    "BeginTime": "InvalidParameterValue.BeginTimeVerifyFail",
    "DocumentType": "InvalidParameterValue.InvalidDocumentType",
    "EndTime": "InvalidParameterValue.EndTimeVerifyFail",
    "International": "InvalidParameterValue.InvalidInternational",
    "Limit": "InvalidParameterValue.LimitVerifyFail",
    "Offset": "InvalidParameterValue.OffsetVerifyFail",
    "PhoneNumber": "InvalidParameterValue.IncorrectPhoneNumber",
    "SignPurpose": "InvalidParameterValue.InvalidSignPurpose",
    "SmsType": "InvalidParameterValue.InvalidSmsType",
}
_OF_LISTS: Final[Mapping[tuple[str, str], str]] = {
    ("PhoneNumberSet", "missing"): "MissingParameter.EmptyPhoneNumberSet",
    ("PhoneNumberSet", "too_short"): "MissingParameter.EmptyPhoneNumberSet",
    ("PhoneNumberSet", "too_long"): "LimitExceeded.PhoneNumberCountLimit",
    ("MultiSmsInfoSet", "too_short"): "InvalidParameterValue.MultiSmsInfoSetEmpty",
    ("MultiSmsInfoSet", "too_long"): "LimitExceeded.PhoneNumberCountLimit",
}


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("contains the character NUL, which no text may")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Id = Annotated[int, Field(ge=0, le=_ID_MOST)]
Seconds = Annotated[int, Field(ge=0, le=253_402_300_799)]
"""Unix seconds up to the year 9999."""
International = Annotated[int, Field(ge=0, le=1)]


class Parameters(BaseModel):
    """Parameters of one action, or a part of them; fields are named as in the provider's API."""

    model_config = ConfigDict(
        alias_generator=to_pascal, extra="forbid", frozen=True, str_max_length=TEXT_MOST
    )

    @classmethod
    def read(cls, given: Mapping[str, Any], *, from_text: bool) -> Self:
        """Check what was given; raises ApiFault for the first mistake.

        Null stands for what is left out. `from_text` reads numbers out of texts, for queries.
        """
        present = {name: value for name, value in given.items() if value is not None}
        try:
            return cls.model_validate(present, strict=not from_text)
        except ValidationError as error:
            raise _fault(error.errors(include_url=False)[0]) from None


def _fault(mistake: ErrorDetails) -> ApiFault:
    path = ".".join(str(part) for part in mistake["loc"])
    field, kind = str(mistake["loc"][0]), mistake["type"]
    special = _OF_LISTS.get((path, kind))
    if kind == "missing":
        return ApiFault(special or "MissingParameter", f"{path} is missing: this action needs it")
    if kind == "extra_forbidden":
        message = f"{quoted(path)} is no parameter of this action: leave it out"
        return ApiFault("UnknownParameter", message)
    value = mistake["input"]
    shown = f" {quoted(str(value))}" if isinstance(value, str | int | float | bool) else ""
    reason = mistake["msg"].removeprefix("Value error, ")
    reason = f"{reason[:1].lower()}{reason[1:]}"
    code = special or _CODES.get(field, "InvalidParameterValue")
    return ApiFault(code, f"{path}{shown} is refused: {reason}")

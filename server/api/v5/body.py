"""Bodies: JSON objects, read as leniently as the interface always was, and bounded."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from domain.text import quoted
from server.api.v5.fault import UNPARSABLE, Fault

SECONDS: Final = 20
"""Less than a whole request may take, so that a slow body is told as one."""
SMALL: Final = 256 * 1024
"""Bytes: 200 numbers and a text need a tenth of it."""
WITH_IMAGE: Final = 8 * 1024 * 1024
"""Bytes: an image of 5 MB in base64."""
TEXT_MOST: Final = 4_096
_ID_MOST: Final = 2**63 - 1


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("contains the character NUL, which no text may")
    return text


Text = Annotated[str, Field(max_length=TEXT_MOST), AfterValidator(_storable)]
Id = Annotated[int, Field(ge=0, le=_ID_MOST)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=100)]
International = Annotated[int, Field(ge=0, le=1)]


class Body(BaseModel):
    """One interface's body; what it does not know is passed over, and numbers do for texts."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Check what was given; raises Fault for the first mistake. Null is what is left out."""
        present = {name: value for name, value in given.items() if value is not None}
        try:
            return cls.model_validate(present)
        except ValidationError as error:
            mistake = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in mistake["loc"])
        if mistake["type"] == "missing":
            raise Fault(UNPARSABLE, f"{path} is missing: this interface needs it")
        value = mistake["input"]
        shown = f" {quoted(str(value))}" if isinstance(value, str | int | float | bool) else ""
        reason = mistake["msg"].removeprefix("Value error, ")
        message = f"{path}{shown} is refused: {reason[:1].lower()}{reason[1:]}"
        raise Fault(UNPARSABLE, message)


class Telephone(Body):
    """A number in two parts, as texts or as numbers."""

    nationcode: Annotated[Text, Field(max_length=8)] = "86"
    mobile: Annotated[Text, Field(max_length=64)]

    @property
    def written(self) -> str:
        """Give the number as one."""
        return f"+{self.nationcode.lstrip('+')}{self.mobile}"


async def parsed(request: Request, most: int) -> Mapping[str, Any]:
    """Read a request's body of at most `most` bytes; raises Fault for what is no JSON object."""
    payload = await _payload(request, most)
    try:
        # It refuses lone surrogates, bad UTF-8, NaN and endless nesting, too.
        given: Any = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        message = f"the body is no JSON: {error.msg} at byte {error.pos}"
        raise Fault(UNPARSABLE, message) from None
    if not isinstance(given, dict):
        raise Fault(UNPARSABLE, "the body is no JSON object")
    return given


async def _payload(request: Request, most: int) -> bytes:
    pieces, size = [], 0
    try:
        async with asyncio.timeout(SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise Fault(UNPARSABLE, f"the body is larger than {most} bytes")
                pieces.append(piece)
    except (TimeoutError, ClientDisconnect):
        message = f"the body did not come within {SECONDS} seconds"
        raise Fault("InternalError.Timeout", message) from None
    return b"".join(pieces)


def mobiles_of(given: Mapping[str, Any]) -> Sequence[str]:
    """Give the mobiles that are signed, as the body has them; raises Fault where it has none."""
    tel = given.get("tel")
    each = tel if isinstance(tel, list) else [tel]
    return [Telephone.read(one if isinstance(one, dict) else {}).mobile for one in each]

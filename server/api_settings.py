"""Settings of the APIs that programs call."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from server.api.rate import rates


def _rates(text: str) -> str:
    rates(text)
    return text


class ApiSettings(BaseSettings):
    """What an operator may set about the APIs with SecretId and with AppKey."""

    api_rate: float = Field(
        20,
        gt=0,
        le=1_000_000,
        description="Requests a second an account may make of each API action whose rate is "
        "neither published nor set.",
    )
    api_rates: Annotated[str, AfterValidator(_rates)] = Field(
        "",
        description="Rates of single API actions instead of the published ones, such as "
        "`SendSms=500,AddSmsSign=0.5`.",
    )

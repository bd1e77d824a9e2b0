"""Settings of what the outside sees: the proxies in front, and short URLs."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from domain import callback_url, short_url


def _proxies(text: str) -> str:
    try:
        callback_url.networks(text)
    except ValueError as error:
        raise ValueError(f"addresses or networks between commas ({error})") from None
    return text


def _base(url: str) -> str:
    url = url.lower().removesuffix("/")
    if url and not short_url.is_base(url):
        raise ValueError("scheme and host, such as https://s.example.com, and no path")
    return url


class PublicSettings(BaseSettings):
    """What an operator may set about being reached from outside."""

    trusted_proxies: Annotated[str, AfterValidator(_proxies)] = Field(
        "127.0.0.1,::1",
        description="Addresses or networks between commas of the proxies in front. Only these may "
        "say with X-Forwarded-For and X-Forwarded-Proto who asks and how; empty for none.",
    )
    short_url_base: Annotated[str, AfterValidator(_base)] = Field(
        "",
        description="What short URLs begin with, such as `https://s.example.com`; empty for the "
        "address their creator uses. A short one saves characters in every message.",
    )
    short_url_days: int = Field(
        90, ge=1, le=3_650, description="How long a new short URL redirects."
    )
    click_address_days: int = Field(
        180,
        ge=1,
        le=3_650,
        description="How long the IP addresses of who clicked are kept; clicks and visitors by the "
        "day stay, distinct visitors of older times can no longer be told.",
    )

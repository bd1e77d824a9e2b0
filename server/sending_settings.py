"""Settings of the way to carriers, and of what is pushed to users on the way back."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from domain import callback_url


def _networks(text: str) -> str:
    try:
        callback_url.networks(text)
    except ValueError as error:
        raise ValueError(f"networks between commas such as 10.0.0.0/8 ({error})") from None
    return text


class SendingSettings(BaseSettings):
    """What an operator may set about the queue, callbacks and the simulator."""

    claim_batch: int = Field(
        500,
        ge=10,
        le=5_000,
        description="Messages a worker takes from the queue at once, in one transaction.",
    )
    in_flight: int = Field(
        1_000,
        ge=10,
        le=50_000,
        description="Messages a worker has submitted and not yet recorded, over all its carriers: "
        "the most that may be sent twice when it is killed.",
    )
    lease_seconds: int = Field(
        60,
        ge=10,
        le=3_600,
        description="How long a worker may hold a message before others take it for dead. A "
        "carrier has half of it to answer.",
    )
    receipt_hours: float = Field(
        72,
        gt=0,
        le=720,
        description="How long a message waits for its receipt before it ends as expired.",
    )
    simulator_success_rate: float = Field(
        0.98, ge=0, le=1, description="Share of messages the simulator carrier delivers."
    )
    simulator_delay_seconds: float = Field(
        1.0, ge=0, le=86_400, description="How long the simulator takes to send a receipt."
    )
    simulator_seed: int = Field(1, description="Seed of the simulator's random outcomes.")
    callback_networks: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="Networks between commas, such as `10.0.0.0/8,fd00::/8`, that callbacks may "
        "lead to although they are not public; empty for none.",
    )
    callback_keep_days: int = Field(
        30,
        ge=1,
        le=3_650,
        description="How long events are kept that could not be pushed to a callback.",
    )

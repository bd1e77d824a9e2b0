"""Settings of what an operator watches and keeps: logs, metrics, traces, months, the end."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

PORT_MOST: Final = 65_535
LOOPBACK: Final = "127.0.0.1"


def _listen(address: str) -> str:
    if not address:
        return address
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= PORT_MOST):
        raise ValueError("a port, or host:port")
    return f"{host or LOOPBACK}:{port}"


def _http(url: str) -> str:
    if url and not url.startswith(("http://", "https://")):
        raise ValueError("an http:// or https:// URL")
    return url


class OperationsSettings(BaseSettings):
    """What an operator may set about running it."""

    message_months: int = Field(
        0,
        ge=0,
        le=1_200,
        description="How many whole months of messages PostgreSQL keeps beside the current one; "
        "older ones are detached once every message in them is final. 0 keeps all.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe log line that is written."
    )
    log: Literal["auto", "json", "text"] = Field(
        "auto", description="Form of log lines; `auto` is text on a terminal and JSON elsewhere."
    )
    metrics_listen: Annotated[str, AfterValidator(_listen)] = Field(
        "",
        description="Where `/metrics`, `/healthz` and `/readyz` are answered for the operator: "
        "`port` on the loopback address, or `host:port`; empty for nowhere.",
    )
    traces_endpoint: Annotated[str, AfterValidator(_http)] = Field(
        "",
        description="Where OpenTelemetry traces go by OTLP over HTTP, such as "
        "`http://127.0.0.1:4318/v1/traces`; empty for nowhere.",
    )
    linger_seconds: float = Field(
        0,
        ge=0,
        le=300,
        description="How long a server that is told to end goes on to answer while `/readyz` "
        "says 503, so that a balancer sends nothing to it any more.",
    )

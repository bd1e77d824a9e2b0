"""Signatures of pushes, as Standard Webhooks has them (standardwebhooks.com)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
OVERLAP: Final = timedelta(hours=24)
"""How long a secret that was replaced signs beside the new one."""


def new_secret() -> str:
    """Make a secret: 32 random bytes in base64 behind whsec_."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def new_id() -> str:
    """Make the id of a push: a receiver that sees it again has it already."""
    return f"msg_{secrets.token_hex(16)}"


def headers(webhook_id: str, body: bytes, now: datetime, signers: Sequence[str]) -> dict[str, str]:
    """Give the headers of a push at `now`, signed with each of the secrets `signers`."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    signatures = (
        hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256)
        for secret in signers
    )
    return {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(signature).decode()}" for signature in signatures
        ),
    }

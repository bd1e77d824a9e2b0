"""Secrets at rest: AES-256-GCM under one key from the settings."""

import base64
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class SealBroken(Exception):  # noqa: N818 - reads as what happened
    """A sealed value does not open: another key sealed it, or it was altered or moved."""


class Vault:
    """Seal and open short secrets; `place` ties a value to the row it belongs to."""

    def __init__(self, key: bytes) -> None:
        """Take the installation's key, 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"the secret key must be {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)

    def seal(self, secret: str, place: str) -> str:
        """Encrypt `secret` so that it opens only at `place`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), place.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, place: str) -> str:
        """Decrypt what `seal` gave; raises SealBroken."""
        raw = base64.b64decode(sealed)
        try:
            secret = self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
        except InvalidTag:
            raise SealBroken(f'the secret of "{place}" does not open with this key') from None
        return secret.decode()

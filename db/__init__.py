"""Storage: SQLModel tables and every SQL statement. Importing this package knows every table."""

from db import (
    access_key,
    account,
    application,
    quota,
    serial,
    sign_in,
    user,
)

__all__ = [
    "access_key",
    "account",
    "application",
    "quota",
    "serial",
    "sign_in",
    "user",
]

"""Storage: SQLModel tables and every SQL statement. Importing this package knows every table."""

from db import (
    access_key,
    account,
    application,
    file,
    quota,
    review,
    serial,
    sign_in,
    signature,
    template,
    user,
)

__all__ = [
    "access_key",
    "account",
    "application",
    "file",
    "quota",
    "review",
    "serial",
    "sign_in",
    "signature",
    "template",
    "user",
]

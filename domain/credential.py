"""The file with which a new sub-account's credentials are handed over (CAM-1)."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

COLUMNS: Final = ("User name", "UIN", "Password", "SecretId", "SecretKey", "Sign-in link")
FORMULA_MARKS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What one user needs to sign in and to call the server API; empty where there is none."""

    name: str
    uin: int
    password: str = ""
    secret_id: str = ""
    secret_key: str = ""
    sign_in_url: str = ""


def as_csv(users: Iterable[Credentials]) -> str:
    """Write the file of RFC 4180; a cell that could be a formula begins with an apostrophe."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for user in users:
        cells = (
            user.name,
            str(user.uin),
            user.password,
            user.secret_id,
            user.secret_key,
            user.sign_in_url,
        )
        writer.writerow(map(_harmless, cells))
    return file.getvalue()


def sign_in_url(base_url: str, account_uin: int) -> str:
    """Give the link that spares a sub-account from typing the root account's uin."""
    return f"{base_url}/graphql?accountUin={account_uin}"


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_MARKS) else cell

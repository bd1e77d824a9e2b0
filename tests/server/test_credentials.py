"""New credentials as a file: fetched once, soon, and harmless in a spreadsheet (CAM-1)."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import httpx2

from tests.access import USER_CREATE, Company
from tests.console import Clock, Console
from tests.graph.test_sign_in import SIGN_IN

QUICK = """
mutation ($names: [String!]!) {
  userQuickCreate(input: {names: $names, apiAccess: true, mustResetPassword: false}) {
    created { user { uin name } password secretId secretKey }
    credentialsUrl signInUrl userErrors { code field message }
  }
}
"""


async def new_file(company: Company, name: str = "ops") -> str:
    payload = await company.done(USER_CREATE, input={"name": name, "consoleLogin": False})
    url: str = payload["credentialsUrl"]
    return url


async def test_the_file_holds_what_each_user_needs_and_is_gone_after_one_download(
    http: httpx2.AsyncClient, console: Console
) -> None:
    company = await Company.of(console)
    payload = await company.done(QUICK, names=["ops", "=cmd"])
    answer = await http.get(payload["credentialsUrl"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="credentials.csv"'
    assert answer.headers["cache-control"] == "no-store"
    head, *rows = csv.reader(io.StringIO(answer.text))
    assert head == ["User name", "UIN", "Password", "SecretId", "SecretKey", "Sign-in link"]
    ops, risky = payload["created"]
    assert rows == [
        [
            name,
            each["user"]["uin"],
            each["password"],
            each["secretId"],
            each["secretKey"],
            payload["signInUrl"],
        ]
        for name, each in (("ops", ops), ("'=cmd", risky))
    ]
    again = await http.get(payload["credentialsUrl"])
    assert (again.status_code, again.text.startswith("this file has been downloaded")) == (
        404,
        True,
    )
    signed_in = await console.anybody().run(
        SIGN_IN, uin=str(company.account.uin), name="ops", password=rows[0][2]
    )
    assert signed_in["signIn"]["viewer"]["name"] == "ops"


async def test_looking_does_not_use_the_download_up(
    http: httpx2.AsyncClient, console: Console
) -> None:
    url = await new_file(await Company.of(console))
    assert (await http.head(url)).status_code == 405
    assert (await http.get(url)).status_code == 200


async def test_the_file_expires(http: httpx2.AsyncClient, console: Console, clock: Clock) -> None:
    company = await Company.of(console)
    first, late = await new_file(company, "first"), await new_file(company, "late")
    clock.advance(console.terms.credential_lifetime - timedelta(seconds=1))
    assert (await http.get(first)).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert (await http.get(late)).status_code == 404


def everything_stored(console: Console) -> bytes:
    path = Path(str(console.database.url.database))
    return path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()


async def test_nothing_readable_is_stored(console: Console) -> None:
    company = await Company.of(console)
    payload = await company.done(QUICK, names=["ops"])
    token = payload["credentialsUrl"].rpartition("/")[2].removesuffix(".csv")
    stored = everything_stored(console)
    created = payload["created"][0]
    assert created["secretId"].encode() in stored
    secrets = (token, created["password"], created["secretKey"])
    assert not [secret for secret in secrets if secret.encode() in stored]

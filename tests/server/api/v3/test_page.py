"""docs/server-api.md, with SecretId and SecretKey: it lists what there is, its example runs."""

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from domain.serial_no import message_id_of
from server.api.rate import PUBLISHED
from server.api.v3.signer import BODY_MOST
from server.api.v3.table import OPERATIONS, VERSION
from tests import bulk, requesting
from tests.server.api.v3.client import ALL, Api
from tests.server.api.v3.raw import Raw

PAGE: Final = (Path(__file__).parents[4] / "docs" / "server-api.md").read_text(encoding="utf-8")
CHAPTER: Final = PAGE.partition("\n## With SecretId and SecretKey\n")[2]
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW: Final = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| .* \| (.*) \|$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [content for found, content in BLOCK.findall(CHAPTER) if found == language]


def test_every_action_is_listed_with_its_rate() -> None:
    listed = {
        name: rate for names, rate in ROW.findall(CHAPTER) for name in re.findall(r"\w+", names)
    }
    assert set(listed) == set(OPERATIONS)
    for name, rate in listed.items():
        said = "as set" if name not in PUBLISHED else f"{PUBLISHED[name]:,}"
        assert rate.startswith(said) or rate.endswith(said), name
    assert f"`{VERSION}`" in CHAPTER
    assert f"{BODY_MOST // 1024 // 1024} MiB" in CHAPTER


async def test_the_example_sends(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    account = await bulk.add_account(api.console.database, api.clock.now, requesting.UIN)
    await bulk.grant(api.console.database, account.uin, 10, api.clock.now)
    parts = await bulk.add_parts(api.console.database, account.uin, api.clock.now)
    pair = await api.pair(await api.user(account, ALL))
    given = {
        "ENDPOINT": f"127.0.0.1:{api.port}",
        "SECRET_ID": pair[0],
        "SECRET_KEY": pair[1],
        "APP_ID": str(parts.app_id),
        "TEMPLATE_ID": str(parts.template_id),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    (source,) = blocks("python")
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, names)  # noqa: S102 - the page's own example
    (status,) = names["answer"]["SendStatusSet"]
    shown = json.loads(blocks("json")[0])
    assert message_id_of(status.pop("SerialNo"))
    assert message_id_of(shown.pop("SerialNo"))
    assert status == shown


async def test_the_error_is_what_is_answered(api: Api) -> None:
    client = Raw(api, await api.pair(await api.user(await api.console.add_account(), ALL)))
    with client.http:
        body = b'{"PhoneNumberSet": ["1"], "SmsSdkAppId": "1"}'
        headers = {**client.headers(body), "X-TC-Action": "SendSms"}
        answer = client.http.post("/", content=body, headers=headers).json()
    shown = json.loads(blocks("json")[2])
    assert answer["Response"].pop("RequestId") != shown["Response"].pop("RequestId")
    assert answer == shown

"""The provider's own SDK as a client, and what a test holds of the server it calls."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20190711 import models as older_models
from tencentcloud.sms.v20190711.sms_client import SmsClient as OlderClient
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

import db
from db.account import AccountRow
from db.user import UserRow
from domain.application import Draft
from domain.region import IdentityKind
from tests.console import Clock, Console

Pair = tuple[str, str]
START_SECONDS = 20
NEWER = {"DescribeSendRecordList"}
"""Actions the SDK has no models of yet: they are called by name."""
LIMITED = "DescribeSmsSignList"
"""The action that tests of limits call too often."""
ALL = "QcloudSMSFullAccess"
READ_ONLY = "QcloudSMSReadOnlyAccess"


class Sdk:
    """The SDK's client, as one who holds a pair of keys uses it."""

    def __init__(
        self, port: int, pair: Pair, method: str = "POST", *, is_older: bool = False
    ) -> None:
        endpoint = f"127.0.0.1:{port}"
        http = HttpProfile(protocol="http", endpoint=endpoint, reqMethod=method)
        profile = ClientProfile(httpProfile=http)
        client = OlderClient if is_older else SmsClient
        self.models = older_models if is_older else models
        self.client = client(Credential(*pair), "ap-guangzhou", profile)

    def ask(self, action: str, **fields: Any) -> dict[str, Any]:
        """Call an action that must succeed; an unknown field of the answer is a warning."""
        answer: dict[str, Any]
        if action in NEWER:
            answer = self.client.call_json(action, fields)["Response"]
        else:
            request = getattr(self.models, f"{action}Request")()
            request._deserialize(fields)  # noqa: SLF001 - how the SDK fills requests from JSON
            response = getattr(self.client, action)(request)
            answer = json.loads(response.to_json_string())
        assert len(answer.pop("RequestId")) == 36
        return answer

    def refused(self, action: str, **fields: Any) -> tuple[str, str]:
        """Call an action that must fail; give code and message."""
        with pytest.raises(TencentCloudSDKException) as caught:
            self.ask(action, **fields)
        assert caught.value.get_request_id()
        return caught.value.get_code(), caught.value.get_message()


@dataclass
class Api:
    """A running server with a database and a clock in the test's hands."""

    console: Console
    port: int

    @property
    def clock(self) -> Clock:
        """The time the server goes by; the SDK goes by the machine's."""
        return self.console.clock

    async def pair(self, user: UserRow | AccountRow, status: str = "active") -> Pair:
        """Give a user, or an account's root user, a key."""
        pair = db.access_key.new_pair()
        async with self.console.database.write() as session:
            row = await db.access_key.add(
                session, user.uin, pair, self.console.vault, now=self.clock.now
            )
            row.status = db.access_key.KeyStatus(status)
        return pair

    async def user(self, account: AccountRow, *policies: str, name: str = "robot") -> UserRow:
        """Add a sub-account that holds presets."""
        row = await self.console.add_user(account, name)
        async with self.console.database.write() as session:
            for policy in policies:
                await db.attachment.attach_preset(
                    session, account.uin, row.uin, policy, self.clock.now
                )
        return row

    async def sdk(
        self,
        account: AccountRow,
        *policies: str,
        method: str = "POST",
        name: str = "robot",
    ) -> Sdk:
        """Call as a new sub-account that holds presets."""
        pair = await self.pair(await self.user(account, *policies, name=name))
        return Sdk(self.port, pair, method)

    async def organization(self) -> tuple[AccountRow, Sdk]:
        """Add an account, and a program of its that may do everything with SMS."""
        account = await self.console.add_account()
        return account, await self.sdk(account, ALL)

    async def individual(self) -> Sdk:
        """Add an individual's account, and a program of its that may do everything with SMS."""
        return await self.sdk(await self.console.add_account(identity=IdentityKind.INDIVIDUAL), ALL)

    async def app(self, account: AccountRow) -> str:
        """Add an application; gives its SDK AppID as programs send it."""
        async with self.console.database.write() as session:
            row = await db.application.add(
                session,
                account.uin,
                Draft("Shop", ""),
                self.console.vault,
                "0" * 32,
                self.clock.now,
            )
        return str(row.id)

"""An account that sends over the server API."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from db import receipt, submission
from db.account import AccountRow
from domain.carrier import Receipt
from tests import requesting, sending
from tests.bulk import Parts
from tests.sending import CARRIER
from tests.server.api.v3.client import Api, Sdk

PHONES = requesting.PHONES


@dataclass
class Shop:
    """An account with 1,000 units, an application, a signature and a template."""

    api: Api
    account: AccountRow
    sdk: Sdk
    parts: Parts

    def fields(self, *phones: str, **changes: Any) -> dict[str, Any]:
        """Ask for a text to be sent."""
        return {
            "PhoneNumberSet": list(phones),
            "SmsSdkAppId": str(self.parts.app_id),
            "TemplateId": str(self.parts.template_id),
            "TemplateParamSet": ["A1", "Monday"],
            **changes,
        }

    def send(self, *phones: str, **changes: Any) -> list[dict[str, Any]]:
        """Send and give what became of each number."""
        found: list[dict[str, Any]] = self.sdk.ask("SendSms", **self.fields(*phones, **changes))[
            "SendStatusSet"
        ]
        return found

    async def deliver(self, *codes: str) -> None:
        """Let a carrier take what is queued and report these codes, in the order of messages."""
        database, now = self.api.console.database, self.api.clock.now
        async with database.write() as session:
            batch = await sending.taken(session, sending.request(now))
        batch.sort(key=lambda message: message.id)
        async with database.write() as session:
            answers = [sending.accepted(message) for message in batch]
            await submission.record(session, "one", CARRIER, answers, now)
        receipts = [
            Receipt(f"ref-{message.id}", code == "DELIVRD", code, now + timedelta(seconds=5))
            for message, code in zip(batch, codes, strict=True)
        ]
        async with database.write() as session:
            await receipt.apply(session, {CARRIER: receipts}, now + timedelta(seconds=5))

    def hours(self) -> dict[str, Any]:
        """Ask for the counts of today and yesterday, which the account has by Shanghai's clock."""
        now = self.api.clock.now + timedelta(hours=8)
        return {
            "SmsSdkAppId": str(self.parts.app_id),
            "BeginTime": f"{now - timedelta(days=1):%Y%m%d%H}",
            "EndTime": f"{now:%Y%m%d%H}",
            "Limit": 0,
            "Offset": 0,
        }

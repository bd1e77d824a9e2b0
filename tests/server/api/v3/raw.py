"""A client that sends what no SDK would, signed all the same."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx2
from tencentcloud.common.sign import Sign

from tests.server.api.v3.client import Api, Pair

JSON = "application/json"
NUMBERS = '{"PhoneNumberSet": ["+8613800138000"]}'


class Raw:
    """A client that signs whatever it is told to send."""

    def __init__(self, api: Api, pair: Pair) -> None:
        self.host = f"127.0.0.1:{api.port}"
        self.http = httpx2.Client(base_url=f"http://{self.host}", timeout=30)
        self.pair = pair

    def headers(self, body: bytes, method: str = "POST", query: str = "") -> dict[str, str]:
        """Sign with the SDK's own function."""
        secret_id, secret_key = self.pair
        now = datetime.now(UTC)
        scope = f"{now:%Y-%m-%d}/sms/tc3_request"
        canonical = (
            f"{method}\n/\n{query}\ncontent-type:{JSON}\nhost:{self.host}\n\ncontent-type;host\n"
            f"{sha256(body).hexdigest()}"
        )
        digest = sha256(canonical.encode()).hexdigest()
        stamp = str(int(now.timestamp()))
        text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        made = Sign.sign_tc3(secret_key, f"{now:%Y-%m-%d}", "sms", text)
        return {
            "Content-Type": JSON,
            "X-TC-Action": "DescribePhoneNumberInfo",
            "X-TC-Version": "2021-01-11",
            "X-TC-Timestamp": stamp,
            "Authorization": f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, "
            f"SignedHeaders=content-type;host, Signature={made}",
        }

    def post(self, body: bytes | str, **headers: str | None) -> dict[str, Any]:
        """Send a body, headers changed or (None) left out; give what is in the envelope."""
        data = body.encode() if isinstance(body, str) else body
        sent = self.headers(data)
        for name, value in headers.items():
            sent[name.replace("_", "-")] = value or ""
        sent = {name: value for name, value in sent.items() if value}
        return self.opened(self.http.post("/", content=data, headers=sent))

    @staticmethod
    def opened(answer: httpx2.Response) -> dict[str, Any]:
        """Open an envelope; nothing else is ever answered."""
        assert answer.status_code == 200
        assert answer.headers["content-type"] == JSON
        assert list(answer.json()) == ["Response"]
        inside: dict[str, Any] = answer.json()["Response"]
        assert len(inside.pop("RequestId")) == 36
        return inside


def error(inside: dict[str, Any]) -> tuple[str, str]:
    """Give code and message of the only thing in the envelope."""
    assert list(inside) == ["Error"]
    assert set(inside["Error"]) == {"Code", "Message"}
    return inside["Error"]["Code"], inside["Error"]["Message"]

"""The envelope, and requests that no SDK would send (API-2)."""

import json
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tencentcloud.common.sign import Sign

from db.session import Database
from domain.callback import Heard
from server.api.v3.signer import BODY_MOST
from tests.server.api.v3.client import ALL, Api, Pair

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


@pytest.fixture
async def raw(api: Api) -> AsyncIterator[Raw]:
    """A client with the key of a sub-account that may do everything with SMS."""
    client = Raw(api, await api.pair(await api.user(await api.console.add_account(), ALL)))
    with client.http:
        yield client


async def test_a_result_and_an_error_are_both_in_an_envelope_of_status_200(raw: Raw) -> None:
    assert list(raw.post(NUMBERS)) == ["PhoneNumberInfoSet"]
    assert error(raw.post("{}")) == (
        "MissingParameter.EmptyPhoneNumberSet",
        "PhoneNumberSet is missing: this action needs it",
    )


# Headers that are changed, and what is said of them.
HEADERS: list[tuple[dict[str, str | None], str, str]] = [
    ({"Authorization": None}, "AuthFailure.SignatureFailure", "the Authorization header is not"),
    ({"Authorization": "Bearer x"}, "AuthFailure.SignatureFailure", "the Authorization header"),
    ({"X_TC_Timestamp": None}, "MissingParameter", "the header X-TC-Timestamp is missing"),
    ({"X_TC_Action": None}, "MissingParameter", "the header X-TC-Action is missing"),
    ({"X_TC_Version": None}, "MissingParameter", "the header X-TC-Version is missing"),
    ({"X_TC_Version": "2020-01-01"}, "NoSuchVersion", 'X-TC-Version "2020-01-01" is not spoken'),
    ({"X_TC_Action": "sendsms"}, "InvalidAction", 'X-TC-Action "sendsms" is no action of version'),
    ({"X_TC_Version": "2019-07-11"}, "InvalidAction", 'X-TC-Action "DescribePhoneNumberInfo" is'),
    ({"X_TC_Action": "ReportConversion"}, "InvalidAction", 'X-TC-Action "ReportConversion" is'),
    ({"Content_Type": "text/plain"}, "InvalidParameter", 'Content-Type "text/plain" is not taken'),
    ({"Content_Type": None}, "InvalidParameter", 'Content-Type "" is not taken'),
    (
        {"Content_Type": "multipart/form-data; boundary=x"},
        "InvalidParameter",
        'Content-Type "multipart/form-data" is not taken',
    ),
    ({"Host": "elsewhere.test"}, "AuthFailure.SignatureFailure", "the signature is not that of"),
]


async def test_each_header_that_is_wrong_is_named(raw: Raw) -> None:
    for headers, code, message in HEADERS:
        found = error(raw.post(NUMBERS, **headers))
        assert (headers, found[0]) == (headers, code)
        assert found[1].startswith(message), found[1]


async def test_a_header_that_is_signed_is_given_once(raw: Raw) -> None:
    headers = [*raw.headers(NUMBERS.encode()).items(), ("x-tc-action", "SendSms")]
    answer = raw.http.post("/", content=NUMBERS.encode(), headers=headers)
    assert error(raw.opened(answer)) == (
        "InvalidParameter",
        'the header "x-tc-action" is given twice',
    )


BODIES: list[tuple[bytes, str, str]] = [
    (b"{", "FailedOperation.JsonParseFail", "the body is no JSON: "),
    (b"\xff", "FailedOperation.JsonParseFail", "the body is no JSON: "),
    (b'{"PhoneNumberSet": NaN}', "FailedOperation.JsonParseFail", "the body is no JSON: "),
    (b'{"a": "\\ud800"}', "FailedOperation.JsonParseFail", "the body is no JSON: "),
    (b"[" * 5000, "FailedOperation.JsonParseFail", "the body is no JSON: "),
    (b"[]", "FailedOperation.FailResolvePacket", "the body is no JSON object"),
    (b"", "MissingParameter.EmptyPhoneNumberSet", "PhoneNumberSet is missing"),
    (b'{"PhoneNumberSet": []}', "MissingParameter.EmptyPhoneNumberSet", "PhoneNumberSet is"),
    (b'{"PhoneNumberSet": null}', "MissingParameter.EmptyPhoneNumberSet", "PhoneNumberSet is"),
    (
        json.dumps({"PhoneNumberSet": ["1"] * 201}).encode(),
        "LimitExceeded.PhoneNumberCountLimit",
        "PhoneNumberSet is refused: list should have at most 200 items",
    ),
    (
        b'{"PhoneNumberSet": [1]}',
        "InvalidParameterValue",
        'PhoneNumberSet.0 "1" is refused: input should be a valid string',
    ),
    (
        b'{"PhoneNumberSet": ["\\u0000"]}',
        "InvalidParameterValue",
        'PhoneNumberSet.0 "\\u0000" is refused: contains the character NUL',
    ),
    (
        b'{"PhoneNumberSet": ["1"], "Phone": 1}',
        "UnknownParameter",
        '"Phone" is no parameter of this action: leave it out',
    ),
]


async def test_each_body_that_is_wrong_is_told_why(raw: Raw) -> None:
    for body, code, message in BODIES:
        found = error(raw.post(body))
        assert (body[:40], found[0]) == (body[:40], code)
        assert found[1].startswith(message), found[1]


async def test_a_body_is_bounded(raw: Raw) -> None:
    filled = b'{"PhoneNumberSet": ["1"]}'.ljust(BODY_MOST)
    assert list(raw.post(filled)) == ["PhoneNumberInfoSet"]
    code, message = error(raw.post(filled + b" "))
    assert code == "RequestSizeLimitExceeded"
    assert message == "the body is larger than 10485760 bytes: send less at once"


async def test_a_body_is_not_read_for_a_key_that_is_none(raw: Raw) -> None:
    raw.pair = ("AKIDnobody", "x")
    with httpx2.Client(base_url=f"http://{raw.host}", timeout=5) as http:
        reached = threading.Event()

        def endless() -> Any:
            yield b" "
            reached.wait(5)
            yield b" "

        headers = {**raw.headers(b""), "Transfer-Encoding": "chunked"}
        with http.stream("POST", "/", content=endless(), headers=headers) as answer:
            reached.set()
            answer.read()
            assert error(raw.opened(answer))[0] == "AuthFailure.SecretIdNotFound"


QUERIES: list[tuple[str, str]] = [
    ("PhoneNumberSet.0=%2B8613800138000", "Ok"),
    ("PhoneNumberSet.1=1", "InvalidParameterValue"),
    ("PhoneNumberSet.0=1&PhoneNumberSet.0=2", "InvalidParameter"),
    ("PhoneNumberSet=1", "InvalidParameterValue"),
    ("PhoneNumberSet=1&PhoneNumberSet.0=1", "InvalidParameter"),
    ("", "MissingParameter.EmptyPhoneNumberSet"),
    ("a=%ff", "InvalidParameter"),
    ("&".join(f"a{n}=" for n in range(2001)), "InvalidParameter"),
    ("PhoneNumberSet.0.0.0.0.0.0.0=1", "InvalidParameterValue"),
    ("a=" + "x" * (32 * 1024 - 2), "MissingParameter.EmptyPhoneNumberSet"),
    ("a=" + "x" * (32 * 1024 - 1), "RequestSizeLimitExceeded"),
]


async def test_queries_are_read_as_forms_and_bounded(raw: Raw) -> None:
    for query, code in QUERIES:
        headers = raw.headers(b"", "GET", query)
        inside = raw.opened(raw.http.get(f"/?{query}" if query else "/", headers=headers))
        found = inside["PhoneNumberInfoSet"][0]["Code"] if code == "Ok" else error(inside)[0]
        assert (query[:60], found) == (query[:60], code)


async def test_a_browser_is_still_shown_the_console(raw: Raw) -> None:
    answer = raw.http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/graphql")
    assert raw.http.put("/").status_code == 405


async def test_a_fault_of_ours_is_masked_and_can_be_found_by_the_request(
    raw: Raw, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Heard:
        raise RuntimeError("secret details")

    monkeypatch.setattr("domain.number.anywhere", broken)
    answer = raw.http.post("/", content=NUMBERS, headers=raw.headers(NUMBERS.encode()))
    request_id = answer.json()["Response"]["RequestId"]
    assert error(raw.opened(answer)) == (
        "InternalError",
        f'the server failed: ask its operator for request "{request_id}"',
    )
    assert "secret details" in caplog.text


async def test_a_database_that_is_away_is_our_fault(
    raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Database) -> None:
        raise OSError("no such host db.internal")

    monkeypatch.setattr(Database, "read", away)
    code, message = error(raw.post(NUMBERS))
    assert code == "InternalError"
    assert "db.internal" not in message


names = st.sampled_from(
    ["Content-Type", "X-TC-Action", "X-TC-Version", "X-TC-Timestamp", "Authorization", "X-TC-Token"]
)
printable = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=st.dictionaries(names, printable, max_size=4), body=st.binary(max_size=200))
async def test_whatever_is_sent_is_answered_in_an_envelope(
    raw: Raw, headers: dict[str, str], body: bytes
) -> None:
    sent = [
        (name.encode(), value.strip().encode("latin-1"))
        for name, value in {**raw.headers(body), **headers}.items()
    ]
    inside = raw.opened(raw.http.post("/", content=body, headers=sent))
    assert error(inside)[0] not in {"InternalError", "InternalError.Timeout"}


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["PhoneNumberSet", "SmsSdkAppId", "TemplateId", "SignName", "TemplateParamSet", "Limit"]
ACTIONS = ["SendSms", "SendStatusStatistics", "DescribeSmsTemplateList", "PullSmsSendStatus"]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(action=st.sampled_from(ACTIONS), fields=st.dictionaries(st.sampled_from(FIELDS), trees))
async def test_no_parameters_of_any_shape_break_an_action(
    raw: Raw, action: str, fields: dict[str, Any]
) -> None:
    body = json.dumps(fields)
    inside = raw.post(body, X_TC_Action=action)
    if "Error" in inside:
        assert error(inside)[0].split(".")[0] in {
            "MissingParameter",
            "InvalidParameterValue",
            "UnknownParameter",
            "LimitExceeded",
            "FailedOperation",
        }


async def test_the_query_of_a_post_is_no_part_of_it(raw: Raw) -> None:
    query = urlencode({"Action": "SendSms"})
    answer = raw.http.post(f"/?{query}", content=NUMBERS, headers=raw.headers(NUMBERS.encode()))
    assert list(raw.opened(answer)) == ["PhoneNumberInfoSet"]

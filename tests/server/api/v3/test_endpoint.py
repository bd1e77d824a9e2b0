"""The envelope, and what is said of every header and body that is wrong (API-2)."""

import json
from urllib.parse import urlencode

import pytest

from db.session import Database
from domain.callback import Heard
from server.api.v3.signer import BODY_MOST
from tests.server.api.v3.raw import NUMBERS, Raw, error


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


async def test_the_query_of_a_post_is_no_part_of_it(raw: Raw) -> None:
    query = urlencode({"Action": "SendSms"})
    answer = raw.http.post(f"/?{query}", content=NUMBERS, headers=raw.headers(NUMBERS.encode()))
    assert list(raw.opened(answer)) == ["PhoneNumberInfoSet"]

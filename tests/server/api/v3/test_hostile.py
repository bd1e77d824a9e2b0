"""Requests that no SDK would send are answered in an envelope like others (API-2)."""

import json
import logging
import socket
import threading
import time
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.api.v3.raw import Raw, error


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


def await_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Wait for the server, which is in another thread, to have answered."""
    deadline = time.monotonic() + 10
    while "api answered" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)


async def test_a_connection_that_ends_within_a_body_is_no_fault_of_ours(
    raw: Raw, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "server.api.v3.endpoint")
    head = "".join(f"{name}: {value}\r\n" for name, value in raw.headers(b"").items())
    with socket.create_connection(("127.0.0.1", int(raw.host.split(":")[1]))) as connection:
        lines = f"POST / HTTP/1.1\r\nHost: {raw.host}\r\n{head}Content-Length: 9\r\n\r\n{{"
        connection.sendall(lines.encode())
    await_answer(caplog)
    assert {record.levelname for record in caplog.records} == {"INFO"}


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

"""TC3-HMAC-SHA256, as the provider's own example and any client write it (API-2, domain.md 4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.v3.fault import ApiFault
from server.api.v3.tc3 import (
    Claim,
    Signed,
    canonical_request,
    check_time,
    claim_of,
    signature,
    verify,
)

# The published example; only its service is not ours, which `verify` alone does not ask for.
KEY = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
PAYLOAD = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
REQUEST = Signed(
    "POST",
    "",
    {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"},
    "1551113065",
    PAYLOAD,
)
SIGNATURE = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
AUTHORIZATION = (
    "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
    f"SignedHeaders=content-type;host, Signature={SIGNATURE}"
)
CLAIM = Claim(
    "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "2019-02-25", "cvm", ("content-type", "host"), SIGNATURE
)
AT = datetime.fromtimestamp(1551113065, UTC)


def refusal(*arguments: object) -> str:
    with pytest.raises(ApiFault) as caught:
        verify(*arguments)  # type: ignore[arg-type]  # - the tests' own three
    return caught.value.code


def test_the_published_example_is_proven_step_by_step() -> None:
    digest = sha256(PAYLOAD).hexdigest()
    assert digest == "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
    canonical = canonical_request(REQUEST, REQUEST.headers, digest)
    assert (
        sha256(canonical.encode()).hexdigest()
        == "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
    )
    assert claim_of(AUTHORIZATION) == CLAIM
    assert signature(CLAIM, REQUEST, canonical, KEY) == SIGNATURE
    verify(CLAIM, REQUEST, KEY)


@pytest.mark.parametrize(
    "changed",
    [
        replace(REQUEST, method="GET"),
        replace(REQUEST, query="a=1"),
        replace(REQUEST, timestamp="1551113066"),
        replace(REQUEST, payload=PAYLOAD + b" "),
        replace(REQUEST, headers={**REQUEST.headers, "host": "sms.tencentcloudapi.com"}),
        replace(REQUEST, headers={**REQUEST.headers, "content-type": "application/json"}),
        replace(REQUEST, headers={**REQUEST.headers, "x-tc-content-sha256": "UNSIGNED-PAYLOAD"}),
        replace(REQUEST, headers={"host": "cvm.tencentcloudapi.com"}),
    ],
)
def test_whatever_is_signed_cannot_be_changed(changed: Signed) -> None:
    assert refusal(CLAIM, changed, KEY) == "AuthFailure.SignatureFailure"


def test_another_key_proves_nothing() -> None:
    assert refusal(CLAIM, REQUEST, KEY + "x") == "AuthFailure.SignatureFailure"


names = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)
values = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)


@given(
    headers=st.dictionaries(names, values, max_size=4),
    payload=st.binary(max_size=60),
    method=st.sampled_from(["POST", "GET"]),
    query=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
    key=st.text(min_size=1, max_size=40),
    how=st.sampled_from([lambda text: text, str.lower]),
    unsigned=st.booleans(),
)
def test_any_set_of_headers_is_proven_as_it_is_listed(  # noqa: PLR0913, PLR0917 - all that is signed
    headers: dict[str, str],
    payload: bytes,
    method: str,
    query: str,
    key: str,
    how: object,
    unsigned: bool,
) -> None:
    headers = {**headers, "content-type": "Application/JSON", "host": "Console.test:8000"}
    signed = {name: how(value.strip()) for name, value in sorted(headers.items())}  # type: ignore[operator]  # - one of two
    covered = b"UNSIGNED-PAYLOAD" if unsigned else payload
    if unsigned:
        headers["x-tc-content-sha256"] = "UNSIGNED-PAYLOAD"
    request = Signed(method, query, headers, "1551113065", payload)
    claim = replace(CLAIM, signed_headers=tuple(signed))
    made = signature(
        claim, request, canonical_request(request, signed, sha256(covered).hexdigest()), key
    )

    verify(replace(claim, signature=made), request, key)
    other = f"{int(made[0], 16) ^ 1:x}{made[1:]}"
    assert refusal(replace(claim, signature=other), request, key) == "AuthFailure.SignatureFailure"


def test_samples_that_sign_the_action_in_lower_case_are_taken() -> None:
    headers = {"content-type": "A/B", "host": "Console.test", "x-tc-action": "SendSms"}
    request = replace(REQUEST, headers=headers)
    digest = sha256(PAYLOAD).hexdigest()
    signed = {**headers, "x-tc-action": "sendsms"}
    made = signature(CLAIM, request, canonical_request(request, signed, digest), KEY)

    verify(replace(CLAIM, signed_headers=tuple(signed), signature=made), request, KEY)


@given(st.text(max_size=200))
def test_no_text_at_all_is_read_as_a_claim_or_breaks_the_reader(text: str) -> None:
    for header in (text, f"TC3-HMAC-SHA256 {text}", AUTHORIZATION[:-3] + text):
        try:
            assert claim_of(header).signature.isalnum()
        except ApiFault as fault:
            assert fault.code == "AuthFailure.SignatureFailure"  # noqa: PT017 - any text may pass


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ("host", 'lacks "content-type"'),
        ("content-type", 'lacks "host"'),
        ("content-type;host;host", "names a header twice"),
    ],
)
def test_content_type_and_host_are_signed_once_each(listed: str, said: str) -> None:
    with pytest.raises(ApiFault, match=said):
        claim_of(AUTHORIZATION.replace("content-type;host", listed))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (-301, "AuthFailure.SignatureExpire"),
        (-300, None),
        (300, None),
        (301, "AuthFailure.SignatureExpire"),
    ],
)
def test_a_signature_holds_for_five_minutes_either_way(seconds: int, code: str | None) -> None:
    claim = replace(CLAIM, service="sms")
    try:
        check_time(claim, "1551113065", AT + timedelta(seconds=seconds))
        found = None
    except ApiFault as fault:
        found = fault.code
    assert found == code


@pytest.mark.parametrize(
    ("claim", "timestamp", "code"),
    [
        (CLAIM, "", "MissingParameter"),
        (CLAIM, "now", "InvalidParameterValue"),
        (CLAIM, "-1", "InvalidParameterValue"),
        (CLAIM, "٣", "InvalidParameterValue"),
        (CLAIM, "99999999999", "AuthFailure.SignatureExpire"),
        (CLAIM, "1551113065", "AuthFailure.SignatureFailure"),  # the example's service, cvm
        (
            replace(CLAIM, service="sms", date="2019-02-26"),
            "1551113065",
            "AuthFailure.SignatureFailure",
        ),
    ],
)
def test_time_date_and_service_have_to_be_right(claim: Claim, timestamp: str, code: str) -> None:
    with pytest.raises(ApiFault) as caught:
        check_time(claim, timestamp, AT)
    assert caught.value.code == code

"""TC3-HMAC-SHA256: what a request claims, and whether its signature proves it (domain.md 4).

Pure: no clock, no database. A signature covers the method, the query, the headers it lists and
the body; it has no number used once, so a request can be replayed for as long as its timestamp
holds, by whoever could read it. The protocol is made for TLS.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from domain.text import quoted
from server.api.v3.fault import ApiFault

ALGORITHM: Final = "TC3-HMAC-SHA256"
SERVICE: Final = "sms"
SKEW: Final = timedelta(minutes=5)
UNSIGNED: Final = "UNSIGNED-PAYLOAD"

_MANDATORY: Final = frozenset({"content-type", "host"})
_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} +Credential=([A-Za-z0-9_-]{{1,64}})/([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})"
    r"/([a-z0-9_-]{1,64})/tc3_request *, *SignedHeaders=([a-z0-9-]+(?:;[a-z0-9-]+)*) *"
    r", *Signature=([0-9a-f]{64}) *"
)
_TIMESTAMP: Final = re.compile(r"[0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the Authorization header says; `date` is written as `2026-11-22`."""

    secret_id: str
    date: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


@dataclass(frozen=True, slots=True)
class Signed:
    """What of a request its signature covers; header names in lower case, values as sent."""

    method: str
    query: str
    headers: Mapping[str, str]
    timestamp: str
    payload: bytes


def claim_of(authorization: str) -> Claim:
    """Read the Authorization header; raises ApiFault for any other form."""
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        form = (
            f"{ALGORITHM} Credential=<SecretId>/<date>/{SERVICE}/tc3_request, "
            "SignedHeaders=content-type;host, Signature=<64 hexadecimal digits>"
        )
        message = f"the Authorization header is not of the form {form}"
        raise ApiFault("AuthFailure.SignatureFailure", message)
    names = tuple(match[4].split(";"))
    if missing := sorted(_MANDATORY.difference(names)):
        message = f"SignedHeaders {quoted(match[4])} lacks {quoted(missing[0])}: sign it too"
        raise ApiFault("AuthFailure.SignatureFailure", message)
    if len(set(names)) < len(names):
        message = f"SignedHeaders {quoted(match[4])} names a header twice: name it once"
        raise ApiFault("AuthFailure.SignatureFailure", message)
    return Claim(match[1], match[2], match[3], names, match[5])


def check_time(claim: Claim, timestamp: str, now: datetime) -> None:
    """Raise ApiFault unless a request was signed for this service, today and just now."""
    if not timestamp:
        raise ApiFault("MissingParameter", "the header X-TC-Timestamp is missing")
    if not _TIMESTAMP.fullmatch(timestamp):
        message = f"X-TC-Timestamp {quoted(timestamp)} is no number of Unix seconds"
        raise ApiFault("InvalidParameterValue", message)
    signed_at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs(now - signed_at) > SKEW:
        message = (
            f"X-TC-Timestamp {quoted(timestamp)} is more than 5 minutes from the server's "
            f"{int(now.timestamp())}: set the clock, and sign each request anew"
        )
        raise ApiFault("AuthFailure.SignatureExpire", message)
    if claim.date != f"{signed_at:%Y-%m-%d}":
        message = f"credential date {quoted(claim.date)} is not the UTC date of X-TC-Timestamp"
        raise ApiFault("AuthFailure.SignatureFailure", message)
    if claim.service != SERVICE:
        message = f"credential service {quoted(claim.service)} is not {quoted(SERVICE)}"
        raise ApiFault("AuthFailure.SignatureFailure", message)


def verify(claim: Claim, request: Signed, secret_key: str) -> None:
    """Raise ApiFault unless the signature was made with this SecretKey over this request.

    Clients differ in whether they write the values of headers in lower case before they sign:
    the published text says so, the Python SDK does not, and samples do so for `x-tc-` alone.
    """
    proven = False
    for form in _canonical_forms(claim, request):
        # Every form is compared, each in constant time.
        proven |= hmac.compare_digest(signature(claim, request, form, secret_key), claim.signature)
    if not proven:
        message = (
            "the signature is not that of this request and SecretKey: compare the canonical "
            "request, the Host header among it, and the SecretKey"
        )
        raise ApiFault("AuthFailure.SignatureFailure", message)


def signature(claim: Claim, request: Signed, canonical: str, secret_key: str) -> str:
    """Sign a canonical request, in 64 lower-case hexadecimal digits."""
    scope = f"{claim.date}/{claim.service}/tc3_request"
    digest = sha256(canonical.encode()).hexdigest()
    key = f"TC3{secret_key}".encode()
    for part in (claim.date, claim.service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"{ALGORITHM}\n{request.timestamp}\n{scope}\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def _canonical_forms(claim: Claim, request: Signed) -> set[str]:
    values = {}
    for name in claim.signed_headers:
        if name not in request.headers:
            message = f"SignedHeaders names {quoted(name)}, and the request has no such header"
            raise ApiFault("AuthFailure.SignatureFailure", message)
        values[name] = request.headers[name].strip()
    payload = request.payload
    if request.headers.get("x-tc-content-sha256") == UNSIGNED:
        payload = UNSIGNED.encode()
    digest = sha256(payload).hexdigest()
    lower = {name: value.lower() for name, value in values.items()}
    own = {name: value for name, value in lower.items() if name.startswith("x-tc-")}
    return {
        canonical_request(request, headers, digest)
        for headers in (values, lower, {**values, **own})
    }


def canonical_request(request: Signed, headers: Mapping[str, str], payload_hash: str) -> str:
    """Write a request as it is signed; the path is always `/`."""
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    names = ";".join(headers)
    return f"{request.method}\n/\n{request.query}\n{lines}\n{names}\n{payload_hash}"

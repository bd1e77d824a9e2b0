"""What operators may set up of a carrier that speaks SMPP (SMPP 3.4, sections 4.1 and 5.2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.carrier_settings import (
    CA_MOST,
    PASSWORD_MOST,
    RANGES,
    TLV_OCTETS_MOST,
    TLVS_MOST,
    Smpp,
    Tlv,
    problems_of,
    problems_of_password,
    tidied,
)
from domain.errors import Code

PLAIN = Smpp(host="smsc.example.com", port=2775, system_id="console")


def found(**changed: Any) -> list[tuple[Code, str, tuple[str, ...]]]:
    smpp = tidied(replace(PLAIN, **changed))
    return [(each.code, each.message, each.field) for each in problems_of(smpp)]


@pytest.fixture(scope="module")
def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smsc")])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(at).not_valid_after(at + timedelta(days=1))
    pem: bytes = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return pem.decode()


def test_what_most_carriers_need_is_enough() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "host",
    [
        "smsc",
        "smsc.example.com",
        "smsc.example.com.",
        "smpp_1.example.com",
        "192.0.2.7",
        "2001:db8::7",
        " [2001:db8::7] ",
        "a" * 63,
        ".".join(["a" * 49] * 5) + ".aa",
    ],
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert found(host=host) == []


@pytest.mark.parametrize(
    "host",
    [
        "smsc.example.com:2775",
        "http://smsc.example.com",
        "192.0.2.256",
        "192.0.2",
        "-smsc.example.com",
        "smsc-.example.com",
        "smsc..example.com",
        "a" * 64,
        ".".join(["a" * 49] * 5) + ".aaaaa",
        "smsc example",
        "sms\u00e7.example.com",
    ],
)
def test_a_host_that_is_neither_is_quoted(host: str) -> None:
    ((code, message, field),) = found(host=host)
    assert (code, field) == (Code.INVALID, ("smpp", "host"))
    assert message.startswith('host "')
    assert message.endswith(
        "\" is neither a host's name nor an address: enter one such as smsc.example.com, "
        "192.0.2.7 or 2001:db8::7"
    )


def test_a_host_is_needed() -> None:
    message = "host is empty: enter a name or an address"
    assert found(host=" ") == [(Code.REQUIRED, message, ("smpp", "host"))]


@pytest.mark.parametrize("name", RANGES)
def test_numbers_have_ranges(name: str) -> None:
    least, most = RANGES[name]
    assert found(**{name: least}) == found(**{name: most}) == []
    for value in (least - 1, most + 1):
        label = name.replace("_", " ")
        message = f"{label} {value} is out of range: enter {least} to {most}"
        assert found(**{name: value}) == [(Code.OUT_OF_RANGE, message, ("smpp", name))]


@pytest.mark.parametrize("name", ["throughput", "source_ton", "source_npi"])
def test_numbers_that_may_be_left_open(name: str) -> None:
    assert found(**{name: None}) == []


@pytest.mark.parametrize(("name", "most"), [("system_id", 15), ("system_type", 12)])
def test_octet_strings_end_where_the_standard_ends_them(name: str, most: int) -> None:
    label = name.replace("_", " ")
    assert found(**{name: "x" * most}) == []
    message = f'{label} "{"x" * (most + 1)}" has {most + 1} characters: shorten it to at most'
    assert found(**{name: "x" * (most + 1)}) == [
        (Code.TOO_LONG, f"{message} {most}", ("smpp", name))
    ]
    message = f'{label} "\u00fc" has other characters than ASCII: leave them out'
    assert found(**{name: "\u00fc"}) == [(Code.INVALID, message, ("smpp", name))]


def test_a_system_id_is_needed_and_a_system_type_is_not() -> None:
    message = "system id is empty: enter 1 to 15 characters"
    assert found(system_id="") == [(Code.REQUIRED, message, ("smpp", "system_id"))]
    assert found(system_type="") == []


@pytest.mark.parametrize(
    "sender", ["", "Example Ltd", "A&B", "+85266661234", "106", "9" * 20, "+" + "9" * 20, "x" * 11]
)
def test_a_sender_id_is_a_short_name_or_a_number(sender: str) -> None:
    assert found(sender_id=sender) == []


@pytest.mark.parametrize(
    ("sender", "code", "message"),
    [
        (
            "9" * 21,
            Code.TOO_LONG,
            f'sender ID "{"9" * 21}" has 21 digits: enter at most 20',
        ),
        (
            "Example Ltd.",
            Code.TOO_LONG,
            (
                'sender ID "Example Ltd." has 12 characters: a name has at most 11, a number 20 '
                "digits"
            ),
        ),
        (
            "\u817e\u8baf\u4e91",
            Code.INVALID,
            (
                'sender ID "\u817e\u8baf\u4e91" has characters that no name may have: enter '
                "letters, digits and blanks of the GSM alphabet"
            ),
        ),
        (
            "back`tick",
            Code.INVALID,
            (
                'sender ID "back`tick" has characters that no name may have: enter letters, '
                "digits and blanks of the GSM alphabet"
            ),
        ),
    ],
)
def test_another_sender_id_is_refused(sender: str, code: Code, message: str) -> None:
    assert found(sender_id=sender) == [(code, message, ("smpp", "sender_id"))]


def test_tags_are_written_in_one_way() -> None:
    smpp = tidied(replace(PLAIN, extra_tlvs=(Tlv("1400", "00"), Tlv(" 0x1e ", " 41ff "))))
    assert smpp.extra_tlvs == (Tlv("0x1400", "00"), Tlv("0x001E", "41ff"))
    assert problems_of(smpp) == []


@pytest.mark.parametrize(
    ("tlv", "message", "name"),
    [
        (
            Tlv("14000", ""),
            'tag "14000" is not usable: enter 0001 to FFFF, in hexadecimal',
            "tag",
        ),
        (Tlv("0", ""), 'tag "0x0000" is not usable: enter 0001 to FFFF, in hexadecimal', "tag"),
        (Tlv("424", ""), 'tag "0x0424" is written by the console itself: leave it out', "tag"),
        (Tlv("1400", "4"), 'value "4" is not hexadecimal: enter two digits an octet', "value"),
        (Tlv("1400", "xx"), 'value "xx" is not hexadecimal: enter two digits an octet', "value"),
    ],
)
def test_a_parameter_is_hexadecimal_and_the_consoles_own_are_not_free(
    tlv: Tlv, message: str, name: str
) -> None:
    assert found(extra_tlvs=(tlv,)) == [(Code.INVALID, message, ("smpp", "extra_tlvs", "0", name))]


def test_parameters_have_limits_and_stand_once() -> None:
    most = tuple(Tlv(f"{0x1400 + n:x}", "00" * TLV_OCTETS_MOST) for n in range(TLVS_MOST))
    assert found(extra_tlvs=most) == []
    assert found(extra_tlvs=(*most, Tlv("1500", ""))) == [
        (Code.LIMIT_EXCEEDED, "extra TLVs are 11: enter at most 10", ("smpp", "extra_tlvs"))
    ]
    ((code, message, _),) = found(extra_tlvs=(Tlv("1400", "00" * (TLV_OCTETS_MOST + 1)),))
    assert (code, message.endswith("has 256 octets: enter at most 255")) == (Code.TOO_LONG, True)
    assert found(extra_tlvs=(Tlv("1400", ""), Tlv("0x1400", ""))) == [
        (
            Code.INVALID,
            'tag "0x1400" stands twice: enter it once',
            ("smpp", "extra_tlvs", "1", "tag"),
        )
    ]


def test_certificates_are_read_before_they_are_stored(certificate: str) -> None:
    assert found(tls=True, tls_ca=certificate) == []
    assert found(tls=True, tls_ca=certificate * 2) == []
    message = 'tls ca "hello" holds no certificate that can be read: enter PEM'
    assert found(tls_ca="hello\nworld") == [(Code.INVALID, message, ("smpp", "tls_ca"))]
    ((code, _, _),) = found(tls_ca=certificate.replace("A", "B"))
    assert code is Code.INVALID
    message = f"tls ca has {CA_MOST + 1} characters: enter at most {CA_MOST}"
    assert found(tls_ca="x" * (CA_MOST + 1)) == [(Code.TOO_LONG, message, ("smpp", "tls_ca"))]


def test_the_name_of_a_certificate_is_a_hosts() -> None:
    assert found(tls_name="smsc.example.com") == []
    ((code, _, field),) = found(tls_name="*.example.com")
    assert (code, field) == (Code.INVALID, ("smpp", "tls_name"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "\x00", "x" * 300])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    ((code, message, field),) = found(receipt_zone=zone)
    assert (code, field) == (Code.INVALID, ("smpp", "receipt_zone"))
    assert message.endswith("is no time zone: enter one such as Asia/Shanghai")
    assert found(receipt_zone="Asia/Shanghai") == []


def test_a_password_is_never_quoted() -> None:
    assert problems_of_password("p") == problems_of_password("p" * PASSWORD_MOST) == []
    wrong = ["", "s\u00e9cret", "secret" * 11, "secret\x00"]
    told = [(each.code, each.message) for one in wrong for each in problems_of_password(one)]
    assert told == [
        (Code.REQUIRED, "password is empty: enter what the carrier gave"),
        (Code.INVALID, "password has other characters than printable ASCII: leave them out"),
        (Code.TOO_LONG, "password has 66 characters: enter at most 64"),
        (Code.INVALID, "password has other characters than printable ASCII: leave them out"),
    ]


def test_every_problem_is_told_at_once() -> None:
    fields = [
        field
        for _, _, field in found(
            host="", port=0, binds=11, system_id="", sender_id="x" * 12, receipt_zone="?"
        )
    ]
    assert fields == [
        ("smpp", name)
        for name in ("host", "port", "binds", "system_id", "receipt_zone", "sender_id")
    ]

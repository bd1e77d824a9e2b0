"""Receipts of SMPP in the spellings carriers use (STA-1, STA-4)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies

from delivery.carriers.smpp.address import phone
from delivery.carriers.smpp.pdu import DeliverSm
from delivery.carriers.smpp.receipt_text import is_receipt, read, receipted_id, submitted_id
from delivery.carriers.smpp.tlv import Tlv
from domain.carrier import Receipt
from domain.smpp import ReceiptIds

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
PHONE = "+8613800138000"
DONE = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
USUAL = (
    "id:{} sub:001 dlvrd:001 submit date:2611230129 done date:2611230130 stat:{} err:{} text:Hello"
)


def deliver(text: str = "", *tlvs: Tlv, esm_class: int = 4, coding: int = 0) -> DeliverSm:
    octets = text.encode("utf-16-be" if coding == 8 else "latin-1")
    return DeliverSm(
        sequence=1, esm_class=esm_class, data_coding=coding, short_message=octets, tlvs=tlvs
    )


def receipt(pdu: DeliverSm, ids: ReceiptIds = ReceiptIds.SAME) -> Receipt | None:
    return read(pdu, ids, UTC, PHONE, NOW)


def test_the_usual_receipt() -> None:
    assert receipt(deliver(USUAL.format("n0000000001", "DELIVRD", "000"))) == Receipt(
        "n0000000001", delivered=True, code="DELIVRD", at=DONE, phone=PHONE
    )


@pytest.mark.parametrize(
    "text",
    [
        "id:42 stat:UNDELIV err:MK:0012 done date:2611230130",
        "ID: 42 SUB: 001 DONE DATE: 2611230130 STAT: UNDELIV ERR: MK:0012",
        "Id=42 done_date=261123013000 Stat=UNDELIV Err=MK:0012",
        "id:0042,sub:001,donedate:20261123013000,status:undeliv,error:MK:0012",
        "id:42\nsubmit date:2611230129\ndone date:2611230130\nstat:UNDELIV\nerr:MK:0012\ntext:",
        "done date:2611230130 err:MK:0012 stat:UNDELIV id:42 text:id:7 stat:DELIVRD err:000",
    ],
)
def test_usual_spellings(text: str) -> None:
    expected = Receipt("42", delivered=False, code="MK:0012", at=DONE, phone=PHONE)
    assert receipt(deliver(text)) == expected
    assert receipt(deliver(text, coding=8)) == expected
    payload = DeliverSm(sequence=1, esm_class=4, tlvs=((0x0424, text.encode()),))
    assert receipt(payload) == expected


@pytest.mark.parametrize(
    ("stat", "err", "code"),
    [
        ("DELIVRD", "000", "DELIVRD"),
        ("EXPIRED", "000", "EXPIRED"),
        ("EXPIRED", "", "EXPIRED"),
        ("UNDELIV", "MK:0001", "MK:0001"),
        ("UNDELIV", "069", "UNDELIV"),
        ("UNDELIV", "69", "69"),
        ("UNDELIV", "DELIVRD", "UNDELIV"),
        ("REJECTD", "FailedOperation.PhoneNumberInBlacklist", "REJECTD"),
        ("MK:0012", "001", "MK:0012"),
        ("REJECTD_006", "000", "REJECTD_006"),
        ("DELETED", "000", "DELETED"),
        ("UNKNOWN", "000", "UNKNOWN"),
        ("Odd", "odd", "ODD"),
        ("X" * 90, "", "X" * 64),
    ],
)
def test_the_code_is_the_carriers_own_where_a_table_knows_it(
    stat: str, err: str, code: str
) -> None:
    found = receipt(deliver(f"id:1 stat:{stat} err:{err} text:"))
    assert found is not None
    assert (found.delivered, found.code) == (code == "DELIVRD", code)


@pytest.mark.parametrize("stat", ["ENROUTE", "ACCEPTD", "accepted", "BUFFERED"])
def test_what_is_not_final_tells_nothing(stat: str) -> None:
    assert receipt(deliver(f"id:1 stat:{stat} err:000")) is None


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (0, None),
        (1, None),
        (2, "DELIVRD"),
        (3, "EXPIRED"),
        (4, "DELETED"),
        (5, "UNDELIV"),
        (6, None),
        (7, "UNKNOWN"),
        (8, "REJECTD"),
        (9, "DELETED"),
        (77, None),
    ],
)
def test_parameters_alone_are_a_receipt(state: int, code: str | None) -> None:
    pdu = deliver("", (0x001E, b"00AB\0"), (0x0427, bytes((state,))), esm_class=0)
    assert is_receipt(pdu)
    found = receipt(pdu)
    expected = code and Receipt("ab", delivered=code == "DELIVRD", code=code, at=NOW, phone=PHONE)
    assert found == expected


def test_parameters_are_believed_about_the_state_and_the_text_about_the_code() -> None:
    tlvs = (0x001E, b"n1"), (0x0427, b"\x05")
    found = receipt(deliver("id:7 stat:DELIVRD err:000 done date:2611230130", *tlvs))
    assert found == Receipt("n1", delivered=False, code="DELIVRD", at=DONE, phone=PHONE)
    found = receipt(deliver("", *tlvs, (0x0423, b"\x03\x00\x45")))
    assert found is not None
    assert found.code == "UNDELIV"
    found = receipt(deliver("", *tlvs, (0x0423, b"\x03\x00\x67")))
    assert found is not None
    assert found.code == "103"


def test_a_recipient_who_writes_like_a_receipt_is_no_carrier() -> None:
    pdu = deliver(USUAL.format("n1", "DELIVRD", "000"), esm_class=0)
    assert not is_receipt(pdu)
    assert is_receipt(deliver("", esm_class=0x04))
    assert is_receipt(deliver("", esm_class=0x20))


@pytest.mark.parametrize("text", ["", "stat:DELIVRD", "id:1", "id: stat:DELIVRD", "hello id"])
def test_what_names_no_part_or_no_state_tells_nothing(text: str) -> None:
    assert receipt(deliver(text)) is None


@pytest.mark.parametrize(
    ("answered", "receipted", "ids"),
    [
        ("n0000000001", "n0000000001", ReceiptIds.SAME),
        ("0000001A", "1a", ReceiptIds.SAME),
        ("00042", "0042", ReceiptIds.SAME),
        ("000", "0", ReceiptIds.SAME),
        ("4f-AB", "4f-AB", ReceiptIds.SAME),
        ("1A2B", "6699", ReceiptIds.DECIMAL),
        ("00001a2b", "0000006699", ReceiptIds.DECIMAL),
        ("6699", "1A2B", ReceiptIds.HEXADECIMAL),
        ("006699", "00001a2b", ReceiptIds.HEXADECIMAL),
        ("msg-7", "msg-7", ReceiptIds.DECIMAL),
        ("msg-7", "msg-7", ReceiptIds.HEXADECIMAL),
        ("x" * 70, "x" * 80, ReceiptIds.SAME),
    ],
)
def test_ids_meet_however_they_are_written(answered: str, receipted: str, ids: ReceiptIds) -> None:
    assert submitted_id(answered) == receipted_id(receipted, ids)


@given(strategies.integers(0, 2**63))
def test_any_number_meets_itself_in_the_other_base(number: int) -> None:
    assert submitted_id(f"{number:X}") == receipted_id(f"{number:020d}", ReceiptIds.DECIMAL)
    assert submitted_id(f"{number:010d}") == receipted_id(f"{number:x}", ReceiptIds.HEXADECIMAL)


def test_where_ids_differ_the_text_says_it_and_the_parameter_only_instead() -> None:
    tagged = (0x001E, b"1A2B\0"), (0x0427, b"\2")
    said = receipt(deliver("id:6699 stat:DELIVRD", *tagged), ReceiptIds.DECIMAL)
    alone = receipt(deliver("", (0x001E, b"6699\0"), (0x0427, b"\2")), ReceiptIds.DECIMAL)
    assert said is not None
    assert alone is not None
    assert said.reference == alone.reference == "1a2b"


def test_done_dates_are_in_the_carriers_zone_and_never_to_come() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    for digits, at in [
        ("2611230930", DONE),
        ("261123093007", DONE + timedelta(seconds=7)),
        ("20261123093007", DONE + timedelta(seconds=7)),
        ("2611231130", NOW),
        ("2613010000", NOW),
        ("0000000000", NOW),
        ("26112309", NOW),
        ("26-11-23", NOW),
        ("٢٦١١٢٣٠٩٣٠", NOW),
        ("000101000000", datetime(1999, 12, 31, 16, tzinfo=UTC)),
    ]:
        pdu = deliver(f"id:1 stat:DELIVRD done date:{digits}", coding=8)
        found = read(pdu, ReceiptIds.SAME, shanghai, PHONE, NOW)
        assert found is not None
        assert found.at == at, digits


WORDS = strategies.sampled_from(
    ("id:", "stat:", "DELIVRD", "UNDELIV", "err:", "done date:", "2611230130", " ", "\0", "é", "0")
)


@given(
    strategies.lists(WORDS, max_size=20).map("".join) | strategies.text(max_size=50),
    strategies.lists(
        strategies.tuples(
            strategies.sampled_from((0x1E, 0x427, 0x423, 0x424)), strategies.binary(max_size=90)
        ),
        max_size=3,
    ),
    strategies.integers(0, 255),
    strategies.integers(0, 255),
    strategies.sampled_from(ReceiptIds),
)
def test_any_octets_are_a_receipt_or_none(
    text: str, tlvs: list[Tlv], esm_class: int, coding: int, ids: ReceiptIds
) -> None:
    pdu = DeliverSm(
        sequence=1,
        esm_class=esm_class,
        data_coding=coding,
        short_message=text.encode("utf-8", "replace"),
        tlvs=tuple(tlvs),
    )
    found = receipt(pdu, ids)
    assert isinstance(is_receipt(pdu), bool)
    if found is not None:
        assert 0 < len(found.reference) <= 64
        assert 0 < len(found.code) <= 64
        assert "\0" not in found.reference + found.code
        assert found.at <= NOW


@pytest.mark.parametrize(
    ("address", "ton", "expected"),
    [
        ("8613800138000", 1, "+8613800138000"),
        ("+8613800138000", 1, "+8613800138000"),
        ("008613800138000", 0, "+8613800138000"),
        ("13800138000", 2, "+8613800138000"),
        ("919876543210", 0, "+919876543210"),
        ("13125550123", 0, "+13125550123"),
        ("ACME", 5, ""),
        ("", 0, ""),
        ("1" * 16, 1, ""),
        ("٣٣٣٣", 1, ""),
    ],
)
def test_addresses_as_phones(address: str, ton: int, expected: str) -> None:
    assert phone(address, ton) == expected

"""What the operator has set up reaches the carrier as it was meant."""

from dataclasses import fields
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from db.carrier import CarrierRow
from db.vault import SealBroken, Vault
from delivery.carriers.smpp.configured import smpp_settings
from delivery.carriers.smpp.settings import SmppSettings, Tls
from domain.carrier_form import CarrierKind
from domain.carrier_settings import Smpp, Tlv
from domain.smpp import Alphabet, BindMode, LongMessage, ReceiptIds
from tests.console import KEY, START

VAULT = Vault(KEY)


def row(smpp: Smpp) -> CarrierRow:
    made = CarrierRow(id=1, name="acme", kind=CarrierKind.SMPP, created_at=START, updated_at=START)
    made.set_smpp(smpp)
    made.set_password(VAULT, "secret")
    return made


def test_every_setting_arrives() -> None:
    smpp = Smpp(
        host="smsc.example.com",
        port=3550,
        tls=True,
        tls_ca="PEM",
        tls_verify=False,
        tls_name="smsc",
        system_id="console",
        system_type="SMPP",
        bind_mode=BindMode.SEPARATE,
        binds=2,
        window=20,
        throughput=30,
        alphabet=Alphabet.LATIN1,
        long_messages=LongMessage.PAYLOAD,
        receipts=False,
        receipt_ids=ReceiptIds.DECIMAL,
        receipt_zone="Asia/Shanghai",
        sender_id="Example",
        source_ton=5,
        source_npi=0,
        dest_ton=2,
        dest_npi=8,
        enquire_link_seconds=60,
        response_timeout_seconds=5,
        extra_tlvs=(Tlv("0x1400", "00ff"),),
    )
    found = smpp_settings(row(smpp), VAULT)
    assert found == SmppSettings(
        host="smsc.example.com",
        port=3550,
        tls=Tls(ca="PEM", verify=False, name="smsc"),
        system_id="console",
        password="secret",
        system_type="SMPP",
        bind_mode=BindMode.SEPARATE,
        binds=2,
        window=20,
        throughput=30,
        alphabet=Alphabet.LATIN1,
        long_messages=LongMessage.PAYLOAD,
        receipt_ids=ReceiptIds.DECIMAL,
        receipt_zone=ZoneInfo("Asia/Shanghai"),
        sender_id="Example",
        source_ton=5,
        source_npi=0,
        dest_ton=2,
        dest_npi=8,
        registered_delivery=0,
        enquire_link=timedelta(minutes=1),
        response_timeout=timedelta(seconds=5),
        extra_tlvs=((0x1400, b"\x00\xff"),),
    )
    plain = SmppSettings(host="smsc", port=1, system_id="x", password="secret")
    same = {
        field.name
        for field in fields(found)
        if getattr(found, field.name) == getattr(plain, field.name)
    }
    assert same == {"password"}, "say something else of a new setting above"


def test_the_defaults_of_both_are_the_same() -> None:
    found = smpp_settings(row(Smpp(host="smsc", port=2775, system_id="console")), VAULT)
    plain = SmppSettings(host="smsc", port=2775, system_id="console", password="secret")
    different = {
        field.name
        for field in fields(found)
        if getattr(found, field.name) != getattr(plain, field.name)
    }
    assert different == {"receipt_zone"}
    assert START.astimezone(found.receipt_zone) == START.astimezone(UTC)
    assert START.astimezone(found.receipt_zone).utcoffset() == timedelta(0)


def test_a_password_of_another_key_is_told_apart() -> None:
    made = row(Smpp(host="smsc", port=2775, system_id="console"))
    with pytest.raises(SealBroken, match='the secret of "carrier/acme" does not open'):
        smpp_settings(made, Vault(KEY[::-1]))


def test_the_simulator_has_no_settings() -> None:
    simulator = CarrierRow(
        name="simulator", kind=CarrierKind.SIMULATOR, created_at=START, updated_at=START
    )
    with pytest.raises(ValueError, match='carrier "simulator" does not speak SMPP'):
        smpp_settings(simulator, VAULT)

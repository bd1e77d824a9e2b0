"""From what the operator has set up to what a carrier takes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from db.carrier import CarrierRow
from db.vault import Vault
from delivery.carriers.smpp.settings import SmppSettings, Tls
from domain.carrier_settings import Smpp


def smpp_settings(row: CarrierRow, vault: Vault) -> SmppSettings:
    """Give the settings of a carrier of the kind smpp, with its password.

    Raises SealBroken when the password was sealed with another key, and ValueError for a carrier
    of another kind.
    """
    smpp = row.smpp
    if smpp is None:
        raise ValueError(f'carrier "{row.name}" does not speak SMPP')
    return SmppSettings(
        host=smpp.host,
        port=smpp.port,
        tls=_tls(smpp),
        system_id=smpp.system_id,
        password=row.password(vault),
        system_type=smpp.system_type,
        bind_mode=smpp.bind_mode,
        binds=smpp.binds,
        window=smpp.window,
        throughput=smpp.throughput,
        alphabet=smpp.alphabet,
        long_messages=smpp.long_messages,
        receipt_ids=smpp.receipt_ids,
        receipt_zone=ZoneInfo(smpp.receipt_zone),
        sender_id=smpp.sender_id,
        source_ton=smpp.source_ton,
        source_npi=smpp.source_npi,
        dest_ton=smpp.dest_ton,
        dest_npi=smpp.dest_npi,
        registered_delivery=int(smpp.receipts),
        enquire_link=timedelta(seconds=smpp.enquire_link_seconds),
        response_timeout=timedelta(seconds=smpp.response_timeout_seconds),
        extra_tlvs=tuple(
            (int(each.tag, 16), bytes.fromhex(each.value)) for each in smpp.extra_tlvs
        ),
    )


def _tls(smpp: Smpp) -> Tls | None:
    if not smpp.tls:
        return None
    return Tls(ca=smpp.tls_ca, verify=smpp.tls_verify, name=smpp.tls_name)

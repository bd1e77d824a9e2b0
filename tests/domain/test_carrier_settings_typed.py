"""Whatever is typed of a carrier's settings is stored as it was, or refused by its field."""

from dataclasses import asdict

import orjson
from hypothesis import given
from hypothesis import strategies as st

from domain.carrier_settings import Smpp, Tlv, problems_of, tidied
from domain.smpp import Alphabet, BindMode, LongMessage, ReceiptIds

TEXTS = st.text(max_size=30)
ANY = st.builds(
    Smpp,
    host=TEXTS | st.sampled_from(["smsc", "::1"]),
    port=st.integers(),
    tls=st.booleans(),
    tls_ca=TEXTS,
    tls_verify=st.booleans(),
    tls_name=TEXTS,
    system_id=TEXTS,
    system_type=TEXTS,
    bind_mode=st.sampled_from(BindMode),
    binds=st.integers(),
    window=st.integers(),
    throughput=st.none() | st.integers(),
    alphabet=st.sampled_from(Alphabet),
    long_messages=st.sampled_from(LongMessage),
    receipts=st.booleans(),
    receipt_ids=st.sampled_from(ReceiptIds),
    receipt_zone=TEXTS | st.just("UTC"),
    sender_id=TEXTS,
    source_ton=st.none() | st.integers(),
    source_npi=st.none() | st.integers(),
    dest_ton=st.integers(),
    dest_npi=st.integers(),
    enquire_link_seconds=st.integers(),
    response_timeout_seconds=st.integers(),
    extra_tlvs=st.lists(st.builds(Tlv, TEXTS, TEXTS), max_size=12).map(tuple),
)


@given(ANY)
def test_whatever_is_typed_is_taken_or_refused_field_by_field(smpp: Smpp) -> None:
    made = tidied(smpp)
    assert tidied(made) == made
    for problem in problems_of(made):
        assert problem.field[0] == "smpp"
        assert problem.field[1] in asdict(smpp)
        assert "\n" not in problem.message
        assert problem.message[0].islower()


SANE = st.builds(
    Smpp,
    host=st.just("smsc"),
    port=st.integers(1, 65_535),
    system_id=st.text("abc", min_size=1, max_size=15),
    throughput=st.none() | st.integers(1, 9),
    alphabet=st.sampled_from(Alphabet),
    bind_mode=st.sampled_from(BindMode),
    long_messages=st.sampled_from(LongMessage),
    receipt_ids=st.sampled_from(ReceiptIds),
    extra_tlvs=st.lists(st.just(Tlv("0x1400", "00")), max_size=2).map(tuple),
)


@given(SANE)
def test_stored_settings_are_read_as_they_were(smpp: Smpp) -> None:
    assert Smpp.stored(orjson.loads(orjson.dumps(smpp))) == smpp


def test_settings_stored_by_an_earlier_version_have_the_defaults_of_this_one() -> None:
    assert Smpp.stored({"host": "smsc.example.com", "port": 2775, "system_id": "console"}) == Smpp(
        host="smsc.example.com", port=2775, system_id="console"
    )

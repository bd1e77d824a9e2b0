"""Recipients' long texts: put together in any order, bounded, and never lost in silence."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies

from delivery.carriers.smpp.pdu import DeliverSm
from delivery.carriers.smpp.reassembly import AGE_MOST, GAP, Incoming, Reassembly
from domain.smpp import Alphabet

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
PHONE = "8613800138000"


def part(  # noqa: PLR0913 - a part has a place, a text and addresses
    number: int,
    total: int,
    text: str,
    *,
    reference: int = 1,
    source: str = PHONE,
    coding: int = 3,
) -> DeliverSm:
    header = b"\x05\x00\x03" + bytes((reference, total, number))
    octets = text.encode("utf-16-be" if coding == 8 else "latin-1", "surrogatepass")
    return DeliverSm(
        sequence=1,
        source=source,
        destination="10690",
        esm_class=0x40,
        data_coding=coding,
        short_message=header + octets,
    )


def texts(incoming: list[Incoming]) -> list[str]:
    return [each.text for each in incoming]


def test_a_text_of_one_part_passes() -> None:
    pdu = DeliverSm(sequence=1, source=PHONE, source_ton=1, destination="106", short_message=b"TD")
    phone = Reassembly(Alphabet.GSM)
    assert phone.add(pdu, NOW) == [Incoming(PHONE, 1, "106", "TD", NOW)]
    assert phone.flush() == []


def test_parts_come_in_any_order_and_twice_beside_those_of_others() -> None:
    phone = Reassembly(Alphabet.GSM)
    assert phone.add(part(3, 3, "c"), NOW) == []
    assert phone.add(part(1, 3, "x", reference=2), NOW) == []
    assert phone.add(part(1, 3, "y", source="8613900139000"), NOW) == []
    assert phone.add(part(1, 3, "a"), NOW) == []
    assert phone.add(part(1, 3, "a"), NOW) == []
    (whole,) = phone.add(part(2, 3, "b"), NOW + timedelta(seconds=9))
    assert (whole.text, whole.source, whole.at) == ("abc", PHONE, NOW + timedelta(seconds=9))


def test_the_last_part_brought_again_makes_the_text_whole_again() -> None:
    """The sink failed to keep it, and the carrier repeats what was not acknowledged."""
    phone = Reassembly(Alphabet.GSM)
    phone.add(part(1, 2, "a"), NOW)
    first = phone.add(part(2, 2, "b"), NOW)
    assert phone.add(part(2, 2, "b"), NOW + timedelta(seconds=30)) == first
    assert phone.flush() == []


def test_a_reference_used_again_is_another_text() -> None:
    phone = Reassembly(Alphabet.GSM)
    phone.add(part(1, 2, "a"), NOW)
    assert texts(phone.add(part(1, 2, "A"), NOW)) == [f"a{GAP}"]
    assert texts(phone.add(part(2, 2, "B"), NOW)) == ["AB"]
    assert texts(phone.add(part(1, 2, "1"), NOW)) == []
    assert texts(phone.add(part(2, 2, "2"), NOW)) == ["12"]


def test_a_surrogate_pair_that_a_phone_divided_is_joined() -> None:
    phone = Reassembly(Alphabet.GSM)
    phone.add(part(1, 2, "ok \ud83d", coding=8), NOW)
    assert texts(phone.add(part(2, 2, "\ude00", coding=8), NOW)) == ["ok 😀"]


def test_parts_of_two_alphabets_are_each_read_in_their_own() -> None:
    phone = Reassembly(Alphabet.GSM)
    phone.add(part(2, 3, "你", coding=8), NOW)
    phone.add(part(1, 3, "a"), NOW)
    assert texts(phone.add(part(3, 3, "c"), NOW)) == ["a你c"]


def test_references_of_two_octets_and_parameters_place_a_part() -> None:
    wide = [
        DeliverSm(
            sequence=1,
            esm_class=0x40,
            data_coding=3,
            short_message=b"\x09\x24\x01\x01\x08\x04\x12\x34\x02" + bytes((number,)) + b"xy",
        )
        for number in (1, 2)
    ]
    tagged = [
        DeliverSm(
            sequence=1,
            data_coding=3,
            short_message=b"zz",
            tlvs=((0x020C, b"\x12\x35"), (0x020E, b"\2"), (0x020F, bytes((number,)))),
        )
        for number in (1, 2)
    ]
    phone = Reassembly(Alphabet.GSM)
    assert [texts(phone.add(pdu, NOW)) for pdu in wide + tagged] == [[], ["xyxy"], [], ["zzzz"]]


def test_places_that_cannot_be_are_texts_of_their_own() -> None:
    phone = Reassembly(Alphabet.GSM)
    for number, total in [(0, 2), (3, 2), (1, 1), (1, 0)]:
        assert texts(phone.add(part(number, total, "x"), NOW)) == ["x"]
    huge = ((0x020C, b"\1"), (0x020E, b"\xff\xff\xff\xff"), (0x020F, b"\1"))
    pdu = DeliverSm(sequence=1, data_coding=3, short_message=b"x", tlvs=huge)
    assert texts(phone.add(pdu, NOW)) == ["x"]


def test_a_header_longer_than_its_message_is_text() -> None:
    pdu = DeliverSm(sequence=1, esm_class=0x40, data_coding=3, short_message=b"zTD")
    assert texts(Reassembly(Alphabet.GSM).add(pdu, NOW)) == ["zTD"]


def test_what_is_too_old_is_brought_with_its_gaps() -> None:
    phone = Reassembly(Alphabet.GSM)
    phone.add(part(2, 5, "b"), NOW)
    phone.add(part(5, 5, "e"), NOW + AGE_MOST - timedelta(seconds=1))
    assert phone.expire(NOW + AGE_MOST - timedelta(seconds=1)) == []
    (incoming,) = phone.expire(NOW + AGE_MOST)
    assert incoming.text == f"{GAP}b{GAP}e"
    assert incoming.at == NOW + AGE_MOST - timedelta(seconds=1)
    assert phone.flush() == []


def test_the_oldest_gives_way_when_there_are_too_many_texts_or_octets() -> None:
    phone = Reassembly(Alphabet.GSM, texts=2)
    given = [phone.add(part(1, 2, f"{each}", reference=each), NOW) for each in range(3)]
    assert [texts(each) for each in given] == [[], [], [f"0{GAP}"]]
    phone = Reassembly(Alphabet.GSM, octets=2 * 110)
    given = [phone.add(part(1, 2, "x" * 10, reference=each), NOW) for each in range(3)]
    assert [texts(each) for each in given] == [[], [], ["x" * 10 + GAP]]
    assert len(phone.flush()) == 2


@given(
    strategies.lists(
        strategies.builds(
            DeliverSm,
            sequence=strategies.just(1),
            source=strategies.sampled_from(("1", "2")),
            esm_class=strategies.sampled_from((0, 0x40)),
            data_coding=strategies.sampled_from((0, 4, 8)),
            short_message=strategies.binary(max_size=20)
            | strategies.builds(
                lambda total, number, octets: b"\x05\x00\x03\x01" + bytes((total, number)) + octets,
                strategies.integers(0, 4),
                strategies.integers(0, 4),
                strategies.binary(max_size=5),
            ),
            tlvs=strategies.lists(
                strategies.tuples(
                    strategies.sampled_from((0x020C, 0x020E, 0x020F, 0x0424)),
                    strategies.binary(max_size=3),
                ),
                max_size=4,
            ).map(tuple),
        ),
        max_size=30,
    ),
    strategies.integers(1, 5),
)
def test_any_parts_stay_within_bounds(pdus: list[DeliverSm], most: int) -> None:
    phone = Reassembly(Alphabet.GSM, texts=most)
    for place, pdu in enumerate(pdus):
        phone.add(pdu, NOW + timedelta(minutes=place))
    assert len(phone.flush()) <= most

"""What breaks the specification of SMPP is not written, and the error says which field."""

import pytest

from delivery.carriers.smpp.command import is_receipt, status_name
from delivery.carriers.smpp.pdu import Bind, MessageResp, Pdu, QuerySm, SubmitSm


@pytest.mark.parametrize(
    ("pdu", "problem"),
    [
        (SubmitSm(sequence=0), 'the sequence_number of a request must be 1 to 2147483647, not "0"'),
        (SubmitSm(sequence=1, source="x" * 21), "source_addr has 21 characters, at most 20"),
        (SubmitSm(sequence=1, destination="+\0"), "destination_addr must be ASCII without NUL"),
        (SubmitSm(sequence=1, source="Grüße"), "source_addr must be ASCII without NUL"),
        (SubmitSm(sequence=1, service_type="smscsi"), "service_type has 6 characters, at most 5"),
        (SubmitSm(sequence=1, data_coding=256), 'data_coding must be 0 to 255, not "256"'),
        (SubmitSm(sequence=1, source_ton=-1), 'source_addr_ton must be 0 to 255, not "-1"'),
        (
            SubmitSm(sequence=1, validity_period="1h"),
            'validity_period must be empty or have 16 characters, not "1h"',
        ),
        (
            SubmitSm(sequence=1, short_message=b"x" * 255),
            "short_message has 255 octets, at most 25",
        ),
        (
            SubmitSm(sequence=1, tlvs=((1 << 16, b""),)),
            'the tag of an optional parameter must be 0 to 65535, not "65536"',
        ),
        (
            SubmitSm(sequence=1, tlvs=((0x0424, b"x" * 65_536),)),
            'the optional parameter "0x0424" has 65536 octets, at most 65535',
        ),
        (Bind(command=9, sequence=1, system_id="", password="x" * 65), "password has 65 charac"),
        (MessageResp(command=0x80000004, sequence=1 << 32), "sequence_number must be 0 to"),
        (MessageResp(command=0x80000004, sequence=1, status=-1), "command_status must be 0 to"),
        (QuerySm(sequence=1, message_id="x" * 65), "message_id has 65 characters, at most 64"),
    ],
)
def test_what_breaks_the_specification_is_not_written(pdu: Pdu, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared below
        pdu.encode()
    assert str(caught.value).startswith(problem)


def test_statuses_are_named_and_those_of_carriers_shown_in_hexadecimal() -> None:
    assert status_name(0x58) == "ESME_RTHROTTLED"
    assert status_name(0x410) == "0x00000410"
    assert [esm for esm in range(0x40) if is_receipt(esm)] == [
        *range(0x04, 0x08),
        *range(0x20, 0x24),
    ]

"""Which e-mail addresses are taken: those that a mail can be addressed to (ALM-1, CAM-1)."""

from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.email import MOST, is_address

SIGNS = "abz019.@-_+'\"<>(),: \r\n安"


def survives(text: str) -> bool:
    """Say whether a header keeps an address as it is, and nothing beside it."""
    message = EmailMessage()
    message["To"] = Address("Ann", addr_spec=text)
    return [each.addr_spec for each in message["To"].addresses] == [text]


@given(st.one_of(st.emails(), st.text(SIGNS, max_size=30).map(lambda text: f"{text}@example.com")))
def test_what_is_taken_can_be_written_to(text: str) -> None:
    assert not is_address(text) or survives(text)


@pytest.mark.parametrize(
    ("local", "taken"), [("a" * 64, True), ("a" * 65, False), ("a.b+c", True), ("a..b", False)]
)
def test_the_local_part_has_the_bounds_of_the_standard(local: str, taken: bool) -> None:
    assert is_address(f"{local}@example.com") is taken


@pytest.mark.parametrize("beyond", [0, 1])
def test_an_address_fits_its_column(beyond: int) -> None:
    domain = ".".join(["d" * 59] * 3)
    local = "a" * (MOST + beyond - len(f"@{domain}.{'e' * 20}.com"))
    address = f"{local}@{domain}.{'e' * 20}.com"
    assert len(address) == MOST + beyond
    assert is_address(address) is (beyond == 0)

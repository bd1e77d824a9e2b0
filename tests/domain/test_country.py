"""Names of countries and regions (API-2)."""

import phonenumbers
import pytest

from domain import country


@pytest.mark.parametrize(
    ("code", "name"),
    [("CN", "China"), ("HK", "Hong Kong"), ("US", "United States"), ("DEF", "Default")],
)
def test_a_code_has_a_name(code: str, name: str) -> None:
    assert country.name(code) == name


def test_every_country_a_number_can_be_of_has_a_name() -> None:
    nameless = {code for code in phonenumbers.SUPPORTED_REGIONS if country.name(code) == "Default"}
    assert not nameless


@pytest.mark.parametrize(
    ("code", "dial_code"),
    [("CN", "86"), ("HK", "852"), ("US", "1"), ("XK", "383"), ("DEF", ""), ("", "")],
)
def test_a_country_is_dialled_by_its_calling_code(code: str, dial_code: str) -> None:
    """STA-7."""
    assert country.dial_code(code) == dial_code

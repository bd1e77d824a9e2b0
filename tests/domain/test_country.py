"""Every country has a name and a calling code (STA-7)."""

import phonenumbers
import pytest

from domain import country
from domain.number import UNKNOWN_COUNTRY


def test_every_region_with_numbers_has_a_name() -> None:
    assert set(country.names()) == set(phonenumbers.SUPPORTED_REGIONS)
    assert all(name == name.strip() and name for name in country.names().values())


@pytest.mark.parametrize(
    ("code", "name", "dial_code"),
    [
        ("CN", "China", "86"),
        ("HK", "Hong Kong", "852"),
        ("US", "United States", "1"),
        ("CI", "Côte d'Ivoire", "225"),
        ("XK", "Kosovo", "383"),
        (UNKNOWN_COUNTRY, "", ""),
        ("", "", ""),
    ],
)
def test_a_country_is_named_and_dialled(code: str, name: str, dial_code: str) -> None:
    assert (country.name(code), country.dial_code(code)) == (name, dial_code)

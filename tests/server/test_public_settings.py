"""What an operator may set about proxies and short URLs (URL-1, URL-2)."""

from datetime import timedelta

import pytest

from server.serving import config
from server.settings import Settings, SettingsError


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def test_the_guide_is_the_default() -> None:
    terms = Settings.read().terms
    assert terms.short_url_base == ""
    assert terms.short_url_lasts == timedelta(days=90)
    assert terms.click_addresses_kept == timedelta(days=180)


def test_short_urls_begin_and_last_as_set(setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SMS_CONSOLE_SHORT_URL_BASE", "HTTPS://S.Example.com/")
    setting.setenv("SMS_CONSOLE_SHORT_URL_DAYS", "7")
    setting.setenv("SMS_CONSOLE_CLICK_ADDRESS_DAYS", "30")
    terms = Settings.read().terms
    assert terms.short_url_base == "https://s.example.com"
    assert terms.short_url_lasts == timedelta(days=7)
    assert terms.click_addresses_kept == timedelta(days=30)


@pytest.mark.parametrize(
    ("name", "value", "accepts"),
    [
        ("SHORT_URL_BASE", "s.example.com", "scheme and host, such as https://s.example.com"),
        ("SHORT_URL_BASE", "https://example.com/short", "and no path"),
        ("SHORT_URL_DAYS", "0", "greater than or equal to 1"),
        ("CLICK_ADDRESS_DAYS", "4000", "less than or equal to 3650"),
        ("TRUSTED_PROXIES", "*", "addresses or networks between commas"),
        ("TRUSTED_PROXIES", "proxy.internal", "addresses or networks between commas"),
    ],
)
def test_a_wrong_value_is_named(
    setting: pytest.MonkeyPatch, name: str, value: str, accepts: str
) -> None:
    setting.setenv(f"SMS_CONSOLE_{name}", value)
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert str(refused.value).startswith(f'SMS_CONSOLE_{name} "{value}": ')
    assert accepts in str(refused.value)


@pytest.mark.parametrize(
    ("proxies", "believed"),
    [("", []), ("10.0.0.0/8, fd00::1", ["10.0.0.0/8", "fd00::1"])],
)
def test_only_the_proxies_set_are_believed(
    setting: pytest.MonkeyPatch, proxies: str, believed: list[str]
) -> None:
    setting.setenv("FORWARDED_ALLOW_IPS", "*")
    setting.setenv("SMS_CONSOLE_TRUSTED_PROXIES", proxies)
    trusted = Settings.read().trusted_proxies
    listen = config(lambda *_: None, "127.0.0.1", 1, trusted)  # type: ignore[arg-type]  # - nothing is served
    assert listen.forwarded_allow_ips == believed

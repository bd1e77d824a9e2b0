"""Settings: a wrong one stops the start with its name and what it accepts."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.terms import Terms
from server.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os  # noqa: PLC0415 - only to start from nothing

    for name in list(os.environ):
        if name.upper().startswith("SMS_CONSOLE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMS_CONSOLE_DATA", str(tmp_path))


def test_defaults_are_the_guides_numbers(tmp_path: Path) -> None:
    settings = Settings.read()
    assert settings.database == f"sqlite+aiosqlite:///{tmp_path / 'console.sqlite'}"
    assert settings.terms.application_delay == timedelta(minutes=5)
    assert settings.terms.recipient_file_bytes == 30 * 1024 * 1024
    assert settings.terms.global_daily == 1000
    assert settings.terms.blocklist_delay == timedelta(minutes=5)
    assert settings.terms.opt_out_words == Terms().opt_out_words
    assert settings.terms.opt_out_window == timedelta(hours=72)
    assert settings.terms.auto_review is False


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "SMS_CONSOLE_PORT",
            "eighty",
            'SMS_CONSOLE_PORT "eighty": Input should be a valid integer',
        ),
        ("SMS_CONSOLE_AUTO_REVIEW", "yes", "Input should be 'off' or 'approve'"),
        ("SMS_CONSOLE_REVIEW_TIME_ZONE", "Mars/Base", "an IANA time zone such as Asia/Shanghai"),
        ("SMS_CONSOLE_DATABASE_URL", "mysql://x", "sqlite:///path/to/file or postgresql://"),
        ("SMS_CONSOLE_OPT_OUT_WORDS", "TD,T,退订", "words between commas, N, R among them"),
        ("SMS_CONSOLE_CALLBACK_NETWORKS", "10.0.0.1/8", "networks between commas such as"),
        ("SMS_CONSOLE_REVIEW_CLOSES", "08:00", "REVIEW_CLOSES must be later than"),
        ("SMS_CONSOLE_HOTS", "x", "SMS_CONSOLE_HOTS is not a setting"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_accepts(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert told in str(refused.value)


def test_a_password_in_a_wrong_url_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_CONSOLE_DATABASE_URL", "postgres://u:topsecret@h/d")
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert "topsecret" not in str(refused.value)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = Settings.read().key
    assert len(first) == 32
    assert Settings.read().key == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_key_of_the_wrong_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_CONSOLE_SECRET_KEY", "c2hvcnQ=")
    with pytest.raises(SettingsError, match="SMS_CONSOLE_SECRET_KEY must hold 32 bytes in base64"):
        _ = Settings.read().key


def test_urls_get_the_drivers_this_product_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_CONSOLE_DATABASE_URL", "postgresql://u:p@h/d")
    assert Settings.read().database == "postgresql+psycopg://u:p@h/d"

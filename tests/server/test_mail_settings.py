"""The mail server is set as a whole, and a wrong setting is named (ALM-2)."""

from datetime import timedelta

import pytest

from delivery.mail import MailServer, Security
from server.settings import Settings, SettingsError


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A mail server with nothing but its name and a sender."""
    monkeypatch.setenv("SMS_CONSOLE_SMTP_HOST", "smtp.example.com")
    monkeypatch.setenv("SMS_CONSOLE_SMTP_FROM", "console@example.com")
    return monkeypatch


def test_there_is_no_mail_server_by_itself() -> None:
    settings = Settings.read()
    assert settings.mail is None
    assert settings.terms.alarm_fold == timedelta(hours=1)


def test_a_mail_server_is_spoken_to_with_starttls(environment: pytest.MonkeyPatch) -> None:
    expected = MailServer(
        host="smtp.example.com",
        port=587,
        security=Security.STARTTLS,
        sender="console@example.com",
    )
    assert Settings.read().mail == expected
    for name, value in (
        ("SMTP_PORT", "465"),
        ("SMTP_SECURITY", "tls"),
        ("SMTP_USER", "console"),
        ("SMTP_PASSWORD", "topsecret"),
        ("SMTP_TIMEOUT_SECONDS", "7"),
        ("ALARM_FOLD_MINUTES", "5"),
    ):
        environment.setenv(f"SMS_CONSOLE_{name}", value)
    settings = Settings.read()
    assert settings.mail == MailServer(
        host="smtp.example.com",
        port=465,
        security=Security.TLS,
        sender="console@example.com",
        user="console",
        password="topsecret",
        timeout=7,
    )
    assert "topsecret" not in repr(settings.mail)
    assert settings.terms.alarm_fold == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SMTP_FROM", "", "SMS_CONSOLE_SMTP_FROM is needed with SMS_CONSOLE_SMTP_HOST"),
        ("SMTP_FROM", "Console", "an e-mail address such as console@example.com"),
        ("SMTP_USER", "me", "SMS_CONSOLE_SMTP_PASSWORD is needed with SMS_CONSOLE_SMTP_USER"),
        ("SMTP_SECURITY", "ssl", "Input should be 'starttls', 'tls' or 'none'"),
        ("SMTP_PORT", "0", "greater than or equal to 1"),
        ("ALARM_FOLD_MINUTES", "-1", "greater than or equal to 0"),
    ],
)
def test_a_wrong_setting_is_named(
    environment: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    environment.setenv(f"SMS_CONSOLE_{name}", value)
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert told in str(refused.value)

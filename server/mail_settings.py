"""Settings of alarms and of the mail server that takes them."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings

from delivery.mail import MailServer, Security
from domain import email


def _address(text: str) -> str:
    if text and not email.is_address(text):
        raise ValueError("an e-mail address such as console@example.com")
    return text


class MailSettings(BaseSettings):
    """What an operator may set about alarms and mail."""

    alarm_fold_minutes: float = Field(
        60,
        ge=0,
        le=10_080,
        description="How long an alarm that repeats is only counted before it is told again.",
    )
    smtp_host: str = Field(
        "", description="The server that takes alarm mails; without one they fail in the outbox."
    )
    smtp_port: int = Field(
        587, ge=1, le=65_535, description="Its port: usually 587 for `starttls`, 465 for `tls`."
    )
    smtp_security: Security = Field(
        Security.STARTTLS,
        description="`starttls`, `tls` from the first byte, or `none`, which sends mails and the "
        "password for all to read.",
    )
    smtp_user: str = Field("", description="Who signs in to it; empty for nobody.")
    smtp_password: str = Field("", description="The password to sign in with.")
    smtp_from: Annotated[str, AfterValidator(_address)] = Field(
        "", description="The address that alarm mails come from; needed with a mail server."
    )
    smtp_timeout_seconds: float = Field(
        30, gt=0, le=600, description="How long it may take to answer each command."
    )

    @model_validator(mode="after")
    def _sender(self) -> Self:
        if self.smtp_host and not self.smtp_from:
            raise ValueError("SMS_CONSOLE_SMTP_FROM is needed with SMS_CONSOLE_SMTP_HOST")
        if self.smtp_user and not self.smtp_password:
            raise ValueError("SMS_CONSOLE_SMTP_PASSWORD is needed with SMS_CONSOLE_SMTP_USER")
        return self

    @property
    def mail(self) -> MailServer | None:
        """The mail server; None when none is set."""
        if not self.smtp_host:
            return None
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            sender=self.smtp_from,
            user=self.smtp_user,
            password=self.smtp_password,
            timeout=self.smtp_timeout_seconds,
        )

    @property
    def alarm_fold(self) -> timedelta:
        """How long an alarm that repeats is only counted."""
        return timedelta(minutes=self.alarm_fold_minutes)

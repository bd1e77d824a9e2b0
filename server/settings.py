"""Settings from SMS_CONSOLE_* variables: read once, checked, passed down, never imported below."""

import base64
import os
import secrets
from datetime import time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from db.store import Store
from db.vault import KEY_BYTES
from domain import callback_url, unsubscription
from domain.frequency import GUIDE, NUMBER_MOST, SECONDS_MOST, Limits
from domain.terms import Terms
from server.api_settings import ApiSettings
from server.export_settings import ExportSettings
from server.mail_settings import MailSettings
from server.operations_settings import OperationsSettings
from server.public_settings import PublicSettings
from server.sending_settings import SendingSettings

PREFIX: Final = "SMS_CONSOLE_"
PRIVATE: Final = 0o600


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("an IANA time zone such as Asia/Shanghai")
    return name


def _database(url: str) -> str:
    if url and not url.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("sqlite:///path/to/file or postgresql://user:password@host/database")
    return url


def _opt_out_words(words: str) -> str:
    if missing := unsubscription.missing(words.split(",")):
        raise ValueError(f"words between commas, {', '.join(missing)} among them")
    return words


class SettingsError(Exception):
    """A setting is wrong; the message names the variable and what it accepts."""


class Settings(
    SendingSettings, MailSettings, ExportSettings, OperationsSettings, ApiSettings, PublicSettings
):
    """What an operator may set; each field's description is the settings table in the docs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    data: Path = Field(Path("data"), description="Folder for everything that is kept.")
    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "",
        description="`postgresql://user:password@host/database`, or `sqlite:///path`; "
        "empty for a SQLite file in the data folder.",
    )
    store_url: str = Field(
        "",
        description="`s3://bucket/prefix` for uploaded files; empty for one in the data folder.",
    )
    secret_key: str = Field(
        "",
        description="The key that seals AppKeys and SecretKeys: 32 bytes in base64. Empty: made at "
        "the first start and kept in the data folder. Losing it loses every sealed secret.",
    )
    policies: Path | None = Field(
        None, description="Folder of policy files; empty for the one that comes with the product."
    )
    auto_review: Literal["off", "approve"] = Field(
        "off", description="`approve` approves whatever is submitted at once; for sandboxes only."
    )
    application_delay_seconds: float = Field(
        300, ge=0, le=86_400, description="How long disabling or enabling an application takes."
    )
    blocklist_delay_seconds: float = Field(
        300, ge=0, le=86_400, description="How long a number on the blocklist takes to be in force."
    )
    opt_out_words: Annotated[str, AfterValidator(_opt_out_words)] = Field(
        "TD,T,N,R,退订,T退订,QX,0000",
        description="Replies that unsubscribe, between commas, whatever their case. TD, T, N and R "
        "must be among them: marketing texts may promise these.",
    )
    opt_out_hours: float = Field(
        72, gt=0, le=8_760, description="How long after a message a reply to it unsubscribes."
    )
    session_hours: float = Field(12, gt=0, le=720, description="How long a sign-in lasts.")
    sign_in_tries_per_name: int = Field(
        10, ge=1, le=10_000, description="Tries to sign in to one name within 15 minutes."
    )
    sign_in_tries_per_address: int = Field(
        100, ge=1, le=1_000_000, description="Tries to sign in from one address within 15 minutes."
    )
    review_opens: time = Field(time(9), description="When reviewers begin, `HH:MM`.")
    review_closes: time = Field(time(23), description="When reviewers end, `HH:MM`.")
    review_target_minutes: int = Field(
        120, ge=1, le=10_080, description="How long a decision takes within review hours."
    )
    review_time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Shanghai", description="Time zone of the review hours."
    )
    review_claim_minutes: int = Field(
        15, ge=1, le=1_440, description="How long a reviewer holds an item they claimed."
    )
    restore_days: int = Field(
        30, ge=1, le=3_650, description="How long what was deleted can be restored by review."
    )
    recipient_file_megabytes: int = Field(
        30, ge=1, le=1_024, description="The largest recipient file, in MiB."
    )
    recipient_rows: int = Field(
        1_000_000, ge=1, le=10_000_000, description="The most rows of one recipient file."
    )
    same_content_seconds: int = Field(
        GUIDE.same_content_seconds,
        ge=1,
        le=SECONDS_MOST,
        description="Seconds between two messages of the same content to one number, in "
        "applications that do not set them.",
    )
    number_daily: int = Field(
        GUIDE.number_per_day,
        ge=1,
        le=NUMBER_MOST,
        description="Messages to one number a day, in applications that do not set it.",
    )
    global_daily: int = Field(
        1_000, ge=0, le=100_000_000, description="Global messages an account may send a day."
    )
    global_segment_micros: int = Field(
        50_000, ge=0, description="Price of one Global segment, in millionths of the currency."
    )
    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="Currency of Global prices.")
    gift_individual: int = Field(
        100, ge=0, le=1_000_000_000, description="Units an individual is given once verified."
    )
    gift_organization: int = Field(
        1_000, ge=0, le=1_000_000_000, description="Units an organization is given once verified."
    )
    gift_days: int = Field(365, ge=1, le=3_650, description="How long these units can be used.")
    package_delay_seconds: float = Field(
        0, ge=0, le=86_400, description="How long a package takes to be effective once bought."
    )

    @model_validator(mode="after")
    def _day_of_review(self) -> Self:
        if self.review_closes <= self.review_opens:
            raise ValueError(
                f"{PREFIX}REVIEW_CLOSES must be later than {PREFIX}REVIEW_OPENS, on the same day"
            )
        return self

    @model_validator(mode="after")
    def _months(self) -> Self:
        if self.message_months and not self.database_url.startswith("postgresql:"):
            raise ValueError(f"{PREFIX}MESSAGE_MONTHS needs PostgreSQL: set {PREFIX}DATABASE_URL")
        return self

    @classmethod
    def read(cls) -> Self:
        """Read the environment; raises SettingsError with the variable and what it accepts."""
        known = {f"{PREFIX}{name}".upper() for name in cls.model_fields}
        given = {name for name in os.environ if name.upper().startswith(PREFIX)}
        for name in sorted(given):
            if name.upper() not in known:
                raise SettingsError(f"{name} is not a setting; see docs/operators.md for the list")
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("\n".join(_explain(cls, error))) from None

    def prepare(self) -> None:
        """Make the data folder and open what a wrong setting would fail on later."""
        for name, open_it in (
            ("data", lambda: self.data.mkdir(parents=True, exist_ok=True, mode=0o700)),
            ("secret_key", lambda: self.key),
            ("store_url", lambda: Store.open(self.store_url or self.data / "files")),
            ("policies", lambda: self.policies and next(self.policies.glob("*.conf"))),
        ):
            try:
                open_it()
            except (OSError, ValueError, StopIteration) as error:
                accepts = type(self).model_fields[name].description
                reason = str(error) or "there is no model.conf in this folder"
                raise SettingsError(f"{PREFIX}{name.upper()}: {reason}. {accepts}") from None

    @cached_property
    def database(self) -> str:
        """The URL with the driver this product brings."""
        url = self.database_url or f"sqlite:///{self.data / 'console.sqlite'}"
        if url.startswith("sqlite:"):
            return url.replace("sqlite:", "sqlite+aiosqlite:", 1)
        return url.replace("postgresql:", "postgresql+psycopg:", 1)

    @cached_property
    def key(self) -> bytes:
        """The sealing key: from the setting, or from the data folder, made there when missing."""
        if self.secret_key:
            return _decode_key(self.secret_key, f"{PREFIX}SECRET_KEY")
        path = self.data / "secret.key"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        except FileExistsError:
            return _decode_key(path.read_text().strip(), str(path))
        with os.fdopen(descriptor, "wb") as file:
            key = secrets.token_bytes(KEY_BYTES)
            file.write(base64.b64encode(key) + b"\n")
        return key

    @cached_property
    def terms(self) -> Terms:
        """The business settings as the rules take them."""
        return Terms(
            application_delay=timedelta(seconds=self.application_delay_seconds),
            blocklist_delay=timedelta(seconds=self.blocklist_delay_seconds),
            opt_out_words=tuple(self.opt_out_words.split(",")),
            opt_out_window=timedelta(hours=self.opt_out_hours),
            callback_networks=callback_url.networks(self.callback_networks),
            session_lifetime=timedelta(hours=self.session_hours),
            sign_in_tries_per_name=self.sign_in_tries_per_name,
            sign_in_tries_per_address=self.sign_in_tries_per_address,
            review_opens=self.review_opens,
            review_closes=self.review_closes,
            review_target=timedelta(minutes=self.review_target_minutes),
            review_time_zone=self.review_time_zone,
            review_lease=timedelta(minutes=self.review_claim_minutes),
            restore_for=timedelta(days=self.restore_days),
            auto_review=self.auto_review == "approve",
            recipient_file_bytes=self.recipient_file_megabytes * 1024 * 1024,
            recipient_rows=self.recipient_rows,
            frequency=Limits(
                same_content_seconds=self.same_content_seconds, number_per_day=self.number_daily
            ),
            alarm_fold=self.alarm_fold,
            global_daily=self.global_daily,
            global_segment_micros=self.global_segment_micros,
            currency=self.currency,
            gift_individual=self.gift_individual,
            gift_organization=self.gift_organization,
            gift_lasts=timedelta(days=self.gift_days),
            package_delay=timedelta(seconds=self.package_delay_seconds),
            export_link=timedelta(minutes=self.export_link_minutes),
            export_rows=self.export_rows,
            dump_rows=self.dump_rows,
            dump_kept=timedelta(days=self.dump_keep_days),
            short_url_base=self.short_url_base,
            short_url_lasts=timedelta(days=self.short_url_days),
            click_addresses_kept=timedelta(days=self.click_address_days),
        )


def _decode_key(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{place} must hold {KEY_BYTES} bytes in base64")
    return key


def _explain(settings: type[Settings], error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        if not problem["loc"]:
            lines.append(problem["msg"])
            continue
        name = str(problem["loc"][0])
        given = os.environ.get(f"{PREFIX}{name}".upper(), "")
        shown = "" if name in {"secret_key", "database_url", "smtp_password"} else f' "{given}"'
        accepts = settings.model_fields[name].description
        lines.append(f"{PREFIX}{name.upper()}{shown}: {problem['msg']}. {accepts}")
    return lines

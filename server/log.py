"""Log lines: text for a terminal, JSON for everything else, and nothing of anybody's in either.

No line is written with a phone number, a text, a password, a token or the query of a URL. Should
one be written all the same, by a library say, `redacted` takes out what looks like it.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal

import orjson
from pythonjsonlogger.core import BaseJsonFormatter

Form = Literal["auto", "json", "text"]
Error = tuple[type[BaseException], BaseException, TracebackType | None]

REQUEST: Final[ContextVar[Mapping[str, object]]] = ContextVar("REQUEST")
"""What is known of the request that is being answered; every line says so."""

_SECRETS: Final = (
    (re.compile(r"(?<=://)[^\s/@\"']+@"), ""),
    (re.compile(r"(https?://[^\s?\"']*)\?[^\s\"']*"), r"\1?[query]"),
    (re.compile(r"(/[\w./-]*)\?[\w%.~-]+=[^\s\"']*"), r"\1?[query]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [secret]"),
    (
        re.compile(r"(?i)\b(password|passwd|secret|token|authorization)(\W{1,4})[^\s,;)\]}]+"),
        r"\1\2[secret]",
    ),
    # E.164 with its plus, however it is grouped; and a bare run of as many digits.
    (re.compile(r"\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)"), "[number]"),
    (re.compile(r"(?<![\w.#-])(?:00)?\d{8,15}(?![\w]|\.\d)"), "[number]"),
)
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "taskName"),
    "color_message",  # uvicorn says everything twice
}
# At level debug aiosqlite writes each statement with its values: texts, names, hashes.
_QUIET: Final = ("aiosqlite", "alembic", "httpx2", "httpcore2", "opentelemetry")


def redacted(text: str) -> str:
    """Take out what looks like a phone number, a credential or a URL's query."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _error(error: Error) -> str:
    """Give a traceback, redacted like everything else."""
    return redacted("".join(traceback.format_exception(*error)).rstrip())


class Redaction(logging.Filter):
    """Redacts a record before anything formats it, and puts the request's facts on it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        record.msg, record.args = redacted(message), ()
        if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            record.exc_text, record.exc_info = _error(record.exc_info), None
        for name, value in REQUEST.get({}).items():
            record.__dict__.setdefault(name, value)
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str):
                setattr(record, name, redacted(value))
        return True


class JsonLines(BaseJsonFormatter):
    """One JSON object a line: time, level, logger, message, then what is known beside them."""

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "trace"},
            reserved_attrs=[*_STANDARD],
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Say levels in lower case, as whoever collects lines asks for them."""
        log_data["level"] = str(log_data["level"]).lower()
        return log_data

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Write what is no JSON by itself as text."""
        return orjson.dumps(log_data, default=str).decode()

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Begin with the time."""
        at = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = at.isoformat(timespec="milliseconds")
        super().add_fields(log_data, record, message_dict)


class TextLines(logging.Formatter):
    """A line for people, ending with what is known beside the message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Add the facts as words."""
        facts = [f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD]
        return " ".join([super().formatMessage(record), *facts])


def configure(level: str, form: Form = "auto") -> None:
    """Write every logger's lines to standard error."""
    handler = logging.StreamHandler()
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    handler.setFormatter(TextLines() if as_text else JsonLines())
    handler.addFilter(Redaction())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Casbin logs each refusal as a warning; refusals are answers here.
    logging.getLogger("casbin").setLevel(logging.ERROR)
    for chatty in _QUIET:
        logging.getLogger(chatty).setLevel(logging.WARNING)

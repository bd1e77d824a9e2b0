"""Notifications in words: alarm_text.toml filled in, for a contact's language and channel."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain import text
from domain.alarm import FOLDED, RENEWAL_PROBLEM, Alarm, AlarmEvent, Language

SUBJECT_MOST: Final = 200
SHORT: Final = 24
REASON: Final = 40

_FACT: Final = re.compile(r"\{([a-z_]+)\}")
_BRACKETS: Final = str.maketrans("", "", "【】")
_ENDS: Final = ".。 \n"  # the text that a reason becomes a part of ends by itself
_FILE: Final = Path(__file__).with_name("alarm_text.toml")
_TEXTS: Final[Mapping[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Application:
    """An application as texts name it."""

    id: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (SDK AppID {self.id})"


@dataclass(frozen=True, slots=True)
class Notice:
    """One alarm in one language; `params` fill the template of the text message."""

    sms: str
    params: tuple[str, ...]
    subject: str
    body: str


def sms_template(event: AlarmEvent, language: Language) -> str:
    """Give the body template of a text message, its variables numbered."""
    template: str = _TEXTS[language][event]["sms"]
    for place, name in enumerate(_variables(template), 1):
        template = template.replace(f"{{{name}}}", f"{{{place}}}")
    return template


def compose(
    alarm: Alarm, language: Language, application: Application | None, home: Application
) -> Notice:
    """Word an alarm for one contact, who belongs to `home`.

    `application` is what the alarm is about; None for the whole account.
    """
    texts, words = _TEXTS[language][alarm.event], _TEXTS[language]["words"]
    facts = {name: words.get(name, {}).get(value, value) for name, value in alarm.facts.items()}
    if alarm.event in FOLDED:
        facts["times"] = str(alarm.times)
    if application is not None:
        facts |= {"application": application.name, "application_id": str(application)}
    short = {name: _clipped(value, SHORT) for name, value in facts.items()}
    if alarm.event is AlarmEvent.REVIEW_RESULT:
        reason = _clipped(facts["reason"].rstrip(_ENDS), REASON)
        because = _TEXTS[language]["because"].format(reason=reason)
        short["verdict"] = facts["verdict"] + (because if facts["reason"] else "")
        facts["result"] = facts["verdict"]
        facts["because"] = texts["because"].format_map(facts) if facts["reason"] else ""
    if alarm.event is AlarmEvent.PACKAGE:
        if RENEWAL_PROBLEM in facts:
            texts = {**texts, **_TEXTS[language]["package_renewal"]}
        short["advice"] = texts["advice"].format_map(facts)
    return Notice(
        sms=texts["sms"].format_map(short),
        params=tuple(short[name] for name in _variables(texts["sms"])),
        subject=_one_line(texts["subject"].format_map(facts))[:SUBJECT_MOST],
        body=texts["body"].format_map(facts) + _TEXTS[language]["footer"].format(home=home),
    )


def _variables(template: str) -> list[str]:
    return list(dict.fromkeys(_FACT.findall(template)))


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _clipped(value: str, most: int) -> str:
    """Shorten to `most` characters as they are billed, on one line and without brackets."""
    value = _one_line(value.translate(_BRACKETS))
    if text.length(value) <= most:
        return value
    while text.length(value) > most - len("..."):
        value = value[:-1]
    return f"{value}..."

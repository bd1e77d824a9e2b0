"""`policy explain` and `policy who-can`: one decision in full, and everybody's."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import typer

from policies.analysis import who_can
from policies.condition import KEYS
from policies.decision import Decision, Explanation
from policies.document import DocumentError, parse
from policies.evaluate import BAD_REQUEST, MAX_LINE, answer_text
from policies.live import InForce
from policies.pattern import PatternError, requested_action, requested_resource
from policies.rule import Link, Rule
from server.policy_input import fail, owner_of, read_text

EVERYBODY: Final = "everyone"
_SIGNED_OUT: Final = ("role:anonymous", "role:must-reset", EVERYBODY)
_TOO_LONG: Final = (
    f'{{"allowed": false, "matched": [], "error": {{"code": "{BAD_REQUEST}", "path": "",'
    f' "message": "the line is longer than {MAX_LINE} bytes"}}}}'
)


def answer_lines(source: BinaryIO) -> Iterator[str]:
    """Answer JSON objects line by line; a bad line gets an error object and the next is read."""
    while line := source.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            _skip_rest(source)
            yield _TOO_LONG
        elif text := line.decode("utf-8", "replace").strip():
            yield answer_text(text)


def print_answers() -> None:
    """Answer standard input on standard output, each line as soon as it is there."""
    for text in answer_lines(sys.stdin.buffer):
        typer.echo(text)
        sys.stdout.flush()


def check_request(action: str, resource: str) -> None:
    """Fail where a request cannot be read; a typing error is no deny."""
    try:
        requested_action(action)
        requested_resource(resource)
    except PatternError as error:
        fail(error)


def read_context(pairs: Sequence[str]) -> dict[str, str]:
    """Read condition keys given as key=value, or fail."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in KEYS:
            fail(f'--context "{pair}" is not key=value with one of {", ".join(KEYS)}')
        found[key] = value
    return found


def with_documents(
    paths: Sequence[Path], uin: str | None, caller: str
) -> tuple[list[Rule], list[Link], str | None]:
    """Read documents as policies that `caller` holds, and tell whose they are."""
    rules: list[Rule] = []
    for path in paths:
        text = read_text(path)
        uin = owner_of(text, uin)
        try:
            rules += parse(text, uin).compile(path.name)
        except DocumentError as error:
            fail(*(f"{path}: {problem}" for problem in error.problems))
    return rules, [Link(caller, path.name) for path in paths], uin


def explanation_lines(explained: Explanation) -> Iterator[str]:
    """Print a decision, what matched, and on default deny what nearly did."""
    yield explained.reason if explained.matched else f"denied: {explained.reason}"
    for match in explained.matched:
        way = " > ".join(match.path)
        yield f"  {match.effect} by statement {match.statement} of {match.policy}, held by {way}"
    for miss in explained.nearest:
        match = miss.match
        wanted = f' "{miss.wanted}"' if miss.wanted else ""
        yield (
            f"  nearly allowed by statement {match.statement} of {match.policy}:"
            f" its {miss.differs}{wanted} differs"
        )


def holders(read: InForce) -> list[tuple[str, ...]]:
    """Give everybody whom the policy files name, each with all names such a caller goes by."""
    members = dict.fromkeys(link.member for link in read.files.links)
    return [_names(member) for member in members]


def _names(member: str) -> tuple[str, ...]:
    if member == EVERYBODY or member.startswith("group:"):
        return (member,)
    if member in _SIGNED_OUT:
        return (member, EVERYBODY)
    return tuple(dict.fromkeys((member, "role:signed-in", EVERYBODY)))


def allowed_holders(
    read: InForce, action: str, resource: str, context: dict[str, str]
) -> list[tuple[str, Decision]]:
    """Tell who may do it, by the name the policy files have for them."""
    found = who_can(read.snapshot, holders(read), action, resource, context)
    return [(principals[0], decision) for principals, decision in found]


def _skip_rest(source: BinaryIO) -> None:
    while (line := source.readline(MAX_LINE)) and not line.endswith(b"\n"):
        pass

"""`policy explain` and `policy who-can`: one decision in full, and everybody's."""

import re
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
from server.policy_callers import callers_in
from server.policy_input import fail, owner_of, read_text

_ACCOUNT: Final = re.compile(r":uin/([0-9]{1,20}):")
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


def allowed_callers(
    read: InForce, action: str, resource: str, context: dict[str, str]
) -> list[tuple[str, Decision]]:
    """Tell who of those whom the policy files name may do it, in the account of the resource."""
    account = _ACCOUNT.search(resource)
    named = {
        principals: caller
        for caller, principals, _ in callers_in(read, account[1] if account else None)
    }
    found = who_can(read.snapshot, named, action, resource, context)
    return [(named[principals], decision) for principals, decision in found]


def _skip_rest(source: BinaryIO) -> None:
    while (line := source.readline(MAX_LINE)) and not line.endswith(b"\n"):
        pass

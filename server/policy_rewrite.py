"""The policy commands that compare and rewrite: diff, fmt, migrate, import and export."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Final

import typer

from policies import legacy
from policies.document import DocumentError, parse
from policies.live import PACKAGED
from policies.mistake import PolicyFileError
from policies.printer import PrintError, format_lines, to_document, to_lines
from server import policy_diff
from server.policy_input import LINES, AsJson, Folder, Uin, fail, in_force, owner_of, read_text

_PREFIX: Final = "policy:"
_JSON: Final = ".json"
Document = Annotated[Path, typer.Argument(help="A CAM document (.json).")]


def diff(
    before: Annotated[Path, typer.Argument(help="A policy folder, a .csv file or a document.")],
    after: Annotated[Path, typer.Argument(help="The same, as it is to become.")],
    *,
    uin: Uin = None,
    as_json: AsJson = False,
) -> None:
    """Say exactly which decisions change, with an example of each.

    Every known action on "*" and on every application is compared; conditions count as true or
    false independently, and are named where a change rests on them. Folders are compared for each
    policy and for each caller they name. Exit code 0 when nothing changes, 1 when something does.
    """
    found = policy_diff.differences(
        policy_diff.read_side(before, uin), policy_diff.read_side(after, uin)
    )
    if as_json:
        told = {who: [policy_diff.as_json(each) for each in same] for who, same in found.items()}
        typer.echo(json.dumps(told, indent=2))
    else:
        for who, same in found.items():
            typer.echo(f"{who}:")
            for line in policy_diff.as_lines(same):
                typer.echo(f"  {line}")
        if not found:
            typer.echo("no decision changes")
    raise typer.Exit(1 if found else 0)


def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files (.csv) and documents (.json); by default the whole folder."),
    ] = None,
    *,
    policies: Folder = PACKAGED,
    uin: Uin = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; only tell.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rewrite files in the canonical form: spelling, blanks and layout, never the meaning.

    Exit code 0; with --check, 1 when a file would change.
    """
    chosen = paths or [
        path
        for path in sorted(policies.rglob(f"*{LINES}"))
        if path.parent.name in (policies.name, "presets", "site")
    ]
    changed = [path for path in chosen if _formatted(path, uin, write=not check)]
    if as_json:
        typer.echo(json.dumps({"changed": [str(path) for path in changed]}, indent=2))
    else:
        for path in changed:
            typer.echo(f"{'would rewrite' if check else 'rewrote'} {path}")
    raise typer.Exit(1 if check and changed else 0)


def migrate(document: Document, *, uin: Uin = None, as_json: AsJson = False) -> None:
    """Print a document with its consolesms actions rewritten, and say on stderr what was done.

    No decision changes; that is checked. Exit code 1 when only disused names were in it, so that
    nothing is left to print.
    """
    text = read_text(document)
    try:
        done = legacy.migrate(text, owner_of(text, uin))
    except DocumentError as error:
        fail(*(f"{document}: {problem}" for problem in error.problems))
    if as_json:
        told = {
            "text": done.text,
            "mapped": [
                dict(zip(("path", "from", "to"), each, strict=True)) for each in done.mapped
            ],
            "removed": [dict(zip(("path", "name"), each, strict=True)) for each in done.removed],
            "changes": [policy_diff.as_json(change) for change in done.changes],
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        for path, old, new in done.mapped:
            typer.echo(f"{path}: {old} is now {new}", err=True)
        for path, old in done.removed:
            typer.echo(f"{path}: {old} is disused, deleted", err=True)
        typer.echo(f"{len(done.changes)} decisions change", err=True)
        typer.echo(done.text or "", nl=False)
    raise typer.Exit(1 if done.text is None else 0)


def import_document(
    document: Document,
    name: Annotated[str, typer.Option(help="The policy the lines are to define, such as Ops.")],
    *,
    uin: Uin = None,
    as_json: AsJson = False,
) -> None:
    """Print a document as the lines of a policy file, for a file under site/.

    What a file cannot say, such as a condition, is refused with exit code 2.
    """
    text = read_text(document)
    try:
        lines = to_lines(parse(text, owner_of(text, uin)), _PREFIX + name.removeprefix(_PREFIX))
    except DocumentError as error:
        fail(*(f"{document}: {problem}" for problem in error.problems))
    except PrintError as error:
        fail(f"{document}: {error}")
    typer.echo(
        json.dumps({"lines": lines.splitlines()}, indent=2) if as_json else lines, nl=as_json
    )


def export(
    name: Annotated[str, typer.Argument(help="A policy of the folder, such as Ops.")],
    *,
    policies: Folder = PACKAGED,
    uin: Uin = None,
    as_json: AsJson = False,
) -> None:
    """Print a policy of the folder as a CAM document.

    What a document cannot say, such as another account, is refused with exit code 2.
    """
    policy = _PREFIX + name.removeprefix(_PREFIX)
    rules = [rule for rule in in_force(policies).files.rules if rule.policy == policy]
    if not rules:
        fail(f'no file defines "{policy}"')
    try:
        text = to_document(rules, owner_of(" ".join(rule.resource for rule in rules), uin))
    except DocumentError as error:
        fail(*(f"{policy}: {problem}" for problem in error.problems))
    except PrintError as error:
        fail(f"{policy}: {error}")
    typer.echo(json.dumps({"policy": policy, "document": text}) if as_json else text, nl=as_json)


def _formatted(path: Path, uin: str | None, *, write: bool) -> bool:
    text = read_text(path)
    try:
        if path.suffix.lower() == LINES:
            wanted = format_lines(str(path), text)
        elif path.suffix.lower() == _JSON:
            wanted = parse(text, owner_of(text, uin)).normalised()
        else:
            fail(f"{path}: only .csv and .json files have a canonical form")
    except PolicyFileError as error:
        fail(*error.mistakes)
    except DocumentError as error:
        fail(*(f"{path}: {problem}" for problem in error.problems))
    if write and wanted != text:
        _replace(path, wanted)
    return wanted != text


def _replace(path: Path, text: str) -> None:
    # A running server must never see half a file, nor take the new one for a policy by its name.
    waiting = path.with_name(f".{path.name}.new")
    waiting.write_text(text, encoding="utf-8", newline="")
    shutil.copymode(path, waiting)
    waiting.replace(path)

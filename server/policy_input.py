"""What the policy commands read: a policy folder, policy files, documents and cases."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from policies.case_file import MAX_BYTES, CaseFile, CaseFileError, read_case_file
from policies.line import is_silent, read_line
from policies.live import InForce, PolicyDirectory
from policies.mistake import Place, PolicyFileError
from policies.model import ModelError
from policies.reader import MAX_FILE_BYTES, PolicyFiles, read_files
from policies.rule import Link

NOT_DONE: Final = 2
"""Exit code of a command that could not do its work."""

LINES: Final = ".csv"
_UIN: Final = re.compile(r"uin/([0-9]{1,20})(?![0-9])")
_ANYBODY: Final = "0"

Folder = Annotated[
    Path,
    typer.Option(
        "--policies",
        envvar="SMS_CONSOLE_POLICIES",
        help="The folder of policy files.",
        show_default="the one that comes with the product",
    ),
]
Uin = Annotated[
    str | None,
    typer.Option(help="The root account of a document; by default the one its resources name."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def fail(*messages: object) -> NoReturn:
    """End the command with NOT_DONE, saying why on standard error."""
    for message in messages:
        typer.echo(str(message), err=True)
    raise typer.Exit(NOT_DONE)


def in_force(folder: Path) -> InForce:
    """Read a policy folder as a server does, or fail with everything that is wrong."""
    try:
        return PolicyDirectory(folder).in_force
    except PolicyFileError as error:
        fail(*error.mistakes)
    except ModelError as error:
        fail(f"model.conf: {error}")
    except OSError as error:
        fail(f'the policy folder "{folder}" cannot be read: {error.strerror}')


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a file of at most `limit` bytes, or fail."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    if len(content) > limit:
        fail(f"{path}: the file is larger than {limit} bytes")
    return content


def read_text(path: Path) -> str:
    """Read a UTF-8 file, or fail."""
    try:
        return read_bytes(path, MAX_FILE_BYTES).decode()
    except UnicodeDecodeError:
        fail(f'{path}: the file is not UTF-8; save it as "UTF-8"')


def owner_of(text: str, uin: str | None) -> str:
    """Tell whose a document is: the account given, or else the first one that it names.

    A document that names several is refused when it is parsed: one of them is not the owner's.
    """
    named = _UIN.search(text)
    return uin or (named[1] if named else _ANYBODY)


def read_lines(path: Path) -> PolicyFiles:
    """Read one policy file by itself. Raises PolicyFileError.

    Its g lines are checked and then left out: what they link to may be in another file.
    """
    text = read_bytes(path, MAX_FILE_BYTES).decode("utf-8", "surrogateescape")
    kept = [
        "" if _is_link(line, Place(str(path), number, 1)) else line
        for number, line in enumerate(text.split("\n"), start=1)
    ]
    return read_files({str(path): "\n".join(kept).encode("utf-8", "surrogateescape")})


def _is_link(line: str, place: Place) -> bool:
    text = line.removesuffix("\r")
    return not is_silent(text) and isinstance(read_line(text, place), Link)


def read_cases(paths: Sequence[Path]) -> list[CaseFile]:
    """Read case files, or fail with everything that is wrong in any of them."""
    found: list[CaseFile] = []
    problems: list[str] = []
    for path in paths:
        try:
            found.append(read_case_file(path.name, read_bytes(path, MAX_BYTES)))
        except CaseFileError as error:
            problems += error.problems
    if problems:
        fail(*problems)
    return found

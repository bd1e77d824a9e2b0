"""`policy check`: mistakes and findings of files and documents, in one list."""

from collections.abc import Iterator
from pathlib import Path

from policies.document import DocumentError, parse
from policies.finding import Finding, Severity
from policies.lint import lint_document, lint_files
from policies.live import PolicyDirectory
from policies.mistake import Mistake, PolicyFileError
from policies.model import ModelError
from server.policy_input import LINES, fail, owner_of, read_lines, read_text

Remark = dict[str, str]
"""A mistake or a finding, as printed with --json."""


def remarks(path: Path, uin: str | None) -> Iterator[Remark]:
    """Look at a policy folder, a file of lines or a document."""
    if path.is_dir():
        return _of_folder(path)
    return _of_lines(path) if path.suffix.lower() == LINES else _of_document(path, uin)


def as_text(remark: Remark) -> str:
    """Print a remark on one line."""
    named = " ".join(filter(None, (remark["severity"], remark["id"], remark["name"])))
    said = f"{remark['path']}: {named}: {remark['message']}"
    return f"{said}; {remark['suggestion']}" if remark["suggestion"] else said


def _of_folder(path: Path) -> Iterator[Remark]:
    try:
        files = PolicyDirectory(path).in_force.files
    except PolicyFileError as error:
        yield from map(_mistake, error.mistakes)
        return
    except ModelError as error:
        yield _error("model.conf", "model", str(error), "")
        return
    except OSError as error:
        fail(f'the policy folder "{path}" cannot be read: {error.strerror}')
    yield from (finding.as_json() for finding in lint_files(files.rules, files.places))


def _of_lines(path: Path) -> Iterator[Remark]:
    try:
        files = read_lines(path)
    except PolicyFileError as error:
        yield from map(_mistake, error.mistakes)
        return
    yield from (finding.as_json() for finding in lint_files(files.rules, files.places))


def _of_document(path: Path, uin: str | None) -> Iterator[Remark]:
    text = read_text(path)
    try:
        document = parse(text, owner_of(text, uin))
    except DocumentError as error:
        for problem in error.problems:
            place = f"{path}: {problem.path}" if problem.path else str(path)
            yield _error(place, problem.code, problem.message, "")
        return
    for finding in lint_document(document):
        yield _placed(finding, path)


def _placed(finding: Finding, path: Path) -> Remark:
    return {**finding.as_json(), "path": f"{path}: {finding.path}"}


def _mistake(mistake: Mistake) -> Remark:
    return _error(str(mistake.place), "mistake", mistake.problem, mistake.instead)


def _error(path: str, name: str, message: str, suggestion: str) -> Remark:
    return {
        "id": "",
        "name": name,
        "severity": str(Severity.ERROR),
        "path": path,
        "message": message,
        "suggestion": suggestion,
    }

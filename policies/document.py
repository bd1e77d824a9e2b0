"""A custom policy as its author writes it: CAM's JSON syntax, version 2.0 (CAM-3, domain.md 6.1).

The text is kept as written. Beside it stand what it means in one canonical spelling, what was put
right on the way, and the rules it becomes. Whatever cannot be enforced is refused by name, with
the JSON path and CAM's error code; nothing is skipped.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from policies.document_error import DocumentError, DocumentProblem, Problems, Reason, quoted
from policies.finding import Finding
from policies.rule import Effect, Rule
from policies.statement import MAX_LINES, Statement, StatementReader
from policies.strict_json import JsonError, Node, read

__all__ = [
    "MAX_CHARACTERS",
    "VERSION",
    "Document",
    "DocumentError",
    "DocumentProblem",
    "GeneratorStatement",
    "Reason",
    "Statement",
    "generate",
    "parse",
]

VERSION: Final = "2.0"
MAX_CHARACTERS: Final = 6_144
"""Characters of a document without its white space, CAM's limit (domain.md 6.5)."""

_WHITE_SPACE: Final = str.maketrans("", "", " \t\r\n")
_KEYS: Final = ("version", "statement")


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document that was accepted.

    `text` is what the author wrote. `warnings` tell what was read in a more forgiving way than it
    stands there, and which actions belong to the retired module.
    """

    text: str
    owner_uin: str
    statements: tuple[Statement, ...]
    warnings: tuple[Finding, ...]

    def normalised(self) -> str:
        """The document in canonical spelling and layout; it means the same as `text`."""
        statements = [_as_json(statement) for statement in self.statements]
        content = {"version": VERSION, "statement": statements}
        return json.dumps(content, indent=2) + "\n"

    def compile(self, policy_name: str) -> tuple[Rule, ...]:
        """The rules of the document under `policy_name`, a prefixed name such as `policy:Ops`.

        A statement of A actions and R resources becomes A times R rules, which carry its id,
        `statement[0]` for the first.
        """
        return tuple(
            Rule(
                policy_name,
                statement.id,
                statement.effect,
                action,
                resource,
                statement.condition,
            )
            for statement in self.statements
            for action in statement.compiled_actions()
            for resource in statement.resources
        )


@dataclass(frozen=True, slots=True)
class GeneratorStatement:
    """A statement of the policy generator: `actions` are names of `service`, or `*` for all."""

    effect: Effect
    service: str
    actions: Sequence[str]
    resources: Sequence[str]


def parse(text: str, owner_uin: str) -> Document:
    """Read a policy document that belongs to the root account `owner_uin`.

    Raises DocumentError with every problem found. Actions of `consolesms` are read, because stored
    policies may hold them; `legacy.refuse` keeps them out of new ones.
    """
    problems = Problems()
    count = len(text.translate(_WHITE_SPACE))
    if count > MAX_CHARACTERS:
        problems.add(
            Reason.LENGTH,
            "",
            f"the document has {count} characters without white space, at most"
            f" {MAX_CHARACTERS} are allowed: split it into several policies",
        )
        problems.stop()
    try:
        root = read(text)
    except JsonError as error:
        problems.add(Reason.DOCUMENT, error.path, error.message)
        raise DocumentError(*problems.found) from None
    reader = StatementReader(owner_uin, problems)
    statements = _statements(root, reader, problems)
    problems.stop()
    lines = sum(
        len(statement.compiled_actions()) * len(statement.resources) for statement in statements
    )
    if lines > MAX_LINES:
        problems.add(
            Reason.LENGTH,
            "",
            f"the document pairs {lines} actions and resources, at most {MAX_LINES} are allowed:"
            " use patterns, or split it into several policies",
        )
        problems.stop()
    return Document(text, owner_uin, statements, tuple(reader.findings))


def generate(statements: Sequence[GeneratorStatement]) -> str:
    """Write the document that the guide's policy generator would show for these choices.

    The text goes through `parse` like any other, and its problems name the same positions.
    """
    content = {
        "version": VERSION,
        "statement": [
            {
                "effect": str(statement.effect),
                "action": [_generated(statement.service, name) for name in statement.actions],
                "resource": list(statement.resources),
            }
            for statement in statements
        ],
    }
    return json.dumps(content, indent=2) + "\n"


def _generated(service: str, action: str) -> str:
    return f"name/{service}:{action.removeprefix('name/').removeprefix(f'{service}:')}"


def _statements(root: Node, reader: StatementReader, problems: Problems) -> tuple[Statement, ...]:
    if not isinstance(root.value, dict):
        problems.add(Reason.DOCUMENT, "", "a policy document must be an object")
        return ()
    for key in root.value:
        if key not in _KEYS:
            _refuse_key(key, problems)
    _check_version(root.value.get("version"), problems)
    node = root.value.get("statement")
    if node is None or node.value == []:
        problems.add(
            Reason.STATEMENT, "statement", "statement is missing: a document needs at least one"
        )
        return ()
    single = not isinstance(node.value, list)
    items = node.value if isinstance(node.value, list) else [node]
    found = (
        reader.read(item, "statement" if single else f"statement[{position}]", position)
        for position, item in enumerate(items)
    )
    return tuple(statement for statement in found if statement)


def _refuse_key(key: str, problems: Problems) -> None:
    if key.lower() == "principal":
        problems.add(
            Reason.PRINCIPAL,
            key,
            f"{quoted(key)} is not for policies that are attached to users and groups: delete it",
        )
    elif key.lower() in _KEYS:
        message = f'unknown key {quoted(key)}: keys are lower case, write "{key.lower()}"'
        problems.add(Reason.DOCUMENT, key, message)
    else:
        message = f"unknown key {quoted(key)}: known are {', '.join(_KEYS)}"
        problems.add(Reason.DOCUMENT, key, message)


def _check_version(node: Node | None, problems: Problems) -> None:
    if node is None:
        problems.add(Reason.VERSION, "version", f'version is missing: write "version": "{VERSION}"')
    elif node.value != VERSION:
        shown = quoted(node.value) if isinstance(node.value, str) else _kind(node)
        problems.add(
            Reason.VERSION, "version", f'version must be the string "{VERSION}", not {shown}'
        )


def _kind(node: Node) -> str:
    if isinstance(node.value, dict | list):
        return "an object" if isinstance(node.value, dict) else "a list"
    return json.dumps(node.value)


def _as_json(statement: Statement) -> dict[str, object]:
    content: dict[str, object] = {
        "effect": str(statement.effect),
        "action": list(statement.actions),
        "resource": list(statement.resources),
    }
    if statement.condition:
        content["condition"] = statement.condition.as_json()
    return content

"""Leaving the module `consolesms`: out of new policies, and rewritten in old ones (CAM-8)."""

from dataclasses import dataclass
from typing import Final

from policies import consolesms
from policies.analysis import Change, diff
from policies.document import Document, parse
from policies.document_error import DocumentError, DocumentProblem, Reason
from policies.finding import Check
from policies.strict_json import Node, read

_CHECKS: Final = (Check.LEGACY_ACTION, Check.DISUSED_ACTION)


@dataclass(frozen=True, slots=True)
class Migration:
    """A document rewritten for `sms`.

    `text` keeps the author's layout, and is None when nothing is left because every action was
    disused. `mapped` are path, old and new name, `removed` path and disused name, in the order of
    the document. `changes` are the decisions that differ; there are none.
    """

    text: str | None
    mapped: tuple[tuple[str, str, str], ...]
    removed: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]


def refuse(document: Document) -> None:
    """Keep legacy actions out of a policy that is created or updated.

    Raises DocumentError with one problem for every mapping and every disused name.
    """
    problems = [
        DocumentProblem(
            Reason.ACTION_SERVICE, finding.path, f"{finding.message}: {finding.suggestion}"
        )
        for finding in document.warnings
        if finding.check in _CHECKS
    ]
    if problems:
        raise DocumentError(*problems)


def migrate(text: str, owner_uin: str) -> Migration:
    """Rewrite a document of `owner_uin` so that it names `sms` actions only.

    Raises DocumentError when the document is wrong in any other way.
    """
    before = parse(text, owner_uin)
    rewriter = _Rewriter(text)
    written = rewriter.document(read(text))
    after = parse(written, owner_uin).compile("policy:migrated") if written else ()
    return Migration(
        written,
        tuple(rewriter.mapped),
        tuple(rewriter.removed),
        tuple(diff(before.compile("policy:migrated"), after, owner_uin)),
    )


def _member(node: Node, key: str) -> Node | None:
    return node.value.get(key) if isinstance(node.value, dict) else None


def _listed(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return node.value if isinstance(node.value, list) else [node]


class _Rewriter:
    """Copies the text of an accepted document, replacing and dropping legacy actions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.mapped: list[tuple[str, str, str]] = []
        self.removed: list[tuple[str, str]] = []

    def document(self, root: Node) -> str | None:
        statements = _member(root, "statement")
        if statements is None:
            return None
        if isinstance(statements.value, list):
            kept = [
                [] if written is None else [written]
                for position, item in enumerate(statements.value)
                for written in [self.statement(item, f"statement[{position}]")]
            ]
            replaced = self.relist(statements, kept)
        else:
            replaced = self.statement(statements, "statement")
        if replaced is None:
            return None
        return self.text[: statements.start] + replaced + self.text[statements.end :]

    def statement(self, node: Node, path: str) -> str | None:
        actions = _member(node, "action")
        if actions is None:
            return None
        place = f"{path}.action"
        if not isinstance(actions.value, list):
            found = self.action(actions, place, set())
            replaced = None if not found else found[0] if len(found) == 1 else _joined(found)
        else:
            seen = {
                str(item.value)
                for item in actions.value
                if not consolesms.is_legacy(str(item.value))
            }
            replaced = self.relist(
                actions,
                [
                    self.action(item, f"{place}[{position}]", seen)
                    for position, item in enumerate(actions.value)
                ],
            )
        if replaced is None:
            return None
        start, end = actions.start, actions.end
        return self.text[node.start : start] + replaced + self.text[end : node.end]

    def action(self, node: Node, path: str, seen: set[str]) -> list[str]:
        """Give what stands in place of one action; `seen` keeps a name from standing twice."""
        written = self.text[node.start : node.end]
        translation = consolesms.translate(str(node.value))
        if translation is None:
            return [written]
        self.mapped += [(path, old, new) for old, new in translation.mapped]
        self.removed += [(path, old) for old in translation.disused]
        fresh = [action for action in translation.actions if action not in seen]
        seen.update(fresh)
        return [f'"{action}"' for action in fresh]

    def relist(self, node: Node, kept: list[list[str]]) -> str | None:
        """Write a list again with other items, keeping its brackets, commas and white space."""
        items = node.value if isinstance(node.value, list) else []
        if not any(kept):
            return None
        opening = self.text[node.start : items[0].start]
        gap = self.text[items[0].end : items[1].start] if len(items) > 1 else f",{opening[1:]}"
        if gap == ",":
            gap = ", "
        parts: list[str] = []
        for position, written in enumerate(kept):
            for number, each in enumerate(written):
                own = self.text[items[position - 1].end : items[position].start]
                parts += [each] if not parts else [own if number == 0 else gap, each]
        return opening + "".join(parts) + self.text[items[-1].end : node.end]


def _joined(actions: list[str]) -> str:
    return f"[{', '.join(actions)}]"

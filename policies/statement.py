"""One statement of a CAM document: reading it, and the rules it becomes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from policies import consolesms
from policies.condition import Condition
from policies.condition_parser import parse as parse_condition
from policies.document_error import Problems, Reason, quoted
from policies.finding import Check, Finding, Severity
from policies.pattern import (
    BLANKS,
    Fault,
    PatternError,
    canonical_action,
    canonical_resource,
    published,
)
from policies.rule import Effect
from policies.strict_json import Node, join
from policies.wildcard import STAR

SERVICES: Final = ("sms", "cam")
"""The services that a policy of an account can name; the others are the installation's own."""

MAX_LINES: Final = 5_000
"""Rules that one document may become, actions times resources over its statements."""

_KEYS: Final = ("effect", "action", "resource", "condition")
_LIST_REASONS: Final = {
    "action": (Reason.ACTION_MISSING, Reason.ACTION),
    "resource": (Reason.RESOURCE, Reason.RESOURCE),
}
_RESOURCE_REASONS: Final = {
    Fault.EMPTY: Reason.RESOURCE_CONTENT,
    Fault.FORM: Reason.RESOURCE_QCS,
    Fault.PROJECT: Reason.RESOURCE_PROJECT,
    Fault.SERVICE: Reason.RESOURCE_SERVICE,
    Fault.REGION: Reason.RESOURCE_REGION,
    Fault.ACCOUNT: Reason.RESOURCE_UIN,
    Fault.OBJECT: Reason.RESOURCE_CONTENT,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in canonical spelling; legacy actions keep their names until they are compiled.

    `path` is where it stands in the document, `id` the name its rules carry. The paths of actions
    and resources stand beside them, because a list may name a thing twice.
    """

    id: str
    path: str
    effect: Effect
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition | None = None
    action_paths: tuple[str, ...] = ()
    resource_paths: tuple[str, ...] = ()

    def compiled_actions(self) -> tuple[str, ...]:
        """The action patterns the statement works as, each within one service of an account.

        So `*` reaches every SMS and CAM action and nothing of the installation (CAM-9).
        """
        return tuple(dict.fromkeys(part for text in self.actions for part in expanded(text)))


def expanded(action: str) -> tuple[str, ...]:
    """Give what one action of a document is compiled to; nothing for a disused name."""
    if consolesms.is_legacy(action):
        translation = consolesms.translate(action)
        return translation.actions if translation else ()
    service, _, name = action.removeprefix("name/").partition(":")
    if service == STAR:
        each_service = tuple(f"name/{each}:{name or STAR}" for each in SERVICES)
        return tuple(filter(published, each_service)) or each_service
    return (action,)


class StatementReader:
    """Reads the statements of one document, noting problems and findings on the way."""

    def __init__(self, owner_uin: str, problems: Problems) -> None:
        self.owner_uin = owner_uin
        self.problems = problems
        self.findings: list[Finding] = []

    def read(self, node: Node, path: str, position: int) -> Statement | None:
        """Read one statement; None when it has a problem."""
        before = len(self.problems.found)
        members = node.value
        if not isinstance(members, dict):
            self.problems.add(Reason.STATEMENT, path, "a statement must be an object")
            return None
        for key in members:
            if key not in _KEYS:
                self.problems.add(Reason.STATEMENT, join(path, key), _key_refusal(key))
        effect = self.effect(members.get("effect"), path)
        actions = self.texts(members.get("action"), join(path, "action"), self.action)
        resources = self.texts(members.get("resource"), join(path, "resource"), self.resource)
        condition = None
        if "condition" in members:
            place = join(path, "condition")
            deny = effect is Effect.DENY
            condition = parse_condition(members["condition"], place, self.problems, deny=deny)
        if effect is None or len(self.problems.found) > before:
            return None
        return Statement(
            f"statement[{position}]",
            path,
            effect,
            tuple(actions),
            tuple(resources),
            condition,
            tuple(actions.values()),
            tuple(resources.values()),
        )

    def effect(self, node: Node | None, path: str) -> Effect | None:
        """Read `allow` or `deny`, in exactly this spelling: a misread deny would be an allow."""
        said = node.value if node else None
        if isinstance(said, str) and said in ("allow", "deny"):
            return Effect(said)
        shown = f", not {quoted(said)}" if isinstance(said, str) else ""
        self.problems.add(
            Reason.EFFECT, join(path, "effect"), f'effect must be "allow" or "deny"{shown}'
        )
        return None

    def texts(
        self, node: Node | None, path: str, read: Callable[[str, str], str | None]
    ) -> dict[str, str]:
        """Read a string or a list of strings through `read(text, path)`, each with its path."""
        name = path.rpartition(".")[2]
        missing, wrong = _LIST_REASONS[name]
        if node is None or node.value == []:
            self.problems.add(missing, path, f'{name} is missing: name at least one, or "*"')
            return {}
        found: dict[str, str] = {}
        items = node.value if isinstance(node.value, list) else [node]
        for position, item in enumerate(items):
            place = f"{path}[{position}]" if items is node.value else path
            if not isinstance(item.value, str):
                self.problems.add(wrong, place, f"{name} must be a string or a list of strings")
            elif (canonical := read(item.value, place)) is not None:
                found.setdefault(canonical, place)
        return found

    def action(self, text: str, path: str) -> str | None:
        """Read one action into its canonical spelling."""
        if consolesms.is_legacy(text):
            return self.legacy(text, path)
        service, name = consolesms.parts(text)
        if name and text.isascii() and service not in (STAR, *SERVICES):
            known = " and ".join(SERVICES)
            message = f"action {quoted(text)} names service {quoted(service)}: known are {known}"
            self.problems.add(Reason.ACTION_SERVICE, path, message)
            return None
        try:
            canonical = canonical_action(text)
        except PatternError as error:
            unknown = error.fault is Fault.ACTION
            reason = Reason.ACTION_UNKNOWN if unknown else Reason.ACTION
            self.problems.add(reason, path, error.message)
            return None
        written = text if "/" in text or canonical == STAR else f"name/{text}"
        self.normalised(text, canonical, path, same=written == canonical or text in ("*", "*:*"))
        return canonical

    def legacy(self, text: str, path: str) -> str | None:
        """Read one action of the retired module, which a stored policy may still hold."""
        translation = consolesms.translate(text)
        if translation is None:
            self.problems.add(
                Reason.ACTION_UNKNOWN,
                path,
                f"unknown action {quoted(text)}: neither mapped nor disused in the guide's tables",
            )
            return None
        for old, new in translation.mapped:
            self.findings.append(
                Finding(
                    Check.LEGACY_ACTION,
                    Severity.WARNING,
                    path,
                    f'"{old}" of consolesms is "{new}" of sms',
                    f'write "name/sms:{new}"',
                )
            )
        for old in translation.disused:
            self.findings.append(
                Finding(
                    Check.DISUSED_ACTION,
                    Severity.WARNING,
                    path,
                    f'"{old}" of consolesms is disused',
                    "delete it",
                )
            )
        return translation.text

    def resource(self, text: str, path: str) -> str | None:
        """Read one resource into its canonical spelling; only the owner's account may be named."""
        if "${" in text:
            message = f"variables are not supported, found {quoted(text)}: write the value out"
            self.problems.add(Reason.RESOURCE_CONTENT, path, message)
            return None
        try:
            canonical = canonical_resource(text, owner_uin=self.owner_uin)
        except PatternError as error:
            reason = _RESOURCE_REASONS.get(error.fault, Reason.RESOURCE)
            self.problems.add(reason, path, error.message)
            return None
        if canonical != STAR and canonical.split(":")[4] != f"uin/{self.owner_uin}":
            self.problems.add(
                Reason.RESOURCE_UIN,
                path,
                f"resource {quoted(text)} names another account:"
                f' write "uin/{self.owner_uin}" or leave the segment empty',
            )
            return None
        tidy = not any(sign.isupper() or sign in BLANKS for sign in text)
        self.normalised(text, canonical, path, same=tidy)
        return canonical

    def normalised(self, text: str, canonical: str, path: str, *, same: bool) -> None:
        """Tell the author when blanks or letters were put right."""
        if not same:
            self.findings.append(
                Finding(
                    Check.NORMALISED,
                    Severity.WARNING,
                    path,
                    f"{quoted(text)} is read as {quoted(canonical)}",
                    "write it so",
                )
            )


def _key_refusal(key: str) -> str:
    if key.lower() in ("not_action", "not_resource", "notaction", "notresource"):
        return f"{quoted(key)} is not part of the grammar: list what is meant"
    if key.lower() == "principal":
        return f"{quoted(key)} is not for policies that are attached to users and groups"
    if key.lower() in _KEYS:
        return f'unknown key {quoted(key)}: keys are lower case, write "{key.lower()}"'
    return f"unknown key {quoted(key)}: known are {', '.join(_KEYS)}"

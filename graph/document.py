"""Policy documents on their way in and out: from syntax, from the generator, from a preset."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import strawberry

from domain.errors import Code, Problem, Refused
from graph.access import analysed
from graph.effect import Effect
from graph.enums import publish
from policies import legacy
from policies.document import (
    VERSION,
    Document,
    DocumentError,
    DocumentProblem,
    GeneratorStatement,
    Reason,
    generate,
    parse,
)
from policies.finding import Finding, Severity
from policies.lint import lint_document
from policies.rule import Rule

publish(
    Severity,
    name="FindingSeverity",
    description="How much a remark about a policy matters.",
    values={
        "ERROR": "It does not do what it seems to say.",
        "WARNING": "It was read in a more forgiving way than it is written, or has no effect.",
        "SUGGESTION": "It could be said more simply.",
    },
)


@strawberry.type(description="A remark about a policy document that was accepted.")
class PolicyFinding:
    """One finding of the linter."""

    id: str = strawberry.field(description="The stable number of the check, such as `CAM002`.")
    check: str = strawberry.field(description="The stable name of the check.")
    severity: Severity = strawberry.field(description="How much it matters.")
    path: str = strawberry.field(description="JSON path such as `statement[1].action[0]`.")
    message: str = strawberry.field(description="What was found; quotes the value.")
    suggestion: str = strawberry.field(description="What to write instead; may be empty.")

    @classmethod
    def of(cls, finding: Finding) -> "PolicyFinding":
        """Show a finding."""
        return cls(
            id=finding.check.id,
            check=str(finding.check),
            severity=finding.severity,
            path=finding.path,
            message=finding.message,
            suggestion=finding.suggestion,
        )


@strawberry.type(description="Why a policy document is refused.")
class DocumentIssue:
    """One problem, as data beside the text that has it."""

    document: int = strawberry.field(description="Which of the given documents, from 0.")
    code: str = strawberry.field(description="CAM's error name.")
    path: str = strawberry.field(description="JSON path; empty for the whole document.")
    message: str = strawberry.field(description="What is wrong and what to write; quotes it.")

    @classmethod
    def of(cls, problem: DocumentProblem, document: int = 0) -> "DocumentIssue":
        """Show a problem."""
        return cls(
            document=document, code=str(problem.code), path=problem.path, message=problem.message
        )


@strawberry.input(description="A statement of the policy generator.")
class PolicyStatementInput:
    """Effect, service, actions and resources; conditions need the policy syntax."""

    effect: Effect = strawberry.field(description="Allow or deny.")
    service: str = strawberry.field(default="sms", description="`sms` or `cam`.")
    actions: list[str] = strawberry.field(
        description="Names from `policyActions`, or `*` for every action of the service."
    )
    resources: list[str] = strawberry.field(
        description="Six-segment names such as `qcs::sms::uin/12345678:app/1400000001`, or `*`."
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """Where the text of a document comes from; exactly one of the three is given.

    `copied` is the text of the policy that is to be copied.
    """

    document: str | None
    statements: Sequence[PolicyStatementInput] | None
    copied: str | None

    @property
    def field(self) -> str:
        """The name of the one that is given; raises Refused unless exactly one is."""
        given = {
            "document": self.document,
            "statements": self.statements,
            "copy_of": self.copied,
        }
        named = [name for name, value in given.items() if value is not None]
        if len(named) != 1:
            code = Code.MISMATCH if named else Code.REQUIRED
            message = "give exactly one of document, statements and copyOf"
            raise Refused.one(code, message, "document")
        return named[0]

    def read(self, owner: int) -> Document:
        """Give the document, free of actions of the retired module; raises Refused."""
        field = self.field
        text = self.document if self.document is not None else self.copied
        if self.statements is not None:
            text = generate([_statement(statement) for statement in self.statements])
        try:
            document = parse(text or "", str(owner))
            legacy.refuse(document)
        except DocumentError as error:
            raise refused(error, field) from error
        return document


def _statement(given: PolicyStatementInput) -> GeneratorStatement:
    return GeneratorStatement(given.effect, given.service, given.actions, given.resources)


def refused(error: DocumentError, field: str) -> Refused:
    """Give a document's problems as problems of the input, each with its JSON path."""
    return Refused(
        *(
            Problem(
                Code.TOO_LONG if problem.code is Reason.LENGTH else Code.INVALID,
                str(problem),
                (field,),
            )
            for problem in error.problems
        )
    )


async def findings(text: str, owner: int) -> list[PolicyFinding]:
    """Lint a stored document; there is nothing to say about one that cannot be read any more."""

    def lint() -> list[Finding]:
        try:
            return lint_document(parse(text, str(owner)))
        except DocumentError:
            return []

    return [PolicyFinding.of(finding) for finding in await analysed(lint)]


def written(rules: Iterable[Rule]) -> str:
    """Write rules of a policy file as a document."""
    statements: dict[tuple[str, Effect, str], list[str]] = {}
    for rule in rules:
        place = (rule.statement, rule.effect, rule.resource)
        statements.setdefault(place, []).append(rule.action)
    content = {
        "version": VERSION,
        "statement": [
            {"effect": str(effect), "action": actions, "resource": [resource]}
            for (_, effect, resource), actions in statements.items()
        ],
    }
    return json.dumps(content, indent=2) + "\n"

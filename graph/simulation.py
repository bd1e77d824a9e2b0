"""Trying policies that are not saved yet (CAM-3): a decision before it counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import strawberry

from db import attachment, holding, user
from db.holding import Held
from domain.errors import Code, Refused
from graph.access import analysed
from graph.context import Context, Info
from graph.decision import AccessDecision, Names, explain
from graph.document import DocumentIssue, PolicyFinding, findings
from graph.guard import query
from graph.moment import moment
from graph.node import key_of
from policies import actions
from policies.document import Document, DocumentError, parse
from policies.rule import Link, Rule

MAX_DOCUMENTS: Final = 10
DRAFT: Final = "policy:draft:"
NOBODY: Final = "user:draft"


@strawberry.input(description="Drafts, and the request to try them with.")
class PolicySimulateInput:
    """Documents, optionally on top of what a sub-account holds, and one request."""

    documents: list[str] = strawberry.field(
        description="Up to 10 documents in the policy syntax; none to try what is saved."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The sub-account that would hold them beside what it holds; null for one that "
        "holds nothing.",
    )
    action: str = strawberry.field(description="An action such as `name/sms:DeleteAppInfo`.")
    resource: str = strawberry.field(
        default="*",
        description="One application such as `qcs::sms::uin/12345678:app/1400000001`, or `*`.",
    )
    ip: str | None = strawberry.field(
        default=None, description="The caller's address, for conditions on `qcs:ip`."
    )
    at: datetime | None = strawberry.field(
        default=None,
        description="The time of the request, with its time zone; now by default.",
    )


@strawberry.type(description="What drafts would decide, or why they cannot be saved.")
class PolicySimulation:
    """A decision, or problems."""

    decision: AccessDecision | None = strawberry.field(
        description="The decision and its reasons; null when a document has problems. Drafts are "
        "called `policy:draft:0` and so on."
    )
    problems: list[DocumentIssue] = strawberry.field(
        description="Why documents would be refused; empty when all are accepted."
    )
    warnings: list[PolicyFinding] = strawberry.field(
        description="What the linter says about the documents, one after the other."
    )
    normalised: list[str] = strawberry.field(
        description="Each document in canonical spelling; empty when there are problems."
    )


@strawberry.type
class SimulationQuery:
    """Root fields that try policies."""

    @query(actions.SIMULATE_POLICY)
    async def policy_simulate(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            PolicySimulateInput, strawberry.argument(description="Drafts and a request.")
        ],
    ) -> PolicySimulation | None:
        """Decide a request as if drafts were saved and attached; nothing is changed."""
        context = info.context
        if len(input.documents) > MAX_DOCUMENTS:
            message = f"documents has {len(input.documents)} entries: try at most {MAX_DOCUMENTS}"
            raise Refused.one(Code.LIMIT_EXCEEDED, message, "documents")
        documents, problems = _read(input.documents, context.owner)
        if problems:
            return PolicySimulation(decision=None, problems=problems, warnings=[], normalised=[])
        warnings = [await findings(document.text, context.owner) for document in documents]
        return PolicySimulation(
            decision=await _decide(context, input, documents),
            problems=[],
            warnings=[finding for found in warnings for finding in found],
            normalised=[document.normalised() for document in documents],
        )


def _read(texts: Sequence[str], owner: int) -> tuple[list[Document], list[DocumentIssue]]:
    documents: list[Document] = []
    problems: list[DocumentIssue] = []
    for position, text in enumerate(texts):
        try:
            documents.append(parse(text, str(owner)))
        except DocumentError as error:
            problems += [DocumentIssue.of(problem, position) for problem in error.problems]
    return documents, problems


async def _decide(
    context: Context, given: PolicySimulateInput, documents: Sequence[Document]
) -> AccessDecision:
    names, held = await _holder(context, given.user_id)
    drafts: list[Rule] = []
    links: list[Link] = []
    for position, document in enumerate(documents):
        drafts += document.compile(f"{DRAFT}{position}")
        links.append(Link(names[0], f"{DRAFT}{position}"))
    snapshot = context.authorities.files.with_rules(
        (*held.rules, *drafts), (*held.links, *links), version="simulation"
    )
    facts: dict[str, str | datetime] = {
        "qcs:current_time": moment(given.at, "at") or context.now,
        "qcs:owner_uin": str(context.owner),
    }
    if given.ip is not None:
        facts["qcs:ip"] = given.ip
    if given.user_id is not None:
        facts["qcs:uin"] = names[0].removeprefix("user:")
    told = await analysed(explain, snapshot, names, given.action, given.resource, facts)
    async with context.database.read() as session:
        shown = await Names.of(session, context.owner, [told])
    return AccessDecision.of(told, shown)


async def _holder(context: Context, user_id: str | None) -> tuple[tuple[str, ...], Held]:
    account = (f"account:{context.owner}", "role:signed-in", "everyone")
    if user_id is None:
        return (NOBODY, *account), Held((), ())
    async with context.database.read() as session:
        row = await user.owned(session, context.owner, key_of(user_id, "User"))
        if row is None:
            raise Refused.one(Code.NOT_FOUND, "there is no such sub-account", "user_id")
        held = await holding.if_enabled(session, context.owner, row.uin)
    return (attachment.user_member(row.uin), *account), held

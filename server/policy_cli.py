"""`sms-console policy`: the tools of policy authors (docs/policy-authors.md)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from policies.case_file import CaseFileError
from policies.cases import coverage, run
from policies.finding import Severity
from policies.live import PACKAGED
from server import policy_explain, policy_report, policy_rewrite
from server.policy_check import Remark, as_text, remarks
from server.policy_input import AsJson, Folder, Uin, fail, in_force, read_cases

policy = typer.Typer(
    help="Check, test, explain and rewrite policies. Exit codes: 0 it is as it should be, "
    "1 it is not (each command says what that means), 2 it could not be done.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Policy files (.csv), documents (.json) or folders.")
]
Action = Annotated[str, typer.Argument(help="Such as name/sms:DeleteAppInfo.")]
Resource = Annotated[
    str, typer.Argument(help='Such as qcs::sms::uin/12345678:app/1400000001, or "*".')
]
Context = Annotated[
    list[str] | None,
    typer.Option("--context", help="A condition key, such as qcs:ip=10.0.0.1; repeatable."),
]


@policy.command()
def check(
    paths: Paths = None,
    *,
    policies: Folder = PACKAGED,
    uin: Uin = None,
    as_json: AsJson = False,
) -> None:
    """Look for mistakes and lint. Without PATHS, look at the policy folder.

    Exit code 1 when there is an error; warnings and suggestions alone give 0.
    """
    found = [each for path in paths or [policies] for each in remarks(path, uin)]
    errors = sum(each["severity"] == Severity.ERROR for each in found)
    if as_json:
        _print_json({"findings": found, "errors": errors})
    else:
        _print_lines(map(as_text, found))
        typer.echo(", ".join(_counted(found, severity) for severity in Severity))
    raise typer.Exit(1 if errors else 0)


def _counted(found: Sequence[Remark], severity: Severity) -> str:
    count = sum(each["severity"] == severity for each in found)
    return f"{count} {severity}{'' if count == 1 else 's'}"


@policy.command("test")
def run_cases(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Case files (.toml); by default cases/*.toml.")
    ] = None,
    *,
    policies: Folder = PACKAGED,
    threshold: Annotated[
        float, typer.Option(min=0, max=100, help="Least coverage of statements, in percent.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Run policy cases on the policy folder, and tell which statements no case touches.

    Exit code 1 when a case fails or the coverage is below the threshold.
    """
    files = in_force(policies).files
    chosen = paths or sorted((policies / "cases").glob("*.toml"))
    if not chosen:
        fail(f'there is no case file in "{policies / "cases"}": write one, or name it')
    try:
        reports = [run(read, files) for read in read_cases(chosen)]
    except CaseFileError as error:
        fail(*error.problems)
    covered = coverage(files, reports)
    failed = sum(len(report.failures) for report in reports)
    if as_json:
        _print_json(policy_report.tested_json(reports, covered))
    else:
        _print_lines(policy_report.tested_lines(reports, covered))
    raise typer.Exit(1 if failed or covered.percent < threshold else 0)


@policy.command()
def explain(  # noqa: PLR0913 - each is an option of the command
    action: Annotated[str | None, typer.Argument(help="Such as name/sms:SendSms.")] = None,
    resource: Annotated[str, typer.Argument(help='One resource, or "*".')] = "*",
    *,
    names: Annotated[
        list[str] | None,
        typer.Option("--as", help="A name the caller goes by: user:100001, role:root; repeatable."),
    ] = None,
    document: Annotated[
        list[Path] | None, typer.Option(help="A document the caller holds; repeatable.")
    ] = None,
    context: Context = None,
    policies: Folder = PACKAGED,
    uin: Uin = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Answer JSON requests, one a line, on documents alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Decide one request, and say which statements match or nearly do.

    Exit code 0 when allowed, 1 when denied. With --stdin each line is an object with uin,
    documents, action, resource and context, each answer one with allowed, matched and error, and
    the exit code is 0.
    """
    if stdin:
        policy_explain.print_answers()
        return
    if action is None:
        fail("name an action, or give --stdin")
    policy_explain.check_request(action, resource)
    caller = (names or ["caller"])[0]
    rules, links, owner = policy_explain.with_documents(document or [], uin, caller)
    snapshot = in_force(policies).snapshot.with_rules(rules, links, version="draft")
    account = [f"account:{owner}"] if owner else []
    principals = tuple(dict.fromkeys((caller, *(names or []), *account)))
    told = policy_explain.read_context(context or [])
    explained = snapshot.explain(principals, action, resource, told)
    if as_json:
        _print_json(asdict(explained))
    else:
        _print_lines(policy_explain.explanation_lines(explained))
    raise typer.Exit(0 if explained.allowed else 1)


@policy.command("who-can")
def who_can(
    action: Action,
    resource: Resource = "*",
    *,
    context: Context = None,
    policies: Folder = PACKAGED,
    as_json: AsJson = False,
) -> None:
    """List who of those whom the policy files name is allowed to do it.

    They are taken as callers of the account that the resource names.
    What is attached through GraphQL is in the database and not looked at. Exit code 1 when nobody.
    """
    policy_explain.check_request(action, resource)
    told = policy_explain.read_context(context or [])
    found = policy_explain.allowed_callers(in_force(policies), action, resource, told)
    if as_json:
        _print_json([{"who": who, **asdict(decision)} for who, decision in found])
    else:
        _print_lines(f"{who}: {decision.reason}" for who, decision in found)
    raise typer.Exit(0 if found else 1)


policy.command()(policy_rewrite.diff)
policy.command()(policy_rewrite.fmt)
policy.command()(policy_rewrite.migrate)
policy.command("import")(policy_rewrite.import_document)
policy.command()(policy_rewrite.export)


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, indent=2))


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)

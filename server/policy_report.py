"""How `policy test` tells its outcomes."""

from collections.abc import Iterator, Sequence

from policies.cases import Coverage, Outcome, Report


def tested_lines(reports: Sequence[Report], covered: Coverage) -> Iterator[str]:
    """Print a line for each file, its failures, and the statements that no case touches."""
    for report in reports:
        failures = report.failures
        count = len(report.outcomes)
        said = f"{len(failures)} of {count} wrong" if failures else f"{count} requests"
        yield f"{'FAIL' if failures else 'ok'}  {report.name}: {said}"
        yield from (f"      {failure}" for failure in failures)
    for policy, statement in covered.missing:
        yield f"not decided by any case: {policy} {statement}"
    yield f"{covered.covered} of {covered.total} statements covered ({covered.percent:.1f} %)"


def tested_json(reports: Sequence[Report], covered: Coverage) -> dict[str, object]:
    """Print the same with --json; of what passed only the number."""
    return {
        "files": [
            {
                "name": report.name,
                "description": report.description,
                "requests": len(report.outcomes),
                "failures": [_failure(failure) for failure in report.failures],
            }
            for report in reports
        ],
        "coverage": {
            "covered": covered.covered,
            "total": covered.total,
            "percent": covered.percent,
            "missing": [list(each) for each in covered.missing],
        },
    }


def _failure(outcome: Outcome) -> dict[str, object]:
    return {
        "case": outcome.case,
        "caller": outcome.caller,
        "action": outcome.action,
        "resource": outcome.resource,
        "expected": {"allowed": outcome.expected, "by": outcome.by},
        "decided": {"allowed": outcome.decision.allowed, "by": outcome.decided_by},
    }

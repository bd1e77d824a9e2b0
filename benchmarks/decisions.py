"""How long a decision takes: this engine, stock Casbin, Cedar and hand-written expressions.

    python benchmarks/decisions.py [--quick] [--json]

Nothing is cached between requests beyond what each engine builds when policies are loaded. Every
answer of every engine is compared with a naive walk; the number of wrong ones is a row.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.decision_engines import (
    ACTIONS,
    APPS,
    OWNER,
    Ask,
    Request,
    World,
    cedar,
    make_world,
    naive,
    ours,
    regex,
    small_casbin,
    stock_casbin,
)
from benchmarks.report import Options, Report, Row, read_options
from policies.engine import Snapshot
from policies.reader import read_files
from policies.rule import Effect, Link, Rule

ENGINES: Mapping[str, Callable[[World], Ask]] = {
    "ours": ours,
    "stock Casbin": stock_casbin,
    "small Casbin": small_casbin,
    "Cedar": cedar,
    "regex": regex,
}
LARGEST = (10_000, 1_000)
SMALLEST = (10, 1)
BATCHES = 15
CAM_POLICIES = 200
CAM_GROUPS = 10
CAM_RULES = 20_000
LISTED_APPS = 500


@dataclass(frozen=True, slots=True)
class Measured:
    """The time of a decision in microseconds, and how many answers were wrong."""

    microseconds: float
    wrong: int


def measure(ask: Ask, requests: list[Request], right: list[bool], seconds: float) -> Measured:
    """Time batches of the requests until `seconds` are over, at least one; the best one counts.

    What else a machine does can only make a batch slower.
    """
    wrong = sum(ask(request) is not answer for request, answer in zip(requests, right, strict=True))
    times: list[float] = []
    ends = time.perf_counter() + seconds
    while len(times) < BATCHES and (not times or time.perf_counter() < ends):
        started = time.perf_counter()
        for request in requests:
            ask(request)
        times.append((time.perf_counter() - started) / len(requests) * 1e6)
    return Measured(min(times), wrong)


def sizes(*, quick: bool) -> Iterator[tuple[int, int]]:
    """Give the numbers of rules and subjects to measure, the two that have goals always."""
    if quick:
        yield from (SMALLEST, LARGEST)
        return
    for rules in (10, 100, 1_000, 10_000):
        for subjects in (1, 100, 1_000):
            yield rules, subjects


def compare_engines(report: Report, options: Options) -> None:
    """Measure every engine at every size."""
    found: dict[tuple[str, tuple[int, int]], Measured] = {}
    for size in sizes(quick=options.quick):
        world = make_world(*size)
        walk = naive(world)
        for name, build in ENGINES.items():
            # The slow ones get few requests at large sizes: one batch has to end.
            count = 2_000 if name in {"ours", "regex"} else max(5, min(200, 20_000 // size[0]))
            requests = world.requests(count)
            right = [walk(request) for request in requests]
            found[name, size] = measure(build(world), requests, right, 0.5 if options.quick else 2)
        for name in ENGINES:
            report.add(_cell(name, size, found))
    wrong = sum(measured.wrong for measured in found.values())
    report.add(Row(name="wrong answers", value=wrong, unit="", goal="0", met=wrong == 0))
    _add_goals(report, {size: found["ours", size] for size in (SMALLEST, LARGEST)}, found)


def _cell(
    name: str, size: tuple[int, int], found: Mapping[tuple[str, tuple[int, int]], Measured]
) -> Row:
    mine = found["ours", size].microseconds
    value = found[name, size].microseconds
    return Row(
        name=f"{name}, {size[0]:,} rules, {size[1]:,} subjects",
        value=round(value, 2),
        unit="us",
        peer=None if name == "ours" else "ours",
        ratio=None if name == "ours" else round(mine / value, 5),
    )


def _add_goals(
    report: Report,
    mine: Mapping[tuple[int, int], Measured],
    found: Mapping[tuple[str, tuple[int, int]], Measured],
) -> None:
    small, large = mine[SMALLEST].microseconds, mine[LARGEST].microseconds
    stock = found["stock Casbin", LARGEST].microseconds
    largest = f"{LARGEST[0]:,} rules, {LARGEST[1]:,} subjects"
    report.add(
        Row(
            name=f"a decision at {largest}",
            value=round(large, 2),
            unit="us",
            peer="stock Casbin",
            ratio=round(stock / large),
            goal="at most 10 us, 1,000 times stock Casbin",
            met=large <= 10 and stock / large >= 1_000,
        )
    )
    report.add(
        Row(
            name="growth from 10 to 10,000 rules",
            value=round(large / small, 2),
            unit="times",
            goal="at most 1.5",
            met=large / small <= 1.5,
        )
    )


def measure_largest_subject(report: Report) -> None:
    """Measure one subject with as much as CAM allows: 200 policies, ten groups of 200 each."""
    rules: list[Rule] = []
    links = [Link("user:0", f"group:{group}") for group in range(CAM_GROUPS)]
    holders = [f"group:{group}" for group in range(CAM_GROUPS)] + ["user:0"]
    policies = [(holder, number) for holder in holders for number in range(CAM_POLICIES)]
    for holder, number in policies:
        policy = f"policy:{holder}-{number}".replace("group:", "g").replace("user:", "u")
        links.append(Link(holder, policy))
        for line in range(CAM_RULES // len(policies)):
            effect = Effect.DENY if line % 4 == 0 else Effect.ALLOW
            action, app = ACTIONS[(number + line) % len(ACTIONS)], APPS[number * 7 % len(APPS)]
            if line % 3 == 0:
                action, app = f"{action[:-4]}*", f"{app[:-1]}*"
            rules.append(Rule(policy, f"s{line}", effect, action, app))
    world = World(tuple(rules), tuple(links), ("user:0",))
    requests = world.requests(1_000)
    started = time.perf_counter()
    ask = ours(world)
    ask(requests[0])
    first = time.perf_counter() - started
    value = measure(ask, requests, [ask(request) for request in requests], 1).microseconds
    name = f"a decision for CAM's largest subject ({len(rules):,} rules)"
    met = value <= 10
    report.add(Row(name=name, value=round(value, 2), unit="us", goal="at most 10 us", met=met))
    report.add(Row(name="its first, snapshot built", value=round(first * 1e3, 1), unit="ms"))


def measure_plan(report: Report) -> None:
    """Measure a list filter over 500 applications against asking for each."""
    apps = [f"qcs::sms::uin/{OWNER}:app/{1_400_000_000 + n}" for n in range(LISTED_APPS)]
    rules = [Rule("policy:A", "s0", Effect.ALLOW, "name/sms:*", app) for app in apps[::10]]
    rules += [Rule("policy:A", "s1", Effect.DENY, "name/sms:Describe*", app) for app in apps[::50]]
    snapshot = Snapshot.build(rules, [Link("user:0", "policy:A")], 1)
    names, action = ("user:0", f"account:{OWNER}", "everyone"), "name/sms:DescribeAppList"
    plan_times, loop_times = [], []
    for _ in range(BATCHES):
        started = time.perf_counter()
        plan = snapshot.plan(names, action, OWNER)
        planned = time.perf_counter()
        allowed = [snapshot.allowed(names, action, app) for app in apps]
        loop_times.append(time.perf_counter() - planned)
        plan_times.append(planned - started)
    admitted = [plan.admits(1_400_000_000 + n) for n in range(LISTED_APPS)]
    value, loop = min(plan_times) * 1e3, min(loop_times) * 1e3
    report.add(
        Row(
            name=f"a list plan over {LISTED_APPS} applications",
            value=round(value, 3),
            unit="ms",
            peer="asking for each",
            ratio=round(loop / value, 1),
            goal="at most 0.5 ms, same answer",
            met=value <= 0.5 and admitted == allowed,
        )
    )


def measure_reload(report: Report) -> None:
    """Measure what a save of 10,000 rules costs: the strict reading, and the snapshot."""
    world = make_world(*LARGEST)
    lines = [
        f"p, {rule.policy}, {rule.statement}, {rule.effect}, {rule.action}, {rule.resource}"
        for rule in world.rules
    ]
    lines += [f"g, {link.member}, {link.holder}" for link in world.links]
    sources = {"site/all.csv": "\n".join(lines).encode()}
    times = []
    for _ in range(BATCHES):
        started = time.perf_counter()
        files = read_files(sources)
        Snapshot.build(files.rules, files.links, files.digest)
        times.append(time.perf_counter() - started)
    started = time.perf_counter()
    stock_casbin(world)
    stock = (time.perf_counter() - started) * 1e3
    value = min(times) * 1e3
    report.add(
        Row(
            name=f"a reload of {len(world.rules):,} rules and {len(world.links):,} links",
            value=round(value, 1),
            unit="ms",
            peer="stock Casbin, parsed lines",
            ratio=round(stock / value, 2),
            goal="at most 150 ms",
            met=value <= 150,
        )
    )


def main() -> int:
    """Run the benchmark; the exit code is 1 when a goal was missed."""
    options = read_options(__doc__ or "")
    report = Report("Decisions", options)
    report.facts("pycasbin", "cedarpy")
    compare_engines(report, options)
    measure_largest_subject(report)
    measure_plan(report)
    measure_reload(report)
    return report.close()


if __name__ == "__main__":
    raise SystemExit(main())

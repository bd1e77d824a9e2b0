"""Whether a decision is ever taken from half a change: policy files are saved while callers decide.

    python benchmarks/reload.py [--quick] [--json]

A folder is saved over and over in two states, in place and in pieces, and a look falls into each
gap. Eight threads, and in the second half eight asyncio tasks, decide all the while; every answer
is compared with the ones that the old and the new files give. The peer is a stock Casbin Enforcer
under the same threads, whose lines are replaced at a stroke and taken over by its own load_policy.
"""

import asyncio
import itertools
import logging
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import casbin

sys.path.pop(0)  # this folder has a module of the name of one that Python has
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import Report, Row, read_options
from policies.live import MODEL, PACKAGED, PolicyDirectory
from policies.wildcard import cam_match

SECONDS, QUICK_SECONDS = 60, 2.3
DECIDERS: Final = 8
OTHERS: Final = 100
SWITCH_SECONDS: Final = 0.0001
"""How long a thread runs on; the default, 5 ms, hides most of what can come between."""

ACCOUNT: Final = "account:12345678"
SUBJECT: Final = "user:100001"
APP: Final = "qcs::sms::uin/12345678:app/1400000001"


class Question(NamedTuple):
    """An action on `APP`, and whether the old and the new files allow it, worked out by hand."""

    action: str
    old: bool
    new: bool


QUESTIONS: Final = (
    Question("name/sms:DeleteAppInfo", old=False, new=False),
    Question("name/sms:ModifyAppInfo", old=False, new=True),
    Question("name/sms:ModifySmsTemplate", old=True, new=False),
    Question("name/sms:DescribeAppInfo", old=True, new=True),
)
State = Mapping[str, str]
"""The text of each site file that changes, in the order in which an editor saves them."""

# Every deny is held through a group. The new policies under the old groups would allow the
# deletion, which neither state does: that is what a reading of half a save would show.
STATES: Final[tuple[State, State]] = (
    {
        "policies.csv": (
            f"p, policy:Keep, s0, deny, name/sms:DeleteAppInfo, {APP}\n"
            "p, policy:Keep, s1, deny, name/sms:ModifyAppInfo, *\n"
            f"p, policy:Seal, s0, deny, name/sms:DeleteAppInfo, {APP}\n"
        ),
        "groups.csv": f"g, {SUBJECT}, group:ops\ng, group:ops, policy:Keep\n",
    },
    {
        "policies.csv": (
            "p, policy:Keep, s0, deny, name/sms:ModifySmsTemplate, *\n"
            f"p, policy:Seal, s0, deny, name/sms:DeleteAppInfo, {APP}\n"
        ),
        "groups.csv": (
            f"g, {SUBJECT}, group:ops\ng, group:ops, policy:Keep\ng, group:ops, policy:Seal\n"
        ),
    },
)


NAMES: Final = (SUBJECT, ACCOUNT, "role:signed-in", "everyone")
ROUNDS: Final = {
    tuple(question.old for question in QUESTIONS): "rounds of the old state",
    tuple(question.new for question in QUESTIONS): "rounds of the new state",
}
MIXED: Final = "rounds that mix both"
WRONG_ANSWERS: Final = ("wrong allows", "wrong denies")
WRONG: Final = (*WRONG_ANSWERS, MIXED)


def count(tally: Counter[str], question: Question, *, allowed: bool) -> None:
    """Take one answer."""
    tally["decisions"] += 1
    if allowed not in (question.old, question.new):
        tally[WRONG_ANSWERS[not allowed]] += 1


def count_round(tally: Counter[str], answers: tuple[bool, ...]) -> None:
    """Take the answers that one snapshot gave to every question."""
    for question, allowed in zip(QUESTIONS, answers, strict=True):
        count(tally, question, allowed=allowed)
    tally[ROUNDS.get(answers, MIXED)] += 1


def lay_out(folder: Path) -> None:
    """Make a policy folder: the packaged one, and what the site grants its users."""
    shutil.copytree(PACKAGED / "presets", folder / "presets")
    for name in (MODEL, "operators.csv"):
        shutil.copy(PACKAGED / name, folder / name)
    (folder / "site").mkdir()
    granted = [f"p, policy:All, s0, allow, name/sms:*, *\ng, {SUBJECT}, policy:All\n"]
    granted += (
        f"p, policy:P{number}, s0, allow, name/sms:*, *\n"
        f"p, policy:P{number}, s1, deny, name/sms:DeleteAppInfo, {APP}\n"
        f"g, user:{200_001 + number}, policy:P{number}\n"
        for number in range(OTHERS)
    )
    (folder / "site" / "granted.csv").write_text("".join(granted), encoding="utf-8")
    for name, text in STATES[0].items():
        (folder / "site" / name).write_text(text, encoding="utf-8")


class Ours:
    """A policy folder as a server process holds it."""

    def __init__(self, folder: Path) -> None:
        self.directory: Final = PolicyDirectory(folder)
        self._site = folder / "site"
        self._turns = itertools.cycle((STATES[1], STATES[0]))

    def reload(self, tally: Counter[str]) -> None:
        """Save the other state in place, as an editor may, and look after each piece."""
        for name, text in next(self._turns).items():
            with (self._site / name).open("w", encoding="utf-8") as file:
                for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
                    file.write(piece)
                    file.flush()
                    self._look(taken=False)
        self._look(taken=True)
        tally["reloads"] += 1

    def _look(self, *, taken: bool) -> None:
        if self.directory.refresh() is not taken or self.directory.problem:
            raise SystemExit(f"a save was taken over at the wrong look: {self.directory.problem}")

    def decide(self, tally: Counter[str]) -> None:
        """Ask everything of one snapshot."""
        now = self.directory.snapshot
        answers = tuple(now.allowed(NAMES, question.action, APP) for question in QUESTIONS)
        count_round(tally, answers)

    async def decide_in_steps(self, tally: Counter[str]) -> None:
        """Ask everything of one snapshot, other tasks between the questions, as requests do."""
        now, answers = self.directory.snapshot, []
        for question in QUESTIONS:
            answers.append(now.allowed(NAMES, question.action, APP))
            await asyncio.sleep(0)
        count_round(tally, tuple(answers))


class Stock:
    """One stock Enforcer for everybody, on the same lines in one file."""

    def __init__(self, folder: Path) -> None:
        logging.getLogger("casbin").setLevel(logging.ERROR)
        self._granted = (folder / "site" / "granted.csv").read_text(encoding="utf-8")
        self._policy, self._draft = folder / "stock.csv", folder / "stock.draft"
        self._turns = itertools.cycle(STATES)
        self._save()
        self._enforcer = casbin.Enforcer(str(folder / MODEL), str(self._policy))
        self._enforcer.add_function("camMatch", cam_match)

    def reload(self, tally: Counter[str]) -> None:
        """Put the other state into the file's place, and let the Enforcer load it."""
        self._save()
        try:
            self._enforcer.load_policy()
        except RuntimeError:  # its own walk over the roles, while threads that ask add to them
            tally["failed reloads"] += 1
        else:
            tally["reloads"] += 1

    def _save(self) -> None:
        lines = "".join((self._granted, *next(self._turns).values()))
        self._draft.write_text(lines, encoding="utf-8")
        self._draft.replace(self._policy)

    def decide(self, tally: Counter[str]) -> None:
        """Ask everything; there is no snapshot to ask, so each answer stands for itself."""
        for question in QUESTIONS:
            try:
                allowed = self._enforcer.enforce(SUBJECT, question.action, APP)
            except Exception:  # noqa: BLE001 - whatever it raises, the caller has no answer
                tally["decisions"] += 1
                tally["no answer"] += 1
            else:
                count(tally, question, allowed=allowed)


def under_threads(engine: Ours | Stock, seconds: float) -> Counter[str]:
    """Reload in this thread while others decide; give what all of them saw."""
    ends = time.monotonic() + seconds

    def decide() -> Counter[str]:
        tally: Counter[str] = Counter()
        while time.monotonic() < ends:
            engine.decide(tally)
        return tally

    total: Counter[str] = Counter()
    with ThreadPoolExecutor(DECIDERS) as pool:
        deciders = [pool.submit(decide) for _ in range(DECIDERS)]
        while time.monotonic() < ends:
            engine.reload(total)
    return sum((decider.result() for decider in deciders), total)


async def under_tasks(engine: Ours, seconds: float) -> Counter[str]:
    """Reload in a thread, as the server does, while tasks decide; give what all of them saw."""
    ends = time.monotonic() + seconds
    total: Counter[str] = Counter()

    async def decide() -> None:
        while time.monotonic() < ends:
            await engine.decide_in_steps(total)

    tasks = [asyncio.create_task(decide()) for _ in range(DECIDERS)]
    while time.monotonic() < ends:
        await asyncio.to_thread(engine.reload, total)
    await asyncio.gather(*tasks)
    return total


def add_ours(report: Report, where: str, seen: Counter[str]) -> None:
    """Report one half. Nothing was put to the test unless both states were seen, so that counts."""
    for what in ("decisions", "reloads"):
        report.add(Row(name=f"{what}, {where}", value=seen[what], unit=""))
    for what in ROUNDS.values():
        value = seen[what]
        name = f"{what}, {where}"
        report.add(Row(name=name, value=value, unit="", goal="at least 1", met=value > 0))
    wrong = sum(seen[what] for what in WRONG)
    report.add(Row(name=f"wrong, {where}", value=wrong, unit="", goal="0", met=wrong == 0))


def add_stock(report: Report, seen: Counter[str]) -> None:
    """Report what the peer did; nothing is promised about it."""
    for what in ("decisions", "reloads", "failed reloads", "no answer", *WRONG_ANSWERS):
        name = f"stock Casbin, {what}, {DECIDERS} threads"
        report.add(Row(name=name, value=seen[what], unit=""))


def main() -> int:
    """Run the benchmark; the exit code is 1 when a goal was missed."""
    options = read_options(__doc__ or "")
    seconds = QUICK_SECONDS if options.quick else SECONDS
    report = Report("Reloads", options)
    report.facts("pycasbin")
    sys.setswitchinterval(SWITCH_SECONDS)
    with tempfile.TemporaryDirectory(prefix="sms-console-") as name:
        folder = Path(name)
        lay_out(folder)
        ours = Ours(folder)
        add_ours(report, f"{DECIDERS} threads", under_threads(ours, seconds))
        add_ours(report, f"{DECIDERS} tasks", asyncio.run(under_tasks(ours, seconds)))
        add_stock(report, under_threads(Stock(folder), seconds))
    return report.close()


if __name__ == "__main__":
    raise SystemExit(main())

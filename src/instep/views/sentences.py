"""What is said of a computation in words: the lines of the log view, and the last lines in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from instep.model import Snapshot, Spread, Status, Step, Summary
from instep.views import text, tree

SUMS = 5
"""So many inner sums follow a last line."""


class Ending(NamedTuple):
    """The last line of a computation, in parts, so that a view may colour them or leave some out."""

    name: str
    status: Status
    rest: str
    """After the status: `after 37 of 1,204 it`."""
    facts: tuple[str, ...]
    """What more there is to say, the most important first; the first is the time, and joins on without a dot."""

    def __str__(self) -> str:
        return self.head() + "".join(self.tails())

    def head(self) -> str:
        """What may not be left out."""
        return f"{self.name}: {self.status}" + (f" {self.rest}" if self.rest else "")

    def tails(self) -> list[str]:
        """What may be left out, from the end on."""
        return [f" {self.facts[0]}", *(f" · {fact}" for fact in self.facts[1:])]


def ending(snapshot: Snapshot) -> Ending:
    """How a computation ended. Steps are counted from 0, as everywhere: `failed at step 3` had three done before."""
    of_all = text.notes(note for note in snapshot.notes if note.index is None)
    took, rate = f"in {text.duration(snapshot.elapsed, 3)}", text.rate(snapshot.rate, snapshot.unit)
    in_vain = spread(snapshot.spread) if snapshot.spread else ""
    facts = [took, rate, of_all, in_vain, _slowest(snapshot)]
    return Ending(text.plain(snapshot.name), snapshot.status, _reached(snapshot), tuple(fact for fact in facts if fact))


def spread(of: Spread, *, taken: bool = False) -> str:
    """What was computed for nothing or more than once, called back, or never begun; "" where there is none of it.

    What runs when the loop is left is let finish: it counts as computed.
    """
    computed = of.computed + of.running
    parts = {
        "taken": of.taken if taken else 0,
        "computed": computed if computed != of.taken else 0,
        "failed": of.failed,
        "tried again": of.retried,
        "cancelled": of.cancelled,
        "never begun": of.never_begun or 0,
    }
    said = [f"{what} {text.whole(n)}" for what, n in parts.items() if n]
    return ", ".join(said) if len(said) > taken else ""


def _reached(snapshot: Snapshot) -> str:
    done = _amount(snapshot.finished, snapshot.unit)
    of_total = "" if snapshot.total is None else f" of {_number(snapshot.total, snapshot.unit)}"
    if snapshot.kind == "stage" and not snapshot.position and snapshot.total is None:
        return ""
    if snapshot.status == "finished":
        return done + _contradiction(snapshot)
    if snapshot.status == "stopped":
        if snapshot.total is None or snapshot.finished > snapshot.total:
            return f"after {done}{_contradiction(snapshot)}"
        unit = _unit(snapshot.unit, snapshot.total)
        return f"after {_number(snapshot.finished, snapshot.unit)}{of_total} {unit}".rstrip()
    at = f", {where(snapshot)}" if snapshot.where else ""
    done = done if snapshot.unit == "B" else f"step {text.whole(snapshot.finished)}"
    return f"at {done}{of_total}{at}"


def _contradiction(snapshot: Snapshot) -> str:
    if snapshot.total is None or snapshot.total == snapshot.finished:
        return ""
    return f" (total said {_number(snapshot.total, snapshot.unit)})"


def _number(number: int, unit: str) -> str:
    return text.count(number, unit) if unit == "B" else text.whole(number)


def _unit(unit: str, number: int) -> str:
    return "" if unit == "B" else text.named(unit, number)


def _amount(number: int, unit: str) -> str:
    return f"{_number(number, unit)} {_unit(unit, number)}".rstrip()


def _slowest(snapshot: Snapshot) -> str:
    steps = snapshot.timing.slowest if snapshot.timing else ()
    if not steps or snapshot.finished < 2:
        return ""
    step = steps[0]
    return f"slowest {which(step)} {text.duration(step.seconds)}"


def which(step: Step) -> str:
    """A step by its name or index, or the indices that it is one of."""
    if step.name:
        return text.plain(step.name, 60)
    last = f"–{text.whole(step.index + step.among - 1)}" if step.among > 1 else ""
    return f"#{text.whole(step.index)}{last}"


def summed(summary: Summary) -> str:
    """What the ended passes of one name add up to: `×37 · 12.3 k it in 3.4 s · 2 failed`."""
    parts = [f"×{text.whole(summary.passes)}"]
    took = f"in {text.duration(summary.seconds)}"
    parts.append(f"{text.count(summary.steps, summary.unit)} {took}" if summary.steps else took)
    parts.extend(otherwise(summary))
    return " · ".join(parts)


def otherwise(summary: Summary) -> list[str]:
    """How many passes did not simply finish: `2 failed`."""
    return [f"{text.whole(n)} {status}" for status, n in summary.statuses.items() if status != "finished"]


def sums(inner: Sequence[Summary], most: int = SUMS) -> list[str]:
    """A line for each inner sum, indented as it was nested, at most `most`, then how many more there are."""
    lines: list[str] = []
    waiting = [(1, one) for one in reversed(inner)]
    hidden = 0
    while waiting:
        depth, one = waiting.pop()
        waiting.extend((depth + 1, below) for below in reversed(one.inner))
        if len(lines) < most:
            lines.append(f"{'  ' * min(depth, 10)}{text.plain(one.name)} {summed(one)}")
        else:
            hidden += 1
    return [*lines, *([more(hidden, 1)] if hidden else [])]


def more(hidden: int, depth: int = 0) -> str:
    """The line that stands for those that have no room: `… 3 more`."""
    return f"{'  ' * depth}{text.ELLIPSIS} {text.whole(hidden)} more"


def counted(snapshot: Snapshot) -> str:
    """How far it is: `1.2 k/3.4 k it`; where the total has turned out wrong, that it has."""
    unit, done, total = snapshot.unit, snapshot.finished, snapshot.total
    if total is None:
        return text.count(done, unit)
    if done > total:
        return f"{text.count(done, unit)} (total said {_shortly(total, unit)})"
    return f"{_shortly(done, unit)}/{text.count(total, unit)}"


def _shortly(number: int, unit: str) -> str:
    digits, prefix = text.scaled(number, binary=unit == "B")
    return text.count(number, unit) if unit == "B" else f"{digits} {prefix}".rstrip()


def where(snapshot: Snapshot) -> str:
    """Where the current step is in what an order walks: `row 3/10`; "" in any other loop."""
    return text.plain(snapshot.where, 60) if snapshot.where else ""


def percent(snapshot: Snapshot) -> str:
    """Rounded down, so that `100%` means all of it; "" where there is no total, or none that can be right."""
    if not snapshot.total or snapshot.total < 0 or not 0 <= snapshot.finished <= snapshot.total:
        return ""
    return f"{100 * snapshot.finished // snapshot.total}%"


def pace(snapshot: Snapshot) -> str:
    """Steps a second, or the time a step takes where that is longer than a second."""
    slow = snapshot.rate is None and snapshot.mean is not None and snapshot.mean > 0
    return text.rate(1 / snapshot.mean if slow and snapshot.mean else snapshot.rate, snapshot.unit)


def running(snapshot: Snapshot) -> str:
    """A computation on its way: `train: 3/10 it 30% · row 3/10 · 2.1 s/it · 0:15 (0:12–0:20) left · loss=0.3`."""
    counts = "" if idle_stage(snapshot) else f"{counted(snapshot)} {percent(snapshot)}".rstrip()
    remaining = text.left(snapshot.remaining, snapshot.remaining_range)
    parts = [
        counts,
        where(snapshot),
        pace(snapshot),
        f"{remaining} left" if remaining else f"running for {text.clock(snapshot.elapsed)}",
        text.notes(snapshot.notes),
    ]
    return f"{text.plain(snapshot.name)}: " + " · ".join(part for part in parts if part)


def idle_stage(snapshot: Snapshot) -> bool:
    """Whether it is a stage that counts nothing, so that its count needn't be shown."""
    return snapshot.kind == "stage" and not snapshot.position and not snapshot.total


def nested(rows: Sequence[tree.Row], most: int = 3) -> str:
    """What goes on inside, appended to the line of the outer computation."""
    parts = [
        running(row.what) if isinstance(row.what, Snapshot) else f"{text.plain(row.what.name)} {summed(row.what)}"
        for row in rows[:most]
    ]
    if len(rows) > most:
        parts.append(more(len(rows) - most))
    return "".join(f" > {part}" for part in parts)

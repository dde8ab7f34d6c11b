"""The report: a table of what ended computations add up to, as plain text that suits 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shutil import get_terminal_size

from instep.model import Summary, Timing
from instep.views import columns, text
from instep.views.sentences import otherwise, spread, which

HEADINGS = ("computation", "steps", "status", "time", "mean", "p95", "slowest", "fetch/body")
WIDTH = 80
"""Columns, where a terminal doesn't say otherwise."""
LEAST_NAME = 12
"""Names are shortened, as far as that goes, so that the table isn't wider."""
SAMPLED = "~"
_LEFT = {0, 2}
"""The columns that are words; the others are figures, and end on the right."""


def table(rows: Sequence[Summary]) -> str:
    """The table, one line per computation, inner ones indented; what is sampled is marked and explained below."""
    every = list(_walk(rows))
    cells = [HEADINGS[1:], *(_cells(row) for _, row in every)]
    room = max(WIDTH, get_terminal_size((WIDTH, 24)).columns) - sum(
        2 + max(map(columns.width, column)) for column in zip(*cells, strict=True)
    )
    names = [HEADINGS[0], *(_name(depth, row, max(LEAST_NAME, room)) for depth, row in every)]
    cells = [(name, *figures) for name, figures in zip(names, cells, strict=True)]
    lines = columns.lines(cells, _LEFT)
    lines += [
        f"{text.plain(row.name)}: {said}" for _, row in every if row.spread and (said := spread(row.spread, taken=True))
    ]
    if any(_is_sampled(row.timing) for _, row in every):
        lines.append(f"{SAMPLED} from a sample: not every step was timed by itself")
    return "".join(f"{line}\n" for line in lines)


def _walk(rows: Sequence[Summary]) -> Iterator[tuple[int, Summary]]:
    waiting = [(0, row) for row in reversed(rows)]
    while waiting:
        depth, row = waiting.pop()
        yield depth, row
        waiting.extend((depth + 1, inner) for inner in reversed(row.inner))


def _name(depth: int, row: Summary, room: int) -> str:
    indent = "  " * min(depth, 6)
    return indent + text.plain(row.name, max(6, room - len(indent)))


def _cells(row: Summary) -> tuple[str, ...]:
    steps = text.count(row.steps, row.unit) if row.steps or row.kind != "stage" else ""
    first = (steps, _status(row), text.duration(row.seconds, 3))
    timing = row.timing
    if timing is None:
        mean = text.duration(row.seconds / row.steps) if row.steps else ""
        return (*first, mean, "", "", "")
    mark = SAMPLED if _is_sampled(timing) else ""
    p95 = mark + text.duration(timing.p95) if timing.timed else ""
    return (*first, text.duration(timing.mean), p95, _slowest(timing), _shares(timing, mark))


def _status(row: Summary) -> str:
    if row.passes == 1:
        return next(iter(row.statuses))
    return ", ".join([f"×{text.whole(row.passes)}", *otherwise(row)])


def _slowest(timing: Timing) -> str:
    if not timing.slowest:
        return ""
    step = timing.slowest[0]
    name = text.plain(step.name, 12) if step.name else which(step)
    return f"{text.duration(step.seconds)} {name}"


def _shares(timing: Timing, mark: str) -> str:
    if timing.fetch is None or timing.body is None or timing.fetch + timing.body <= 0:
        return ""
    fetch = round(100 * timing.fetch / (timing.fetch + timing.body))
    return f"{mark}{fetch}/{100 - fetch}%"


def _is_sampled(timing: Timing | None) -> bool:
    return timing is not None and timing.timed < timing.count

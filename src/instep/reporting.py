"""`report()`: what this process's computations took, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter_ns

from instep.computation import Computation
from instep.model import Summary
from instep.monitor import monitor
from instep.summary import inner_of, top


class Report(tuple[Summary, ...]):
    """Sums of computations, those below them inside (`Summary.inner`); as text, a table."""

    __slots__ = ()

    def __str__(self) -> str:
        from instep.views.report import table

        return table(self)


def report() -> Report:
    """What the computations of this process took: one line for each place or stage, inner ones below.

    `print(report())` shows computation, steps, status, time, mean, p95, slowest, and the shares of fetch and body. All
    passes of one loop under one parent are one line; what still runs comes last, as *running*. Memory is bounded by the
    number of loops and stages in the source.
    """
    return Report((*top(monitor.ended), *_running()))


def _running() -> Iterator[Summary]:
    """What still runs, each with what runs in it."""
    now = perf_counter_ns()
    runs = sorted(monitor.running.copy(), key=lambda run: run.began)
    inner: dict[int, list[Computation]] = {}
    for run in runs:
        inner.setdefault(id(run.parent), []).append(run)

    def summary(run: Computation) -> Summary:
        timing = run.timer._timing() if run.times.count else None
        below = (*inner_of(run), *map(summary, inner.get(id(run), ())))
        seconds = (now - run.began) / 1e9
        spread = run.spread if run.count is None else run.count()
        return Summary(run.label, run.kind, run.unit, 1, run.finished, seconds, {"running": 1}, timing, below, spread)

    return map(summary, inner.get(id(None), ()))

"""Takes the picture of a computation: what views, records and `Track.snapshot` see."""

from __future__ import annotations

from math import isfinite
from time import perf_counter_ns, time

from instep.computation import Computation
from instep.model import Note, Place, Snapshot
from instep.summary import inner_of

_SHOWN_NOTES = 20
_ENOUGH = 10
"""Steps lately, for a rate to be taken from them."""
Range = tuple[float, float]


def take(run: Computation, now: int, *, timing: bool = False) -> Snapshot:
    """A picture at `now` (nanoseconds of `perf_counter_ns`); with `timing`, also of a running one's step times."""
    initial = run.initial
    position = run.position
    finished = min(run.finished, position) if run.status == "running" else run.over
    elapsed = ((run.ended or now) - run.began) / 1e9 if run.began else 0.0
    rate, mean = _pace(run, finished, now)
    left = _left(run, finished, now, rate)
    place = run.place
    wall = time() - (perf_counter_ns() - run.began) / 1e9 if run.began else time()
    return Snapshot(
        run.id,
        run.parent.id if run.parent is not None else run.parent_id,
        run.kind,
        run.label,
        None if place is None else Place(*place),
        run.status,
        run.show,
        run.unit,
        initial,
        initial + position,
        initial + finished,
        run.total,
        wall,
        elapsed,
        rate,
        mean,
        *left,
        _notes(run),
        run.timer._timing() if (timing or run.ended) and run.times.count else None,
        inner_of(run),
        run.spread if run.count is None else run.count(),
        _where(run, position),
    )


def _where(run: Computation, position: int) -> str | None:
    """Where the step is that goes on, or that was not finished."""
    if run.where is None or not position or run.status == "finished":
        return None
    try:
        return run.where(position - 1)
    except Exception:  # it went on beyond what it said its length was
        return None


def _pace(run: Computation, finished: int, now: int) -> tuple[float | None, float | None]:
    """Steps a second, and seconds a step in the mean."""
    elapsed = (run.ended or now) - run.began
    if not finished or elapsed <= 0:
        return None, None
    mean = elapsed / finished / 1e9
    if not run.ended:
        since, then = run.marks[0] if run.marks else (now, finished)
        if finished - then >= _ENOUGH and now > since:  # quick steps: over the last seconds
            return (finished - then) / (now - since) * 1e9, mean
        times = run.times
        if times.count:  # slow ones: over the latter half of them
            lately = max(times.left(1)[0], now - run.seen[1] if run.handing else 0.0)
            return (1e9 / lately if lately else None), mean
    return 1 / mean, mean


def _left(run: Computation, finished: int, now: int, rate: float | None) -> tuple[float | None, Range | None]:
    """Time left, and its range; both None while unknown."""
    if run.total is None or run.ended or not finished:
        return None, None
    left = run.total - run.initial - finished
    if left <= 0:
        return (0.0, (0.0, 0.0)) if not left else (None, None)
    times = run.times
    likely, least, most = (part / 1e9 for part in times.left(left))
    if not isfinite(likely):
        return (left / rate if rate else None), None
    position, since = run.seen
    going = (now - since) / 1e9 if position == run.position and run.handing else 0.0  # the current step, as far as seen
    usual = likely / left
    likely, least, most = (max(part - min(going, usual), 0.0) for part in (likely, least, most))
    if going > usual:  # longer than usual: as much again as it is over by now, for all one knows
        likely += going - usual
        most = max(most, likely) + going
    if rate and left / rate > 2 * most and finished - times.count > 1:  # quick steps that turned slow, within a block
        likely = most = left / rate
    return likely, (least, max(most, likely)) if isfinite(most) else None


def _notes(run: Computation) -> tuple[Note, ...]:
    notes = run._notes
    if notes is None and not run.asides:
        return ()
    while True:
        try:
            return tuple(Note(*note) for note in [*list(notes or ())[-_SHOWN_NOTES:], *run.asides.values()])
        except RuntimeError:  # the loop added one just then
            continue

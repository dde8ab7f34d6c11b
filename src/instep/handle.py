"""`Handle`: what may be said about a computation, and asked of it, by whoever began it; and counting by hand."""

from __future__ import annotations

import sys
from _thread import RLock
from _weakref import ref
from time import perf_counter_ns

from instep.checks import checked_str, short, whole
from instep.computation import Computation, caller, status_of
from instep.errors import InstepError
from instep.monitor import locks, monitor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any, Self

    from instep.model import Note, Snapshot, Status
    from instep.timing import Timer

counting = RLock()  # a signal handler may come while we hold it
locks.append(counting)


_ELSEWHERE = {
    "update": "advance(n)",
    "set_postfix": "note(name=value)",
    "set_description": "name = text",
    "n": "position, or finished",
    "refresh": "nothing: it is drawn by itself",
    "write": "print(text)",
}
"""What people who come from tqdm look for."""


class Handle:
    """A computation from outside. Where nothing is walked, `advance` counts its steps."""

    __slots__ = ("__weakref__", "_given", "_last", "_run", "_source")

    def __init__(self, source: Any, run: Computation, given: bool) -> None:
        self._source = source
        self._run = run
        self._given = given  # whether the total was given, and holds for every pass
        self._last = 0  # when the latest step counted by hand was over

    def _fresh(self) -> Computation:
        """The computation of the pass that begins: the one made at first, or another like it."""
        run = self._run
        if run.taken:
            old = run
            run = self._run = Computation(old.name, old.total if self._given else None)
            run.initial, run.unit, run.show, run.kind = old.initial, old.unit, old.show, old.kind
        run.taken = True
        return run

    # By hand

    def __enter__(self) -> Self:
        if self._source is None:
            if self._run.status == "running":
                raise InstepError(f"{self._run.label}: entered already; make another track for another pass")
            self._begin_by_hand(caller(sys._getframe(1)), scope=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        run = self._run
        if run.status == "running":
            if kind is not None:
                run.end(status_of(kind), perf_counter_ns())
            elif self._source is None and (run.total is None or run.initial + run.done >= run.total):
                run.end("finished", perf_counter_ns())
            else:
                run.end("stopped", perf_counter_ns())
        elif run.status == "failed" and kind is not None:
            run.status = status_of(kind)

    def _begin_by_hand(self, frame: FrameType, scope: bool) -> Computation:
        run = self._fresh()
        run.handing = False
        run.alive = ref(self)
        run.begin(frame, scope=scope)
        self._last = run.began
        return run

    def advance(self, n: int = 1) -> None:
        """`n` more steps are done; for work that is no loop. The time since the last call is theirs.

        Begins the track if `with` has not. Any thread may call it. With a total and without `with`, the track is
        finished when the total is reached. `InstepError` where a loop does the counting.
        """
        if self._source is not None:
            raise InstepError("advance() is for a track without an iterable: this one's steps are counted by its loop")
        run = self._run
        if run.status == "pending":
            self._begin_by_hand(caller(sys._getframe(1)), scope=False)
        if n.__class__ is not int or not 0 <= n < 1 << 62:
            n = whole("n", n)
            if n >= 1 << 62:
                raise ValueError(f"advance(n) expected less than 2**62 steps; got {short(n)}")
        with counting:
            now = perf_counter_ns()
            if n:
                run.log(n, now - self._last)
                self._last = now
            run.done += n
        if monitor.looking.asleep and not run.ended:
            monitor.wake()
        if run.ended:
            run.over = run.done
            run.fold()
        elif not run.frame and run.total is not None and run.initial + run.done >= run.total:
            run.end("finished", now)

    def close(self) -> None:
        """End it now: *stopped*, or *finished* where `advance` reached the total."""
        run = self._run
        if run.status == "running":
            by_hand = self._source is None and (run.total is None or run.initial + run.done >= run.total)
            run.end("finished" if by_hand else "stopped", perf_counter_ns())

    # What is said about it

    def send(self, value: object) -> None:
        """Say something about the current step, out of band: a note. Moves nothing and costs no item, whatever it is.

        `send(None)` is a note whose value is None: recorded, not shown. Before the first item and after the last the
        note belongs to the computation.
        """
        self._run.note(value, {})

    def note(self, value: object = None, /, **fields: Any) -> None:
        """`send(value)`, or named values: `note(loss=0.3)`."""
        self._run.note(value, fields)

    @property
    def notes(self) -> list[Note]:
        """The latest thousand notes of this pass, oldest first."""
        from instep.model import Note

        return [Note(*note) for note in list(self._run._notes or ())]

    @property
    def name(self) -> str | None:
        """What it is called; may be set while it runs."""
        return self._run.name

    @name.setter
    def name(self, name: str | None) -> None:
        self._run.name = None if name is None else checked_str("name", name)

    @property
    def total(self) -> int | None:
        """Steps expected; may be set while it runs."""
        return self._run.total

    @total.setter
    def total(self, total: int | None) -> None:
        run = self._run
        run.total = None if total is None else whole("total", total)
        self._given = total is not None
        if run._timer is not None:
            run._timer.total = run.total

    @property
    def position(self) -> int:
        """Items handed out, `initial` included: exact whenever anyone looks, from any thread."""
        return self._run.initial + self._run.position

    @property
    def finished(self) -> int:
        """Steps that are over, `initial` included. The current one is over when the next item is asked for."""
        return self._run.initial + self._run.finished

    @property
    def status(self) -> Status:
        """`"pending"`, `"running"`, `"finished"`, `"stopped"` (early), `"failed"` or `"interrupted"`."""
        return self._run.status

    @property
    def timer(self) -> Timer:
        """The times of this pass's steps."""
        return self._run.timer

    def snapshot(self) -> Snapshot:
        """An immutable picture of this instant, step times included."""
        from instep.snapshots import take

        return take(self._run, perf_counter_ns(), timing=True)

    def __getattr__(self, name: str) -> Any:
        written = _ELSEWHERE.get(name)
        raise AttributeError(f"a {type(self).__name__} has no {name!r}" + (f": write {written}" if written else ""))

    def __repr__(self) -> str:
        run = self._run
        total = "" if run.total is None else f" of {run.total}"
        return f"<{type(self).__name__} {run.label!r}: {run.status}, {self.finished}{total} {run.unit}>"

"""`EachRun`: an `each` as a computation among others. A step is a call of its function: over when it is handed out."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from instep.computation import Computation
from instep.monitor import monitor
from instep.times import LONG, Times

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from instep.model import Status
    from instep.times import Said

_KEPT_NOTES = 1000


class EachRun(Computation):
    """One `each`. `times` are those of the loop over it, `own` those of the calls, taken where they ran."""

    fetching = True  # no step of it is the consumer's
    own: Times
    leave: Callable[[Status], object] | None = None  # what is to be done when it ends, which depends on how

    def __init__(self, name: str | None, total: int | None) -> None:
        super().__init__(name, total)
        self.own = Times(0, self.said)
        self.asides: MutableMapping[object, Said] = {}  # said just now, by whoever runs a step elsewhere

    def end(self, status: Status, now: int) -> None:
        """End; what runs for it elsewhere is told, unless a signal has cut short the counting only."""
        leave, self.leave = self.leave, None
        if leave is not None and not self.cut:
            leave(status)
        super().end(status, now)
        self.own.said = None

    def index(self) -> int:
        """The index of the step that is current for whoever asks; -1 before the first."""
        raise NotImplementedError

    def note(self, value: object, fields: dict[str, Any]) -> None:
        """Say something about the current step."""
        index = -1 if self.ended else self.index()
        self.jot(None if index < 0 else index, value, fields)

    def jot(self, index: int | None, value: object, fields: dict[str, Any]) -> None:
        """Say something about that step; any thread may."""
        if monitor.looking.asleep and not self.ended:
            monitor.wake()
        if self._notes is None:
            self._notes = deque(maxlen=_KEPT_NOTES)
        self._notes.append((index, value, fields))

    def said(self, index: int) -> Said | None:
        """The last note on a step, if it is still known; steps that run at once say things by turns."""
        try:
            notes = list(self._notes or ())
        except RuntimeError:  # another thread has just added one
            return None
        return next((note for note in reversed(notes) if note[0] == index), None)


class WindowRun(EachRun):
    """Calls elsewhere. In which order they are handed out, the window knows."""

    origin = 0, 0  # where what is handed out just now begins: position, and index of its first step

    def index(self) -> int:
        """The index of the step handed out last."""
        position, index = self.origin
        return self.initial + index + self.position - position - 1


class HereRun(EachRun):
    """Calls in the consumer's own thread: a call is what the loop takes to fetch an item."""

    computing = False  # whether a call is under way
    raised = 0  # calls that failed, and for which nothing was handed out
    _known = 0  # steps that are in `own`
    _share = 1.0  # of a step from hand-out to hand-out, what the call takes
    _held_up = False  # whether the consumer was seen to take long, since the last block

    @property
    def pulling(self) -> bool:  # type: ignore[override]
        """Whether the source may be asked just now."""
        return not self.computing

    def index(self) -> int:
        """In a call its step, else the one handed out last."""
        return self.initial + self.position + self.raised - (not self.computing)

    def sight(self, at: int, ns: int) -> None:
        """Position `at` was seen to last `ns` at least: the next call does, if one is under way."""
        super().sight(at, ns)
        if self.computing:
            self.own.sight(self.initial + at, ns)
        else:
            self._held_up = True

    def log(self, n: int, ns: int, step: int = -1, fetch: int = 0) -> None:
        """As of any loop; what was fetched belongs to the calls."""
        super().log(n, ns, step, fetch)
        fresh = self._fresh()
        if fresh <= 0:
            return
        if step > 0:
            self._share = fetch / step
        if not n:  # the first call
            self.own.add(fresh, ns)
        else:
            # What takes long among quick steps is a call, unless the consumer was seen to.
            share = 1.0 if ns >= LONG and not self._held_up else self._share
            took, self._held_up = int(ns * share * fresh / n), False
            self.own.add(fresh, took, fetch if 0 <= fetch <= took and step >= 0 else -1)

    def log_each(self, steps: list[int], fetches: list[int]) -> None:
        """As of any loop; each fetch was a call."""
        super().log_each(steps, fetches)
        took = fetches[: self._fresh()]  # the last one may have found the source's end
        if took:
            self.own.add_each(took, None)

    def _fresh(self) -> int:
        """How many calls were made that are not in `own`, which counts on from there."""
        position, known = self.position + self.raised, self._known
        self.own.first = self.initial + known - self.own.count
        self._known = position
        return position - known

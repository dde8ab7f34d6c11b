"""`FunctionRun`: one call of a function as a computation among others, whose steps are known one by one.

A loop's frame is its consumer's. A function's steps run in frames of their own, called from ours: that one is entered
as the place whose notes and computations belong here. So they find the function from inside, while what the consumer
says or begins between two steps belongs to the consumer.
"""

from __future__ import annotations

import sys
from time import perf_counter_ns
from types import FrameType, TracebackType
from typing import Any, NoReturn

from instep.computation import Computation, status_of
from instep.current import by_frame, latest
from instep.errors import InstepError
from instep.functions.grains import Site
from instep.functions.table import Tally
from instep.model import Kind, Status
from instep.owed import owe
from instep.times import Times
from instep.views import text

FOLD = 255
"""How many steps gather before their times are added up, less one: a power of two less one."""
_OURS = "instep.functions."
Place = tuple[str, int, str]


class FunctionRun(Computation):
    """One call of a function. `done` steps were taken, and all of them are over."""

    kind: Kind = "function"
    unit = "step"
    handing = False
    held = False  # whether it is run, or closed, at once
    why = ""  # it has no result, once it has ended without

    def __init__(self, name: str, place: Place) -> None:
        super().__init__(name, None)
        self._place = place
        self.sites: list[Site] = []  # of steps that are not yet added up, and
        self.took: list[int] = []  # their ns: two lists, as a tuple for each step would keep the garbage collector busy
        self._tally = Tally()

    @property
    def place(self) -> Place:
        """File, line and name of the function itself."""
        return self._place

    @property
    def between(self) -> bool:  # type: ignore[override]
        """Whether no step is under way."""
        taking: Any = self.alive and self.alive()
        return not (self.held or getattr(taking, "gi_running", False))

    def enter(self, frame: FrameType) -> None:
        """What is begun or said in frames called from this one belongs here, from now on."""
        self._let_go()
        self.frame, self.code = id(frame), frame.f_code
        by_frame[self.frame] = self
        latest.set(self)

    def leave(self) -> None:
        """The frame that was entered ends."""
        self.held = False
        if not self.ended:
            self._let_go()

    def _let_go(self) -> None:
        if self.frame and by_frame.get(self.frame) is self:
            del by_frame[self.frame]
        self.frame = 0

    def tell(self, site: Site, ns: int) -> None:
        """One more step was taken, in `ns`."""
        self.done += 1
        self.sites.append(site)
        self.took.append(ns)
        if not self.done & FOLD:
            self.fold()

    def fold(self) -> None:
        """Add up what was told so far."""
        super().fold()
        if not self.took or sys.is_finalizing():
            return
        times = self._times
        if times is None:
            times = self.times  # which folds
        with times.lock:
            if not self._folding:  # else a signal handler asks, in the middle of it
                self._folding = True
                try:
                    self._fold(times)
                finally:
                    self._folding = False

    def _fold(self, times: Times) -> None:
        took = self.took[:]  # whoever steps appends to these very lists: take from their fronts
        n = len(took)
        if not n:
            return
        sites = self.sites[:n]
        del self.took[:n], self.sites[:n]
        first = times.first + times.count
        times.add_each(took, None)
        self._tally.add(sites, took)
        new = {index: sites[index - first].name for _, index, *_ in times.slowest if index >= first}
        if new:
            known = {index for _, index, *_ in times.slowest}
            times.names = {index: name for index, name in (times.names | new).items() if index in known}

    @property
    def tally(self) -> Tally:
        """The sums of its steps' times by name."""
        self.fold()
        return self._tally

    @property
    def is_over(self) -> bool:
        """Whether no step will be taken any more."""
        return self.status not in ("pending", "running")

    def start(self, frame: FrameType, consumer: FrameType | None) -> None:
        """Its steps are taken from `frame`, on behalf of `consumer`, from now on."""
        if self.status == "pending":
            self.begin(consumer, scope=False)
        self.enter(frame)

    def drained(self, ns: int) -> None:
        """The steps since the last one that was told took so long together."""
        taken = self.position
        self.fold()
        n, self.done, self.read = taken - self.done, taken, None
        if n > 0:
            self.log(n, ns)

    def finish(self) -> None:
        """It has returned."""
        self.end("finished", perf_counter_ns())

    def fail(self, error: BaseException) -> None:
        """It has raised."""
        if not self.ended:
            self.why = f"it raised {_said(error)}"
            self.end(status_of(type(error)), perf_counter_ns())

    def stop(self, status: Status = "stopped") -> None:
        """It was left early."""
        if self.status == "pending":
            self.status = self.final = status
        elif self.status == "running":
            self.end(status, perf_counter_ns())

    def drop(self) -> None:
        """Nobody refers to it any more."""
        for _ in range(2):
            try:
                return self.stop()
            except BaseException as error:  # a signal handler's: it would be lost in a finalizer
                owe(error)
        return None

    def refuse(self) -> NoReturn:
        """Say why there is no result."""
        if not self.is_over:
            taken = "no step was taken yet" if not self.done else f"{self.done} of its steps were taken"
            raise InstepError(f"{self.name}: no result before its end ({taken}): write .run(), which takes the rest")
        raise InstepError(f"{self.name}: no result: {self.why or f'it was stopped after {self.done} steps'}")


def is_end(stop: StopIteration | StopAsyncIteration) -> bool:
    """Whether it is the end of the steps, and not raised by the function itself, whose frames it has then passed."""
    return stripped(stop.__traceback__) is stop.__traceback__


def _said(error: BaseException) -> str:
    name = type(error).__name__
    said = text.plain(error)
    return f"{name}: {said}" if said else name


def stripped(traceback: TracebackType | None, ours: str = _OURS) -> TracebackType | None:
    """A traceback without our own frames at its front; as it is, where there is nothing else in it."""
    found = traceback
    while found is not None and str(found.tb_frame.f_globals.get("__name__")).startswith(ours):
        found = found.tb_next
    return found or traceback

"""A monitor that nobody beats but the test, with a clock moved by hand, and a view that writes down what it sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns

from instep.model import Snapshot
from instep.monitor import monitor


class Shown:
    """A view; `fail` makes its updates raise."""

    def __init__(self, fail: bool = False) -> None:
        self.fail = fail
        self.updates: list[list[Snapshot]] = []
        self.closed = 0

    def update(self, snapshots: Sequence[Snapshot], now: float) -> None:
        """Write it down."""
        self.updates.append(list(snapshots))
        if self.fail:
            raise OSError("the view is broken")

    def close(self) -> None:
        """Count the closings."""
        self.closed += 1

    def finals(self) -> list[Snapshot]:
        """All that was shown as ended."""
        return [shot for update in self.updates for shot in update if shot.status != "running"]


class Hand:
    """Looks and shows when it is told to; its clock is ahead of the real one by as much as it was moved."""

    def __init__(self, view: Shown) -> None:
        self.view = view
        self.ahead = 0

    def now(self) -> int:
        """Nanoseconds."""
        return perf_counter_ns() + self.ahead

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.ahead += round(seconds * 1e9)

    def look(self) -> None:
        """One look."""
        monitor.look(self.now())

    def show(self) -> list[Snapshot]:
        """One update; gives what was shown in it."""
        before = len(self.view.updates)
        monitor.show(self.now())
        return [shot for update in self.view.updates[before:] for shot in update]


@contextmanager
def watched(view: Shown) -> Iterator[Hand]:
    """The monitor's threads stand still, and this is its view."""
    monitor.pause()
    monitor.show(perf_counter_ns())
    before = monitor.view, monitor._chosen, monitor.clock
    hand = Hand(view)
    monitor.view, monitor._chosen, monitor.clock = view, True, hand.now
    monitor.finals.clear()
    others = monitor.running.copy()  # what another test left to the garbage collector
    monitor.running.clear()
    monitor.looking.asleep = monitor.showing.asleep = False  # so that nobody wakes them
    monitor.prepared = True  # nor waits for them to import
    try:
        yield hand
    finally:
        monitor.looking.asleep = monitor.showing.asleep = True
        monitor.view, monitor._chosen, monitor.clock = before
        monitor.running.update(others)

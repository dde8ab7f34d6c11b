"""A thread that calls a function at intervals while there is a reason to, and can be stopped for a `fork`."""

from __future__ import annotations

import sys
from _thread import allocate_lock, get_ident, start_new_thread
from time import perf_counter_ns, sleep, thread_time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PATIENCE = 2.0
"""Seconds that `stop` waits for a call that hangs (a terminal that takes no more text)."""
_AGAIN = 1_000_000_000
"""Nanoseconds until a thread is asked for again where there was none to be had: a loop wakes at each block."""
_LONG = 100_000_000
"""Nanoseconds: a beat that takes less is quick."""


class Pulse:
    """Calls `beat(late)` every `interval` ns until it gives False; `late` is by how many ns the thread overslept.

    Made of `_thread` alone: importing `threading` would cost more than a loop does.
    """

    def __init__(self, interval: int, beat: Callable[[int], bool], share: float) -> None:
        self.interval = interval
        self.beat = beat
        self.share = share  # of the time, at most, that beats may take: else they come less often
        self.reset()

    def reset(self) -> None:
        """No thread is there (any more: a forked child has one thread only)."""
        self.asleep = True
        self.slow = False  # whether somebody has waited for it in vain, and it was not quick since
        self._alone = allocate_lock()  # what the thread holds as long as it is there
        self._bell = allocate_lock()  # what it sleeps on: released to stop it, or to have it beat now
        self._bell.acquire()
        self._stopping = False
        self._waiting: list[Any] = []  # locks of those who wait for the next beat's end
        self._started = self._arrived = 0
        self._refused = 0  # until when not to ask for a thread again
        self._thread = 0

    def wake(self) -> bool:
        """Start the thread if it isn't there; where no thread can be started, go without. Gives whether it was started.

        A signal handler may raise at any point in here: the thread itself says when it is there, and goes again if
        another one is.
        """
        if not self.asleep or self._arrived < self._started or perf_counter_ns() < self._refused:
            return False
        self._stopping = False
        try:
            start_new_thread(self._run, ())
        except RuntimeError:  # no more threads, or no more at the interpreter's end
            self._refused = perf_counter_ns() + _AGAIN
            return False
        self._started += 1
        return True

    def _run(self) -> None:
        alone = self._alone
        there = alone.acquire(False)
        self._arrived += 1
        if not there:
            return
        self._thread = get_ident()
        self.asleep = False
        try:
            self._beat_on(self._bell)
        finally:
            self._thread = 0
            self.asleep = True
            alone.release()

    def _beat_on(self, bell: Any) -> None:
        clock, wait, cost = perf_counter_ns, self.interval, 0
        while True:
            slept = clock()
            rung = bell.acquire(timeout=wait / 1e9)
            if self._stopping:
                return
            woke = clock()
            waiting, self._waiting = self._waiting, []
            began = thread_time_ns()
            goes_on = self.beat(0 if rung else woke - slept - wait)
            if clock() - woke < _LONG:
                self.slow = False
            for done in waiting:
                done.release()
            if not goes_on:
                return
            before, cost = cost, thread_time_ns() - began
            least = int(min(before, cost) / self.share)  # the lesser of two: one that imports isn't what they cost
            wait = max(self.interval - (clock() - woke), least, self.interval // 10)

    def hurry(self, patience: float) -> bool:
        """Have it beat now, and wait for the end of that for so many seconds at most, unless that was in vain before.

        Gives whether there is a thread to do it.
        """
        self.wake()
        if self.asleep and self._arrived >= self._started:
            return False
        if self._thread == get_ident():
            return True
        done = allocate_lock()
        done.acquire()
        self._waiting.append(done)
        self._ring()
        if patience and not self.slow:
            self.slow = not done.acquire(timeout=patience)
        return True

    def _ring(self) -> None:
        try:
            self._bell.release()
        except RuntimeError:  # it is rung already
            pass

    def stop(self) -> None:
        """Stop the thread and wait until it is gone; the next `wake` starts another."""
        for _ in range(1000):  # one that was started just now hasn't said so yet
            if self._arrived >= self._started:
                break
            sleep(0.0001)
        self._arrived = self._started
        if self.asleep or self._thread == get_ident():
            return
        self._stopping = True
        self._ring()
        if self._alone.acquire(timeout=_PATIENCE):
            self._alone.release()
        self._bell.acquire(False)


def wait_for_threads_end() -> None:
    """A thread that has said goodbye may still be counted by the system, which 3.12's `fork` asks for its warning."""
    for _ in range(2000):
        try:
            with open("/proc/self/stat", "rb") as stat:
                threads = int(stat.read().rpartition(b")")[2].split()[17])
        except (OSError, ValueError, IndexError):  # no Linux
            return
        if threads <= len(sys._current_frames()):
            return

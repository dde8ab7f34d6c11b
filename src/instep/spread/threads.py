"""Threads of this process that compute jobs.

They are daemons that are waited for at exit: a program that ends lets them finish what they have begun, but Ctrl-C
ends it at once, which no thread of `concurrent.futures` allows.
"""

from __future__ import annotations

import atexit
import sys
import threading
from _queue import Empty, SimpleQueue
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING

from instep.spread.engines import LOOK
from instep.spread.jobs import Job, Task

if TYPE_CHECKING:
    from instep.model import Status

Hand = Callable[[Job], None]


class Threads:
    """Threads, started as jobs come, that end with the loop."""

    name = "threads"
    keeps_time = False

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._most = workers
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._abandoned: set[threading.Thread] = set()
        self._started = 0

    def check(self, task: Task) -> None:
        """Any function will do."""

    def open(self, most: int | None) -> None:
        """No more threads than there are jobs."""
        self._most = self.workers if most is None else min(self.workers, most)
        _pools.add(self)

    def begin(self, job: Job) -> None:
        """Queue it; one more thread for it, unless there are enough. `RuntimeError` where there can't be any."""
        if len(self._threads) < self._most:
            try:
                self._start()
            except RuntimeError:  # no more threads are to be had
                if not self._threads:
                    raise
        self._jobs.put(job)

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"instep-{self.name}-{self._started}", daemon=True)
        self._started += 1
        _there.add(thread)
        try:
            thread.start()
        except RuntimeError as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # to it CPython's waiting for an Event gives way so
                raise error.__context__ from None
            _there.discard(thread)
            raise
        self._threads.append(thread)

    def cancel(self, job: Job) -> bool:
        """In time, if no thread has taken it."""
        return job.claim()

    def abandon(self, job: Job) -> None:
        """A call can't be stopped: its thread goes when it is over, nobody waits for it, another takes its place."""
        thread = job.handle
        if thread in self._threads:
            try:
                self._start()
            except RuntimeError:  # no more threads are to be had: it is needed still
                return
            self._abandoned.add(thread)
            _there.discard(thread)
            self._threads.remove(thread)

    def close(self, status: Status) -> None:
        """Each thread ends after what it does just now."""
        _pools.discard(self)
        for _ in range(self._started):
            self._jobs.put(None)
        if status in ("failed", "interrupted"):
            _there.difference_update(self._threads)

    def drain(self) -> None:
        """Begin nothing more."""
        try:
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job.claim()
        except Empty:
            self.close("stopped")

    def _work(self) -> None:
        me = threading.current_thread()
        hand, leave = self._hand()
        try:
            self._serve(me, hand)
        finally:
            leave()
            _there.discard(me)

    def _serve(self, me: threading.Thread, hand: Hand) -> None:
        while me not in self._abandoned and (job := self._jobs.get()) is not None:
            if job.claim():
                job.handle, job.since = me, perf_counter_ns()
                hand(job)
            del job

    def _hand(self) -> tuple[Hand, Callable[[], object]]:
        """What a thread does with a job, and at its end."""
        return _compute, _nothing


def _nothing() -> None:
    pass


def _compute(job: Job) -> None:
    try:
        job.compute()
    except BaseException as error:  # of ours, or one that somebody has had raised in this thread
        job.fail(error)


_there: set[threading.Thread] = set()
"""Threads that may be at work."""
_pools: set[Threads] = set()
"""Those that are open."""


def _finish() -> None:
    """At exit: let finish what was begun, unless Ctrl-C ends the program, now or while we wait."""
    if isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
        return
    try:
        for pool in list(_pools):
            pool.drain()
        for thread in list(_there):
            _wait_for(thread)
    except KeyboardInterrupt:
        pass


def _wait_for(thread: threading.Thread) -> None:
    while thread.is_alive():
        thread.join(LOOK)


atexit.register(_finish)

"""Where steps run: the protocol of an engine, and which one `on=` means. To add one, write one class.

| on | engine |
|---|---|
| `None` | none: here, in the consumer's thread |
| `"threads"`, `"threads:8"` | threads of this process, ended with the loop |
| `"processes"`, `"processes:2"`, `2` | processes of its own, ended with the loop |
| an object with `submit`, as `concurrent.futures` has it | that one, left open |
| a Dask `Client`, or a scheduler's address | a cluster; a client that was given is left open |
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from instep.checks import short, whole

if TYPE_CHECKING:
    from instep.model import Status
    from instep.spread.jobs import Job, Task

LOOK = 0.25
"""Seconds to wait at one go: CPython's waits do not end by a signal that came just before, or to another thread."""


class Engine(Protocol):
    """Computes jobs. It is called by one thread at a time; jobs are finished by whichever."""

    name: str
    keeps_time: bool
    """Whether it ends by itself what takes too long."""

    @property
    def workers(self) -> int:
        """How many jobs it runs at once."""

    def check(self, task: Task) -> None:
        """Raise, at the call of `each`, if this function can't be sent there."""

    def open(self, most: int | None) -> None:
        """Be ready for jobs, of which at most so many will be under way; called once, before the first."""

    def begin(self, job: Job) -> None:
        """Have it computed as soon as a worker is free; then call its `finish`, or `fail`."""

    def cancel(self, job: Job) -> bool:
        """Call it back; whether that came in time, so that it is never begun."""

    def abandon(self, job: Job) -> None:
        """It has taken too long, and nobody waits for it any more; it may be told more than once."""

    def close(self, status: Status) -> None:
        """No more jobs will come, and what was made for them goes; returns without waiting.

        What runs is let finish. The program's end waits for that, unless the loop *failed*, as it may have done by
        Ctrl-C; where it was *interrupted*, what runs is stopped if that can be done.
        """


_EXPECTED = (
    "on= expected None, 'threads', 'processes', either with a number as in 'threads:8', a number of processes, "
    "a concurrent.futures.Executor, a Dask Client, or a scheduler's address such as 'tcp://127.0.0.1:8786'"
)


def engine(on: Any) -> Engine | None:
    """The engine that `on` means; `None` for here. Starts nothing yet."""
    if on is None:
        return None
    if isinstance(on, str):
        return _named(on)
    if callable(getattr(on, "get_executor", None)) and hasattr(on, "scheduler_info"):
        from instep.spread.dask import Cluster

        return Cluster(on)
    if callable(getattr(on, "submit", None)) and not isinstance(on, type):
        from instep.spread.executors import Executors

        return Executors(on)
    if isinstance(on, int) and not isinstance(on, bool):
        return _processes(whole("on", on))
    raise TypeError(f"{_EXPECTED}; got {short(on)}")


def _named(on: str) -> Engine:
    if "://" in on:
        from instep.spread.dask import Cluster

        return Cluster(on)
    name, colon, number = on.partition(":")
    if name not in ("threads", "processes") or (colon and not (number.isascii() and number.isdigit())):
        raise ValueError(f"{_EXPECTED}; got {short(on)}")
    if name == "processes":
        return _processes(int(number) if colon else processors())
    from instep.spread.threads import Threads

    # As in concurrent.futures: threads are for what waits, and for a few more things than there are processors.
    return Threads(_some(int(number)) if colon else min(32, processors() + 4))


def _processes(workers: int) -> Engine:
    from instep.spread.processes import Processes

    return Processes(_some(workers))


def _some(workers: int) -> int:
    if workers < 1:
        raise ValueError(f"on= expected at least 1 worker; got {workers}")
    return workers


def processors() -> int:
    """How many this process may use."""
    count = getattr(os, "process_cpu_count", None)  # 3.13
    if count is not None:
        return count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Any `concurrent.futures.Executor`, or what looks like one: jobs are submitted one by one, never through its `map`."""

from __future__ import annotations

from concurrent.futures import CancelledError, Executor, Future
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from instep.errors import InstepError
from instep.spread.engines import processors
from instep.spread.failures import Refused, of_stop
from instep.spread.jobs import Job, Task

if TYPE_CHECKING:
    from instep.model import Status


class Executors:
    """An executor that somebody else has made, and closes.

    It is held as long as the loop goes on: `ThreadPoolExecutor` and `ProcessPoolExecutor` stop without a word when
    nobody holds them.
    """

    keeps_time = False

    def __init__(self, executor: Executor) -> None:
        self._executor: Executor | None = executor
        self.name = type(executor).__name__
        workers = getattr(executor, "_max_workers", None)
        self.workers = workers if isinstance(workers, int) and workers > 0 else processors()

    def check(self, task: Task) -> None:
        """It can't be told whether it sends functions anywhere; it will say so."""

    def open(self, most: int | None) -> None:
        """It is ready."""

    def begin(self, job: Job) -> None:
        """Submit it. When it is begun nobody tells."""
        executor = self._executor
        assert executor is not None
        job.since = perf_counter_ns()
        try:
            job.handle = future = executor.submit(job)
        except Exception as error:
            raise Refused(f"on={self.name} takes no more: {type(error).__name__}: {error}") from error

        def over(future: Future[Any]) -> None:
            _settle(job, future)

        future.add_done_callback(over)

    def cancel(self, job: Job) -> bool:
        """As far as futures can be cancelled."""
        handle = job.handle
        return handle is not None and bool(handle.cancel()) and job.claim()

    def abandon(self, job: Job) -> None:
        """Cancel it; if it has begun, it goes on, and nobody hears of it."""
        if job.handle is not None:
            job.handle.cancel()

    def close(self, status: Status) -> None:
        """Let go of it."""
        self._executor = None


def _settle(job: Job, future: Future[Any]) -> None:
    try:
        returned = future.result()
        if returned is not None:
            job.returned(returned)
        elif job.claim():  # else it was computed in this process, and has said so itself
            job.fail(InstepError("its executor says that it is done, and has not called it"))
    except CancelledError as error:
        job.fail(InstepError(f"it was cancelled by somebody else: {error}"))
    except BaseException as error:
        job.fail(of_stop(error))

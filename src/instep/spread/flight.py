"""`Flight`: the steps that were sent and are not handed out. How it is filled, waited for, tried again, called back.

Ctrl-C may come at any moment in here, and whoever catches it may ask again. So nothing is known twice: a job is under
way if it is in `_jobs`, it is over if it has an outcome or an error, and what is done once more does no harm.
"""

from __future__ import annotations

from _queue import Empty, SimpleQueue
from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from instep.model import Spread
from instep.spread.engines import LOOK, Engine
from instep.spread.failures import CannotSend, Refused, too_long
from instep.spread.jobs import Job, Task
from instep.spread.run import WindowRun
from instep.spread.sizes import Sizes
from instep.spread.work import Outcome

if TYPE_CHECKING:
    from instep.model import Status


class Flight:
    """Jobs in the order of the input."""

    def __init__(
        self, run: WindowRun, task: Task, engine: Engine, source: Iterator[Any], ahead: int | None, ordered: bool
    ) -> None:
        self._run, self._task, self._engine = run, task, engine
        self._source: Iterator[Any] | None = source
        self._ahead, self._ordered, self._timeout = ahead, ordered, task.timeout
        self._sizes = Sizes(single=ahead is not None or task.timeout is not None)
        self._items: list[Any] = []  # taken from the source, not yet known to be in a job
        self._trouble: BaseException | None = None  # what the source has raised
        self._jobs: deque[Job] = deque()
        self._news: SimpleQueue[bool] = SimpleQueue()  # something is over, and whether anything of it failed
        self._troubled = False  # whether it did
        self._late: deque[Job] = deque()  # what has taken too long, and is to be given up
        self._half = False  # whether something was begun in here and not done
        self._opened = self._closing = False
        self._sent = self._computed = self._cancelled = self._failed = self._retried = 0

    # Filling

    def fill(self, more: int = 0) -> None:
        """Send what there is room for, and so many chunks more."""
        if not self._opened:
            self._engine.open(self._ahead)
            self._opened = True
        self._adopt()
        if self._half:
            self._begin_all()
        self._half = True
        while not self._closing and (self._trouble is None or self._items):
            self._adopt()
            if len(self._jobs) >= (self._ahead or self._engine.workers) + more:
                break
            items = self._pull(self._sizes.next())
            if not items:
                break
            job = self._job(self._sent, items)
            self._jobs.append(job)
            self._adopt()
            self._begin(job)
        self._half = False

    def _job(self, start: int, items: list[Any], tried: int = 0) -> Job:
        return Job(self._task, start, items, self._sizes.exact, self._news.put, tried)

    def _adopt(self) -> None:
        """What the last job has is not to be sent again."""
        items = self._items
        if items and self._jobs and self._jobs[-1].items is items:
            self._sent, self._items = self._sent + len(items), []

    def _begin_all(self) -> None:
        for job in list(self._jobs):
            if not job.sent:
                self._begin(job)

    def _pull(self, n: int) -> list[Any]:
        """The next `n` arguments, or as many as there are."""
        source, items, run = self._source, self._items, self._run
        if source is None or self._trouble is not None:
            return items
        run.pulling = True
        began = perf_counter_ns()
        try:
            items.extend(islice(source, max(n - len(items), 0)))
            if len(items) < n:
                self._source = None
        except Exception as error:  # of the source: its turn comes after what was sent before
            self._trouble = error
        finally:
            run.pulling = False
        if items:
            self._sizes.pulled(len(items), perf_counter_ns() - began)
        return items

    def _begin(self, job: Job) -> None:
        try:
            self._engine.begin(job)
            job.sent = True
        except Refused as error:  # its turn comes after what was sent before, and is the last
            self._sent -= sum(one.size for one in self._jobs if not one.sent)
            self._jobs = deque(one for one in self._jobs if one.sent)
            self._source, self._trouble = None, error

    # Waiting

    def next(self) -> Job | None:
        """The job whose results are due, waited for; `None` where nothing is under way. It stays until it is taken."""
        while self._jobs and not self._closing:
            if self._late:
                self._give_up()
            for _ in range(self._news.qsize()):  # what was told so far is seen below
                self._troubled |= self._news.get()
            if self._troubled:
                for job in list(self._jobs):  # what failed is sent again, wherever it stands
                    if job.over:
                        self._is_due(job)
                self._troubled = False
            for job in list(islice(self._jobs, 1) if self._ordered else self._jobs):
                if job.over and self._is_due(job):
                    return job
            if self._jobs:
                self._wait()
        return None

    def trouble(self) -> BaseException | None:
        """What the source has raised; it is asked again after that."""
        trouble, self._trouble = self._trouble, None
        return trouble

    def take(self, job: Job) -> None:
        """Its results are being handed out: it is under way no more."""
        try:
            self._jobs.remove(job)
        except ValueError:  # it was taken, and then came Ctrl-C
            pass

    def count(self, job: Job, outcome: Outcome) -> None:
        """Its steps have come to this."""
        if outcome.ns:
            self._sizes.computed(job.size, outcome.ns, job.weight)
        self._computed += 0 if isinstance(job.error, CannotSend) else job.size
        self._failed += len(outcome.failures)
        self._retried += outcome.retried

    def wake(self) -> None:
        """Nobody is to wait, or to send, any more."""
        self._closing = True
        self._news.put(False)

    def _wait(self) -> None:
        """Until something is over, or has taken too long, or it is time to look whether a signal has come."""
        patience = self._patience()
        try:
            self._troubled |= self._news.get(True, LOOK if patience is None else min(patience, LOOK))
        except Empty:
            if patience is not None:
                self._expire()

    def _patience(self) -> float | None:
        """Seconds until the next job will have taken too long."""
        if self._timeout is None or self._engine.keeps_time:
            return None
        began = [job.since for job in self._jobs if job.since and not job.over]
        left = self._timeout - (perf_counter_ns() - min(began)) / 1e9 if began else self._timeout
        return max(left, 0.001)

    def _expire(self) -> None:
        now, most = perf_counter_ns(), self._timeout or 0
        self._late.extend(job for job in self._jobs if job.since and not job.over and (now - job.since) / 1e9 >= most)
        self._give_up()

    def _give_up(self) -> None:
        """Do without those that are late, and without who computes them."""
        while self._late:
            job = self._late[0]
            job.fail(too_long(self._timeout or 0))
            if job.outcome is None:  # else it was not so late
                self._engine.abandon(job)
            self._late.popleft()

    def _is_due(self, job: Job) -> bool:
        """Whether it may be handed out; if it came to nothing, or to less, the rest is sent again where that may be."""
        outcome, error = job.ended
        if outcome is not None and not job.logged and (why := self._failure(job, outcome)) is not None:
            outcome, error = job.ended = None, why
        if outcome is None and error is not None and not self._again(job, error):
            attempts = 0 if isinstance(error, CannotSend) else 1
            outcome = Outcome([None] * job.size, dict.fromkeys(range(job.size), (error, attempts)))
            job.ended = outcome, error
        if outcome is not None and len(outcome.results) < job.size:
            self._cut(job, outcome)
        return outcome is not None

    def _failure(self, job: Job, outcome: Outcome) -> BaseException | None:
        """What a single step came to, where that was too late, or may be tried again."""
        if self._timeout is not None and outcome.ns > self._timeout * 1e9:
            return too_long(self._timeout)
        if job.size > 1 or not job.retries or not outcome.failures:
            return None
        error, _ = outcome.failures[0]
        if not isinstance(error, Exception) or isinstance(error, CannotSend):
            return None
        for note in outcome.notes:
            self._run.jot(*note)
        return error

    def _again(self, job: Job, error: BaseException) -> bool:
        """Send it once more, if it may be, in pieces, so that one bad step costs no others."""
        if isinstance(error, CannotSend):
            if job.size == 1:
                return False
            self._put(job, [], 0, (job.size + 1) // 2, job.tried)
            job.release()
        elif job.retries:
            self._retried += job.size
            self._put(job, [], 0, 1, job.tried + 1)
            job.release()
        else:
            return False
        return True

    def _cut(self, job: Job, outcome: Outcome) -> None:
        """Its steps have become slower: of those that there was no time for, fewer are sent at once."""
        done = len(outcome.results)
        rest = job.start + done
        if not any(one.start == rest for one in self._jobs):  # else Ctrl-C came between this and what follows
            self._sizes.computed(done, outcome.ns, 0)
            self._put(job, [job], done, self._sizes.next(), job.tried)
        del job.items[done:]
        job.size = done

    def _put(self, job: Job, first: list[Job], done: int, piece: int, tried: int) -> None:
        """In the place of `job` put `first`, and new ones, of so many steps each, for its steps from `done` on."""
        items, start = list(job.items), job.start
        fresh = [self._job(start + k, items[k : k + piece], tried) for k in range(done, len(items), piece)]
        at = self._jobs.index(job)
        self._half = True  # until all of them are sent
        self._jobs = deque(chain(islice(self._jobs, at), first, fresh, islice(self._jobs, at + 1, None)))
        self._begin_all()
        self._half = False

    # Counting

    def spread(self) -> Spread:
        """What has become of the steps so far."""
        jobs, total = list(self._jobs), self._run.total
        jobs = [job for job in jobs if not job.logged]
        over = sum(job.size for job in jobs if job.over)
        return Spread(
            self._engine.name,
            self._engine.workers,
            self._run.position,
            self._computed + over,
            sum(job.size for job in jobs) - over,
            self._cancelled,
            None if total is None else max(total - self._run.initial - self._sent, 0),
            self._failed,
            self._retried,
        )

    # The end

    def close(self, status: Status) -> None:
        """Call back what was not begun, let finish what was, and let go of all; nothing is waited for."""
        self._closing = True
        self._adopt()
        for job in list(self._jobs):
            if not job.over and self._engine.cancel(job):
                self._jobs.remove(job)
                self._cancelled += job.size
        self._run.spread = self.spread()
        if self._opened:
            self._engine.close(status)
        self._source, self._items, self._jobs, self._late, self._news = None, [], deque(), deque(), SimpleQueue()

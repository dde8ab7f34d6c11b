"""`Window`: the results of an `each` whose steps run elsewhere, as they are asked for.

Nothing is sent but when a result is asked for. With `ahead=n` there are then at most n steps that were sent and not
handed out, the one that is asked for among them: who took k has had at most k + n - 1 computed. By default steps that
take less than 10 ms travel in chunks; when a chunk of results begins to be handed out, others for all workers are sent.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

from instep.errors import InstepError
from instep.owed import owe
from instep.spread.failures import Failure, noted
from instep.spread.flight import Flight
from instep.spread.jobs import Job, Task
from instep.spread.parts import Parts
from instep.spread.run import WindowRun
from instep.spread.sending import rebuilt
from instep.spread.work import Outcome

if TYPE_CHECKING:
    from instep.model import Status


class Block:
    """The results of a job, handed out as far as `at`; or what the source has raised."""

    __slots__ = ("at", "errors", "job", "results", "size", "start")

    def __init__(
        self,
        job: Job | None,
        start: int,
        results: list[Any],
        errors: dict[int, BaseException],
    ) -> None:
        self.job, self.start, self.results, self.errors = job, start, results, errors
        self.at, self.size = 0, len(results)


class Window:
    """An iterator of results. Where a step has failed its error is raised, and the next result comes after it."""

    def __init__(self, run: WindowRun, task: Task, flight: Flight, yielding: bool) -> None:
        self.run = run
        self.ended = False
        self.block = Block(None, 0, [], {})
        self.part: list[Any] = []  # what a `for` walks just now
        self._task, self._flight, self._yielding = task, flight, yielding
        self._lock = allocate_lock()
        self._inside = 0  # the thread that has it
        self._begun = self._gone = self._interrupted = False
        self._closed: Status | None = None  # how
        self._process = os.getpid()

    def __iter__(self) -> Window:
        return self

    def __next__(self) -> Any:
        while True:
            block = self.block
            at = block.at
            if at < block.size:
                # No other thread, and no signal, comes between these: CPython lets them in at calls and jumps only.
                block.at = at + 1
                if block.errors and at in block.errors:
                    raise self.error(block, at)
                result = block.results[at]
                block.results[at] = None
                return result
            if self.ended:
                raise StopIteration
            self.ask()

    def quickly(self) -> Iterator[Any]:
        """The same, in C, for one thread that won't go on after Ctrl-C: a `for`."""
        return chain.from_iterable(Parts(self))

    def error(self, block: Block, at: int) -> BaseException:
        """The error of a step, to be raised in the place of its result."""
        if block.job is not None:
            self.run.origin = self.run.position, block.start + at + 1
        return block.errors.pop(at)

    # Asking

    def ask(self) -> None:
        """Have a block with something in it, or come to the end."""
        me = get_ident()
        if self._inside == me:
            raise InstepError("this each() was asked for a result by its own input, while it asked that for an item")
        if self._process != os.getpid():
            raise InstepError("this each() was begun in another process, and so were its workers: make a new one")
        with self._lock:
            self._inside = me
            try:
                if self.block.at >= self.block.size and not self.ended:
                    self._advance()
            except KeyboardInterrupt:
                self._interrupted = True
                raise
            finally:
                self._inside = 0
        self._interrupted = False
        if self._closed:
            self.close(self._closed)

    def _advance(self) -> None:
        if not self._begun:
            self.run.leave, self.run.count = _weakly(self.close), _weakly(self._flight.spread)
            self._begun = True
        flight, handed = self._flight, self.block.job
        if handed is not None:
            flight.take(handed)
        flight.fill()
        job = flight.next()
        if job is not None:
            block = self._block(job)
            if job.size > 1:  # while this chunk is handed out all workers have another
                flight.fill(more=1)
            self.run.origin = self.run.position, block.start
            self.block = block
            job.release()
        elif (trouble := flight.trouble()) is not None:
            self.block = Block(None, 0, [None], {0: trouble})
        else:
            self.ended = True

    def _block(self, job: Job) -> Block:
        outcome, start = job.outcome, job.start
        assert outcome is not None
        if not job.logged:
            job.logged = True
            self._log(job, outcome)
        errors = {}
        for at, (error, attempts) in outcome.failures.items():
            arguments, tried = self._task.arguments(job.items[at]), job.tried + attempts
            if job.error is not None and job.size > 1:  # all have failed by one
                error = _another(error)
            error = noted(error, start + at, arguments, tried)
            if self._yielding and isinstance(error, Exception):
                outcome.results[at] = Failure(start + at, arguments, error, tried)
            else:
                errors[at] = error
        return Block(job, start, outcome.results, errors)

    def _log(self, job: Job, outcome: Outcome) -> None:
        """How long its steps took, and what was said in them."""
        run, own = self.run, self.run.own
        for note in outcome.notes:
            run.jot(*note)
        with own.lock:
            own.first = run.initial + job.start - own.count
            if outcome.each:
                own.add_each(list(outcome.each), None)
            elif outcome.ns:
                own.add(job.size, outcome.ns, outcome.single)
        self._flight.count(job, outcome)

    # The end

    def close(self, status: Status) -> None:
        """Nothing more is handed out; what was not begun is called back, what runs is let finish.

        It may come from anywhere: a signal handler, a finalizer, another thread. Where somebody is inside, he does it
        when he leaves.
        """
        self._closed = "interrupted" if self._interrupted else status
        if self._gone or self._process != os.getpid():
            return
        self._flight.wake()
        if self._inside:
            return
        with self._lock:
            if self._gone:  # by another thread
                return
            self.ended = True
            self._flight.close(self._closed)
            self.run.count = None
            self.block = Block(None, 0, [], {})
            self.part.clear()
            self._gone = True

    def __del__(self) -> None:
        for _ in range(3):
            if self._begun and not self._gone:  # Ctrl-C had cut short what would have closed it
                try:
                    self.close("stopped")
                except BaseException as error:  # a signal handler's: it would be lost here
                    owe(error)


def _weakly(method: Any) -> Callable[..., Any]:
    """To call it without keeping its object: the run, which all know, would else keep what keeps the run going."""
    weak = WeakMethod(method)

    def call(*arguments: Any) -> Any:
        method = weak()
        return None if method is None else method(*arguments)

    return call


def _another(error: BaseException) -> BaseException:
    """A copy to be raised in another step; not by `copy`, to which others teach their own way (tblib, for Dask)."""
    try:
        other = rebuilt(type(error), error.args, error.__dict__)
        other.__cause__ = error.__cause__
        if hasattr(error, "__notes__"):
            other.__notes__ = list(error.__notes__)
        return other
    except Exception:  # of a class that can't be copied
        return error

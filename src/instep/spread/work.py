"""A chunk of consecutive steps, computed where it is sent: in a thread, in a process, anywhere.

| steps take | timed |
|---|---|
| 10 µs and more, or are sent one at a time | each by itself |
| less | the chunk, and one of them by itself |
"""

from __future__ import annotations

from _operator import not_
from collections.abc import Callable, Iterator, Sequence
from itertools import compress, islice, starmap
from operator import sub
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from instep.computation import Computation
from instep.current import latest
from instep.spread.failures import of_stop

if TYPE_CHECKING:
    from instep.model import Status

SLOW = 10_000
"""Nanoseconds: from here on each step of a chunk is timed by itself, which costs about 0.1 µs."""
Note = tuple[int, Any, dict[str, Any]]


class Outcome(NamedTuple):
    """What a chunk came to."""

    results: list[Any]
    """One a step; `None` for those that failed."""
    failures: dict[int, tuple[BaseException, int]]
    """By its place in the chunk, what a step raised, and how often it was tried."""
    ns: int = 0
    """All of it took so long; 0 where it was not computed."""
    each: Sequence[int] = ()
    """Nanoseconds of each step, where they were timed one by one."""
    single: int = -1
    """Nanoseconds of the last step but one, where that was timed by itself."""
    notes: Sequence[Note] = ()
    """What was said in a step, by its index; empty where it was told at once."""
    retried: int = 0


class StepRun(Computation):
    """Stands for the `each` in the thread that computes a chunk: what is said there goes to the step under way."""

    status: Status = "running"
    thread = -1  # none that begins anything: so it is inherited, wherever it is asked for

    def __init__(self, start: int, tell: Callable[[int, Any, dict[str, Any]], object], behind: Computation | None):
        super().__init__(None, None)
        self.behind = behind
        self._start, self._tell = start, tell
        self._results: list[Any] = []

    def follow(self, results: list[Any]) -> None:
        """Where the results gather tells which step is under way."""
        self._results = results

    @property
    def index(self) -> int:
        """The step under way."""
        return self._start + len(self._results)

    def note(self, value: object, fields: dict[str, Any]) -> None:
        """Say something about it."""
        self._tell(self.index, value, fields)


def again(
    function: Callable[..., Any], arguments: tuple[Any, ...], error: BaseException, retries: int
) -> tuple[Any, BaseException | None, int]:
    """After `error`, call up to `retries` times more: the result, or else the last error, and how often it was called.

    What is no `Exception` (Ctrl-C, `sys.exit`) is not tried again.
    """
    attempts = 1
    while attempts <= retries and isinstance(error, Exception):
        attempts += 1
        try:
            return function(*arguments), None, attempts
        except BaseException as other:
            error = of_stop(other)
    try:
        return None, error, attempts
    finally:
        del error  # which has us, by its traceback


class _Chunk:
    """Steps under way."""

    def __init__(self, function: Callable[..., Any], items: Sequence[Any], single: bool, retries: int) -> None:
        self.results: list[Any] = []
        self.failures: dict[int, tuple[BaseException, int]] = {}
        self.retried = 0
        self.stamps: list[int] = []
        self.calls: Iterator[Any] = map(function, items) if single else starmap(function, items)
        self._function, self._items, self._single, self._retries = function, items, single, retries

    def take(self, n: int, steps: Iterator[Any]) -> None:
        """`n` more of these steps, in C: `extend` keeps what came before one that raises."""
        results = self.results
        wanted = len(results) + n
        while (missing := wanted - len(results)) > 0:
            try:
                results.extend(islice(steps, missing))
                if len(results) == wanted:
                    return
                raise StopIteration  # the function did: it is no end
            except BaseException as error:
                self._failed(of_stop(error))
            if steps is not self.calls:
                self.stamps.append(perf_counter_ns())

    def timed(self) -> Iterator[Any]:
        """The steps, a stamp after each; no Python code runs for it."""
        return compress(self.calls, map(not_, map(self.stamps.append, iter(perf_counter_ns, -1))))

    def _failed(self, error: BaseException) -> None:
        at = len(self.results)
        item = self._items[at]
        arguments = (item,) if self._single else tuple(item)
        result, last, attempts = again(self._function, arguments, error, self._retries)
        self.retried += attempts - 1
        if last is not None:
            self.failures[at] = last, attempts
        self.results.append(result)
        del error, last


def compute(
    function: Callable[..., Any], items: Sequence[Any], single: bool, retries: int, exact: bool, step: StepRun
) -> Outcome:
    """Compute a chunk here and now. `exact` has each step timed. What `function` raises is in the outcome."""
    chunk = _Chunk(function, items, single, retries)
    step.follow(chunk.results)
    latest.set(step)
    n, alone = len(items), -1
    began = perf_counter_ns()
    if exact or n < 3:
        chunk.stamps.append(began)
        chunk.take(n, chunk.timed())
        each = list(map(sub, chunk.stamps[1:], chunk.stamps))
    else:
        each = []
        chunk.take(n - 2, chunk.calls)
        chunk.stamps.append(perf_counter_ns())
        chunk.take(1, chunk.timed())
        alone = chunk.stamps[-1] - chunk.stamps[0]
        chunk.take(1, chunk.calls)
    return Outcome(chunk.results, chunk.failures, perf_counter_ns() - began, each, alone, (), chunk.retried)

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
LONG = 50_000_000
"""Nanoseconds: a chunk that has taken so long is given back as far as it has come. Its steps have become slower."""
PIECE, SLOW_PIECE = 256, 16
"""Steps, at most, between two looks at the clock, which cost about 1 µs."""
FEW = 3
"""Steps: of so few, each is timed."""
Note = tuple[int, Any, dict[str, Any]]


class Outcome(NamedTuple):
    """What a chunk came to, or the first steps of it, where they took too long for one chunk."""

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

    def __init__(
        self,
        function: Callable[..., Any],
        items: Sequence[Any],
        single: bool,
        retries: int,
        clock: Callable[[], int],
    ) -> None:
        self.results: list[Any] = []
        self.failures: dict[int, tuple[BaseException, int]] = {}
        self.retried = 0
        self.stamps: list[int] = []
        self.calls: Iterator[Any] = map(function, items) if single else starmap(function, items)
        self._function, self._items, self._single, self._retries = function, items, single, retries
        self._clock = clock

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
                self.stamps.append(self._clock())

    def timed(self) -> Iterator[Any]:
        """The steps, a stamp after each; no Python code runs for it."""
        return compress(self.calls, map(not_, map(self.stamps.append, iter(self._clock, -1))))

    def each(self, began: int) -> list[int]:
        """Take them all, or as many as there is time for, and each one's time."""
        self.stamps.append(began)
        self._while_there_is_time(len(self._items), SLOW_PIECE, self.timed(), began)
        return list(map(sub, self.stamps[1:], self.stamps))

    def most(self, began: int) -> int:
        """The same, quicker: the time of the last but one."""
        if self._while_there_is_time(len(self._items) - 2, PIECE, self.calls, began):
            return -1
        self.stamps.append(self._clock())
        self.take(1, self.timed())
        alone = self.stamps[-1] - self.stamps[0]
        self.take(1, self.calls)
        return alone

    def _while_there_is_time(self, n: int, piece: int, steps: Iterator[Any], began: int) -> int:
        """Take `n` steps; gives how many of them are left. One piece there is always time for."""
        self.take(min(n, piece), steps)
        n -= min(n, piece)
        while n and self._clock() - began < LONG:
            self.take(min(n, piece), steps)
            n -= min(n, piece)
        return n

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
    function: Callable[..., Any],
    items: Sequence[Any],
    single: bool,
    retries: int,
    exact: bool,
    step: StepRun,
    clock: Callable[[], int] = perf_counter_ns,
) -> Outcome:
    """Compute a chunk here and now. `exact` has each step timed. What `function` raises is in the outcome.

    `clock` gives nanoseconds. Where it has gone too far the outcome has the first steps only.
    """
    chunk = _Chunk(function, items, single, retries, clock)
    step.follow(chunk.results)
    latest.set(step)
    began = clock()
    try:
        if exact or len(items) < FEW:
            each, alone = chunk.each(began), -1
        else:
            each, alone = [], chunk.most(began)
        return Outcome(chunk.results, chunk.failures, clock() - began, each, alone, (), chunk.retried)
    finally:
        chunk.failures = {}  # an error has its frames, and they have the chunk

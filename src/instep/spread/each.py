"""`each` and `Each`: a lazy, tracked map, whose steps run here or anywhere."""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict, TypeVar, Unpack, overload

from instep.checks import checked_str, short, whole
from instep.errors import InstepError
from instep.handle import Handle
from instep.loops import WALKED, Track, WalkedAlready
from instep.opcodes import GET_ITER
from instep.sources import known_length
from instep.spread.engines import engine
from instep.spread.failures import Failure
from instep.spread.flight import Flight
from instep.spread.here import results
from instep.spread.jobs import Task
from instep.spread.run import EachRun, HereRun, WindowRun
from instep.spread.window import Window

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
R = TypeVar("R")
_COROUTINE = 0x80  # a flag of a code object, as in inspect
_LONGEST = 10**8  # seconds: three years


if TYPE_CHECKING:

    class _Options(TypedDict, total=False):
        on: Any
        ahead: int | None
        ordered: bool
        retries: int
        timeout: float | None
        name: str | None
        unit: str

    class _Raising(_Options, total=False):
        errors: Literal["raise"]

    class _Yielding(_Options):
        errors: Literal["yield"]


class Each(Track[R]):
    """The results of one `each`, lazily; an iterator that is a `Track` besides. See `each`.

    A step is a call: it is over when its result is handed out. `timer` has the calls' own time, taken where they ran;
    its `fetch` is the time that the consumer waited, its `body` the consumer's own.
    """

    __slots__ = ("_left",)

    def __init__(self, run: EachRun, results: Iterator[R]) -> None:
        Handle.__init__(self, results, run, given=False)
        self._own = self._cursor = self._lock = None
        self._left = False  # whether a `for` walks it, and stops it when it is left

    def __iter__(self) -> Iterator[R]:
        """Goes on where it stands, as any iterator; but a bare `for` stops it when it is left.

        `InstepError` for one that was stopped so, rather than doing nothing, and for a second thread's `for`.
        """
        frame, run = sys._getframe(1), self._run
        if run.cut and not self._left:
            return self  # `next` goes on past what Ctrl-C has ended
        if run.ended:
            if self._left and run.status != "finished":
                raise InstepError(
                    f"{run.label}: the `for` that was left has stopped it; "
                    "to take some of the results and go on later, use next() or itertools.islice"
                )
            return iter(())
        by_for = frame.f_code.co_code[frame.f_lasti] == GET_ITER
        own = self._own
        if own is None and run.status != "pending":
            self._check_thread()
            return self  # a `for` walks it: takes from that
        if not by_for:
            return self._begin() if own is None else own
        self._own = None
        if own is None:
            self._left = True
            return self._pass(self._walkable(), by_for=True)
        run.by_for = run.frame == id(frame)  # `next` has begun it
        return own

    def _check_thread(self) -> None:
        run = self._run
        if run.by_for and run.thread != get_ident():
            raise InstepError(f"{run.label}: a `for` in another thread walks it; threads share it by next() alone")

    def _pass(self, source: Any, by_for: bool) -> Iterator[R]:
        if isinstance(source, Window) and by_for:
            walked = super()._pass(source.quickly(), by_for)
            self._source = WALKED
            return walked
        return super()._pass(source, by_for)

    def __next__(self) -> R:
        run = self._run
        if self._own is None and run.status != "pending":
            if run.ended and not run.cut:
                raise StopIteration
            self._check_thread()
        try:
            return super().__next__()
        except WalkedAlready:
            if not run.ended:
                raise
            raise StopIteration from None  # it was closed just now, by another thread

    def close(self) -> None:
        """End it now, *stopped*: what was not begun is called back, and whoever walks it comes to its end."""
        run = self._run
        if run.status == "pending":
            self._source, run.status, run.ended = (), "stopped", perf_counter_ns()
        Handle.close(self)
        self._own, self._left = None, False

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        super().__exit__(kind, *error)
        self.close()

    def __len__(self) -> int:
        raise TypeError("an each() has no len(); total is how many results are expected")

    def __reversed__(self) -> Iterator[R]:
        raise TypeError("an each() goes forward only: reverse its input, each(function, order(items).backward())")

    def __aiter__(self) -> AsyncIterator[R]:
        raise TypeError("an each() is no asynchronous iterable: write `for ... in each(...)`")

    def __reduce__(self) -> NoReturn:
        raise TypeError("an each() can be neither copied nor pickled: make another")


if TYPE_CHECKING:

    @overload
    def each(
        function: Callable[[A], R],
        first: Iterable[A],
        /,
        **options: Unpack[_Raising],
    ) -> Each[R]: ...
    @overload
    def each(
        function: Callable[[A, B], R],
        first: Iterable[A],
        second: Iterable[B],
        /,
        **options: Unpack[_Raising],
    ) -> Each[R]: ...
    @overload
    def each(
        function: Callable[[A, B, C], R],
        first: Iterable[A],
        second: Iterable[B],
        third: Iterable[C],
        /,
        **options: Unpack[_Raising],
    ) -> Each[R]: ...
    @overload
    def each(
        function: Callable[..., R],
        first: Iterable[Any],
        second: Iterable[Any],
        third: Iterable[Any],
        fourth: Iterable[Any],
        /,
        *more: Iterable[Any],
        **options: Unpack[_Raising],
    ) -> Each[R]: ...
    @overload
    def each(
        function: Callable[[A], R],
        first: Iterable[A],
        /,
        **options: Unpack[_Yielding],
    ) -> Each[R | Failure]: ...
    @overload
    def each(
        function: Callable[..., R],
        first: Iterable[Any],
        second: Iterable[Any],
        /,
        *more: Iterable[Any],
        **options: Unpack[_Yielding],
    ) -> Each[R | Failure]: ...


def each(
    function: Callable[..., Any],
    /,
    *iterables: Iterable[Any],
    on: Any = None,
    ahead: int | None = None,
    ordered: bool = True,
    retries: int = 0,
    timeout: float | None = None,
    errors: str = "raise",
    name: str | None = None,
    unit: str = "it",
) -> Any:
    """Call `function` with the items of `iterables`, as `map` does, and hand out the results: lazily, and tracked.

    `on` says where the calls are made; nothing else changes. `None`: here, each when its result is asked for.
    `"threads"` or `"threads:8"`: in threads of this process. `"processes"`, `"processes:2"` or `2`: in processes; the
    function may be a lambda, a closure, or in `__main__`. A `concurrent.futures.Executor`: there; it stays open. A Dask
    `Client`, or a scheduler's address such as `"tcp://127.0.0.1:8786"`: on the cluster; a client that was given stays
    open.

    `ahead=n`: at most so many steps were sent and are not handed out, so that who took k results has had at most
    k + n - 1 computed. By default it is the number of workers, and steps that take less than 10 ms travel in chunks of
    about that time. Nothing is computed, nor an item of the input fetched, but when a result is asked for.

    `ordered=False` hands results out as they come. `retries` is how often a step that raised an `Exception`, or whose
    process died, is tried again. `timeout` is in seconds, for one step: a process that takes longer is killed, a thread
    left to itself; an executor's step counts from when it was sent.

    What a step raises is raised when its result is due, with a note that says which step it was and what it was given;
    `next` then gives the next result. With `errors="yield"` a `Failure` is handed out in its place.

    When the loop is left, what was not begun is called back, what runs is let finish, and nothing that was made for it
    stays.

    >>> def half(x):
    ...     return x / 2
    >>> halves = each(half, [1, 2, 3])
    >>> next(halves), next(halves), halves.position
    (0.5, 1.0, 2)

    Raises `TypeError` or `ValueError` at the call for arguments that make no sense, `CannotSend` for a function that
    can't be sent to a process.
    """
    if not callable(function):
        raise TypeError(f"each(function, ...) expected something to call; got {short(function)}")
    if not iterables:
        raise TypeError("each() expected at least one iterable: write each(function, items)")
    if errors not in ("raise", "yield"):
        raise ValueError(f"errors= expected 'raise' or 'yield'; got {short(errors)}")
    if getattr(getattr(function, "__code__", None), "co_flags", 0) & _COROUTINE:
        raise TypeError(f"each(function, ...) expected a plain function, as nothing here awaits; got {short(function)}")
    most, tries = None if ahead is None else _count("ahead", ahead, 1), _count("retries", retries, 0)
    seconds, yielding = _seconds(timeout), errors == "yield"
    where = engine(on)
    if where is None and seconds is not None:
        raise ValueError("timeout= needs workers, as a call in this thread can't be given up: write on='threads'")
    if name is None:
        name = _name(function)
    kind = HereRun if where is None else WindowRun
    run = kind(checked_str("name", name) if name is not None else None, _total(iterables))
    run.unit = checked_str("unit", unit)
    sources = tuple(map(_iterator, iterables))
    if isinstance(run, HereRun):
        return Each(run, results(run, function, sources, tries, yielding))
    assert where is not None
    task = Task(function, len(sources) == 1, tries, seconds, run)
    where.check(task)
    source = sources[0] if len(sources) == 1 else zip(*sources, strict=False)
    return Each(run, Window(run, task, Flight(run, task, where, source, most, ordered), yielding))


def _count(what: str, number: Any, least: int) -> int:
    if isinstance(number, bool):
        raise TypeError(f"{what}= expected a whole number; got {number}")
    if isinstance(number, int) and number < least:
        raise ValueError(f"{what}= expected {least} or more; got {short(number)}")
    return whole(what, number)


def _iterator(iterable: Any) -> Iterator[Any]:
    if not hasattr(type(iterable), "__iter__") and not hasattr(type(iterable), "__getitem__"):
        hint = f": write range({iterable})" if isinstance(iterable, int) else ""
        if hasattr(type(iterable), "__aiter__"):
            hint = ", not an asynchronous one"
        raise TypeError(f"each() expected an iterable after the function; got {short(iterable)}{hint}")
    return iter(iterable)


def _total(iterables: tuple[Iterable[Any], ...]) -> int | None:
    """The shortest that is known; some may turn out shorter."""
    return min((length for length in map(known_length, iterables) if length is not None), default=None)


def _name(function: Callable[..., Any]) -> str | None:
    """What a function is called; what has no name of its own goes by the place of its loop."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) and name.isidentifier() else None


def _seconds(timeout: Any) -> float | None:
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise TypeError(f"timeout= expected seconds as a number; got {short(timeout)}")
    if not 0 < timeout < _LONGEST:
        raise ValueError(f"timeout= expected more than 0 seconds, and less than {_LONGEST:,}; got {short(timeout)}")
    return float(timeout)

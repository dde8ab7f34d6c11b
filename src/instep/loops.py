"""`track` and `Track`: a loop with its steps beside it."""

from __future__ import annotations

import sys
from _operator import length_hint
from _thread import RLock
from _weakref import ref
from itertools import chain

from instep.checks import checked_str, short, whole
from instep.computation import Computation, status_of
from instep.errors import InstepError
from instep.handle import Handle, counting
from instep.opcodes import GENERATOR, GET_ITER, GET_YIELD_FROM_ITER
from instep.owed import owed, settle
from instep.pace import Gate, paced
from instep.sources import Cursor, tellers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
    from typing import Any, Generic, TypeVar, overload

    T = TypeVar("T")
else:

    class Generic:
        """Stands in for `typing.Generic`, whose import would cost more than a loop does."""

        __slots__ = ()

        def __class_getitem__(cls, item: object) -> type:
            return cls

    T = None


class Track(Handle, Generic[T]):
    """An iterable of the very items of `iterable`, whose steps are counted and timed beside the loop. See `track`."""

    __slots__ = ("_cursor", "_lock", "_own")

    def __init__(
        self,
        iterable: Iterable[T] | AsyncIterable[T] | None = None,
        /,
        *,
        name: str | None = None,
        total: int | None = None,
        initial: int = 0,
        unit: str = "it",
        show: bool = True,
    ) -> None:
        if iterable is not None:
            kind = type(iterable)
            if getattr(kind, "__iter__", None) is None and not (
                hasattr(kind, "__getitem__") or hasattr(kind, "__aiter__")
            ):
                raise TypeError(
                    f"track() expected an iterable; got {short(iterable)} of type {kind.__name__!r}."
                    + (
                        " Write track(range(n))."
                        if isinstance(iterable, int)
                        else " For work that is no loop: with track(total=n)."
                    )
                )
        if name is not None and type(name) is not str:
            name = checked_str("name", name)
        run = Computation(name, None if total is None else whole("total", total))
        if initial:
            run.initial = whole("initial", initial)
        if unit != "it":
            run.unit = checked_str("unit", unit)
        if not show:
            run.show = False
        Handle.__init__(self, iterable, run, total is not None)
        self._own: Iterator[T] | None = None  # the pass that `next` has begun
        self._cursor: Any = None  # a weak reference to where the latest pass stands
        self._lock: Any = None

    def __iter__(self) -> Iterator[T]:
        own = self._own
        try:
            frame = sys._getframe(1)
        except ValueError:  # C code asks, in a thread of its own
            return self._pass(self._walkable(), by_for=False)
        opcode = frame.f_code.co_code[frame.f_lasti]
        if own is not None:
            self._own = None
            if not self._run.ended:
                self._run.by_for = opcode == GET_ITER and self._run.frame == id(frame)
                return own
        source = self._walkable()
        if opcode == GET_YIELD_FROM_ITER:
            return self._delegation(source)
        return self._pass(source, opcode == GET_ITER)

    def _delegation(self, source: Any) -> Iterator[T]:
        """For `yield from`: the doors of what it delegates to stay open, if it has any."""
        steps = iter(source)
        if steps is source:
            self._source = WALKED
        kind = type(steps)
        if kind is not GENERATOR and (not hasattr(kind, "close") or hasattr(kind, "send")):
            return self._pass(steps, by_for=False)
        from instep.passes import Delegation

        return Delegation(steps, self._fresh())

    def _walkable(self) -> Any:
        """The source, unless it can be walked once only and has been."""
        source = self._source
        if source is None:
            raise TypeError("track() was given None, or nothing, to walk: write track(iterable), or count by advance()")
        if source is WALKED:
            raise WalkedAlready(
                f"{self._run.label}: its source can be walked once only, and a pass has begun already. "
                "Track a list or another container, or make a new track of a new iterator."
            )
        return source

    def _pass(self, source: Any, by_for: bool) -> Iterator[T]:
        if getattr(type(source), "__iter__", None) is None and hasattr(type(source), "__aiter__"):
            raise TypeError(
                f"{type(source).__name__!r} is an asynchronous iterable: write `async for ... in track(...)`"
            )
        if owed:
            settle()
        cursor = Cursor(source, not by_for, self._run.total if self._given else None)
        run = self._fresh()
        if cursor.length is not None and run.total is None:
            run.total = run.initial + cursor.length
        run.read = cursor.read
        if tells := tellers.get(id(type(source))):
            run.where = tells(source)
        blocks = paced(run, cursor)
        run.alive = ref(blocks)
        self._cursor = ref(cursor)
        if cursor.first is self._source:
            self._source = WALKED  # ours to give away: else a break would not close it
        if by_for:
            run.by_for = True
            return chain.from_iterable(blocks)
        run.shared = cursor.end is not None
        return chain.from_iterable(Gate(run, cursor, blocks))

    def __next__(self) -> T:
        own = self._own
        if own is None:
            cursor = self._cursor and self._cursor()
            if cursor is not None and not self._run.ended:  # a loop walks it: take the next item before the loop does
                item: T = next(cursor.steps)
                return item
            own = self._begin()
        try:
            return next(own)
        except StopIteration:
            cursor = self._cursor and self._cursor()
            if cursor is None or cursor.over():
                raise
            rest: T = next(cursor.steps)  # Ctrl-C has ended what stood between, but not the source
            return rest

    def _begin(self) -> Iterator[T]:
        """The pass that `next` drives: one, whichever thread is first."""
        with counting:
            lock = self._lock = self._lock or RLock()
        with lock:
            own = self._own
            if own is None:
                own = self._own = self._pass(self._walkable(), by_for=False)
            return own

    def __reversed__(self) -> Iterator[T]:
        source = self._walkable()
        steps = reversed(source)
        own = self._pass(steps, by_for=False)
        if self._run.total is None and hasattr(type(source), "__len__"):
            self._run.total = self._run.initial + len(source)
        return own

    def __aiter__(self) -> AsyncIterator[T]:
        source = self._walkable()
        if not hasattr(type(source), "__aiter__"):
            raise TypeError(f"{type(source).__name__!r} is not an asynchronous iterable: write `for ... in track(...)`")
        from instep.passes import AsyncPass

        steps = source.__aiter__()
        if steps is source:
            self._source = WALKED
        return AsyncPass(steps, self._fresh())

    def __len__(self) -> int:
        """The length of what it walks, where that has one; `TypeError` else. An estimate is in `total`."""
        source = self._source
        if source is None or source is WALKED or not hasattr(type(source), "__len__"):
            what = "there is no iterable" if source is None else "what it walks has none"
            raise TypeError(f"this track has no len(), as {what}; total is how many steps are expected")
        return len(source)

    def __length_hint__(self) -> int:
        return length_hint(self._source, 0)

    def __bool__(self) -> bool:
        """True, whatever it tracks: for `if tracker:` where there may be none."""
        return True

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        if kind is not None:
            self._run.leaving = status_of(kind)
        self._own = None
        super().__exit__(kind, *error)

    def close(self) -> None:
        """End it now: *stopped*, or *finished* where `advance` reached the total. A loop over it goes on, uncounted.

        What `next(track)` has begun is closed as a generator is.
        """
        self._own = None
        super().close()


class WalkedAlready(InstepError):
    """A source that can be walked once only was to be walked again."""


WALKED = object()
"""In place of a source that can be walked once only and has been."""


if TYPE_CHECKING:

    @overload
    def track(
        iterable: Iterable[T],
        /,
        *,
        name: str | None = ...,
        total: int | None = ...,
        initial: int = ...,
        unit: str = ...,
        show: bool = ...,
    ) -> Track[T]: ...
    @overload
    def track(
        iterable: AsyncIterable[T],
        /,
        *,
        name: str | None = ...,
        total: int | None = ...,
        initial: int = ...,
        unit: str = ...,
        show: bool = ...,
    ) -> Track[T]: ...
    @overload
    def track(
        iterable: None = None,
        /,
        *,
        name: str | None = ...,
        total: int | None = ...,
        initial: int = ...,
        unit: str = ...,
        show: bool = ...,
    ) -> Track[Any]: ...


def track(
    iterable: Any = None,
    /,
    *,
    name: str | None = None,
    total: int | None = None,
    initial: int = 0,
    unit: str = "it",
    show: bool = True,
) -> Any:
    """Count, time and show a loop, which walks the very same items beside it.

    `name` defaults to where the loop stands; `total` to the length of `iterable`, if it has one; `initial` is how many
    steps were done before; `unit` is what a step is ("B" for bytes is scaled by 1024); `show=False` keeps it from
    views.

    Nothing runs before the first item is asked for, and no item is asked for before the loop does. A loop of quick
    steps pays 5 to 15 ns a step. For an asynchronous iterable write `async for`; for work that is no loop:

    >>> with track(total=3, show=False) as tracker:
    ...     tracker.advance(3)
    >>> tracker.status
    'finished'

    A second `for` over it is a second pass; where the source can be walked once only, it raises `InstepError`.
    """
    return Track(iterable, name=name, total=total, initial=initial, unit=unit, show=show)

"""`LazySequence`: stands in for a list whose items are computed when they are first asked for.

| asked for                                  | computed                                          |
|--------------------------------------------|---------------------------------------------------|
| the next item, `x[i]`, `x[i:j]`, `bool(x)` | up to that item, nothing if it was there already  |
| `v in x`, `x.index(v)`, `x == y`, `x < y`  | up to the item that decides                       |
| `x[-1]`, `len`, `reversed`, `+`, a pickle  | everything                                        |
| `repr(x)`                                  | nothing                                           |
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from reprlib import recursive_repr
from sys import maxsize
from threading import RLock
from types import GeneratorType, TracebackType
from typing import Any, NoReturn, SupportsIndex, TypeVar, overload
from weakref import ref

from instep.errors import InstepError
from instep.sources import lengths

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_CHANGES = frozenset(("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"))
_MISSING: Any = object()


class LazySequence(Sequence[T_co]):
    """What a function made by `lazy` returns: reads like the list it replaces, and computes as far as it must.

    What was computed is kept, so that iterating twice computes once. An exception in the function surfaces at the item
    that it prevents, and again whenever that item or a later one is asked for. Threads may share it: each item is
    computed once, by the thread that asks for it first, while others wait. It can't be changed: `list(x)` can.
    """

    __slots__ = ("__weakref__", "_busy", "_given", "_items", "_lock", "_name", "_over", "_source", "_traceback")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, source: Iterator[T_co] | None, items: list[T_co] | None = None, *, name: str = "") -> None:
        self._items: list[T_co] = [] if items is None else items
        self._source = source
        self._name = name
        self._lock = RLock()
        self._busy = False
        self._over: BaseException | str | None = None  # why there is no source, unless it ran out
        self._traceback: TracebackType | None = None
        self._given: ref[Any] | None = None

    def iter_once(self) -> Iterator[T_co]:
        """Give the items in one pass that keeps none of them, at the speed of a generator; the sequence ends with it.

        Where nothing was computed so far this is the generator itself. It serves one thread at a time.
        """
        with self._lock:
            self._refuse_if_busy()
            source, items, over = self._source, self._items, self._over
            if isinstance(over, str):
                self._raise_over()
            self._items, self._source = [], None
            self._over = "was walked by iter_once(), which keeps nothing"
            if source is None:
                return chain(items, self._failing(over)) if over is not None else iter(items)
            if isinstance(source, GeneratorType):
                self._given = ref(source)
            return chain(items, source) if items else source

    def close(self) -> None:
        """Leave the computation where it is: `finally` blocks run. What was computed stays, the rest is an error."""
        with self._lock:
            self._refuse_if_busy()
            source: Any = self._source
            if source is not None:
                self._source, self._over = None, "was closed before it was computed to its end"
            elif self._given is not None:
                source = self._given()
            if isinstance(source, GeneratorType):
                source.close()

    def known_length(self) -> int | None:
        """How many items there are, if all were computed; computes none."""
        return None if self._rest() else len(self._items)

    def copy(self) -> list[T_co]:
        """Give a list of all items."""
        self._compute(maxsize)
        return self._items.copy()

    def count(self, value: object) -> int:
        """Say how many items equal `value`."""
        return self.copy().count(value)  # type: ignore[arg-type]

    def index(self, value: Any, start: int = 0, stop: int = maxsize) -> int:
        """Say where `value` comes first; computes up to there."""
        first, last = operator.index(start), operator.index(stop)
        if first < 0:
            first = max(0, first + len(self))
        if last < 0:
            last += len(self)
        while first < last and self._compute(first + 1):
            if _same(self._items[first], value):
                return first
            first += 1
        raise ValueError(f"{value!r} is not in list")

    def __iter__(self) -> Iterator[T_co]:
        position = 0
        while position < len(self._items) or self._compute(position + 1):
            yield self._items[position]
            position += 1

    def __reversed__(self) -> Iterator[T_co]:
        return reversed(self.copy())

    def __len__(self) -> int:
        self._compute(maxsize)
        return len(self._items)

    def __bool__(self) -> bool:
        return self._compute(1)

    @overload
    def __getitem__(self, index: SupportsIndex) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> list[T_co]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T_co | list[T_co]:
        if isinstance(index, slice):
            self._compute(_needed(index))
            return self._items[index]
        try:
            position = operator.index(index)
        except TypeError:
            raise TypeError(f"indices must be integers or slices, not {type(index).__name__}") from None
        self._compute(min(position, maxsize - 1) + 1 if position >= 0 else maxsize)
        try:
            return self._items[position]
        except IndexError:
            raise IndexError("list index out of range") from None

    def __contains__(self, value: object) -> bool:
        return any(_same(item, value) for item in self)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return self._compare(other, lambda mine, theirs: mine == theirs if isinstance(mine, _Size) else False)

    def __lt__(self, other: Any) -> bool:
        return self._compare(other, operator.lt)

    def __le__(self, other: Any) -> bool:
        return self._compare(other, operator.le)

    def __gt__(self, other: Any) -> bool:
        return self._compare(other, operator.gt)

    def __ge__(self, other: Any) -> bool:
        return self._compare(other, operator.ge)

    def __add__(self, other: Any) -> list[Any]:
        return self.copy() + _as_list(other) if isinstance(other, list | LazySequence) else NotImplemented

    def __radd__(self, other: Any) -> list[Any]:
        return other + self.copy() if isinstance(other, list) else NotImplemented

    def __mul__(self, times: SupportsIndex) -> list[T_co]:
        return self.copy() * times

    __rmul__ = __mul__

    @recursive_repr("LazySequence([...])")
    def __repr__(self) -> str:
        return f"LazySequence([{self._shown()}])"

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (self.copy(),)

    def __getattr__(self, name: str) -> NoReturn:
        hint = f": it can't be changed; write list(x) and {name} there" if name in _CHANGES else ""
        raise AttributeError(f"a LazySequence has no {name!r}{hint}", name=name, obj=self)

    def __setitem__(self, *_: object) -> NoReturn:
        raise TypeError("a LazySequence can't be changed; write list(x) and change that")

    __delitem__ = __iadd__ = __imul__ = __setitem__

    def _compute(self, count: int) -> bool:
        """Compute until there are `count` items; whether there are as many."""
        if len(self._items) >= count:
            return True
        with self._lock:
            missing = min(count, maxsize) - len(self._items)
            if missing > 0:
                self._extend(missing)
            return len(self._items) >= count

    def _extend(self, missing: int) -> None:
        source, items = self._source, self._items
        if source is None:
            if self._over is not None:
                self._raise_over()
            return
        self._refuse_if_busy()
        known = len(items)
        self._busy = True
        try:
            # In C, from the source into the list: an item can't get lost to a Ctrl-C in between.
            items.extend(islice(source, missing))
        except BaseException as error:
            self._fail(source, error)
            raise
        finally:
            self._busy = False
        if len(items) - known < missing:
            self._source = None

    def _fail(self, source: Iterator[T_co], error: BaseException) -> None:
        if isinstance(source, GeneratorType) and source.gi_frame is not None:
            return  # a Ctrl-C that came outside of it: it goes on
        frames = error.__traceback__
        self._source, self._over = None, error
        self._traceback = frames.tb_next if frames is not None else None  # but for our own frame

    def _raise_over(self) -> NoReturn:
        if isinstance(self._over, BaseException):
            raise self._over.with_traceback(self._traceback)
        raise InstepError(f"the result of {self._name} {self._over}; call it again for another")

    def _failing(self, over: BaseException) -> Iterator[Any]:
        yield from ()
        raise over.with_traceback(self._traceback)

    def _refuse_if_busy(self) -> None:
        if self._busy:
            raise ValueError(f"{self._name} asks for an item of its own result that isn't computed yet")

    def _compare(self, other: Any, compare: Callable[[Any, Any], bool]) -> bool:
        """Compare the first two items that differ, or else the lengths, as lists do."""
        if not isinstance(other, list | LazySequence):
            return NotImplemented  # type: ignore[no-any-return]
        ours, theirs = iter(self), iter(other)
        while True:
            one, two = next(ours, _MISSING), next(theirs, _MISSING)
            if one is _MISSING or two is _MISSING:
                return compare(_Size(one is not _MISSING), _Size(two is not _MISSING))
            if not _same(one, two):
                return compare(one, two)

    def _shown(self) -> str:
        return ", ".join([*map(repr, self._items.copy()), *self._rest()])

    def _rest(self) -> list[str]:
        if self._source is not None:
            return ["..."]
        if isinstance(self._over, BaseException):
            return [f"<{type(self._over).__name__}>"]
        return [] if self._over is None else [f"<{self._over}>"]


lengths[id(LazySequence)] = LazySequence.known_length


class _Size(int):
    """Whether there are items left, in a comparison of which all other items are equal."""


def _same(one: Any, two: Any) -> bool:
    return one is two or bool(one == two)


def _as_list(items: list[T] | LazySequence[T]) -> list[T]:
    return items if isinstance(items, list) else items.copy()


def _needed(part: slice) -> int:
    """How many items from the front a slice needs."""
    start, stop, step = (
        None if limit is None else operator.index(limit) for limit in (part.start, part.stop, part.step)
    )
    step = 1 if step is None else step
    if (start is not None and start < 0) or (stop is not None and stop < 0):
        return maxsize
    if step > 0:
        if stop is None:
            return maxsize
        count = len(range(start or 0, min(stop, maxsize), step))
        return (start or 0) + (count - 1) * step + 1 if count else 0
    if start is None:
        return maxsize
    return min(start, maxsize - 1) + 1 if stop is None or stop < start else 0

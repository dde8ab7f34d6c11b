"""Cursors: iterators whose position can be read from outside, by any thread, while a loop walks them in C.

| iterator of | position read from | costs the loop |
|---|---|---|
| tuple, range, str, bytes | what is left (`length_hint`), which can't change | nothing |
| list | its `__reduce__()`, which has the index; what is left can change | nothing |
| anything else | a `repeat` of known length that `compress` takes along | 5 to 10 ns a step |
"""

from __future__ import annotations

from _operator import length_hint
from itertools import chain, compress, islice, repeat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator
    from typing import Any

    Take = Callable[[Iterator[Any], int], Iterator[Any]]
else:
    from _collections import deque  # `collections` would take 2 ms

_MANY = 1 << 62
_FIXED = frozenset(map(type, (iter(()), iter(range(0)), iter(""), iter("\u1234"), iter(b""))))
_LIST: type = type(iter([None]))
_list_length = list.__len__  # as its iterator sees it, whatever a subclass says
# Iterators that run no Python code and never give the GIL away: threads that share one can't be inside it together.
_ATOMIC = frozenset((*_FIXED, _LIST, *map(type, (iter({}), iter({}.values()), iter(set()), iter(deque())))))
tellers: dict[int, Callable[[Any], Callable[[int], str] | None]] = {}
"""By the `id` of a source's type, which may have no hash: what makes a function that tells where its k-th item
is, and holds nothing of the source."""
lengths: dict[int, Callable[[Any], int | None]] = {}
"""By the `id` of a type whose `len` computes all items: how many there are, where that is known without."""


class End:
    """Chained behind a source, to know its end: one that raised can go on, and a list may grow while it is walked."""

    __slots__ = ("reached",)

    def __init__(self) -> None:
        self.reached = False

    def __iter__(self) -> Iterator[Any]:
        self.reached = True
        return iter(())

    def over(self) -> bool:
        """Whether the source has run out."""
        return self.reached


class Cursor:
    """An iterator over `source`, with its position. Only the loop may hold it, so that a `break` closes the source.

    `shared` says that threads may come to share it.
    """

    __slots__ = ("__weakref__", "atomic", "end", "first", "length", "over", "read", "steps", "take")

    def __init__(self, source: Any, shared: bool, total: int | None = None) -> None:
        steps = first = iter(source)
        kind = type(steps)
        read: Callable[[], int] | None = None
        self.length: int | None = None
        self.end: End | None = None
        if kind in _FIXED:
            try:
                self.length = length_hint(steps)
            except OverflowError:  # range(10**20)
                pass
            else:
                read = _by_rest(steps, self.length)
        elif kind is _LIST:
            self.length = length_hint(steps)
            read = _by_index(steps)
        if read is None:
            counter = repeat(True, _MANY)
            end = self.end = End()
            if shared and kind not in _ATOMIC:
                # `chain` calls iter() again, where another thread may come in between, and frees what it holds at the
                # end, where another may be inside: this does no harm to it.
                steps = map(next, repeat(first))
            steps = compress(chain(steps, end), counter)
            read = _by_rest(counter, _MANY)
            if total is None:
                self.length = known_length(source)
        self.first = first  # the source's own iterator
        self.steps = steps
        self.read = read
        self.over: Callable[[], bool] = self.end.over if self.end is not None else _nothing_left(first)
        self.atomic = kind in _ATOMIC
        self.take: Take = islice if not shared or self.end is None else safe_islice  # an `End` runs Python code


def safe_islice(steps: Iterator[Any], n: int) -> Iterator[Any]:
    """`islice(steps, n)`, where another thread may come to be inside it: `chain` frees an `islice` under its feet."""
    return map(next, repeat(steps, n))


def known_length(source: Any) -> int | None:
    """How many items there will be, if that can be told: to show, never a promise."""
    tell = lengths.get(id(type(source)))
    if tell is not None:
        return tell(source)
    try:
        hint = length_hint(source, -1)
    except Exception:  # the bare loop never asks, so a length that fails is no length
        return None
    return hint if hint >= 0 else None


def _nothing_left(steps: object) -> Callable[[], bool]:
    def over() -> bool:
        return not length_hint(steps)

    return over


def _by_rest(rest: object, length: int) -> Callable[[], int]:
    def read() -> int:
        return length - length_hint(rest)

    return read


def _by_index(steps: Iterator[Any]) -> Callable[[], int]:
    reduce: Any = steps.__reduce__
    state = reduce()
    items, start = (state[1][0], state[2]) if len(state) == 3 else ([], 0)
    last, ended_at = 0, -1

    def read() -> int:
        nonlocal last, ended_at
        state = reduce()
        if len(state) == 3:
            at: int = state[2] - start
            last = at
            return at
        if ended_at < 0:  # exhausted, it has forgotten its index: where the list ended, or beyond if it shrank since
            ended_at = max(last, _list_length(items) - start)
        return ended_at

    return read

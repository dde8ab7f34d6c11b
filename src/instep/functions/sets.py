"""`LazySet`: stands in for a set whose items are computed when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from itertools import filterfalse
from types import GeneratorType
from typing import Any, NoReturn, TypeVar

from instep.functions.sequence import LazySequence
from instep.sources import lengths

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class LazySet(Set[T_co]):
    """What a function made by `lazy` returns where it builds a set: iterates in the order in which items were added.

    `in` and iterating compute as far as they must, `len` and the operators everything. What was computed is kept, also
    in an `iter_once()`, since an item that comes twice is given once. For all else see `LazySequence`.
    """

    __slots__ = ("_items", "_seen")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, source: Iterator[T_co], *, name: str = "") -> None:
        self._seen: set[T_co] = set()
        self._items = LazySequence(unique(source, self._seen), name=name)

    @classmethod
    def _from_iterable(cls, items: Iterable[Any]) -> set[Any]:
        return set(items)

    def iter_once(self) -> Iterator[T_co]:
        """Give the items in one pass; the set ends with it."""
        return self._items.iter_once()

    def close(self) -> None:
        """Leave the computation where it is: `finally` blocks run. What was computed stays, the rest is an error."""
        self._items.close()

    def known_length(self) -> int | None:
        """How many items there are, if all were computed; computes none."""
        return self._items.known_length()

    def copy(self) -> set[T_co]:
        """Give a set of all items."""
        return set(self._items)

    def __contains__(self, value: object) -> bool:
        if value in self._seen:
            return True
        position = len(self._seen)
        for _ in self._items:
            if len(self._seen) > position and value in self._seen:
                return True
        return value in self._seen

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __bool__(self) -> bool:
        return bool(self._items)

    def __repr__(self) -> str:
        return f"LazySet({{{self._items._shown()}}})"

    def __reduce__(self) -> tuple[Any, ...]:
        return set, (list(self._items),)

    def __getattr__(self, name: str) -> NoReturn:
        hint = f": write set(x), which has {name}" if hasattr(set, name) else ""
        raise AttributeError(f"a LazySet has no {name!r}{hint}", name=name, obj=self)


def unique(source: Iterator[T], seen: set[T] | None = None) -> Iterator[T]:
    """Give each item once, the first of those that are equal, as a set keeps it."""
    known: set[T] = set() if seen is None else seen
    try:
        for item in filterfalse(known.__contains__, source):
            known.add(item)
            yield item
    finally:
        if isinstance(source, GeneratorType):
            source.close()


lengths[id(LazySet)] = LazySet.known_length

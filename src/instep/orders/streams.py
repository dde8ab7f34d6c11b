"""Orders of what can only be walked: forward, and backward where it has two ends; and through a buffer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from operator import index, length_hint
from typing import Any, NoReturn, TypeVar, overload

from instep.checks import short
from instep.errors import InstepError
from instep.orders import kinds
from instep.orders.order import Order, also, brackets, no_array
from instep.orders.shuffles import Seed, ThroughBuffer, seeded

T = TypeVar("T")
ENDLESS = 1 << 62
"""Items of what doesn't say how many it has."""


class Walked:
    """What is walked. An iterator is given away at its first walk, so that a `break` closes it as if it were bare."""

    __slots__ = ("_thing", "ends", "gone", "name", "once")

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self.gone = False
        self.name = kinds.named(thing)
        self.ends = kinds.has_two_ends(thing)
        self.once = hasattr(type(thing), "__next__")

    @property
    def thing(self) -> Any:
        """It itself."""
        if self.gone:
            raise InstepError(
                f"{self.name} can be walked once only, and has been: make an order of a list, or a new one"
            )
        return self._thing

    def forth(self) -> Iterator[Any]:
        """Its items."""
        thing = self.thing
        items: Iterator[Any] = iter(thing)
        if items is thing:
            self.gone, self._thing = True, None
        return items

    def back(self) -> Iterator[Any]:
        """Its items, from its end."""
        return iter(reversed(self.thing))

    def size(self) -> int | None:
        """How many items it has, where it says so."""
        return len(self._thing) if kinds.has_size(self._thing) and not kinds.is_frame(self._thing) else None

    def hint(self) -> int:
        """How many items it may have; -1 where nobody knows."""
        return -1 if kinds.is_frame(self._thing) else length_hint(self._thing, -1)

    def refuse(self, asked: str) -> NoReturn:
        """Say why it has no such order."""
        instead = "order(list(...))"
        if kinds.is_frame(self._thing):
            why, instead = "it is walked by its columns", "order(frame.to_numpy())"
        elif self.ends:
            why = "it has two ends, and its items aren't had by their index"
        elif not self.once and kinds.has_keys(self.thing):
            why = "it has keys, so that its items may not be had by their index"
        else:
            why = "it can only go forward" + (", and once" if self.once else "")
        _refuse(asked, self.name, why, instead)


class Buffer:
    """The items of an order through a buffer: where one is, is known when it comes."""

    __slots__ = ("_seed", "_size", "order")
    ends = False

    def __init__(self, order: Order[Any], size: int, seed: Seed) -> None:
        self.order = order
        self._size = size
        self._seed = seed

    def forth(self) -> Iterator[Any]:
        """Its items, as the seed decides."""
        return ThroughBuffer(iter(self.order), self._size, seeded(self._seed))

    def back(self) -> Iterator[Any]:
        """There is no such way."""
        self.refuse("backward()")

    def size(self) -> int | None:
        """How many items there are, where that is known."""
        try:
            return len(self.order)
        except TypeError:
            return None
        except OverflowError:  # as of range(10**20)
            return self.order._size()

    def hint(self) -> int:
        """How many items there may be; -1 where nobody knows."""
        return length_hint(self.order, -1)

    def refuse(self, asked: str) -> NoReturn:
        """Say why it has no such order."""
        why = "which item comes k-th is known only when it has come"
        _refuse(asked, f"what a buffer of {self._size} shuffles", why, "a shuffle without a buffer, of a list say,")


def _refuse(asked: str, name: str, why: str, instead: str) -> NoReturn:
    more = ", or shuffled(buffer=1000), which holds a thousand items at most" if asked.startswith("shuffled") else ""
    joint = "" if instead.endswith(",") else asked if asked.startswith("[") else f".{asked}"
    raise TypeError(f"{name} has no {asked}: {why}. Write {instead.rstrip(',')}{joint}{more}.")


class Stream(Order[T]):
    """What has no random access: it is walked, and a part of it by passing over what comes before."""

    __slots__ = ("_backward", "_part", "_source")

    def __init__(self, source: Walked | Buffer, part: range | None, said: str, backward: bool = False) -> None:
        self._source = source
        self._part = part  # of all items in this direction; None is all there are
        self._said = said
        self._backward = backward

    # Another order

    def backward(self) -> Order[T]:
        """The last item first, where it has two ends; else `TypeError`."""
        if not self._source.ends:
            self._source.refuse("backward()")
        part = self._part
        if part:
            size = self._known("backward()")
            part = range(size - 1 - part[-1], size - part[0], part.step)
        return Stream(self._source, part, also(self._said, "backward()"), not self._backward)

    def _cut(self, k: slice) -> Order[T]:
        asked = brackets(k)
        size = self._source.size()
        if size is None and any(end is not None and index(end) < 0 for end in (k.start, k.stop, k.step)):
            raise TypeError(f"{self._said} doesn't know its length, so that there is no {asked} from its end")
        whole = self._part if self._part is not None else range(ENDLESS if size is None else size)
        part = whole[k]
        if part.step > 0:
            return Stream(self._source, part, also(self._said, asked), self._backward)
        return Stream(self._source, part[::-1], also(self._said, asked), self._backward).backward()

    # What it knows

    def where(self, k: int) -> int:
        """The index of item k: how many items come before it where this is walked forward."""
        if isinstance(self._source, Buffer):
            self._source.refuse("where()")
        at = self._at(k)
        return self._known("where()") - 1 - at if self._backward else at

    def describe(self, k: int) -> str:
        """Where item k is, in words."""
        if isinstance(self._source, Buffer):
            self._source.refuse("describe()")
        size = self._source.size()
        return f"item {self.where(k)}" + ("" if size is None else f"/{size}")

    def _at(self, k: Any) -> int:
        size = self._source.size()
        part = self._part if self._part is not None else range(ENDLESS if size is None else size)
        try:
            found = index(k)
        except TypeError:
            raise TypeError(f"expected the number of an item; got {short(k)}") from None
        if size is None and found < 0:
            raise TypeError(f"{self._said} doesn't know its length, so that there is no item {found}")
        if not -len(part) <= found < len(part):
            raise IndexError(f"{self._said} has {len(part)} items: there is no item {found}")
        return part[found]

    def _known(self, asked: str) -> int:
        size = self._source.size()
        if size is None:
            raise TypeError(f"{self._said} doesn't know its length, so that it has no {asked}")
        return size

    def __len__(self) -> int:
        size = self._known("len()")
        return size if self._part is None else len(self._part)

    def __length_hint__(self) -> Any:
        hint = self._source.hint() if self._part is None else -1
        return hint if hint >= 0 else NotImplemented

    def __bool__(self) -> bool:
        """Whether it has items, or may have, as far as is known."""
        return len(self) > 0 if self._source.size() is not None else True

    @overload
    def __getitem__(self, k: int) -> T: ...
    @overload
    def __getitem__(self, k: slice) -> Order[T]: ...
    def __getitem__(self, k: int | slice) -> T | Order[T]:
        if not isinstance(k, slice):
            self._source.refuse(f"[{short(k)}]")
        return self._cut(k)

    def __iter__(self) -> Iterator[T]:
        part = self._part
        if part is not None and not part:
            return iter(())
        items = self._source.back() if self._backward else self._source.forth()
        if part is None:
            return items
        end = part[-1] + 1  # no further, or islice would pass over what comes behind the last item
        return islice(items, part.start, None if end >= ENDLESS else end, part.step)

    # What it refuses

    def _needs_any_order(self, asked: str) -> None:
        self._source.refuse(asked)

    def _itself(self, asked: str) -> Any:
        self._source.refuse(asked)

    def _array(self, asked: str) -> tuple[int, ...]:
        raise no_array(asked, self._said, getattr(self._source, "_thing", None))


def buffered(order: Order[T], size: int, seed: Seed, said: str) -> Order[T]:
    """An order through a buffer."""
    return Stream(Buffer(order, size, seed), None, also(order._said, f"shuffled({said})"))

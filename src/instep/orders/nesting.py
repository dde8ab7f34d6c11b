"""The leaves of sequences within sequences, each with its path.

A walk through all of them goes down as it comes to each inner sequence. To know how many there are, or which is the
k-th, each inner sequence is looked at, once, for its length; leaves are not, where it is known how deep they lie.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import UserString
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain, repeat
from typing import Any, NamedTuple

from instep.checks import short, whole
from instep.orders import kinds
from instep.orders.layouts import Layout
from instep.orders.picks import Picks

Path = tuple[int, ...]


class Run(NamedTuple):
    """Leaves that are neighbours in one sequence."""

    path: Path
    """Of that sequence."""
    first: int
    among: int
    """How many leaves."""


class Leaves(Layout):
    """What lies `depth` deep, or less where there is no sequence to go into."""

    __slots__ = ("_runs", "_starts", "_thing", "depth")

    def __init__(self, thing: Any, depth: int | None) -> None:
        self.depth = depth
        self._thing: Any = thing  # until its inner sequences have been looked at
        self._runs: list[Run] = []
        self._starts: list[int] = []

    @property
    def size(self) -> int:  # type: ignore[override]  # known only when it is asked for
        """How many leaves."""
        return self._look()[-1]

    @property
    def is_known(self) -> bool:
        """Whether the inner sequences were looked at already."""
        return bool(self._starts)

    def _look(self) -> list[int]:
        thing = self._thing  # before it is asked whether that is still needed: another thread may be at it
        if not self._starts:
            runs = list(_runs(thing, self.depth))
            self._runs = runs
            self._starts = [0, *accumulate(run.among for run in runs)]
            self._thing = None
        return self._starts

    def where(self, j: int) -> Path:
        """The index of item j."""
        starts = self._look()
        i = bisect_right(starts, j) - 1
        run = self._runs[i]
        return (*run.path, run.first + j - starts[i])

    def say(self, j: int) -> str:
        """Where item j is."""
        return f"leaf {j}/{self.size} at {self.where(j)}"

    def item(self, thing: Any, j: int) -> Any:
        """Item j."""
        for k in self.where(j):
            thing = thing[k]
        return thing

    def items(self, thing: Any, picks: Picks) -> Iterator[Any]:
        """Those items."""
        return map(self.item, repeat(thing), picks)

    def all(self, thing: Any, backward: bool) -> Iterator[Any]:
        """All of them: those that `len` and `where` tell of, once they are known."""
        if not self.is_known:
            return leaves(thing, self.depth, backward)
        runs = reversed(self._runs) if backward else self._runs
        return chain.from_iterable(map(_of_run, repeat(thing), runs, repeat(backward)))


def _of_run(thing: Any, run: Run, backward: bool) -> Iterator[Any]:
    for k in run.path:
        thing = thing[k]
    if not run.first and run.among == kinds.size_of(thing):
        return _items(thing, backward)
    return kinds.picked(thing, range(run.first, run.first + run.among)[:: -1 if backward else 1])


def checked_depth(depth: Any) -> int | None:
    """How deep to go: 1 or more."""
    if depth is None:
        return None
    number = whole("depth", depth)
    if not number:
        raise ValueError("depth= expected 1 or more: nested(1) walks the items themselves; got 0")
    return number


def goes_on(item: Any) -> bool:
    """Whether it is a sequence to go into; text and bytes are leaves."""
    return not isinstance(item, _LEAVES) and kinds.has_any_order(item)


_LEAVES = (str, bytes, bytearray, UserString, int, float, type(None))
"""The first four are sequences; the others are told at once."""


def leaves(thing: Any, depth: int | None, backward: bool) -> Iterator[Any]:
    """All of them, each inner sequence being looked into when it is reached."""
    if depth is not None and depth <= _SHALLOW:
        return _chained(thing, depth, backward)
    return _descended(thing, depth, backward)


_SHALLOW = 8
"""So deep, iterators in C may be one in another: each takes a part of the C stack, and that has an end."""


def _chained(thing: Any, depth: int, backward: bool) -> Iterator[Any]:
    items = _items(thing, backward)
    if depth == 1:
        return items
    return chain.from_iterable(map(_leaf_or_leaves, items, repeat(depth - 1), repeat(backward)))


def _leaf_or_leaves(item: Any, depth: int, backward: bool) -> Iterable[Any]:
    return _chained(item, depth, backward) if goes_on(item) else (item,)


def _descended(thing: Any, depth: int | None, backward: bool) -> Iterator[Any]:
    levels, above = [_items(thing, backward)], Above(thing, depth)
    while levels:
        for item in levels[-1]:
            if not goes_on(item):
                yield item
            elif len(levels) + 1 == depth:
                yield from _items(item, backward)
            else:
                above.push(item)
                levels.append(_items(item, backward))
                break
        else:
            levels.pop()
            above.pop()


def _items(thing: Any, backward: bool) -> Iterator[Any]:
    return kinds.walk_back(thing, kinds.size_of(thing)) if backward else kinds.walk(thing)


class Above:
    """The sequences on the way down to where a walk stands.

    Without a depth, none of them may come again, and only so many may make their items when they are asked for them,
    such as a row of `np.matrix`, which is a matrix of one row: lists and tuples hold theirs, of which there is an end.
    """

    def __init__(self, thing: Any, depth: int | None) -> None:
        self._things = [thing]
        self._ids = {id(thing)} if depth is None else None
        self._making = int(type(thing) not in _HOLDING)

    def push(self, thing: Any) -> None:
        """Go into it."""
        self._things.append(thing)  # kept, so that its id isn't used again
        self._making += type(thing) not in _HOLDING
        if self._ids is not None:
            if id(thing) in self._ids:
                raise ValueError(f"nested() found no end: {short(thing)} holds itself; write nested(depth)")
            if self._making > _MAKING:
                raise ValueError(
                    f"nested() found no end: {kinds.named(thing)}, {len(self._things):,} deep, still has items to go "
                    "into; write nested(depth)"
                )
            self._ids.add(id(thing))

    def pop(self) -> None:
        """Come out of the last one."""
        thing = self._things.pop()
        self._making -= type(thing) not in _HOLDING
        if self._ids is not None:
            self._ids.discard(id(thing))


_HOLDING = (list, tuple)
_MAKING = 1000


class Level:
    """How far one sequence has been looked through."""

    __slots__ = ("done", "first", "items")

    def __init__(self, thing: Any) -> None:
        self.items = enumerate(_items(thing, False))
        self.done = self.first = 0  # leaves from `first` on are in no run yet

    def run(self, trail: list[int], end: int) -> Iterator[Run]:
        """The leaves before `end`, if there are any; the trail is the path to this sequence."""
        if end > self.first:
            yield Run(tuple(trail), self.first, end - self.first)
        self.first = end + 1


def _runs(thing: Any, depth: int | None) -> Iterator[Run]:
    """The leaves of a thing, run by run."""
    if depth == 1:
        yield Run((), 0, kinds.size_of(thing))
        return
    levels, above = [Level(thing)], Above(thing, depth)
    trail: list[int] = []
    while levels:
        level = levels[-1]
        for k, item in level.items:
            level.done = k + 1
            if not goes_on(item):
                continue
            yield from level.run(trail, k)
            if len(levels) + 1 == depth:
                size = kinds.size_of(item)
                if size:
                    yield Run((*trail, k), 0, size)
            else:
                above.push(item)
                levels.append(Level(item))
                trail.append(k)
                break
        else:
            yield from level.run(trail, level.done)
            levels.pop()
            above.pop()
            if trail:
                trail.pop()

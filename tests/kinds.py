"""Every kind of iterable that a loop can meet, made afresh for each run, with a way to see what a run left in it."""

from __future__ import annotations

import array
import collections
import csv
import io
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

COUNT = 40


class Thing:
    """An item whose identity and reference count can be told."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return self.number

    def __repr__(self) -> str:
        return f"Thing({self.number})"


Things = list[Thing]


def things() -> Things:
    """Fresh ones: no other loop holds any of them."""
    return [Thing(number) for number in range(COUNT)]


class Indexed:
    """Iterable by `__getitem__` alone, as a data set is."""

    def __init__(self, items: Things) -> None:
        self.items = items

    def __getitem__(self, index: int) -> Thing:
        return self.items[index]


class SizedIndexed(Indexed):
    """The same with a length."""

    def __len__(self) -> int:
        return COUNT


class Counting:
    """An iterator that counts how often it was asked; `at` says what happens at an asking."""

    def __init__(self, items: Things, at: Callable[[int], object] = lambda asked: None) -> None:
        self.asked = 0
        self.items = items
        self.at = at

    def __iter__(self) -> Counting:
        return self

    def __next__(self) -> Any:
        self.asked += 1
        if self.asked > len(self.items):
            raise StopIteration
        self.at(self.asked)
        return self.items[self.asked - 1]


class SourceError(Exception):
    """What a source raises that fails."""


def fail_at(*askings: int) -> Callable[[int], None]:
    """Fail at these askings; what comes after them can go on."""

    def at(asked: int) -> None:
        if asked in askings:
            raise SourceError(asked)

    return at


def end_at(*askings: int) -> Callable[[int], None]:
    """End at these askings, and go on afterwards, as a followed file does."""

    def at(asked: int) -> None:
        if asked in askings:
            raise StopIteration

    return at


def generator(items: Iterable[Any]) -> Any:
    """The plainest generator."""
    for item in items:  # noqa: UP028
        yield item


def failing_generator(items: Things, after: int) -> Any:
    """Fails after so many items."""
    yield from items[:after]
    raise SourceError(after)


def failing_often(items: Things) -> Any:
    """A `map` whose function fails for every third item; it goes on."""

    def give(item: Thing) -> Thing:
        if item.number % 3 == 2:
            raise SourceError(item.number)
        return item

    return map(give, items)


def advanced(iterable: Iterable[Any], by: int = 5) -> Any:
    """Its iterator, from which so many items were taken already."""
    steps = iter(iterable)
    for _ in range(by):
        next(steps)
    return steps


def popper(items: Things) -> Any:
    """`iter(callable, sentinel)`, in reverse."""
    left = [None, *items]
    return iter(left.pop, None)


def rows(_: object = None) -> sqlite3.Cursor:
    """A database cursor."""
    database = sqlite3.connect(":memory:")
    database.execute("create table t (x)")
    database.executemany("insert into t values (?)", [(number,) for number in range(COUNT)])
    cursor = database.execute("select x from t order by x")
    KEPT.append(database)
    return cursor


KEPT: list[sqlite3.Connection] = []


def close_databases() -> None:
    """Close what `rows` opened: 3.13 warns otherwise."""
    while KEPT:
        KEPT.pop().close()


def itself(item: Any) -> Any:
    """Compared by equality."""
    return item


class Kind(NamedTuple):
    """How to make a source of things; how to compare its items (None: they are the things themselves)."""

    make: Callable[[Things], Any]
    key: Callable[[Any], Any] | None = itself
    fails: bool = False
    sized: bool = False


def same_objects(make: Callable[[Things], Any], **more: Any) -> Kind:
    """A kind whose items are the things themselves."""
    return Kind(make, None, **more)


TEXT = "step by step through the whole alphabet:"
WIDE = "шаг за шагом — \U0001d465\U0001d466 крок за кроком, κατά"
KINDS = {
    "list": same_objects(lambda items: list(items), sized=True),
    "tuple": same_objects(lambda items: tuple(items), sized=True),
    "range": Kind(lambda items: range(1000, 1000 + COUNT), sized=True),
    "huge range": Kind(lambda items: itertools.islice(range(10**20), COUNT)),
    "dict": same_objects(lambda items: dict.fromkeys(items), sized=True),
    "dict keys": same_objects(lambda items: dict.fromkeys(items).keys(), sized=True),
    "dict values": same_objects(lambda items: dict(enumerate(items)).values(), sized=True),
    "dict items": Kind(lambda items: dict(enumerate(items)).items(), repr, sized=True),
    "set": same_objects(lambda items: set(items), sized=True),
    "frozenset": same_objects(lambda items: frozenset(items), sized=True),
    "str": Kind(lambda items: TEXT, sized=True),
    "wide str": Kind(lambda items: WIDE, sized=True),
    "bytes": Kind(lambda items: TEXT.encode(), sized=True),
    "bytearray": Kind(lambda items: bytearray(TEXT.encode()), sized=True),
    "memoryview": Kind(lambda items: memoryview(TEXT.encode()), sized=True),
    "deque": same_objects(lambda items: collections.deque(items), sized=True),
    "array": Kind(lambda items: array.array("d", range(COUNT)), sized=True),
    "file": Kind(lambda items: io.TextIOWrapper(io.BytesIO(b"line\n" * COUNT))),
    "generator": same_objects(generator),
    "generator expression": same_objects(lambda items: (item for item in items)),
    "zip": Kind(lambda items: zip(items, range(COUNT), strict=True), repr),
    "enumerate": Kind(enumerate, repr),
    "map": Kind(lambda items: map(repr, items)),
    "filter": same_objects(lambda items: filter(None, items)),
    "chain": same_objects(lambda items: itertools.chain(items[:7], items[7:])),
    "NumPy array": Kind(lambda items: np.arange(COUNT), float, sized=True),
    "NumPy rows": Kind(lambda items: np.arange(2 * COUNT).reshape(COUNT, 2), lambda row: row.tolist(), sized=True),
    "only __getitem__": same_objects(Indexed),
    "__getitem__ and __len__": same_objects(SizedIndexed, sized=True),
    "iter(callable, sentinel)": same_objects(popper),
    "os.scandir": Kind(lambda items: os.scandir(os.path.dirname(os.__file__)), lambda entry: entry.name),
    "csv.reader": Kind(lambda items: csv.reader(["a,b", "1,2", "3,4"] * (COUNT // 3))),
    "sqlite cursor": Kind(rows),
    "iterator": same_objects(Counting),
    "ends and goes on": same_objects(lambda items: Counting(items, end_at(28, 33))),
    "raises and goes on": same_objects(lambda items: Counting(items, fail_at(26, 31)), fails=True),
    "raises at once": same_objects(lambda items: Counting(items, fail_at(1, 31)), fails=True),
    "generator that raises": same_objects(lambda items: failing_generator(items, 25), fails=True),
    "generator that raises at once": same_objects(lambda items: failing_generator(items, 0), fails=True),
    "dict that changes": Kind(lambda items: iter(changed_dict()), fails=True),
    "advanced list iterator": same_objects(lambda items: advanced(list(items))),
    "advanced tuple iterator": same_objects(lambda items: advanced(tuple(items))),
    "advanced range iterator": Kind(lambda items: advanced(range(COUNT))),
    "advanced str iterator": Kind(lambda items: advanced(TEXT)),
    "advanced dict iterator": same_objects(lambda items: advanced(dict.fromkeys(items))),
    "advanced generator": same_objects(lambda items: advanced(generator(items))),
    "reversed list": same_objects(lambda items: reversed(items)),
    "empty list": same_objects(lambda items: [], sized=True),
    "empty generator": same_objects(lambda items: generator(())),
    "one item": same_objects(lambda items: items[:1], sized=True),
}


def changed_dict() -> Any:
    """The keys of a dict that grows while it is walked: it raises RuntimeError in the middle."""
    numbers = dict.fromkeys(range(COUNT))
    for number in numbers:
        yield number
        if number == 20:
            numbers[COUNT] = None


def rest(source: Any) -> list[Any]:
    """What can still be taken from a source after a run, through errors and ends."""
    left: list[Any] = []
    ends = 0
    try:
        steps = iter(source)
    except ValueError as error:  # a closed file
        return [str(error)]
    for _ in range(10_000):
        try:
            item = next(steps)
        except StopIteration:
            item, ends = "end", ends + 1
        except Exception as error:
            item = repr(error)
        left.append(item)
        if ends == 3:
            break
    return left

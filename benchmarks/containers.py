"""The kinds of iterables that loops are measured over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

Make = Callable[[], Iterable[Any]]
"""Gives an iterable to walk: a container is the same each time, an iterator is a fresh one."""


def _generator(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:  # noqa: UP028 (a plain generator is what is measured)
        yield item


def _of_list(n: int) -> Make:
    items = [None] * n
    return lambda: items


def _of_tuple(n: int) -> Make:
    items = (None,) * n
    return lambda: items


def _of_range(n: int) -> Make:
    return lambda: range(n)


def _of_dict(n: int) -> Make:
    items = dict.fromkeys(range(n))
    return lambda: items


def _of_generator(n: int) -> Make:
    return lambda: _generator(repeat(None, n))


def _of_zip(n: int) -> Make:
    items = [None] * n
    return lambda: zip(items, items, strict=False)


KINDS: dict[str, Callable[[int], Make]] = {
    "list": _of_list,
    "tuple": _of_tuple,
    "range": _of_range,
    "dict": _of_dict,
    "generator": _of_generator,
    "zip": _of_zip,
}

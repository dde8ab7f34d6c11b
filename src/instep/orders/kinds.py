"""What a thing admits, told by what its type can do and never by its name.

| it has | so it has |
|---|---|
| `len` and `[k]`, but no `keys` (a mapping), no `appendleft` (a queue with two ends, slow in the middle) | any order |
| `shape`, `ndim` and `[...]`, but no `keys` (a data frame) | any order, and those of an array |
| `reversed` (a dict, a queue, a linked list) | two ends: forward and backward |
| `iter` (a set, an iterator, a file; a data frame, by its columns) | forward |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from operator import getitem, index
from typing import Any

from instep.checks import short
from instep.orders import picks


def shape_of(thing: Any) -> tuple[int, ...] | None:
    """The shape of an array; None where it is none."""
    kind = type(thing)
    if not _has(kind, "__getitem__") or _has(kind, "keys") or isinstance(thing, str | bytes):
        return None  # NumPy's strings are Python's, too, and have a shape
    shape, ndim = getattr(thing, "shape", None), getattr(thing, "ndim", None)
    try:
        sizes = tuple(map(index, shape))  # type: ignore[arg-type]
        return sizes if index(ndim) == len(sizes) else None  # type: ignore[arg-type]
    except TypeError:  # none at all, or of unknown size
        return None


def has_any_order(thing: Any) -> bool:
    """Whether its items are had at once by their index."""
    kind = type(thing)
    if not _has(kind, "__getitem__") or has_keys(thing) or _has(kind, "appendleft") or isinstance(thing, type):
        return False  # an enumeration, which is a class, is asked for its members by name
    return bool(shape_of(thing)) or (_has(kind, "__len__") and shape_of(thing) is None and not is_frame(thing))


def has_keys(thing: Any) -> bool:
    """Whether `[k]` takes a key, as far as can be told."""
    return _has(type(thing), "keys") and not isinstance(thing, Sequence)


def is_frame(thing: Any) -> bool:
    """Whether it is a data frame, whose `len` counts its rows while it is walked by its columns."""
    try:
        shape = getattr(thing, "shape", None)
    except Exception:  # which is its own affair, as it is walked
        return False
    return isinstance(shape, tuple) and len(shape) > 1 and shape_of(thing) is None and not isinstance(thing, Sequence)


def has_two_ends(thing: Any) -> bool:
    """Whether it can be walked from its end."""
    return _has(type(thing), "__reversed__")


def can_be_walked(thing: Any) -> bool:
    """Whether `iter` has anything to go by."""
    return _has(type(thing), "__iter__") or _has(type(thing), "__getitem__")


def size_of(thing: Any) -> int:
    """How many items it has just now, or how many along the first axis."""
    shape = shape_of(thing)
    return shape[0] if shape else picks.size_of(thing) if isinstance(thing, range) else len(thing)


def has_size(thing: Any) -> bool:
    """Whether it can be asked for its length."""
    return _has(type(thing), "__len__")


def walk(thing: Any) -> Iterator[Any]:
    """Its items as it gives them itself, so that a list is walked as lists are; it isn't asked for its length."""
    kind = type(thing)
    if _has(kind, "__iter__") and not _has(kind, "__next__"):
        return iter(thing)
    return picked(thing, range(size_of(thing)))


def walk_back(thing: Any, size: int) -> Iterator[Any]:
    """Its items from its end, as it gives them itself: a list's own way is the quicker one."""
    if has_two_ends(thing) and shape_of(thing) is None:  # a tensor's would be a copy
        return iter(reversed(thing))
    return picked(thing, range(size)[::-1])


def picked(thing: Any, indices: Any) -> Iterator[Any]:
    """The items at these indices; no Python code of ours runs for one."""
    return map(getitem, repeat(thing), indices)


def named(thing: Any) -> str:
    """The thing in an error's text; what has a length isn't printed, for that may be long, nor asked for it."""
    kind = type(thing)
    if (shape := shape_of(thing)) is not None:
        return f"{kind.__name__} of shape {shape}"
    if has_size(thing):
        return kind.__name__
    said = short(thing)
    return said if kind.__name__ in said else f"{kind.__name__} {said}"


def _has(kind: type, name: str) -> bool:
    """Whether its instances have it; what its metaclass has, as that of an enumeration, they haven't."""
    return next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None) is not None

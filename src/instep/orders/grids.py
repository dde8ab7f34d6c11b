"""Cells and blocks of an array, in the order in which they lie in memory or in another.

A walk through cells or blocks has an outermost axis and an innermost one; `Walk` says which, and which way each goes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, islice, repeat
from math import prod
from operator import index
from typing import Any

from instep.checks import short
from instep.orders import kinds
from instep.orders.layouts import Layout, line_of
from instep.orders.picks import Picks, size_of

BAND = 1 << 20
"""Bytes, about, of a block of an array that has no chunks."""


class Walk:
    """The axes of a grid from the outermost to the innermost one, and which of them go downwards."""

    __slots__ = ("axes", "down", "shape")

    def __init__(self, shape: tuple[int, ...], axes: Sequence[int], down: Sequence[bool]) -> None:
        self.shape = shape
        self.axes = axes
        self.down = down

    def where(self, j: int) -> tuple[int, ...]:
        """The index of cell j."""
        found = [0] * len(self.shape)
        for axis in reversed(self.axes):
            j, at = divmod(j, self.shape[axis])
            found[axis] = self.shape[axis] - 1 - at if self.down[axis] else at
        return tuple(found)

    def indices(self, start: int, count: int, backward: bool) -> Iterator[Any]:
        """The indices of so many cells from cell `start` on, made in C, and never more than one at a time.

        Numbers where there is one axis, else tuples.
        """
        if not self.shape:
            return repeat((), count)
        total = prod(self.shape)
        columns: list[Iterator[int]] = [iter(())] * len(self.shape)
        at = total - 1 - start if backward else start
        inner = 1
        for axis in reversed(self.axes):
            size = self.shape[axis]
            along = range(size)[:: -1 if self.down[axis] != backward else 1]
            turn, rest = divmod(at, inner)
            first = turn % size
            values = chain(along[first + 1 :], chain.from_iterable(repeat(along)))
            columns[axis] = chain(
                repeat(along[first], min(inner - rest, sys.maxsize)),
                chain.from_iterable(map(repeat, values, repeat(min(inner, sys.maxsize)))),
            )
            inner *= size
        found = columns[0] if len(columns) == 1 else zip(*columns)  # noqa: B905 (endless)
        return islice(found, min(count, sys.maxsize))


def by_memory(thing: Any, shape: tuple[int, ...]) -> Walk:
    """From the axis of the longest stride to that of the shortest, upwards in memory.

    An array without strides is taken to lie in C order, unless it has an `order` of "F".
    """
    axes, strides = range(len(shape)), strides_of(thing)
    if strides is None or len(strides) != len(shape):
        return by_letter("F" if getattr(thing, "order", None) == "F" else "C", shape)
    return Walk(shape, sorted(axes, key=lambda axis: -abs(strides[axis])), [step < 0 for step in strides])


def by_letter(letter: str, shape: tuple[int, ...]) -> Walk:
    """C: the last axis is the innermost; F: the first one."""
    axes = range(len(shape))
    return Walk(shape, axes if letter == "C" else axes[::-1], [False] * len(shape))


def strides_of(thing: Any) -> tuple[int, ...] | None:
    """How far apart neighbours along each axis lie, in some unit; None where it isn't known."""
    strides = getattr(thing, "strides", None)
    if strides is None and callable(method := getattr(thing, "stride", None)):  # PyTorch
        strides = method()
    try:
        return None if strides is None else tuple(map(index, strides))
    except TypeError:
        return None


class Cells(Layout):
    """Each element by itself."""

    __slots__ = ("size", "walk")

    def __init__(self, walk: Walk) -> None:
        self.size = prod(walk.shape)
        self.walk = walk

    def where(self, j: int) -> Any:
        """The index of item j."""
        return _bare(self.walk.where(j))

    def say(self, j: int) -> str:
        """Where item j is."""
        return f"cell {_tuple(self.walk.where(j))}/{_tuple(self.walk.shape)}"

    def items(self, thing: Any, picks: Picks) -> Iterator[Any]:
        """Those items."""
        if not size_of(picks):
            return iter(())
        if not isinstance(picks, range) or abs(picks.step) != 1:
            return kinds.picked(thing, map(self.where, picks))
        backward, count = picks.step < 0, size_of(picks)
        if self.walk.shape and _is_plain(thing):
            if count == self.size:
                return _flat(thing, self.walk, backward)
            line = _turned(thing, self.walk, False)
            if line.flags.c_contiguous:
                first = min(picks[0], picks[-1])
                return iter(line.reshape(-1)[first : first + count][:: picks.step])
        return kinds.picked(thing, self.walk.indices(picks[0], count, backward))


def _is_plain(thing: Any) -> bool:
    """Whether it is NumPy's array itself: only there an iterator in C is known to give what `[i, j]` gives."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(thing) is getattr(numpy, "ndarray", None)


def _flat(thing: Any, walk: Walk, backward: bool) -> Iterator[Any]:
    flat: Iterator[Any] = _turned(thing, walk, backward).flat
    return flat


def _turned(thing: Any, walk: Walk, backward: bool) -> Any:
    """A view of it that has the walk's axes in their order, each upwards."""
    steps = tuple(slice(None, None, -1 if walk.down[axis] != backward else 1) for axis in walk.axes)
    return thing.transpose(walk.axes)[steps]


class Pieces:
    """One axis cut up, one piece after another."""

    __slots__ = ("edges", "length", "step")

    def __init__(self, length: int, step: int, edges: Sequence[int] = ()) -> None:
        self.length = length
        self.step = step
        self.edges = edges  # where pieces are not alike: where each begins, and where the last one ends

    def __len__(self) -> int:
        return len(self.edges) - 1 if self.edges else -(-self.length // self.step)

    def piece(self, j: int) -> slice:
        """From where to where piece j goes."""
        if self.edges:
            return slice(self.edges[j], self.edges[j + 1])
        return slice(j * self.step, min((j + 1) * self.step, self.length))


class Blocks(Layout):
    """Pieces of an array that tile it, those at the border being what is left."""

    __slots__ = ("pieces", "size", "walk")

    def __init__(self, pieces: Sequence[Pieces], walk: Walk) -> None:
        self.size = prod(walk.shape)
        self.pieces = pieces
        self.walk = walk

    def where(self, j: int) -> Any:
        """The index of item j."""
        at = self.walk.where(j)
        # `a[()]` would be the element of an array without axes, and no view.
        return _bare(tuple(pieces.piece(k) for pieces, k in zip(self.pieces, at, strict=True)) or (...,))

    def say(self, j: int) -> str:
        """Where item j is."""
        cut = [axis for axis, n in enumerate(self.walk.shape) if n > 1]
        at = self.walk.where(j)
        if len(cut) != 1:
            return f"block {_tuple(at)}/{_tuple(self.walk.shape)}"
        pieces = self.pieces[cut[0]]
        piece, line = pieces.piece(at[cut[0]]), line_of(cut[0])
        if piece.stop - piece.start == 1:
            return f"{line} {piece.start}/{pieces.length}"
        return f"{line if line.endswith(':') else line + 's'} {piece.start}–{piece.stop - 1}/{pieces.length}"


def blocks(thing: Any, shape: tuple[int, ...], given: Any) -> Blocks:
    """The blocks of this shape, or the chunks of the store, or bands; one after another as they lie in memory."""
    walk = by_memory(thing, shape)
    pieces = _given(given, shape) if given is not None else _chunks(thing, shape) or _bands(thing, walk)
    return Blocks(pieces, Walk(tuple(map(len, pieces)), walk.axes, walk.down))


def _given(given: Any, shape: tuple[int, ...]) -> list[Pieces]:
    what = "blocks(shape) expected a tuple of a length for each axis, or None for all of one"
    try:
        sizes = given if isinstance(given, tuple | list) else (index(given),)
        lengths = [None if size is None else index(size) for size in sizes]
    except TypeError:
        raise TypeError(f"{what}; got {short(given)}") from None
    if len(lengths) != len(shape):
        raise ValueError(f"{what}, of which there are {len(shape)}; got {short(given)}")
    if any(length is not None and length < 1 for length in lengths):
        raise ValueError(f"{what}, each 1 or more; got {short(given)}")
    return [Pieces(n, max(n, 1) if length is None else length) for n, length in zip(shape, lengths, strict=True)]


def _chunks(thing: Any, shape: tuple[int, ...]) -> list[Pieces] | None:
    """The store's own: a length for each axis (zarr, h5py), or all the lengths along each (dask)."""
    try:
        chunks = getattr(thing, "chunks", None)
    except NotImplementedError:  # zarr's, where they are not alike
        chunks = getattr(thing, "read_chunk_sizes", None)
    if not isinstance(chunks, tuple) or len(chunks) != len(shape):
        return None
    pieces = []
    for n, chunk in zip(shape, chunks, strict=True):
        if isinstance(chunk, tuple | list):
            edges = [0, *accumulate(length for length in map(index, chunk) if length)]
            if edges[-1] != n:
                return None
            pieces.append(Pieces(n, 1, edges) if n else Pieces(0, 1))
        else:
            pieces.append(Pieces(n, max(index(chunk), 1)))
    return pieces


def _bands(thing: Any, walk: Walk) -> list[Pieces]:
    """Whole lines along the innermost axes, as many as have room in a band."""
    steps = list(walk.shape)
    inner = bytes_of_an_item(thing) * prod(walk.shape)
    for axis in walk.axes:
        n = walk.shape[axis]
        inner = inner // n if n else 0
        steps[axis] = max(1, min(n, BAND // max(inner, 1)))
        if inner < BAND:
            break
    return [Pieces(n, max(step, 1)) for n, step in zip(walk.shape, steps, strict=True)]


def bytes_of_an_item(thing: Any) -> int:
    """Bytes of one element; 8 where that can't be told."""
    size = getattr(thing, "itemsize", None)
    if size is None:
        size = getattr(getattr(thing, "dtype", None), "itemsize", None)
    if callable(size):  # a method, in some
        size = None
    return size if isinstance(size, int) and size > 0 else 8


def _bare(index: tuple[Any, ...]) -> Any:
    """As it goes into the brackets of what has one axis, which may know no tuples."""
    return index[0] if len(index) == 1 and index[0] is not ... else index


def _tuple(numbers: Sequence[int]) -> str:
    return f"({', '.join(map(str, numbers))})"

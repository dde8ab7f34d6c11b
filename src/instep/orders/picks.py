"""Which index comes k-th: sequences of indices, and one picked by another.

A `range`, an array of indices, a shuffle: whatever has a length, `[k]` and `iter`, and never changes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from operator import getitem, index
from typing import Any, Protocol

from instep.checks import short


class Picks(Protocol):
    """Indices in some order."""

    def __len__(self) -> int: ...
    def __getitem__(self, k: int, /) -> int: ...
    def __iter__(self) -> Iterator[int]: ...


def size_of(picks: Any) -> int:
    """How many; of a range also beyond what `len` can give."""
    if isinstance(picks, range):
        return (picks[-1] - picks[0]) // picks.step + 1 if picks else 0
    size = getattr(picks, "size", None)  # of ours
    return len(picks) if size is None else int(size)


class Composed:
    """One picked by the next, and so on: the k-th is `layers[0][layers[1][... k]]`."""

    __slots__ = ("layers",)

    def __init__(self, layers: tuple[Picks, ...]) -> None:
        self.layers = layers

    @property
    def size(self) -> int:
        """How many."""
        return size_of(self.layers[-1])

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, k: int) -> int:
        for layer in reversed(self.layers):
            k = layer[k]
        return k

    def __iter__(self) -> Iterator[int]:
        if len(self.layers) > _NESTED:  # each would be a call inside another on the C stack, of which there is an end
            return map(self.__getitem__, range(self.size))
        *outer, inner = self.layers
        indices = iter(inner)
        for layer in reversed(outer):
            indices = map(getitem, repeat(drawn(layer)), indices)
        return indices


_NESTED = 8


def drawn(picks: Any) -> Any:
    """The array below a shuffle, which is quicker to index."""
    draw = getattr(type(picks), "drawn", None)
    return picks if draw is None else draw(picks)


def compose(outer: Picks, inner: Picks) -> Picks:
    """`outer` picked by `inner`; ranges stay ranges, however often they are picked from."""
    if isinstance(inner, range):
        if inner == range(size_of(outer)):
            return outer
        if isinstance(outer, range):
            start, step = outer.start, outer.step
            return range(start + step * inner.start, start + step * inner.stop, step * inner.step)
        if isinstance(outer, Composed):
            *rest, last = outer.layers
            return (
                Composed((*rest, compose(last, inner))) if isinstance(last, range) else Composed((*outer.layers, inner))
            )
    if outer == range(size_of(outer)):
        return inner
    layers = outer.layers if isinstance(outer, Composed) else (outer,)
    return Composed((*layers, inner))


def given(indices: Iterable[Any], size: int) -> Sequence[int]:
    """The indices that somebody wrote down, checked and copied: each in 0..size-1, or negative from the end."""
    if isinstance(indices, range) and (
        not indices or (min(indices[0], indices[-1]) >= 0 and max(indices[0], indices[-1]) < size)
    ):
        return indices
    try:
        each = iter(indices)
    except TypeError:
        raise TypeError(f"by(indices) expected indices one after another; got {short(indices)}") from None
    mask = "by(indices) expected indices; got a bool: write by(k for k, wanted in enumerate(mask) if wanted)"
    found: Any = array("q") if size <= 1 << 63 else []
    for one in each:
        if isinstance(one, bool):
            raise TypeError(mask)
        try:
            k = index(one)
        except TypeError:
            if str(getattr(one, "dtype", "")).endswith("bool"):  # NumPy's, PyTorch's
                raise TypeError(mask) from None
            raise TypeError(f"by(indices) expected whole numbers; got {short(one)} at {len(found)}") from None
        if not -size <= k < size:
            expected = f"expected indices from {-size} to {size - 1}" if size else "can take none: there are no items"
            raise IndexError(f"by(indices) {expected}; got {k} at {len(found)}")
        found.append(k % size)
    taken: Sequence[int] = found
    return taken

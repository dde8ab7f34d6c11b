"""What the items of an order are and where they lie, in natural order; a layout holds sizes, never what is walked.

`where(j)` is what goes into the brackets: `thing[layout.where(j)]` is item j.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

from instep.orders import kinds
from instep.orders.picks import Picks


class Layout:
    """What all have in common."""

    __slots__ = ()
    size: int

    def where(self, j: int) -> Any:
        """The index of item j."""
        raise NotImplementedError

    def say(self, j: int) -> str:
        """Where item j is, in words, for whoever watches."""
        raise NotImplementedError

    def item(self, thing: Any, j: int) -> Any:
        """Item j."""
        return thing[self.where(j)]

    def items(self, thing: Any, picks: Picks) -> Iterator[Any]:
        """Those items, one at a time."""
        return kinds.picked(thing, map(self.where, picks))


class Items(Layout):
    """The items of a sequence, or of an array along its first axis."""

    __slots__ = ("noun", "size")

    def __init__(self, size: int, noun: str = "item") -> None:
        self.size = size
        self.noun = noun

    def where(self, j: int) -> int:
        """The index of item j."""
        return j

    def say(self, j: int) -> str:
        """Where item j is."""
        return f"{self.noun} {j}/{self.size}"

    def items(self, thing: Any, picks: Picks) -> Iterator[Any]:
        """Those items."""
        backward = self.size > 0 and picks == range(self.size - 1, -1, -1)
        if backward and kinds.size_of(thing) == self.size:
            return kinds.walk_back(thing, self.size)
        return kinds.picked(thing, picks)


class Lines(Layout):
    """The slices of an array at each index of one axis: rows, columns."""

    __slots__ = ("axis", "size")

    def __init__(self, size: int, axis: int) -> None:
        self.size = size
        self.axis = axis

    def where(self, j: int) -> Any:
        """The index of item j."""
        return (*(slice(None),) * self.axis, j) if self.axis else j

    def say(self, j: int) -> str:
        """Where item j is."""
        return f"{line_of(self.axis)} {j}/{self.size}"

    def items(self, thing: Any, picks: Picks) -> Iterator[Any]:
        """Those items."""
        whole = repeat(slice(None))
        return kinds.picked(thing, zip(*(whole,) * self.axis, picks) if self.axis else picks)  # noqa: B905 (endless)


def line_of(axis: int) -> str:
    """What a slice across this axis is called."""
    return "row" if not axis else "column" if axis == 1 else f"along {axis}:"

"""`Order`: a walk through a thing, known before it is taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import index
from typing import Any, Generic, Literal, Self, TypeVar, overload

from instep.checks import short
from instep.orders import grids, kinds, nesting, picks
from instep.orders.layouts import Items, Layout, Lines
from instep.orders.picks import Picks
from instep.orders.shuffles import Source, checked_buffer
from instep.sources import known_length, lengths, tellers

T = TypeVar("T")


class Order(Generic[T]):
    """An order in which a thing can be walked: an iterable of its items, each fetched when its turn comes.

    Made by `order(thing)`. It never changes: each method gives another order, made of this one. It can be walked again
    and again, always alike, unless the thing itself can't. `len(o)` is how many items there are, `o[k]` is the k-th of
    them, and `o[k:]` goes on from there: an order, too, of which `where` tells as before.
    """

    __slots__ = ("__weakref__", "_layout", "_picks", "_said", "_thing")

    def __init__(self, thing: Any, layout: Layout, chosen: Picks, said: str) -> None:
        self._thing = thing
        self._layout = layout
        self._picks = chosen  # which of the layout's items is the k-th
        self._said = said

    # Another order

    def forward(self) -> Self:
        """The order that it is, from its first item on."""
        return self

    def backward(self) -> Order[T]:
        """The last item first. Twice, it is the order it was."""
        return self._picked(range(self._size())[::-1], "backward()")

    def shuffled(self, seed: Any = None, *, random: Any = None, buffer: int | None = None) -> Order[T]:
        """In random order, each item once; the same on each walk, and with the same seed on any version of Python.

        `seed` is an int, float, str or bytes. Without it one is drawn now, which the order's `repr` tells. `random=`
        takes a `random.Random`, a NumPy generator or the like, and draws from it now, so that of two orders the first
        one made draws first.

        Up to 2**24 items (16,777,216) the order is the one that `random.shuffle` gives to their indices. It takes 4
        bytes an item and half a second a million; where a seed decides, both come with the first walk. Beyond that,
        each index is computed from a key by itself: that takes no memory and no time before the first item, and some
        3 µs an item. Such an order is as random to the eye, and another than `random.shuffle` would give.

        With `buffer=n`, what can only go forward is shuffled, too: at most n items are fetched and not yet given, of
        which one at random comes next. None comes more than n places early, though some late by more, and there is no
        `where`.
        """
        source = Source(seed, random)
        if buffer is not None:
            from instep.orders.streams import buffered

            return buffered(self, checked_buffer(buffer), source.repeatable(), f"buffer={buffer}, {source.said}")
        self._needs_any_order(f"shuffled({'' if seed is None else short(seed)})")
        return self._picked(source.picks(self._size()), f"shuffled({source.said})")

    def by(self, indices: Iterable[int]) -> Order[T]:
        """The items at these indices of this order, which may repeat or leave out some; negative ones from the end.

        They are copied, unless they are a `range`.
        """
        self._needs_any_order("by(indices)")
        return self._picked(picks.given(indices, self._size()), "by(...)")

    # What an array admits

    def rows(self) -> Order[Any]:
        """Each row of an array: `a[i]`."""
        return self._lines(0, "rows()")

    def columns(self) -> Order[Any]:
        """Each column of an array of two dimensions or more: `a[:, j]`."""
        return self._lines(1, "columns()")

    def along(self, axis: int) -> Order[Any]:
        """The slices of an array at each index of one axis, which may be negative: `along(2)` gives `a[:, :, k]`."""
        return self._lines(axis, f"along({short(axis)})")

    def cells(self, layout: Literal["C", "F", "memory"] = "memory") -> Order[Any]:
        """Each element of an array: the last index moves first ("C"), the first one ("F"), or as they lie ("memory").

        In memory order each element comes after its neighbour below it in memory, whichever way the array lies: by its
        strides. An array that has none (a store) is taken as "C", unless its `order` is "F". As a rule, walk a store
        by `blocks`.
        """
        shape = self._array(f"cells({short(layout)})")
        if layout not in ("C", "F", "memory"):
            raise ValueError(f'cells(layout) expected "C", "F" or "memory"; got {short(layout)}')
        walk = grids.by_memory(self._thing, shape) if layout == "memory" else grids.by_letter(layout, shape)
        return self._laid(grids.Cells(walk), f"cells({layout!r})")

    def blocks(self, shape: tuple[int | None, ...] | int | None = None) -> Order[Any]:
        """Blocks that tile an array: of this shape (`None` for all of an axis), those at the border being smaller.

        By default the chunks of the store (zarr, h5py, dask). Without chunks, bands of about 1 MiB of whole lines, or
        of one line. They come as they lie in memory, by the array's strides.
        """
        sizes = self._array("blocks()")
        if sizes:  # else it has one block, though no items
            needs_items(self._thing, self._said)
        return self._laid(grids.blocks(self._thing, sizes, shape), "blocks()" if shape is None else f"blocks({shape})")

    # What nested sequences admit

    def nested(self, depth: int | None = None) -> Order[Any]:
        """The leaves of sequences within sequences; `where` gives their paths: `(2, 0, 1)` for `xs[2][0][1]`.

        They lie `depth` deep, or less where there is no sequence to go into: `nested(1)` gives the items themselves.
        Without `depth` it goes to the end. Text, bytes and what has no random access (a dict) are leaves. Where no end
        is found (a list that holds itself; `np.matrix`, whose rows are matrices) it is a `ValueError`.

        A walk looks into an inner sequence when it comes to it. `len` (for which `list` and `track` ask, too), `where`
        and other orders look at all of them first, once, though not at leaves that are `depth` deep; from then on the
        order is fixed.
        """
        deep = nesting.checked_depth(depth)
        asked = f"nested({'' if depth is None else deep})"
        thing = self._itself(asked)
        needs_items(thing, self._said)
        return Nested(self._thing, nesting.Leaves(thing, deep), f"{self._said}.{asked}")

    # What it knows

    def where(self, k: int) -> Any:
        """The index of item k, as it goes into the brackets: `thing[o.where(k)]` is item k.

        A number for an item or a row; a tuple for a cell `(i, j)`, a column `(:, j)` and a block `(i0:i1, j0:j1)`, with
        slices where there is a colon; where there is one axis, a number for a cell and a slice for a block. Of `nested`
        it is the path.
        """
        return self._layout.where(self._at(k))

    def describe(self, k: int) -> str:
        """Where item k is, in words, as the views of a tracked loop say it: `"row 3/10"` is `a[3]`, of 10 rows."""
        return self._layout.say(self._at(k))

    def __len__(self) -> int:
        return self._size()

    def __bool__(self) -> bool:
        return self._size() > 0  # which may be more than `len` can give

    @overload
    def __getitem__(self, k: int) -> T: ...
    @overload
    def __getitem__(self, k: slice) -> Order[T]: ...
    def __getitem__(self, k: int | slice) -> T | Order[T]:
        if isinstance(k, slice):
            return self._picked(range(self._size())[k], brackets(k))
        item: T = self._layout.item(self._thing, self._at(k))
        return item

    def __iter__(self) -> Iterator[T]:
        return self._layout.items(self._thing, self._picks)

    def __reversed__(self) -> Iterator[T]:
        return iter(self.backward())

    def __repr__(self) -> str:
        return f"<{self._said}>"

    # Within

    def _size(self) -> int:
        return picks.size_of(self._picks)

    def _at(self, k: Any) -> int:
        size = self._size()
        try:
            found = index(k)
        except TypeError:
            raise TypeError(f"expected the number of an item; got {short(k)}") from None
        if not -size <= found < size:
            raise IndexError(f"{self._said} has {size} items: there is no item {found}")
        return self._picks[found % size]

    def _picked(self, chosen: Picks, said: str) -> Order[T]:
        return Order(self._thing, self._layout, picks.compose(self._picks, chosen), also(self._said, said))

    def _laid(self, layout: Layout, said: str) -> Order[Any]:
        return Order(self._thing, layout, range(layout.size), f"{self._said}.{said}")

    def _lines(self, axis: Any, asked: str) -> Order[Any]:
        shape = self._array(asked)
        try:
            found = index(axis)
        except TypeError:
            raise TypeError(f"along(axis) expected the number of an axis; got {short(axis)}") from None
        if not -len(shape) <= found < len(shape):
            axes = "1 axis" if len(shape) == 1 else f"{len(shape)} axes"
            raise ValueError(f"{self._said} has {axes}, so no {asked}")
        needs_items(self._thing, self._said)
        found %= len(shape)
        return self._laid(Lines(shape[found], found), asked)

    def _itself(self, asked: str) -> Any:
        """The thing, for what isn't about the items of an order but about the thing."""
        raise TypeError(f"{asked} is asked of order(thing) itself: write it first, then the rest of {self._said}")

    def _array(self, asked: str) -> tuple[int, ...]:
        """The shape of the thing, which has to be an array."""
        thing = self._itself(asked)
        shape = kinds.shape_of(thing)
        if shape is None:
            raise no_array(asked, self._said, thing)
        return shape

    def _needs_any_order(self, asked: str) -> None:
        """What can be had only where items are had by their index."""


class Told:
    """Says where the k-th item of an order is, to a tracked loop; it holds nothing of what is walked."""

    __slots__ = ("_layout", "_picks")

    def __init__(self, layout: Layout, chosen: Picks) -> None:
        self._layout = layout
        self._picks = chosen

    def __call__(self, k: int) -> str:
        """In words, for whoever watches."""
        return self._layout.say(self._picks[k])


class Plain(Order[T]):
    """The order of a thing with random access as it is: it grows with the thing. Those made of it are fixed."""

    __slots__ = ()

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self._said = f"order({kinds.named(thing)})"

    @property
    def _layout(self) -> Layout:  # type: ignore[override]  # looked up, for it may change
        shape = kinds.shape_of(self._thing)
        return Items(self._size(), "row" if shape and len(shape) > 1 else "item")

    @property
    def _picks(self) -> Picks:  # type: ignore[override]
        return range(self._size())

    def _size(self) -> int:
        needs_items(self._thing, self._said)
        return kinds.size_of(self._thing)

    def __iter__(self) -> Iterator[T]:
        needs_items(self._thing, self._said)
        return kinds.walk(self._thing)

    def __reduce__(self) -> tuple[Any, ...]:
        return Plain, (self._thing,)

    def _itself(self, asked: str) -> Any:
        return self._thing


class Nested(Order[T]):
    """All the leaves, one way or the other, whose number isn't looked for before somebody asks for it."""

    __slots__ = ("_backward",)
    _layout: nesting.Leaves

    def __init__(self, thing: Any, layout: nesting.Leaves, said: str, backward: bool = False) -> None:
        self._thing = thing
        self._layout = layout
        self._said = said
        self._backward = backward

    @property
    def _picks(self) -> Picks:  # type: ignore[override]
        return range(self._layout.size)[:: -1 if self._backward else 1]

    def backward(self) -> Order[T]:
        """The last leaf first."""
        return Nested(self._thing, self._layout, also(self._said, "backward()"), not self._backward)

    def __iter__(self) -> Iterator[T]:
        return self._layout.all(self._thing, self._backward)

    def __reduce__(self) -> tuple[Any, ...]:
        return Nested, (self._thing, self._layout, self._said, self._backward)


def _teller(one: Order[Any]) -> Told | None:
    if isinstance(one, Plain) and not kinds.shape_of(one._thing):
        return None  # the count says it all, and a length may be costly, or too large
    layout = one._layout
    if isinstance(layout, nesting.Leaves) and not layout.is_known:
        return None  # it holds the thing still, whose inner sequences another thread must not look at
    return Told(layout, one._picks)


def _known_length(one: Order[Any]) -> int | None:
    return known_length(one._thing)


tellers.update(dict.fromkeys(map(id, (Order, Plain, Nested)), _teller))
lengths[id(Plain)] = _known_length  # the length of what is lazy would compute it


def no_array(asked: str, said: str, thing: Any = None) -> TypeError:
    """What is raised where there is no array."""
    hint = ": write order(frame.to_numpy())" if hasattr(type(thing), "to_numpy") else ""
    return TypeError(f"{asked} is for arrays, which have a known shape, ndim and indexing, unlike {said}{hint}")


def needs_items(thing: Any, said: str) -> None:
    """Refuse an array that has cells, and no slices."""
    if kinds.shape_of(thing) == ():
        raise TypeError(f"{said}, without an axis, has cells() and blocks() only")
    if isinstance(thing, memoryview) and thing.ndim > 1:
        raise TypeError(f"{said}, which can't be sliced, has cells() only: write order(np.asarray(view))")


def brackets(k: slice) -> str:
    """A slice as it was written."""
    ends = ["" if end is None else str(end) for end in (k.start, k.stop)]
    return f"[{':'.join(ends + ([] if k.step is None else [str(k.step)]))}]"


def also(said: str, more: str) -> str:
    """How an order was asked for; of one that goes on for long the end."""
    whole = said + ("" if more.startswith("[") else ".") + more
    return whole if len(whole) <= 200 else f"...{whole[-190:]}"

"""`order`: asks a thing which orders it admits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar, overload

from instep.checks import short
from instep.orders import kinds
from instep.orders.order import Order, Plain
from instep.orders.streams import Stream, Walked

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Indexed(Protocol[T_co]):
    """What has a length and items by their index, and perhaps no `iter`."""

    def __len__(self) -> int: ...
    def __getitem__(self, k: int, /) -> T_co: ...


class Shaped(Protocol):
    """What has a shape."""

    @property
    def shape(self) -> Any: ...  # noqa: D102
    @property
    def ndim(self) -> int: ...  # noqa: D102
    def __getitem__(self, k: Any, /) -> Any: ...


@overload
def order(thing: Order[T], /) -> Order[T]: ...
@overload
def order(thing: Iterable[T], /) -> Order[T]: ...
@overload
def order(thing: Indexed[T], /) -> Order[T]: ...
@overload
def order(thing: Shaped, /) -> Order[Any]: ...
def order(thing: Any, /) -> Order[Any]:
    """The order of a thing as it is, of which other orders are made: an iterable with `len` and `where(k)`.

    >>> from random import Random
    >>> letters = order(["a", "b", "c"])
    >>> list(letters.backward())
    ['c', 'b', 'a']
    >>> shuffled = letters.shuffled(random=Random(0))
    >>> list(shuffled), [shuffled.where(k) for k in range(3)]
    (['a', 'c', 'b'], [0, 2, 1])

    - What has `len` and `[k]` (a list, a range, a data set) admits `backward`, `shuffled`, `by` and `nested`;
    - an array, with `shape`, `ndim` and `[...]` (NumPy, PyTorch, zarr, h5py), these, and `rows`, `columns`, `along`,
      `cells` and `blocks`;
    - what has `reversed` only (a dict, a deque) `backward`;
    - what has `iter` only (a set, an iterator, a file) is walked, or `shuffled(buffer=1000)`.

    What isn't admitted is a `TypeError` that says why, and what would help. Nothing is copied, and no item is touched
    before its turn. The order of the thing itself grows with it; one that is made of it is fixed when it is made, and
    where the thing has become shorter since, it is an `IndexError` to ask for an item that has gone.
    """
    if isinstance(thing, Order):
        return thing
    if kinds.has_any_order(thing) or kinds.shape_of(thing) == ():
        return Plain(thing)
    if not kinds.can_be_walked(thing):
        if hasattr(type(thing), "__aiter__"):
            hint = ": it is an asynchronous one, which has no order but its own"
        elif callable(getattr(type(thing), "makefile", None)):
            hint = ': write order(thing.makefile("rb")) for its lines'
        else:
            hint = ": write order(range(n))" if isinstance(thing, int) else ""
        raise TypeError(
            f"order() expected something to walk; got {short(thing)} of type {type(thing).__name__!r}{hint}"
        )
    return Stream(Walked(thing), None, f"order({kinds.named(thing)})")

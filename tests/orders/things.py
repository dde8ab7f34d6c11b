"""Things to walk that write down what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Touched:
    """A sequence with random access and nothing else, as a data set is; it writes down which items were fetched."""

    def __init__(self, items: Any) -> None:
        self.items = list(items)
        self.touched: list[int] = []

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, k: int) -> Any:
        assert type(k) is int
        self.touched.append(k)
        return self.items[k % len(self.items)]  # an old iteration by `[k]` until IndexError would never end


class Linked:
    """A linked list: two ends, and neither a length nor an index."""

    def __init__(self, items: Any) -> None:
        self._items = list(items)

    def __iter__(self) -> Iterator[Any]:
        yield from self._items

    def __reversed__(self) -> Iterator[Any]:
        yield from self._items[::-1]


class Store:
    """An array like those in files: a shape, chunks perhaps, and what is read is written down. It has no strides."""

    def __init__(self, data: Any, chunks: Any = None, **attributes: Any) -> None:
        self._data = data
        self.shape, self.ndim, self.dtype = data.shape, data.ndim, data.dtype
        self.chunks = chunks
        self.read: list[Any] = []
        vars(self).update(attributes)

    def __getitem__(self, where: Any) -> Any:
        self.read.append(where)
        return self._data[where]


class Tensor:
    """As in PyTorch: strides are told by a method, in elements; there are no negative ones."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.shape, self.ndim = data.shape, data.ndim

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, where: Any) -> Any:
        return self._data[where]

    def stride(self) -> tuple[int, ...]:
        return tuple(step // self._data.itemsize for step in self._data.strides)

    def __reversed__(self) -> Any:
        return Tensor(self._data[::-1].copy())  # no iterator, and no view

    def element_size(self) -> int:
        return int(self._data.itemsize)

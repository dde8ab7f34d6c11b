"""What type checkers make of `order`: the type of the items passes."""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Any, assert_type

import numpy as np

from instep import Order, order, track


class Data:
    """A data set: a length and an index."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, k: int) -> float:
        return k / 2


class Stored:
    """An array in a file."""

    shape = (2, 3)
    ndim = 2

    def __getitem__(self, where: Any) -> Any:
        return where


def letters() -> Iterator[str]:
    yield from "abc"


integers: list[int] = [1, 2]
one = order(integers)
assert_type(one, Order[int])
assert_type(one.forward(), Order[int])
assert_type(one.backward(), Order[int])
assert_type(one.shuffled(1), Order[int])
assert_type(one.shuffled(random=Random(0)), Order[int])
assert_type(one.shuffled(buffer=1000), Order[int])
assert_type(one.by([1, 0]), Order[int])
assert_type(one[0], int)
assert_type(one[1:], Order[int])
assert_type(len(one), int)
assert_type(one.describe(0), str)
assert_type(list(one), list[int])
assert_type(list(reversed(one)), list[int])
assert_type(order(one), Order[int])
for integer in track(one.backward()):
    assert_type(integer, int)

assert_type(order(letters()), Order[str])
assert_type(order({"a": 1}), Order[str])
assert_type(order(deque([1.5])).backward(), Order[float])
assert_type(order(Data()).shuffled("seed"), Order[float])
assert_type(order(Stored()).blocks((None, 2)), Order[Any])
assert_type(order(np.zeros((2, 2))).rows(), Order[Any])
assert_type(order([[1], [2]]).nested(2), Order[Any])
order(np.zeros((2, 2))).cells("F").backward()

order(5)  # type: ignore[call-overload]
order(integers).by("ab")  # type: ignore[arg-type]
order(integers).cells("K")  # type: ignore[arg-type]
order(integers).shuffled(1, Random(1))  # type: ignore[call-arg]

"""The leaves of nested sequences, with their paths."""

from __future__ import annotations

import tracemalloc
from collections import UserString

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instep import order
from orders.things import Touched


def at(xs, path):
    """The item at a path."""
    for k in path:
        xs = xs[k]
    return xs


def agrees(one, xs):
    """Iteration, length, `[k]` and `where` say the same, forward, backward and cut; gives leaves and paths."""
    leaves = list(one)
    paths = [one.where(k) for k in range(len(one))]
    assert leaves == [at(xs, path) for path in paths] == [one[k] for k in range(len(one))]
    assert list(one.backward()) == leaves[::-1] == list(reversed(one))
    assert list(one.backward().backward()) == leaves
    assert list(one[1:]) == leaves[1:]
    shuffled = one.shuffled(1)
    assert [at(xs, shuffled.where(k)) for k in range(len(one))] == list(shuffled)
    assert sorted(shuffled.where(k) for k in range(len(one))) == sorted(paths)
    return leaves, paths


def test_leaves_have_paths():
    """`where(k)` gives (2, 0, 1) for `xs[2][0][1]`."""
    xs = [[[1, 2]], [], [[3, 4], [5]]]
    leaves, paths = agrees(order(xs).nested(3), xs)
    assert leaves == [1, 2, 3, 4, 5]
    assert paths == [(0, 0, 0), (0, 0, 1), (2, 0, 0), (2, 0, 1), (2, 1, 0)]
    assert order(xs).nested(3).describe(3) == "leaf 3/5 at (2, 0, 1)"
    assert agrees(order(xs).nested(2), xs) == ([[1, 2], [3, 4], [5]], [(0, 0), (2, 0), (2, 1)])
    assert agrees(order(xs).nested(1), xs) == (xs, [(0,), (1,), (2,)])
    assert agrees(order(xs).nested(7), xs) == agrees(order(xs).nested(), xs)


nestings = st.recursive(
    st.integers() | st.text(max_size=3) | st.none(), lambda inner: st.lists(inner, max_size=4), max_leaves=20
).filter(lambda one: isinstance(one, list))


def expected(xs, depth, path=()):
    """The same, written down plainly."""
    for k, x in enumerate(xs):
        if isinstance(x, list) and depth != 1:
            yield from expected(x, depth and depth - 1, (*path, k))
        else:
            yield (*path, k), x


@settings(deadline=None)
@given(nestings, st.none() | st.integers(1, 12))
def test_any_nesting_is_walked_leaf_by_leaf(xs, depth):
    """Ragged or not, as deep as was asked for, or to the end; each leaf once, and `where` agrees."""
    leaves, paths = agrees(order(xs).nested(depth), xs)
    assert list(zip(paths, leaves, strict=True)) == list(expected(xs, depth))


def test_text_and_what_has_no_random_access_are_leaves():
    """So are bytes and dicts; tuples, ranges and arrays are gone into."""
    xs = ["ab", b"cd", {1: 2}, (3, "ef"), range(2), bytearray(b"x"), UserString("gh"), None, np.float64(2)]
    leaves, _ = agrees(order(xs).nested(), xs)
    assert leaves == ["ab", b"cd", {1: 2}, 3, "ef", 0, 1, bytearray(b"x"), "gh", None, 2.0]
    assert list(order(UserString("ij")).nested()) == ["i", "j"]


def test_arrays_within_lists():
    """They are sequences along their first axis; one without an axis is a leaf."""
    xs = [np.arange(6).reshape(2, 3), np.array(7)]
    one = order(xs).nested(3)
    assert [int(leaf) for leaf in one] == [0, 1, 2, 3, 4, 5, 7]
    assert [one.where(k) for k in (0, 5, 6)] == [(0, 0, 0), (0, 1, 2), (1,)]
    rows = order(xs).nested(2)
    assert np.shares_memory(rows[1], xs[0])


def test_a_walk_looks_into_a_sequence_when_it_comes_to_it():
    """And not before; leaves are never touched for their number."""
    inner = [Touched("ab"), Touched("cd"), Touched("ef")]
    outer = Touched(inner)
    one = order(outer).nested(2)
    walk = iter(one)
    assert outer.touched == []
    assert next(walk) == "a"
    assert (outer.touched, inner[0].touched) == ([0], [0])
    back = iter(one.backward())
    assert next(back) == "f"
    assert (outer.touched, inner[1].touched, inner[2].touched) == ([0, 2], [], [1])
    assert len(one) == 6
    assert one.where(3) == (1, 1)
    assert (outer.touched, inner[1].touched) == ([0, 2, 0, 1, 2], [])
    assert one[3] == "d"
    assert inner[1].touched == [1]


def test_a_nesting_deeper_than_pythons_stack():
    """Is walked and counted all the same; one that holds itself is an error, unless a depth is given."""
    deep: list = [1]
    for _ in range(3_000):
        deep = [deep, 2]
    one = order(deep).nested()
    assert len(one) == len(list(one)) == len(list(one.backward())) == 3_001
    assert one.where(0) == (0,) * 3_001
    assert sum(order(deep).nested(2_000)[1:]) == 4_000
    endless: list = [1]
    endless.append(endless)
    for act in (list, len):
        with pytest.raises(ValueError, match="holds itself"):
            act(order(endless).nested())
    assert list(order(endless).nested(5)) == [1, 1, 1, 1, 1, endless]
    twice = [1]
    assert list(order([twice, twice]).nested()) == [1, 1]
    while isinstance(deep[0], list):  # or its end would need the stack
        deep = deep[0]


class Parts:
    """A sequence whose items are made when they are asked for: `into` makes them."""

    def __init__(self, into):
        self.into = into

    def __len__(self):
        return 1

    def __getitem__(self, k):
        return self.into()


@pytest.mark.parametrize(
    "thing",
    [
        np.array([[1, 2]]).view(np.matrix),  # each row of which is a matrix of one row
        [0, np.array([[1], [2]]).view(np.matrix)],
        endless := Parts(lambda: Parts(endless.into)),
        between := Parts(lambda: [Parts(between.into)]),
    ],
    ids=["matrix", "matrix in a list", "made afresh", "made afresh in lists"],
)
def test_what_makes_its_items_without_end(thing):
    """It is told, and nothing hangs; with a depth it is walked so deep."""
    one = order(thing).nested()
    for act in (list, len, lambda one: one.where(0), lambda one: list(one.backward())):
        with pytest.raises(ValueError, match=r"nested\(\) found no end: .* [12],00\d deep.*nested\(depth\)"):
            act(one)
    assert order(thing).nested(7).where(0) in ((0,) * 7, (0,))


def test_a_very_deep_nesting_needs_memory_for_its_depth_only():
    """Not for the path of each level: some hundred bytes a level."""
    deep: list = []
    for _ in range(5_000):
        deep = [deep]
    one = order(deep).nested()
    tracemalloc.start()
    try:
        assert len(one) == 0
        assert tracemalloc.get_traced_memory()[1] < 5_000 * 1_000
    finally:
        tracemalloc.stop()
    while deep:
        deep = deep[0]


def test_once_its_length_is_known_it_is_fixed():
    """Its walks are those that `len` and `where` tell of; one that was begun before goes by what it finds."""
    xs: list = [[1, 2], [3], 4]
    one = order(xs).nested()
    walk = iter(one)
    xs[1].append(5)
    assert len(one) == 5
    xs[0].append(6)
    xs.append([7])
    assert agrees(one, xs)[0] == [1, 2, 3, 5, 4]
    assert [next(walk) for _ in range(7)] == [1, 2, 6, 3, 5, 4, 7]
    assert list(order(xs).nested()) == [1, 2, 6, 3, 5, 4, 7]
    xs[1].clear()
    with pytest.raises(IndexError):
        list(one)
    some = order(ys := [[0], 1, 2]).nested()[:]
    whole = order(ys).nested()
    assert (len(some), len(whole)) == (3, 3)
    ys.pop()
    for one in some, whole:
        with pytest.raises(IndexError):
            list(one)


def test_a_shuffled_nesting_in_a_shuffled_order():
    """It composes as any other order does."""
    xs = [[1, 2], [3, 4, 5]]
    one = order(xs).nested(2).shuffled(3).by([0, -1])[1:]
    assert len(one) == 1
    assert at(xs, one.where(0)) == one[0] == list(one)[0]  # noqa: RUF015

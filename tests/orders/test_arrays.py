"""Orders of what has a shape: rows, columns, cells and blocks."""

from __future__ import annotations

from array import array
from itertools import islice, pairwise, product
from operator import methodcaller

import h5py
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from children import quiet
from instep import order, track
from orders.things import Store, Tensor


def agrees(one, a):
    """Iteration, length, `[k]` and `where` say the same, forward, backward, shuffled and from k on; gives the items."""
    items = list(one)
    n = len(items)
    assert len(one) == n
    for k in range(n):
        where = one.where(k)
        np.testing.assert_array_equal(items[k], a[where], strict=True)
        np.testing.assert_array_equal(items[k], one[k], strict=True)
        assert type(items[k]) is type(a[where])
    for other, ks in (
        (one.backward(), range(n)[::-1]),
        (one.backward().backward(), range(n)),
        (one[1:], range(1, n)),
        (one[1:].backward(), range(1, n)[::-1]),
        (one.backward()[2:-1], range(n)[::-1][2:-1]),
        (one[::3], range(n)[::3]),
        (one.shuffled(5), [*order(range(n)).shuffled(5)]),
    ):
        found = list(other)
        assert len(other) == len(found) == len(ks)
        for k, item in zip(ks, found, strict=True):
            np.testing.assert_array_equal(item, items[k], strict=True)
        assert [other.where(k) for k in range(len(ks))] == [one.where(k) for k in ks]
    return items


def test_rows_and_columns():
    """`a[i]` and `a[:, j]`, as views; `along` takes any axis, from the end too."""
    a = np.arange(24).reshape(2, 3, 4)
    assert [row.tolist() for row in agrees(order(a).rows(), a)] == [x.tolist() for x in a]
    assert [x.tolist() for x in agrees(order(a).columns(), a)] == [a[:, j].tolist() for j in range(3)]
    assert [x.tolist() for x in agrees(order(a).along(-1), a)] == [a[:, :, k].tolist() for k in range(4)]
    assert order(a).rows().where(1) == 1
    assert order(a).columns().where(2) == (slice(None), 2)
    for one, said in (
        (order(a).rows(), "row 1/2"),
        (order(a).columns(), "column 1/3"),
        (order(a).along(2), "along 2: 1/4"),
    ):
        assert one.describe(1) == said
        assert all(np.shares_memory(item, a) for item in one)
    assert order(a).describe(1) == "row 1/2"
    assert order(a[0, 0]).describe(1) == "item 1/4"
    for column in order(a).columns().backward():
        column[:] = 0
    assert not a.any()


shapes = arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)


@st.composite
def laid(draw):
    """An array in whatever layout: permuted, turned round, with gaps, repeated."""
    shape = draw(shapes)
    a = np.arange(np.prod(shape)).reshape(shape)
    a = np.asarray(a, order=draw(st.sampled_from("CF")))
    a = a.transpose(draw(st.permutations(range(a.ndim))))
    steps = tuple(slice(None, None, draw(st.sampled_from([1, -1, 2, -2]))) for _ in a.shape)
    a = a[steps]
    if draw(st.booleans()):
        a = np.broadcast_to(a[..., None], (*a.shape, 2))
    return a


def axes_of(where):
    """An index for each axis; where there is one, `where` is a number."""
    return where if isinstance(where, tuple) else (where,)


@settings(deadline=None)
@given(laid(), st.sampled_from(["C", "F", "memory"]))
def test_cells_come_once_each(a, layout):
    """Whatever the array's layout: all cells, each once; `where` agrees; C and F are what they are called."""
    one = order(a).cells(layout)
    agrees(one, a)
    found = [axes_of(one.where(k)) for k in range(len(one))]
    every = list(product(*map(range, a.shape)))
    assert sorted(found) == every
    if layout == "C":
        assert found == every
    if layout == "F":
        assert found == [at[::-1] for at in product(*map(range, a.shape[::-1]))]


@settings(deadline=None)
@given(laid())
def test_cells_in_memory_order_go_up_in_memory(a):
    """Each lies at the address of the one before or above it, whichever way the array lies; as numpy's K order."""
    one = order(a).cells()
    addresses = [
        a.__array_interface__["data"][0]
        + sum(k * step for k, step in zip(axes_of(one.where(i)), a.strides, strict=True))
        for i in range(len(one))
    ]
    assert addresses == sorted(addresses)
    assert [int(item) for item in one] == [int(item) for item in np.nditer(a, ["zerosize_ok"], order="K")]


@settings(deadline=None)
@given(laid(), st.data())
def test_blocks_tile_the_array_exactly(a, data):
    """Of any shape, those at the border smaller: each cell is in one of them; they are views."""
    one = order(a).blocks(tuple(data.draw(st.none() | st.integers(1, 5)) for _ in a.shape))
    agrees(one, a)
    hits = np.zeros(a.shape, int)
    for k, block in enumerate(one):
        hits[one.where(k)] += 1
        assert block.size
        assert np.shares_memory(block, a)
    assert (hits == 1).all()
    assert sum(block.sum() for block in one) == a.sum()
    assert bool(len(one)) is bool(a.size)


@settings(deadline=None)
@given(laid(), st.data())
def test_blocks_of_irregular_chunks_tile_the_array(a, data):
    """As dask tells them: all the lengths along each axis, some of them 0."""
    chunks = []
    for n in a.shape:
        cuts = [0, *sorted(data.draw(st.lists(st.integers(0, n), max_size=3))), n]
        chunks.append(tuple(end - begin for begin, end in pairwise(cuts)))
    store = Store(a, tuple(chunks))
    hits = np.zeros(a.shape, int)
    one = order(store).blocks()
    assert store.read == []
    for k in range(len(one)):
        hits[one.where(k)] += 1
    assert (hits == 1).all()
    assert len(one) == np.prod([sum(1 for n in lengths if n) for lengths in chunks])
    for k, _ in enumerate(iter(one)):
        assert store.read == [one.where(j) for j in range(k + 1)]


def test_blocks_by_default():
    """The store's chunks; else bands of lines of about a mebibyte along the axis of the longest stride."""
    data = np.zeros((100, 30), "i4")
    assert order(Store(data, (40, 20))).blocks().where(3) == (slice(40, 80), slice(20, 30))
    for chunks in (None, (40,), (0, 0), "auto", ((50, 49), (30,)), True):
        agrees(order(Store(data, chunks)).blocks(), data)
    assert len(order(Store(data)).blocks()) == 1

    class Unlike(Store):
        read_chunk_sizes = (60, 40), (30,)

        @property
        def chunks(self):
            raise NotImplementedError

        @chunks.setter
        def chunks(self, chunks):
            pass

    assert order(Unlike(data)).blocks().where(1) == (slice(60, 100), slice(0, 30))
    large = np.lib.stride_tricks.as_strided(np.zeros(1, "f8"), (1000, 1000, 64), (64000, 64, 1))
    bands = order(large).blocks()
    assert len(bands) == 500
    assert bands.where(3) == (slice(6, 8), slice(0, 1000), slice(0, 64))
    assert bands.describe(3) == "rows 6–7/1000"
    assert order(large.T).blocks().where(3) == (slice(0, 64), slice(0, 1000), slice(6, 8))
    assert order(large.T).blocks().describe(3) == "along 2: 6–7/1000"
    assert order(large.swapaxes(0, 1)).blocks().describe(499) == "columns 998–999/1000"
    wide = np.lib.stride_tricks.as_strided(np.zeros(1, "i1"), (10, 1 << 21), (1 << 21, 1))
    assert len(order(wide).blocks()) == 20
    assert order(wide).blocks().where(1) == (slice(0, 1), slice(1 << 20, 1 << 21))
    line = np.lib.stride_tricks.as_strided(np.zeros(1, "i1"), (10, 1 << 20), (1 << 20, 1))
    assert order(line).blocks().describe(3) == "row 3/10"
    assert len(order(Tensor(np.zeros((4, 1 << 17)))).blocks()) == 4


def test_blocks_follow_the_memory():
    """They come as they lie, as cells do: an array and its transpose give the same bytes in the same order."""
    a = np.arange(24).reshape(4, 6)
    forward = [block.sum() for block in order(a).blocks((2, 2))]
    assert [block.sum() for block in order(a.T).blocks((2, 2))] == forward
    assert [block.sum() for block in order(a[::-1, ::-1]).blocks((2, 2))] == forward
    assert order(np.asfortranarray(a)).blocks((2, 2)).describe(1) == "block (1, 0)/(2, 3)"


def test_block_shapes_that_are_none():
    """Are refused with what is expected."""
    a = np.zeros((4, 6))
    for shape, kind in (
        ((2,), ValueError),
        (2, ValueError),
        ((2, 0), ValueError),
        ((2, -1), ValueError),
        ("ab", TypeError),
        ((1.5, 2), TypeError),
        ((1, 2, 3), ValueError),
    ):
        with pytest.raises(kind, match=r"blocks\(shape\) expected a tuple"):
            order(a).blocks(shape)
    assert [len(x) for x in order(a[0]).blocks(4)] == [4, 2]
    assert len(order(a).blocks((None, 2))) == 3


def test_arrays_without_an_axis_and_with_an_empty_one():
    """The first has one cell, one block and no natural order; the second has no cell, and no block."""
    point = np.array(5)
    one = order(point)
    assert list(one.cells()) == [5]
    assert one.cells().where(0) == ()
    (block,) = one.blocks()
    assert np.shares_memory(block, point)
    for act in (lambda: list(one), lambda: len(one), one.backward, lambda: one.where(0), one.shuffled, one.nested):
        with pytest.raises(TypeError, match="without an axis"):
            act()
    for act in (
        one.rows,
        lambda: one.along(0),
        lambda: order(np.zeros(3)).columns(),
        lambda: order(np.zeros((2, 2))).along(-3),
    ):
        with pytest.raises(ValueError, match=r"has (0 axes|1 axis|2 axes), so no"):
            act()
    for empty in (np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(0)):
        for name in ("cells", "blocks"):
            nothing = getattr(order(empty), name)()
            assert (len(nothing), list(nothing), list(nothing.backward()), list(nothing.shuffled())) == (0, [], [], [])
    assert len(list(order(np.zeros((3, 0))).rows())) == 3
    with pytest.raises(ValueError, match="memory"):
        order(point).cells("K")
    with pytest.raises(TypeError, match="axis"):
        order(np.zeros(3)).along("0")


def test_strides_told_otherwise():
    """By a method, as PyTorch does; by `order` where there are none; else C."""
    a = np.arange(6).reshape(2, 3)
    assert [int(x) for x in agrees(order(Tensor(a.T)).cells(), a.T)] == [0, 1, 2, 3, 4, 5]
    tensor = order(Tensor(a))
    assert [np.shares_memory(row, a) for one in (tensor.backward(), tensor) for row in one] == [True] * 4
    assert [row.tolist() for row in tensor.backward()] == [[3, 4, 5], [0, 1, 2]]
    assert all(np.shares_memory(leaf, a) for leaf in order([Tensor(a)]).nested(2).backward())
    assert order(Store(a, order="F")).cells().where(1) == (1, 0)
    assert order(Store(a, order="C")).cells().where(1) == (0, 1)
    assert order(Store(a, stride=5)).cells().where(1) == (0, 1)
    view = memoryview(a)
    assert list(order(view).cells("F")) == [0, 3, 1, 4, 2, 5]
    assert list(order(view).cells()) == [0, 1, 2, 3, 4, 5]
    one = order(view)
    for act in (list, len, *(methodcaller(name) for name in ("backward", "shuffled", "nested", "rows", "blocks"))):
        with pytest.raises(TypeError, match=r"cells\(\) only: write order\(np.asarray\(view\)\)"):
            act(one)


def test_what_has_one_axis_is_asked_for_numbers_and_slices():
    """A memoryview knows no tuples of one."""
    view = memoryview(array("d", [1, 2, 3]))
    assert [block.tolist() for block in order(view).blocks(2)] == [[1, 2], [3]]
    assert list(order(view).cells()) == list(order(view).cells("F").backward())[::-1] == [1, 2, 3]
    for a in view, np.arange(3):
        assert [order(a).cells().backward().where(k) for k in range(3)] == [2, 1, 0]
        assert [order(a).blocks(2).where(k) for k in range(2)] == [slice(0, 2), slice(2, 3)]


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_kinds_of_elements():
    """Objects are the very objects, records are views, masked cells stay masked, as `a[i, j]` gives them."""
    thing = [1]
    objects = np.empty((1, 2), object)
    objects[0, 1] = thing
    assert list(order(objects).cells())[1] is thing
    records = np.zeros((2, 2), [("x", "i4")])
    next(iter(order(records).cells()))["x"] = 7
    assert records[0, 0]["x"] == 7
    masked = np.ma.masked_array([[1, 2]], [[True, False]])
    flat = order(np.arange(4).reshape(2, 2).flat)  # an iterator that has random access
    assert list(flat) == list(flat) == [0, 1, 2, 3] == list(flat.backward())[::-1]
    assert list(order(np.str_("ab")).backward()) == ["b", "a"]
    assert [item is np.ma.masked for item in order(masked).cells()] == [True, False]
    matrix = np.matrix([[1, 2], [3, 4]])
    agrees(order(matrix).cells("F"), matrix)
    agrees(order(matrix).columns(), matrix)


def test_what_only_looks_like_an_array():
    """A mapping with a shape, as a data frame is, is none; neither is what has a shape of unknown size."""

    class Frame(dict):
        shape, ndim = (2, 2), 2

        def to_numpy(self):
            return np.zeros((2, 2))

    with pytest.raises(TypeError, match=r"for arrays.*write order\(frame.to_numpy\(\)\)"):
        order(Frame()).rows()
    unknown = Store(np.zeros((2, 2)))
    unknown.shape = (float("nan"), 2)
    with pytest.raises(TypeError):
        order(unknown).rows()
    assert list(order(Frame(a=1)).backward()) == ["a"]


class Virtual:
    """An array of any shape, whose elements are their indices."""

    def __init__(self, *shape):
        self.shape = shape
        self.ndim = len(shape)

    def __getitem__(self, where):
        return where


def test_more_cells_than_len_can_count():
    """All but `len` itself, as of a range."""
    n = 10**10
    one = order(Virtual(n, n)).cells()
    assert list(islice(one, 2)) == [(0, 0), (0, 1)]
    assert list(islice(one.backward(), 2)) == [(n - 1, n - 1), (n - 1, n - 2)]
    assert list(one[n + 1 : n + 3]) == [(1, 1), (1, 2)]
    assert next(iter(one[n * n // 2 :])) == (n // 2, 0)
    assert one[-1] == one.where(n * n - 1) == (n - 1, n - 1)
    assert one.shuffled(1)[5] == next(iter(one.shuffled(1)[5:]))
    assert next(iter(order(Virtual(n, n, n, n)).cells()[1:])) == (0, 0, 0, 1)
    with pytest.raises(OverflowError):
        len(one)


TURNED = {
    "C": lambda a: a,
    "F": lambda a: a.T,
    "upside down": lambda a: a[::-1],
    "F, turned round": lambda a: a.T[:, ::-1],
    "with gaps": lambda a: a[::2],
}


@pytest.mark.parametrize("name", TURNED)
def test_parts_of_the_cells(name):
    """They are those of the whole walk, however the array lies."""
    a = TURNED[name](np.arange(24).reshape(4, 3, 2))
    for layout in ("memory", "C", "F"):
        one = order(a).cells(layout)
        whole = list(one)
        for part in slice(1, None), slice(5, 9), slice(9, 5, -1), slice(None, 3), slice(6, None, -1), slice(3, 3):
            assert list(one[part]) == whole[part]
            assert list(map(type, one[part])) == list(map(type, whole[part]))


def test_a_huge_array_is_walked_in_no_memory():
    """Cells, rows and blocks of 10**16 elements, forward, backward, from the middle on and shuffled."""
    quiet(
        """
        import resource
        from itertools import islice
        import numpy as np
        from instep import order
        a = np.lib.stride_tricks.as_strided(np.zeros(1, "i1"), (10**8, 10**8), (0, 0))
        one = order(a)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for made in (one.cells("C"), one.cells("F"), one.rows(), one.columns(), one.blocks((10, 10)), one.blocks()):
            some = [made, made.backward(), made[len(made) // 2 :]]
            for other in [*some, made.shuffled(1)] if len(made) > 1 << 24 else some:
                assert len(list(islice(other, 100))) == 100
                other.where(len(other) - 1), other.describe(7)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 20_000, grown
        """
    )


def test_zarr(tmp_path):
    """Blocks are the chunks: each is read once, as a walk comes to it; `where` writes back into another array."""
    data = np.arange(70).reshape(10, 7)
    a = zarr.create_array(str(tmp_path / "a"), shape=(10, 7), chunks=(4, 3), dtype="i8")
    a[:] = data
    one = order(a).blocks()
    assert [one.where(k) for k in (0, 8)] == [(slice(0, 4), slice(0, 3)), (slice(8, 10), slice(6, 7))]
    agrees(one, data)
    agrees(order(a).rows(), data)
    agrees(order(a).columns(), data)
    out = zarr.create_array(str(tmp_path / "b"), shape=(10, 7), chunks=(4, 3), dtype="i8")
    shuffled = one.shuffled(1)
    for k, block in enumerate(track(shuffled)):
        out[shuffled.where(k)] = block * 2
    np.testing.assert_array_equal(out[:], data * 2)
    assert [int(cell) for cell in islice(order(a).cells("F"), 3)] == [0, 7, 14]
    assert len(list(order(a))) == 10


def test_h5py(tmp_path):
    """Its chunks, or bands where it has none."""
    data = np.arange(70).reshape(10, 7)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        chunked = file.create_dataset("chunked", data=data, chunks=(5, 2))
        plain = file.create_dataset("plain", data=data)
        point = file.create_dataset("point", data=5)
        agrees(order(chunked).blocks(), data)
        assert len(order(chunked).blocks()) == 8
        assert len(order(plain).blocks()) == 1
        agrees(order(plain).columns().backward(), data)
        assert [int(cell) for cell in order(plain).cells("F")[:3]] == [0, 7, 14]
        assert list(order(point).cells()) == [5]
        assert list(order(file).backward()) == ["point", "plain", "chunked"]

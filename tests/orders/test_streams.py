"""Orders of what can only be walked."""

from __future__ import annotations

import gc
import io
import socket
import sqlite3
from collections import OrderedDict, deque, namedtuple
from collections.abc import Sequence
from contextlib import closing
from enum import Enum, Flag, StrEnum
from itertools import count, islice
from operator import length_hint
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instep import InstepError, order, track
from orders.things import Linked


class Counting:
    """An iterator that tells how many items it has given, and whether it was closed."""

    def __init__(self, n):
        self.given = 0
        self.closed = False
        self.items = self._items(n)

    def _items(self, n):
        try:
            for k in range(n):
                self.given += 1
                yield k
        finally:
            self.closed = True


def refused(act):
    """The text of the TypeError that it is."""
    with pytest.raises(TypeError) as caught:
        act()
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: (k for k in "abc"), "generator"),
        (lambda: iter([1]), "list_iterator"),
        (lambda: io.StringIO("a\nb"), "StringIO"),
        (lambda: count(), "count"),
        (lambda: {1, 2}, "set"),
        (lambda: map(abs, []), "map"),
        (lambda: io.BufferedReader(io.BytesIO(b"a")), "BufferedReader"),
    ],
)
def test_what_only_goes_forward_says_so(make, name):
    """The error names the thing, says why, and what would help; forward it goes."""
    one = order(make())
    for act, asked in (
        (one.backward, "backward()"),
        (one.shuffled, "shuffled()"),
        (lambda: one.by([0]), "by(indices)"),
        (lambda: one[0], "[0]"),
        (one.nested, "nested()"),
        (lambda: reversed(one), "backward()"),
        (lambda: one.shuffled(5), "shuffled(5)"),
    ):
        said = refused(act)
        assert name in said
        assert asked in said
        assert "can only go forward" in said
        assert f"Write order(list(...)){asked if asked.startswith('[') else '.' + asked}" in said
        assert ("shuffled(buffer=1000)" in said) is asked.startswith("shuffled")
    assert "array" in refused(one.rows)
    assert refused(lambda: one[::-1])
    assert one.forward() is one


def test_what_is_not_to_be_walked_at_all():
    """A socket by itself is told how to have its lines; an asynchronous iterator that it has one order only."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert "makefile" in refused(lambda: order(ours))
        theirs.sendall(b"one\ntwo\n")
        theirs.close()
        with ours.makefile("rb") as lines:
            assert list(order(lines)) == [b"one\n", b"two\n"]

    async def items():
        yield 1

    assert "asynchronous" in refused(lambda: order(items()))


TWO_ENDS = {
    "dict": {"a": 1, "b": 2, "c": 3},
    "keys": {"a": 1, "b": 2, "c": 3}.keys(),
    "ordered": OrderedDict.fromkeys("abc"),
    "deque": deque("abc"),
    "linked": Linked("abc"),
    "class": StrEnum("Letters", ["A", "B", "C"]),
}


@pytest.mark.parametrize("name", TWO_ENDS)
def test_what_has_two_ends_has_exactly_those_orders(name):
    """Forward and backward, and no other; it is decided by what the type can do."""
    one = order(TWO_ENDS[name])
    assert list(one) == [*"abc"]
    assert list(one.backward()) == list(reversed(one)) == [*"cba"]
    assert list(one.backward().backward()) == list(one) == [*"abc"]
    for act in (one.shuffled, one.nested, lambda: one.by([0]), lambda: one[0], one.backward().shuffled):
        assert "has two ends" in refused(act)
    assert sorted(one.shuffled(1, buffer=2)) == [*"abc"]


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=12, unique=True), st.data())
def test_slices_of_what_has_two_ends_and_a_length(xs, data):
    """They give what the list gives; length and `where` agree, also of what was turned and cut again."""
    one = order(dict.fromkeys(xs))
    bounds = st.none() | st.integers(-15, 15)
    for _ in range(2):
        plain = list(one)
        cut = slice(data.draw(bounds), data.draw(bounds), data.draw(st.none() | st.integers(-3, 3).filter(bool)))
        one = one[cut]
        assert list(one) == plain[cut]
        assert [xs[one.where(k)] for k in range(len(one))] == plain[cut]
        one = one.backward()
        assert list(one) == plain[cut][::-1]
        assert [xs[one.where(k)] for k in range(len(one))] == plain[cut][::-1]


def test_going_on_from_k_passes_over_what_comes_before():
    """Also of an iterator, which is taken no further than the last item asked for."""
    source = Counting(10)
    assert list(order(source.items)[2:5]) == [2, 3, 4]
    assert source.given == 5
    source = Counting(10)
    assert list(order(source.items)[1:9][::3]) == [1, 4, 7]
    assert source.given == 8
    assert list(order(iter("abcdef"))[4:]) == ["e", "f"]
    assert list(order(iter("abc"))[5:2]) == []
    assert order(count())[10:].where(5) == 15
    assert list(islice(order(count())[3::2], 3)) == [3, 5, 7]
    assert order(iter("ab")).describe(1) == "item 1"
    assert order({1: 2}).describe(0) == "item 0/1"
    for act in (lambda: order(count())[-3:], lambda: order(count())[:-1], lambda: order(count()).where(-1)):
        assert "length" in refused(act)


def test_lengths_and_truth():
    """It knows its length where the thing does; it is true unless it is known to be empty."""
    assert len(order({1, 2})) == 2
    assert "length" in refused(lambda: len(order(iter([1]))))
    assert bool(order(iter([])))
    assert not order({})
    assert list(order(iter([1, 2]))) == [1, 2]
    growing = {1: 1}
    plain, cut = order(growing), order(growing)[:]
    growing[2] = 2
    assert (len(plain), len(cut), list(plain), list(cut)) == (2, 1, [1, 2], [1])


def test_what_can_be_walked_once_is_walked_once():
    """A second walk is an error rather than nothing; what it is made of is left at once."""
    one = order(iter([1, 2]))
    part = one[1:]
    assert list(one) == [1, 2]
    with pytest.raises(InstepError, match="once"):
        iter(one)
    with pytest.raises(InstepError, match="once"):
        iter(part)
    assert "list_iterator" in refused(one.backward)


@pytest.mark.parametrize(
    "make", [lambda o: o, lambda o: o[1:], lambda o: o.shuffled(buffer=3)], ids=["plain", "cut", "buffer"]
)
@pytest.mark.parametrize("through", [iter, track], ids=["bare", "tracked"])
def test_a_break_closes_the_source_at_once(make, through):
    """As with the bare generator, though the order is still there."""
    source = Counting(100)
    one = make(order(source.items))
    del source.items
    for _ in (walk := through(one)):
        break
    if through is iter:
        del walk
    assert source.closed
    assert one is not None
    gc.collect()


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=40), st.integers(1, 50), st.integers(0, 5))
def test_through_a_buffer_each_item_comes_once(xs, buffer, seed):
    """It is a permutation, the same for the same seed; at most `buffer` items are fetched and not yet given."""
    fetched = 0

    def source():
        nonlocal fetched
        for x in xs:
            fetched += 1
            yield x

    found = []
    for item in order(source()).shuffled(seed, buffer=buffer):
        assert fetched - len(found) <= buffer
        found.append(item)
    assert sorted(found) == sorted(xs)
    one = order(xs).shuffled(seed, buffer=buffer)
    assert list(one) == list(one) == found
    assert len(one) == len(xs)
    assert list(one[3:]) == found[3:]


def test_a_buffer_may_be_larger_than_anything():
    """It holds no more than there is."""
    assert sorted(order("abc").shuffled(1, buffer=10**30)) == ["a", "b", "c"]
    assert list(islice(order(range(10**20)).shuffled(1, buffer=1)[5:], 2)) == [5, 6]


def test_a_buffer_knows_no_places():
    """What it gives k-th is known when it comes: no `where`, no way back."""
    one = order("abc").shuffled(1, buffer=2)
    assert "known only when" in refused(lambda: one.where(0))
    assert "has no describe()" in refused(lambda: one.describe(0))
    assert "known only when" in refused(one.backward)
    assert "known only when" in refused(lambda: one[1])
    endless = order(count()).shuffled(2, buffer=10)
    assert max(islice(endless, 5)) < 15
    assert len(order({1: 2}).shuffled(buffer=2)) == 1
    assert "length" in refused(lambda: len(endless))


def test_an_error_of_the_source_comes_when_it_comes():
    """Through a buffer, too; it is the source's own."""

    def source():
        yield 1
        raise LookupError("gone")

    for one in (order(source()), order(source()).shuffled(buffer=1), order(source())[0:]):
        walk = iter(one)
        assert next(walk) == 1
        with pytest.raises(LookupError, match="gone"):
            next(walk)


def test_a_buffer_loses_nothing_to_an_error_of_its_source():
    """What it holds stays, and who asks again goes on, as with the bare source."""

    class Flaky:
        def __init__(self):
            self.at = 0
            self.failing = {3, 12, 40, 41, 60}

        def __iter__(self):
            return self

        def __next__(self):
            if self.at in self.failing:
                self.failing.remove(self.at)
                raise TimeoutError
            if self.at > 50:
                assert self.at == 51, "it was asked again after its end"
                self.at = 52
                raise StopIteration
            self.at += 1
            return self.at - 1

    for size in 1, 2, 10, 51, 52, 100:
        items, found, errors = iter(order(Flaky()).shuffled(0, buffer=size)), [], 0
        while True:
            try:
                found.append(next(items))
            except TimeoutError:
                errors += 1
            except StopIteration:
                break
        assert (sorted(found), errors) == (list(range(51)), 4)
        assert found == list(order(range(51)).shuffled(0, buffer=size))


def test_what_its_class_has_is_not_the_items():
    """The members of an enumeration are no sequences, though the enumeration has a length and members by name."""

    class Color(Enum):
        RED = 1

    class Bits(Flag):
        ONE = 1

    with pytest.raises(TypeError, match=r"expected something to walk; got <Color\.RED: 1>"):
        order(Color.RED)
    assert list(order([[Color.RED, Bits.ONE], [Color.RED]]).nested()) == [Color.RED, Bits.ONE, Color.RED]


def test_a_data_frame_is_walked_by_its_columns():
    """Its `len` is that of its rows, so that it is none of the order."""

    class Frame:
        shape = (3, 2)

        def __len__(self):
            return 3

        def __getitem__(self, k):
            return f"row {k}"

        def __iter__(self):
            return iter(["a", "b"])

    class Keyed(Frame):
        ndim = 2

        def keys(self):
            return iter(self)

    for frame in Frame(), Keyed():
        columns = order(frame)
        assert list(columns) == ["a", "b"]
        assert length_hint(columns, -1) == -1
        with pytest.raises(TypeError, match="doesn't know its length"):
            len(columns)
        with pytest.raises(
            TypeError, match=r"has no shuffled\(\): it is walked by its columns\. Write order\(frame\.to_numpy\(\)\)"
        ):
            columns.shuffled()
        tracker = track(columns)
        assert list(tracker) == ["a", "b"]
        assert (tracker.position, tracker.total) == (2, 2)


def test_a_sequence_may_have_a_shape_of_its_own():
    """Of its items, say: it is no data frame."""

    class Frames(Sequence):
        shape = (480, 640)

        def __len__(self):
            return 3

        def __getitem__(self, k):
            return "abc"[k]

    assert list(order(Frames()).backward()) == ["c", "b", "a"]
    assert order(Frames())[1] == "b"


def test_what_has_keys_and_is_a_sequence_has_any_order():
    """A row of a data base, a named tuple; of what only has keys, nobody knows what `[k]` takes."""
    with closing(sqlite3.connect(":memory:")) as base:
        base.row_factory = sqlite3.Row
        row = base.execute("select 1 as a, 2 as b, 3 as c").fetchone()
    assert list(order(row).backward()) == [3, 2, 1]
    assert list(order(namedtuple("Pair", "keys values")(1, 2)).backward()) == [2, 1]
    with pytest.raises(TypeError, match=r"Element has no backward\(\): it has keys, so that its items may not be had"):
        order(ElementTree.Element("a")).backward()


def test_old_sequences_and_classes():
    """What has `[k]` and no length can be walked; a class isn't taken for its instances."""

    class Old:
        def __getitem__(self, k):
            return "abc"[k]

    assert list(order(Old())) == [*"abc"]
    assert "can only go forward" in refused(order(Old()).shuffled)
    assert "something to walk" in refused(lambda: order(list))


def test_tracked_streams_know_what_there_is_to_know():
    """The total is the length, or the hint of one; the items are the very objects."""
    for thing, total in (({1: 2}, 1), (iter([1, 2]), 2), ((k for k in "ab"), None), (deque("abc"), 3)):
        tracker = track(order(thing))
        list(tracker)
        assert (tracker.total, tracker.status) == (total, "finished")

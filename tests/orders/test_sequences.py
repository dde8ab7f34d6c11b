"""Orders of what has random access."""

from __future__ import annotations

import copy
import itertools
import pickle
import random
from array import array
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from children import quiet
from instep import InstepError, Order, order, track
from instep.orders import shuffles
from instep.orders.shuffles import Scattered
from orders.things import Touched


def agrees(one, thing):
    """Iteration, length, `[k]` and `where` say the same; gives the items."""
    items = list(one)
    assert len(items) == len(one)
    assert [one[k] for k in range(len(one))] == items
    assert [thing[one.where(k)] for k in range(len(one))] == items
    assert [one.describe(k) for k in range(len(one))] == [f"item {one.where(k)}/{len(thing)}" for k in range(len(one))]
    return items


def test_the_order_that_random_shuffle_gives_to_the_indices():
    """`shuffled(random=Random(0))` over a, b, c gives a, c, b; a seed gives what a `Random` of that seed does."""
    letters = order(["a", "b", "c"])
    assert agrees(letters.shuffled(random=Random(0)), "abc") == ["a", "c", "b"]
    assert list(letters.shuffled(0)) == ["a", "c", "b"]
    for seed in (1, -5, 2.5, "word", b"bytes", np.int64(3)):
        indices = list(range(50))
        Random(int(seed) if isinstance(seed, np.int64) else seed).shuffle(indices)
        assert list(order(range(50)).shuffled(seed)) == indices


LARGE = [66043027, 85641873, 779306374, 477982839, 525407082]
MIDDLE = [17, 15, 11, 18, 7, 6, 19, 3, 14, 0, 9, 5, 16, 8, 13, 2, 1, 12, 4, 10]


def test_a_seed_gives_the_same_order_on_each_python():
    """Written down here once for all versions: of the exact shuffle, of the keyed one, and through a buffer."""
    assert list(order(range(20)).shuffled(seed=7)) == MIDDLE
    keyed = order(range(10**9)).shuffled(seed=1)
    assert [keyed[k] for k in range(5)] == LARGE
    assert "".join(order(iter("abcdefgh")).shuffled(seed="s", buffer=3)) == "bdecafgh"


items = st.lists(st.integers(), max_size=30)
steps = st.lists(
    st.sampled_from([("backward",), ("forward",)]) | st.tuples(st.just("shuffled"), st.integers(0, 9)), max_size=12
)


def composed(xs, way):
    """That order, one method after another."""
    one = order(xs)
    for name, *arguments in way:
        one = getattr(one, name)(*arguments)
    return one


@settings(deadline=None)
@given(items, steps)
def test_any_order_is_a_permutation(xs, way):
    """However it is composed: each index once, and `where` agrees with iteration."""
    one = composed(xs, way)
    assert sorted(one.where(k) for k in range(len(xs))) == list(range(len(xs)))
    agrees(one, xs)
    assert list(one) == list(one)
    assert list(reversed(one)) == list(one.backward()) == list(one)[::-1]
    assert list(one.backward().backward()) == list(one)


@settings(deadline=None)
@given(items, steps, st.data())
def test_slices_and_picks_are_those_of_the_list(xs, way, data):
    """`o[i:j:k]`, and `by(indices)` on whatever order, give what the list of its items gives."""
    one = composed(xs, way)
    plain = list(one)
    bounds = st.none() | st.integers(-40, 40)
    cut = slice(data.draw(bounds), data.draw(bounds), data.draw(st.none() | st.integers(-3, 3).filter(bool)))
    assert agrees(one[cut], xs) == plain[cut]
    assert agrees(one[cut][1:].backward(), xs) == plain[cut][1:][::-1]
    if xs:
        indices = data.draw(st.lists(st.integers(-len(xs), len(xs) - 1)))
        assert agrees(one.by(indices), xs) == [plain[k] for k in indices]
        assert agrees(one.by(indices).backward()[::2], xs) == [plain[k] for k in indices][::-1][::2]


@settings(deadline=None)
@given(st.integers(1, 3000), st.integers(0, 1 << 64))
def test_the_keyed_shuffle_is_a_permutation(size, seed):
    """Of any length, with any keys: each index once."""
    draw = Random(seed)
    keys = tuple(draw.getrandbits(64) for _ in range(shuffles.ROUNDS))
    assert sorted(Scattered(size, keys)) == list(range(size))


def test_the_keyed_shuffle_has_no_bias_that_is_easily_seen():
    """Of a thousand keys, each index comes first, and each pair of neighbours is in order, about as often as any."""
    size, tries = 10, 4000
    draw = Random(5)
    firsts, ascending = [0] * size, 0
    for _ in range(tries):
        found = list(Scattered(size, tuple(draw.getrandbits(64) for _ in range(shuffles.ROUNDS))))
        firsts[found[0]] += 1
        ascending += found[3] < found[4]
    expected = tries / size
    assert sum((n - expected) ** 2 / expected for n in firsts) < 27.9  # chi square, 9 degrees, one in a thousand
    assert abs(ascending - tries / 2) < 3.3 * (tries / 4) ** 0.5


def test_a_large_keyed_shuffle_is_spread_evenly():
    """Its first ten thousand indices, and each with the one before it, fall into all parts about alike."""
    size, n, parts = 10**9, 10_000, 10
    found = list(itertools.islice(order(range(size)).shuffled(seed=11), n))
    ones, pairs = [0] * parts, [0] * parts**2
    for before, k in zip(found[-1:] + found, found, strict=False):
        ones[k * parts // size] += 1
        pairs[k * parts // size * parts + before * parts // size] += 1
    assert sum((one - n / parts) ** 2 / (n / parts) for one in ones) < 27.9  # chi square, 9 degrees, one in a thousand
    assert sum((one - n / parts**2) ** 2 / (n / parts**2) for one in pairs) < 149  # 99 degrees


def test_a_shuffled_range_of_a_thousand_million_needs_no_memory():
    """Nothing is allocated for it, forward and backward, and any index can be asked for at once."""
    quiet(
        """
        import resource
        from itertools import islice
        from instep import order
        def resident():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        before = resident()
        one = order(range(10**9)).shuffled(seed=3)
        found = list(islice(one, 1000))
        assert len(set(found)) == 1000 and len(one) == 10**9
        assert found == [one.where(k) for k in range(1000)]
        assert list(islice(one.backward(), 3)) == [one[-1], one[-2], one[-3]]
        assert next(iter(one[10**8:])) == one[10**8]
        assert resident() - before < 20_000, resident() - before
        """
    )


def test_where_the_keyed_shuffle_begins(monkeypatch):
    """Up to a length the order is that of `random.shuffle`, beyond it another, a permutation all the same."""
    monkeypatch.setattr(shuffles, "EXACT", 100)
    indices = list(range(100))
    Random(4).shuffle(indices)
    assert list(order(range(100)).shuffled(4)) == indices
    beyond = order(range(101)).shuffled(4)
    assert sorted(beyond) == list(range(101))
    assert list(beyond) == list(order(range(101)).shuffled(4)) != list(order(range(101)).shuffled(5))
    for source in (Random(4), np.random.default_rng(4), np.random.RandomState(4)):
        one, other = (order(range(101)).shuffled(random=source) for _ in range(2))
        assert sorted(one) == sorted(other) == list(range(101))
        assert list(one) != list(other)


def test_nothing_is_drawn_before_a_seeded_order_is_walked(monkeypatch):
    """Making, slicing and turning a seeded shuffle costs nothing; it is drawn once, at the first walk."""
    drawn = []
    monkeypatch.setattr(
        shuffles, "draw", lambda size, random, draw=shuffles.draw: drawn.append(size) or draw(size, random)
    )
    one = order(range(1000)).shuffled(1)
    turned = one[5:].backward()
    assert len(turned) == 995
    assert not drawn
    assert list(turned) == list(one)[:4:-1]
    assert next(iter(one)) == one[0]
    assert drawn == [1000]


def test_a_generator_of_random_numbers_is_drawn_from_at_the_call():
    """Of two orders the one that was made first drew first, whichever is walked first; each walk is alike."""
    source, same = Random(3), Random(3)
    first, second = order(range(9)).shuffled(random=source), order(range(9)).shuffled(random=source)
    expected = []
    for _ in range(2):
        expected.append(indices := list(range(9)))
        same.shuffle(indices)
    assert [list(second), list(first), list(second)] == [expected[1], expected[0], expected[1]]


@pytest.mark.parametrize("source", [np.random.default_rng(0), np.random.RandomState(0), random], ids=str)
def test_other_generators_of_random_numbers(source):
    """NumPy's, and the module `random`, do as well."""
    one = order(range(100)).shuffled(random=source)
    assert sorted(one) == list(range(100)) != list(one)
    assert list(one) == list(one)


def test_without_a_seed_each_order_has_its_own():
    """It is drawn at the call, from no generator of yours, and the repr tells it."""
    random.seed(0)
    state = random.getstate()
    one, other = order(range(30)).shuffled(), order(range(30)).shuffled()
    assert random.getstate() == state
    assert list(one) == list(one) != list(other)
    seed = int(repr(one).partition("seed=")[2].partition(")")[0])
    assert list(order(range(30)).shuffled(seed)) == list(one)


def test_no_item_is_touched_before_its_turn():
    """Making, measuring and asking touch none; a walk one at a time."""
    xs = Touched("abcdef")
    one = order(xs).shuffled(1)[1:].backward()
    assert (len(one), one.where(0), len(order(xs))) == (5, order(range(6)).shuffled(1)[-1], 6)
    walk = iter(one)
    assert xs.touched == []
    next(walk)
    assert xs.touched == [one.where(0)]
    assert list(order(xs)) == [*"abcdef"]
    assert list(order(xs).backward()) == [*"fedcba"]


def test_the_plain_order_is_the_thing_and_others_are_fixed():
    """`order(xs)` walks as `xs` does, and grows with it; one made of it has the length of when it was made."""
    xs = [1, 2, 3]
    plain, backward, shuffled = order(xs), order(xs).backward(), order(xs).shuffled(0)
    assert type(iter(plain)) is type(iter(xs))
    xs.append(4)
    assert list(plain) == [1, 2, 3, 4]
    assert (len(plain), plain[3], plain.where(3)) == (4, 4, 3)
    assert list(backward) == [3, 2, 1]
    assert sorted(shuffled) == [1, 2, 3]
    assert plain.forward() is plain
    del xs[1:]
    with pytest.raises(IndexError):
        list(shuffled)
    with pytest.raises(IndexError):
        list(backward)


def test_a_plain_walk_asks_for_no_length():
    """One that is costly to tell, as that of a `LazySequence`, is asked for only when an order needs it."""

    class Lazy(Touched):
        def __len__(self):
            raise AssertionError("asked")

        def __iter__(self):
            return iter(self.items)

    one = order(Lazy([1, 2]))
    assert next(iter(one)) == 1
    assert repr(one) == "<order(Lazy)>"
    assert next(iter(order([Lazy([1, 2])]).nested(2))) == 1
    for _ in track(one, total=5):
        pass
    with pytest.raises(AssertionError, match="asked"):
        one.backward()


def test_a_very_long_composition():
    """A shuffle of a shuffle, two thousand times over, is a permutation still."""
    one = order(range(5))
    for epoch in range(2000):
        one = one.shuffled(epoch)[::-1]
    assert sorted(one) == sorted(one[k] for k in range(5)) == [0, 1, 2, 3, 4]
    assert len(repr(one)) < 250


def test_strings_ranges_arrays_and_sequences_of_your_own():
    """Whatever has a length and an index has any order; it is told by what the type can do."""
    for thing in ("abc", b"abc", (1, 2), range(5), array("d", [1, 2]), memoryview(b"abc"), Touched([1, 2, 3])):
        n = len(thing)
        one = order(thing).shuffled(2)
        assert [one.where(k) for k in range(n)] == list(order(range(n)).shuffled(2))
        assert list(order(thing).backward()) == [thing[k] for k in range(n)][::-1]
        agrees(one, thing)


def test_an_order_is_a_sequence_of_its_own_kind():
    """It can be picked from, copied, pickled, reversed, and is an order of itself."""
    one = order("hello").shuffled(3)
    assert order(one) is one
    assert isinstance(one, Order)
    assert copy.deepcopy(one)[:] is not one
    for made in (order([3, 1]), order([3, 1]).backward(), order([[3], 1]).nested(2).backward(), order({3: 1})):
        assert list(pickle.loads(pickle.dumps(made))) == list(copy.deepcopy(made)) == list(made)
    for same in (pickle.loads(pickle.dumps(one)), copy.copy(one), one.forward(), one[:]):
        assert list(same) == list(one)
    assert "h" in one
    assert bool(one)
    assert not order("")
    assert list(order("").shuffled()) == list(order("").backward()) == []


def test_wrong_arguments_are_refused_at_the_call():
    """With a text that says what came, what was expected, and what to write."""
    xs = order("abc")
    for act, kind, words in (
        (lambda: order(5), TypeError, "range"),
        (lambda: order(None), TypeError, "something to walk"),
        (lambda: xs.shuffled(1, random=Random(1)), TypeError, "not both"),
        (lambda: xs.shuffled([1]), TypeError, "seed="),
        (lambda: xs.shuffled(Random(1)), TypeError, "random="),
        (lambda: xs.shuffled(random=5), TypeError, "random="),
        (lambda: xs.shuffled(buffer=0), ValueError, "buffer"),
        (lambda: xs.shuffled(buffer=1.5), TypeError, "buffer"),
        (lambda: xs.by([0, 3]), IndexError, "got 3 at 1"),
        (lambda: xs.by([-4]), IndexError, "got -4 at 0"),
        (lambda: xs.by(range(4)), IndexError, "got 3 at 3"),
        (lambda: xs.by(itertools.count()), IndexError, "got 3 at 3"),
        (lambda: xs.by([True, False, True]), TypeError, "mask"),
        (lambda: xs.by(np.array([True, False])), TypeError, ""),
        (lambda: xs.by(["a"]), TypeError, "'a'"),
        (lambda: xs.by(1), TypeError, "indices"),
        (lambda: xs.where(3), IndexError, "3"),
        (lambda: xs.shuffled(1).where(-4), IndexError, "3 items"),
        (lambda: xs.where("a"), TypeError, "'a'"),
        (lambda: xs[1.5], TypeError, "1.5"),
        (lambda: xs.rows(), TypeError, "array"),
        (lambda: xs.backward().nested(2), TypeError, "order(thing)"),
        (lambda: xs.nested(0), ValueError, "1 or more"),
        (lambda: xs.nested(-1), ValueError, "0 or more"),
        (lambda: xs.nested("2"), TypeError, "depth"),
    ):
        with pytest.raises(kind) as caught:
            act()
        assert words in str(caught.value), caught.value


def test_a_range_that_is_longer_than_len_can_count():
    """It has all orders; `len` alone is Python's own `OverflowError`, as of the range."""
    n = 10**20
    one = order(range(n))
    assert one[5] == 5 == one.where(5)
    assert one[-1] == n - 1
    assert list(one[5:8]) == [5, 6, 7]
    assert list(one[::-1][:2]) == [n - 1, n - 2] == [next(reversed(one)), one.backward()[1]]
    assert list(one.by([n - 1, -2])) == [n - 1, n - 2]
    assert list(one.by(range(n - 2, n))) == [n - 2, n - 1]
    assert [bool(some) for some in (one, one.backward(), one[n:])] == [True, True, False]
    shuffled = one.shuffled(1)
    assert shuffled[7] == shuffled.where(7) == next(iter(shuffled[7:]))
    assert shuffled.backward()[n - 8] == shuffled[7]
    assert one.describe(3) == f"item 3/{n}"
    with pytest.raises(IndexError, match="there is no item"):
        one[n]
    for act in (one, one.backward(), shuffled, shuffled[1:]):
        with pytest.raises(OverflowError):
            len(act)
    with track(one.backward(), show=False) as tracker:
        assert next(tracker) == n - 1
        assert tracker.snapshot().where == f"item {n - 1}/{n}"


def test_by_says_what_it_expected():
    """Masks of any kind, the range of indices, and that there is none."""
    one = order("abc")
    for mask in ([True, False], np.array([True, False]), [np.bool_(True)]):
        with pytest.raises(TypeError, match=r"got a bool: write by\(k for k, wanted in enumerate\(mask\) if wanted\)"):
            one.by(mask)
    for k in 3, -7:
        with pytest.raises(IndexError, match=f"expected indices from -3 to 2; got {k} at 0"):
            one.by([k])
    with pytest.raises(IndexError, match="there are no items; got 0 at 0"):
        order("").by([0])


def test_by_keeps_a_range_and_copies_what_may_change():
    """Indices that are changed afterwards change no order; NumPy's do as well as Python's."""
    indices = [2, 0]
    one = order("abc").by(indices)
    indices[:] = [1]
    assert agrees(one, "abc") == ["c", "a"]
    assert list(order(range(10**9)).by(range(5, 10**9, 10**8))[:2]) == [5, 100000005]
    assert list(order("abc").by(np.array([1, -1]))) == ["b", "c"]
    assert list(order("abc").by(k for k in (0, 0))) == ["a", "a"]
    assert list(order("").by([])) == []
    assert type(order("abc").by(np.array([1])).where(0)) is int


def test_going_on_from_k_with_a_track():
    """`track(o[k:], initial=k)` goes on where a run stopped, and each item is walked once."""
    one = order(range(100)).shuffled(7)
    seen = []
    for item in (tracker := track(one)):
        seen.append(item)
        if len(seen) == 40:
            break
    k = tracker.finished
    assert k == 39
    seen += (tracker := track(one[k:], initial=k))
    assert (tracker.status, tracker.total, tracker.position) == ("finished", 100, 100)
    assert sorted(seen[:39] + seen[40:]) == list(range(100))


def test_an_error_of_the_sequence_passes():
    """What `[k]` raises comes out as it is, and is no end."""

    class Failing(Touched):
        def __getitem__(self, k):
            if k == 1:
                raise LookupError("gone")
            return k

    walk = iter(order(Failing("abc")).backward())
    assert next(walk) == 2
    with pytest.raises(LookupError, match="gone"):
        next(walk)
    assert next(walk) == 0
    assert not issubclass(LookupError, InstepError)

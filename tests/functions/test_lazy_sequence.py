"""A `LazySequence` reads like the list it stands for, in whatever order it is used."""

import copy
import json
import operator
import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instep import each, order, track
from instep.errors import InstepError
from instep.functions.sequence import LazySequence
from instep.functions.sets import LazySet


def of(items, log=None):
    """Give a lazy sequence of items, which logs what it computes."""

    def source():
        for item in items:
            if log is not None:
                log.append(item)
            yield item

    return LazySequence(source(), name="source")


INDEX = st.integers(-6, 6)
LIMIT = st.one_of(st.none(), INDEX)
STEP = st.one_of(st.none(), INDEX.filter(bool))
ITEMS = st.lists(st.integers(0, 3), max_size=5)
OPERATIONS = st.one_of(
    st.tuples(st.just("item"), INDEX),
    st.tuples(st.just("slice"), st.builds(slice, LIMIT, LIMIT, STEP)),
    st.tuples(st.sampled_from(["in", "count", "index"]), st.integers(0, 4)),
    st.tuples(st.just("index from"), INDEX, INDEX),
    st.tuples(st.sampled_from([operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]), ITEMS),
    st.tuples(st.sampled_from(["add", "radd"]), ITEMS),
    st.tuples(st.sampled_from(["mul", "rmul"]), st.integers(-1, 2)),
    st.tuples(st.sampled_from(["len", "bool", "list", "reversed", "copy", "unpack", "next", "match"])),
    st.tuples(st.sampled_from(["copied", "pickled"])),
)  # fmt: skip


def apply(operation, items, iterator):
    """Do something with a list or what stands for one."""
    match operation:
        case "item", index:
            return items[index]
        case "slice", part:
            return items[part]
        case "in", value:
            return value in items
        case "count" | "index" as name, value:
            return getattr(items, name)(value)
        case "index from", start, stop:
            return items.index(1, start, stop)
        case "add", other:
            return items + other
        case "radd", other:
            return other + items
        case "mul", times:
            return items * times
        case "rmul", times:
            return times * items
        case ("len",):
            return len(items)
        case ("bool",):
            return bool(items)
        case ("list",):
            return list(items)
        case ("reversed",):
            return list(reversed(items))
        case ("copy",):
            return items.copy()
        case ("unpack",):
            first, *rest = items
            return first, rest
        case ("next",):
            return next(iterator, "over")
        case ("match",):
            match items:
                case [first, _, *_]:
                    return first
            return None
        case ("copied",):
            return copy.deepcopy(items)
        case ("pickled",):
            return pickle.loads(pickle.dumps(items))
        case compare, other:
            return compare(items, other), compare(other, items), compare(items, of(other))


def outcome(operation, items, iterator):
    """Give the result or the exception."""
    try:
        return "gives", apply(operation, items, iterator)
    except (IndexError, ValueError, TypeError) as error:
        return type(error), str(error)


@given(ITEMS, st.lists(OPERATIONS, max_size=8))
def test_it_behaves_as_the_list(items, operations):
    """Any operations in any order give the same, and each item is computed once."""
    log = []
    ours = of(items, log)
    ours_iterator, plain_iterator = iter(ours), iter(items)
    for operation in operations:
        found, expected = outcome(operation, ours, ours_iterator), outcome(operation, items, plain_iterator)
        if isinstance(expected[1], tuple) and callable(operation[0]):
            found, expected = found[:1], expected[:1]
            mine = apply(operation, ours, None)
            assert mine[0] == operation[0](items, operation[1])
            assert mine[1] == operation[0](operation[1], items)
            assert mine[2] == operation[0](items, operation[1])
        assert found == expected
        assert log == items[: len(log)]
    assert list(ours) == items


@given(st.lists(st.integers(), min_size=1, max_size=9), st.integers(0, 8), st.integers(0, 8), st.integers(1, 4))
def test_a_slice_from_the_front_computes_what_it_needs(items, start, stop, step):
    """Up to its last item, and nothing for an empty one."""
    log = []
    ours = of(items, log)
    assert ours[start:stop:step] == items[start:stop:step]
    wanted = range(start, stop, step)
    assert len(log) == min(len(items), wanted[-1] + 1 if wanted else 0)


def test_how_far_each_use_computes():
    """To the item that decides, and no further."""
    for use, computed in [
        (lambda x: x[2], 3),
        (bool, 1),
        (lambda x: 20 in x, 2),
        (lambda x: x.index(30), 3),
        (lambda x: x == [10, 0, 0], 2),
        (lambda x: x == [10], 2),
        (lambda x: x < [20], 1),
        (lambda x: x < [20], 1),
        (lambda x: x[3::-1], 4),
        (lambda x: x[-1], 5),
        (repr, 0),
        (lambda x: hasattr(x, "append"), 0),
        (lambda x: next(iter(x)), 1),
        (lambda x: x[1:1], 0),
        (lambda x: x == 5, 0),
        (lambda x: x.known_length(), 0),
        (lambda x: next(iter(track(x))), 1),
        (lambda x: next(iter(track(order(x)))), 1),
        (lambda x: next(each(abs, x)), 1),
    ]:
        log = []
        use(of([10, 20, 30, 40, 50], log))
        assert len(log) == computed


def test_a_tracked_loop_has_a_total_where_all_was_computed():
    """Else it asks for none, which would compute all."""
    items = of([10, 20, 30])
    assert (track(items).total, track(order(items)).total) == (None, None)
    assert items.known_length() is None
    assert list(track(items)) == [10, 20, 30]
    for one in items, LazySet(iter([1, 2])):
        list(one)
        loop = track(one)
        assert loop.total is None  # it was not begun
        next(iter(loop))
        assert loop.total == one.known_length() == len(one)


def test_repr_shows_what_is_there():
    """Three dots stand for what isn't computed yet."""
    ours = of([1, 2])
    assert repr(ours) == "LazySequence([...])"
    assert ours[0] == 1
    assert repr(ours) == "LazySequence([1, ...])"
    assert len(ours) == 2
    assert repr(ours) == "LazySequence([1, 2])"
    ours = of([ours, 1])
    ours._items.append(ours)
    assert repr(ours) == "LazySequence([LazySequence([...]), ...])"


def test_it_cannot_be_changed():
    """The error says what to write; `hasattr` says no."""
    ours = of([1])
    for name in ("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"):
        with pytest.raises(AttributeError, match=rf"write list\(x\) and {name}"):
            getattr(ours, name)
    with pytest.raises(AttributeError, match=r"has no 'spam'$"):
        _ = ours.spam
    for change in ("ours[0] = 1", "del ours[0]", "ours += [1]", "ours *= 2"):
        with pytest.raises(TypeError, match=r"write list\(x\)"):
            exec(change, {"ours": ours})


def test_it_has_no_hash_and_is_no_list():
    """As a list it is unhashable; for JSON it must be made one."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(of([1]))
    assert not isinstance(of([1]), list)
    with pytest.raises(TypeError):
        json.dumps(of([1]))
    assert json.dumps(of([1]), default=list) == "[1]"
    assert type(pickle.loads(pickle.dumps(of([1])))) is list
    assert type(copy.copy(of([1]))) is list


def test_wrong_indices():
    """As for a list."""
    with pytest.raises(TypeError, match="not str"):
        of([1])["a"]
    with pytest.raises(IndexError):
        of([1])[10**30]
    with pytest.raises(ValueError, match="zero"):
        of([1])[::0]
    assert of([1, 2])[0 : 10**30] == [1, 2]


def test_two_iterators_interleaved():
    """Each gives all items, each of which is computed once."""
    log = []
    ours = of([1, 2, 3], log)
    one, two = iter(ours), iter(ours)
    assert [next(one), next(one), next(two), next(one), next(two), next(two)] == [1, 2, 1, 3, 2, 3]
    assert log == [1, 2, 3]


def test_an_exception_is_raised_again_for_its_item_and_later_ones():
    """What came before stays; equality, length and iteration raise as well."""

    def source():
        yield 1
        raise KeyError("lost")

    ours = LazySequence(source())
    assert ours[0] == 1
    for use in (
        lambda: ours[1],
        lambda: ours[5],
        lambda: len(ours),
        lambda: list(ours),
        lambda: ours == [1],
        ours.copy,
    ):
        with pytest.raises(KeyError, match="lost"):
            use()
    assert ours[:1] == [1]
    with pytest.raises(KeyError, match="lost"):
        list(ours.iter_once())


def test_an_iterator_that_raised_is_not_asked_again():
    """A `map` could go on behind an exception; a list would not have come to be."""
    ours = LazySequence(map((1).__floordiv__, [1, 0, 1]))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            ours[2]


def test_a_function_that_looks_at_its_own_result():
    """May see what is computed; for more it gets an error, and no item is lost."""
    seen = []

    def source():
        yield 1
        seen.append(ours[0])
        with pytest.raises(ValueError, match="its own result"):
            len(ours)
        yield 2

    ours = LazySequence(source(), name="source")
    assert list(ours) == [1, 2]
    assert seen == [1]


def test_threads_share_it_without_loss():
    """However they interleave, each thread sees all items in order, and each is computed once."""
    log = []
    ours = of(range(2000), log)
    seen = [[] for _ in range(4)]
    start = threading.Barrier(4)

    def walk(mine):
        start.wait()
        mine.extend(iter(ours))

    threads = [threading.Thread(target=walk, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log == list(range(2000))
    assert seen == [log] * 4


def test_closed_it_keeps_what_it_has():
    """More is an error, not a shorter list; a sequence that was complete stays so."""
    ours = of([1, 2])
    assert ours[0] == 1
    ours.close()
    assert ours[0] == 1
    for use in (lambda: ours[1], lambda: len(ours), lambda: list(ours), ours.iter_once):
        with pytest.raises(InstepError, match="was closed"):
            use()
    assert "closed" in repr(ours)
    whole = of([1, 2])
    assert len(whole) == 2
    whole.close()
    assert whole == [1, 2]


def test_after_iter_once_the_sequence_is_over():
    """Whatever is asked of it; but `close` still closes the generator that was given out."""
    closed = []

    def source():
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    ours = LazySequence(source(), name="f")
    items = ours.iter_once()
    assert next(items) == 1
    for use in (lambda: ours[0], lambda: len(ours), lambda: list(ours), lambda: bool(ours), ours.iter_once):
        with pytest.raises(InstepError, match="iter_once"):
            use()
    ours.close()
    assert closed == [True]
    assert list(items) == []

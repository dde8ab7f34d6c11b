"""What a deferred function computes, and when."""

# ruff: noqa: D103, PERF401, PERF402 -- the functions below are what is deferred: written as their users write them

import gc
import inspect
import traceback
import weakref
from itertools import count
from random import Random
from types import GeneratorType

import pytest

from functions.making import made
from instep.functions.comparing import LazyDiffers
from instep.functions.laziness import lazy
from instep.functions.refusals import CannotDefer
from instep.functions.sequence import LazySequence
from instep.functions.sets import LazySet


class Work:
    """Counts what is computed."""

    def __init__(self):
        self.done = []

    def __call__(self, x):
        self.done.append(x)
        return x**3


@pytest.fixture
def work():
    """Give something to compute with."""
    return Work()


def process(dataset, compute):
    rv = []
    for x in dataset:
        rv.append(compute(x))
    return rv


def test_what_is_taken_is_computed_and_no_more(work):
    """Of ten numbers, those up to the third that isn't negative are computed: six."""
    random = Random(0)
    dataset = [random.randint(-100, 100) for _ in range(10)]
    results = []
    for x in lazy(process)(dataset, work):
        if x >= 0:
            results.append(x)
        if len(results) == 3:
            break
    assert results == [830584, 343, 27000]
    assert work.done == dataset[:6]


def test_the_function_itself_stays_as_it_was(work):
    """Only what `lazy` returns is lazy."""
    code = process.__code__
    lazy(process)
    assert process([1, 2], work) == [1, 8]
    assert process.__code__ is code


def test_as_a_decorator_it_keeps_name_doc_and_signature():
    """What a decorated function says of itself stays."""

    @lazy
    def squares(numbers, *, power=2):
        """Give powers."""
        out = []
        for n in numbers:
            out.append(n**power)
        return out

    assert squares([3], power=3) == [27]
    assert squares([3]) == [9]
    assert (squares.__name__, squares.__doc__) == ("squares", "Give powers.")
    assert str(inspect.signature(squares)) == "(numbers, *, power=2)"

    @lazy(check=True)
    def checked(numbers):
        return [n + 1 for n in numbers]

    assert checked([1]) == [2]


def test_code_before_the_loop_runs_at_the_call():
    """Also in branches, and where items are appended before it; the loop's `iter()` too."""
    log = []

    class Source:
        def __iter__(self):
            log.append("iter")
            return iter([1, 2])

    @lazy
    def built(source, twice):
        out = []
        log.append("before")
        out.append(0)
        if twice:
            for x in source:
                out.append(x * 2)
        else:
            for x in source:
                out.append(x)
        return out

    for twice in (False, True):
        log.clear()
        result = built(Source(), twice)
        assert log == ["before", "iter"]
        assert repr(result) == "LazySequence([0, ...])"
        assert result == ([0, 2, 4] if twice else [0, 1, 2])


@pytest.mark.parametrize("wrong", [(5,), (), ([], 1)])
def test_wrong_arguments_fail_at_the_call(wrong):
    """With the error that the plain function gives."""

    def built(xs):
        out = []
        for x in xs:
            out.append(x)
        return out

    def comprehended(xs):
        return [x for x in xs]  # noqa: C416

    for function in (built, comprehended):
        with pytest.raises(TypeError) as plain:
            function(*wrong)
        with pytest.raises(TypeError) as deferred:
            lazy(function)(*wrong)
        assert str(plain.value) == str(deferred.value)


def test_an_exit_before_the_loop_gives_the_whole_list():
    """Nothing is left to be computed then."""

    @lazy
    def built(xs):
        out = []
        if xs is None:
            return []
        if not xs:
            out.append("none")
            return out
        for x in xs:
            out.append(x)
        return out

    assert built(None) == []
    assert repr(built([])) == "LazySequence(['none'])"
    assert built([1]) == [1]


@lazy
def everything(xs, flag):
    out = [0]
    if flag:
        for x in xs:
            for y in range(x):
                if y == 2:
                    break
                out.append((x, y))
            else:
                out.append("all")
    else:
        out.append("plain")
    out += "ab"
    while len(xs) > 9:
        break
    for x in xs:
        try:
            z = int(x)
        except ValueError:
            continue
        else:
            out.extend([z, z])
        if x == 7:
            return out
    else:
        out.append("end")
    return out


@pytest.mark.parametrize("flag", [False, True])
@pytest.mark.parametrize("xs", [[], [1, 2, 3], [0, 7, 5]])
def test_control_flow_is_that_of_the_function(xs, flag):
    """Nested loops, `else`, `break`, `continue`, `return` in the loop, `try`, appends between and after loops."""
    assert everything(xs, flag) == everything.__wrapped__(xs, flag)


def test_comprehensions_and_calls_of_list():
    """`return [...]`, `list` of `map`, `filter`, `zip` or a generator expression: the items one by one."""

    def of_list(xs, f):
        return [f(x) for x in xs if x for _ in range(2)]

    def of_map(xs, f):
        return list(map(f, xs))

    def of_filter(xs, f):
        return list(filter(f, xs))

    def of_zip(xs, f):
        return list(zip(xs, map(f, xs)))  # noqa: B905

    def of_generator(xs, f):
        if not xs:
            return []
        return list(f(x) for x in xs)  # noqa: C400

    for function in (of_list, of_map, of_filter, of_zip, of_generator):
        work = Work()
        result = lazy(function)([1, 2, 3, 4], work)
        assert work.done == []
        first = result[0]
        assert work.done == [1]
        assert result == function([1, 2, 3, 4], Work())
        assert first == result[0]


def test_what_replaces_the_list_in_an_addition_is_an_error():
    """`out += array` makes an array of `out`: this is seen when it happens. All else fills, our own results too."""

    class Array(list):
        def __radd__(self, other):
            return Array(other)

    @lazy
    def joined(parts):
        out = []
        for part in parts:
            out += part
        return out

    assert joined([[1], (2,), "ab", {3: 4}, joined([[5]]), map(str, [6])]) == [1, 2, "a", "b", 3, 5, "6"]
    result = joined([[1], Array([2])])
    assert result[0] == 1
    with pytest.raises(TypeError, match=r"write extend\(\)"):
        result[1]
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        joined([5])[0]


def test_a_shadowed_builtin_is_not_taken_for_the_builtin():
    """A `map` or `list` of somebody else's may do anything."""

    def shadowed(xs, map):  # noqa: A002
        return list(map(str, xs))

    with pytest.raises(CannotDefer):
        lazy(shadowed)


class Counter:
    """Methods of all kinds."""

    factor = 2

    def __init__(self, numbers):
        self.numbers = numbers

    @lazy
    def scaled(self):
        out = []
        for n in self.numbers:
            out.append(n * self.__factor)
        return out

    __factor = 3

    @lazy
    @classmethod
    def made(cls, numbers):
        return [cls.factor * n for n in numbers]

    @staticmethod
    @lazy
    def plain(numbers):
        return [n + 1 for n in numbers]

    def bound(self, more=1):
        out = []
        for n in self.numbers:
            out.append(n + more)
        return out


class Derived(Counter):
    """Its methods use `super()`."""

    @lazy
    def copied(self):
        return [n for n in super().scaled()]  # noqa: C416

    @lazy
    def scaled(self):
        out = []
        for n in super().scaled():
            out.append(-n)
        return out


def test_methods_of_all_kinds():
    """Decorated in a class, above or below `classmethod` and `staticmethod`, or bound and given; `super()` works."""
    assert Counter([1, 2]).scaled() == [3, 6]
    assert Counter.made([1]) == Counter([]).made([1]) == [2]
    assert Counter.plain([1]) == Counter([]).plain([1]) == [2]
    assert lazy(Counter([1]).bound)(more=5) == [6]
    assert Derived([1, 2]).scaled() == [-3, -6]
    assert Derived([1, 2]).copied() == [3, 6]


def test_closures_see_their_variables_as_they_are():
    """The cells are the function's own."""
    offset = 1

    def shifted(xs):
        out = []
        for x in xs:
            out.append(x + offset)
        return out

    deferred = lazy(shifted)
    offset = 10
    assert deferred([1]) == [11]


def test_recursion():
    """A function may fill its list from itself, plain or deferred."""

    @lazy
    def flat(tree):
        out = []
        for part in tree:
            if isinstance(part, list):
                out.extend(flat(part))
            else:
                out.append(part)
        return out

    assert flat([1, [2, [3, []]], 4]) == [1, 2, 3, 4]


def with_cleanup(xs, log):
    out = []
    try:
        for x in xs:
            out.append(x)
    finally:
        log("closed")
    return out


@pytest.mark.parametrize("taken", [0, 1])
def test_close_and_dropping_run_finally_blocks(taken):
    """Once: at `close`, or when the sequence and its iterators are gone."""
    log = []
    result = lazy(with_cleanup)([1, 2], log.append)
    result[:taken]
    result.close()
    result.close()
    assert log == ["closed"]
    result = lazy(with_cleanup)([1, 2], log.append)
    result[:taken]
    del result
    assert log == ["closed"] * 2
    for _ in lazy(with_cleanup)([1, 2], log.append):
        break
    del _
    assert log == ["closed"] * 3


def test_an_exception_surfaces_at_its_item_each_time():
    """The list never looks shorter than it is; the traceback shows the line of the function, once."""

    def failing(xs):
        out = []
        for x in xs:
            out.append(1 / x)  # the line
        return out

    result = lazy(failing)([1, 2, 0, 4])
    assert result[:2] == [1, 0.5]
    for _ in range(3):
        with pytest.raises(ZeroDivisionError) as caught:
            result[2]
        lines = [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert lines.count("out.append(1 / x)  # the line") == 1
    with pytest.raises(ZeroDivisionError):
        len(result)
    with pytest.raises(ZeroDivisionError):
        list(result)
    assert repr(result) == "LazySequence([1.0, 0.5, <ZeroDivisionError>])"


def test_a_stop_iteration_of_the_function_makes_no_shorter_list():
    """In the deferred part it is a RuntimeError, as in a generator; at the call it is itself."""

    def pairs(xs):
        out = []
        it = iter(xs)
        for x in it:
            out.append((x, next(it)))
        return out

    def first(xs):
        out = []
        head = next(iter(xs))
        for x in xs:
            out.append((head, x))
        return out

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(lazy(pairs)([1, 2, 3]))
    with pytest.raises(StopIteration):
        lazy(first)([])


def test_a_function_of_source_text_says_its_own_lines():
    """What fails before the loop, or at its `iter()`, points at the line as it stands."""
    with pytest.raises(TypeError) as caught:
        lazy(process)(5, None)
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.name, frame.line) == ("process", "for x in dataset:")


def test_iter_once_is_the_bare_generator():
    """Where nothing was taken: nothing of ours stands between, and nothing is kept."""

    class Thing:
        pass

    def things(numbers):
        out = []
        for _ in numbers:
            out.append(Thing())
        return out

    items = lazy(things)(count()).iter_once()
    assert isinstance(items, GeneratorType)
    assert items.gi_code.co_name == "things"
    first = weakref.ref(next(items))
    next(items)
    gc.collect()
    assert first() is None


def test_iter_once_goes_on_behind_what_was_taken(work):
    """Items that are there already come first; another use of the sequence is an error."""
    result = lazy(process)([1, 2, 3], work)
    assert result[0] == 1
    assert list(result.iter_once()) == [1, 8, 27]
    assert work.done == [1, 2, 3]


def test_sets_are_computed_item_by_item(work):
    """In the order in which items are added, each once; for all else it is like the set."""

    def comprehended(xs, f):
        return {f(x) for x in xs}

    def built(xs, f):
        out = set()
        for x in xs:
            out.add(f(x))
        return out

    for function in (comprehended, built):
        work.done.clear()
        result = lazy(function)([3, 3, 1, 2, 1], work)
        assert isinstance(result, LazySet)
        assert work.done == []
        assert 27 in result
        assert work.done == [3]
        assert list(result) == [27, 1, 8]
        assert result == {1, 8, 27}
        assert result | {5} == {1, 5, 8, 27}
        assert 5 not in result
        assert len(result) == 3


def differing(xs):
    out = []
    for x in xs:
        out.append(next(differing.state) * x)
    return out


def test_check_runs_both_ways_and_compares():
    """An item that differs raises an error that says where; what is equal passes."""
    differing.state = iter([1, 1, 1, 5])
    result = lazy(differing, check=True)([1, 2])
    assert result[0] == 1
    with pytest.raises(LazyDiffers, match=r"differing, item 1: 10 lazily, 2 plainly"):
        result[1]
    work = Work()
    assert lazy(process, check=True)([1, 2], work) == [1, 8]
    assert work.done == [1, 2, 1, 2]
    assert lazy(process, check=True)([float("nan")], abs)[0] != 0


def test_check_compares_types_ends_and_exceptions():
    """1 is not 1.0 here; more, fewer, and another exception are differences, too."""
    for plainly, lazily, text in [
        ([1], [1.0], "1.0 lazily, 1 plainly"),
        ([1, 2], [1], "1 items lazily, 2 plainly"),
        ([1], [1, 2], "more than 1 items"),
        ([1], [1, 0, "x"], "more than 1 items"),
    ]:
        given = iter([plainly, lazily])

        def built(_, given=given):
            out = []
            for x in next(given):
                out.append(x)
            return out

        with pytest.raises(LazyDiffers, match=text):
            list(lazy(built, check=True)(0))

    def failing(xs):
        out = []
        for x in xs:
            out.append(1 // x)
        return out

    checked = lazy(failing, check=True)([1, 0])
    assert checked[0] == 1
    with pytest.raises(ZeroDivisionError):
        checked[1]
    with pytest.raises(TypeError):
        lazy(failing, check=True)(5)


def test_check_needs_arguments_that_can_be_walked_twice():
    """An iterator would be used up by the first of the two runs."""
    with pytest.raises(TypeError, match="pass a list"):
        lazy(process, check=True)(iter([1]), abs)


@pytest.mark.parametrize("wrong", [5, "process", None])
def test_what_is_no_function(wrong):
    """Is a TypeError at once, and so is a wrong keyword."""
    with pytest.raises(TypeError, match="expected a function"):
        lazy(wrong)


def test_an_infinite_loop_is_no_trouble():
    """As much is computed as is taken."""

    @lazy
    def squares():
        out = []
        n = 0
        while True:
            out.append(n * n)
            n += 1
        return out

    assert squares()[:4] == [0, 1, 4, 9]
    assert isinstance(squares(), LazySequence)


@pytest.mark.parametrize("grow", ["out.extend((told(n), told(-n)))", "out += [told(n), told(-n)]"])
def test_what_is_written_down_is_computed_before_the_first_of_it_is_out(grow):
    """The list grows by all of it or, where one of them raises, by nothing."""
    told = []

    def tell(n):
        told.append(n)
        return 60 // (n + 3)

    builder = made(f"def builder(told):\n out = []\n for n in [1, 2, 3]:\n  {grow}\n return out\n", "builder")
    items = iter(lazy(builder)(tell))
    assert (next(items), told) == (15, [1, -1])
    assert (next(items), told) == (30, [1, -1])
    assert (next(items), told) == (12, [1, -1, 2, -2])
    assert next(items) == 60
    with pytest.raises(ZeroDivisionError):
        next(items)
    assert told == [1, -1, 2, -2, 3, -3]


def test_one_that_is_written_down_is_given_as_it_is():
    """`out += [x]` and `out += x,` are `out.append(x)`; an empty one adds nothing."""

    def builder(numbers):
        out = []
        for n in numbers:
            out += [n]
            out += (-n,)
            out += []
        return out

    assert list(lazy(builder)([1, 2])) == [1, -1, 2, -2]

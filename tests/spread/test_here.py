"""`each` in the consumer's own thread: the builtin `map`, tracked, and its misuse."""

import copy
import gc
import pickle
import threading
import weakref
from itertools import count, islice, zip_longest

import pytest

from instep import Each, Failure, InstepError, each, note, stage, track
from instep.monitor import monitor
from spread.calls import until
from watching import Shown, watched


async def waits(x):
    """No function for `each`."""


def square(x):
    """What it says."""
    return x * x


def test_a_step_is_computed_when_it_is_asked_for():
    """Never before, and an item of the input is not taken before, either."""
    computed, taken = [], []
    results = each(lambda x: computed.append(x) or x, (taken.append(x) or x for x in count()))
    assert (computed, taken) == ([], [])
    for x in results:
        assert computed == taken == list(range(x + 1))
        assert (results.position, results.finished) == (x + 1, x + 1)
        if x == 5:
            break
    assert (results.status, results.position) == ("stopped", 6)


def test_it_is_an_iterator_and_a_track():
    """`next`, `for` after `next`, notes, a name, a total; it has one pass only."""
    results = each(square, [1, 2, 3])
    assert isinstance(results, Each)
    assert (results.name, results.total, results.status) == ("square", 3, "pending")
    assert next(results) == 1
    results.send("first")
    assert list(results) == [4, 9]
    assert (results.status, results.position) == ("finished", 3)
    assert [(note.index, note.value) for note in results.notes] == [(0, "first")]
    with pytest.raises(StopIteration):
        next(results)
    assert list(results) == []
    for _ in results:
        raise AssertionError


def test_arguments_come_from_several_iterables():
    """As many as the shortest has, and its length is the total."""
    results = each(lambda *numbers: sum(numbers), [1, 2, 3], (10, 20), count(100))
    assert results.total == 2
    assert list(results) == [111, 123]


def test_what_is_said_in_a_step_is_about_that_step():
    """From the function, and from what it calls, be the input tracked or not; the consumer's is about what it holds."""

    def tell(x):
        note(inside=x)
        return x

    source = track(range(3), show=False)
    for x in (results := each(tell, source)):
        note(outside=x)
    said = [(one.index, dict(one.fields)) for one in results.notes]
    assert said == [(0, {"inside": 0}), (0, {"outside": 0}), (1, {"inside": 1}), (1, {"outside": 1}),
                    (2, {"inside": 2}), (2, {"outside": 2})]  # fmt: skip
    assert source.notes == []


def test_what_a_step_begins_is_below_it_and_its_input_beside_it():
    """A loop inside the function is a child; a tracked input, driven from the same place, is not."""

    def inner(n):
        return sum(track(range(n), name="inner"))

    with watched(Shown()) as hand, stage("outer"):
        results = each(inner, track([1, 2, 3], name="input"), name="each")
        assert next(results) == 0
        ids = {run.label: run for run in monitor.running}
        assert ids["input"].parent is ids["outer"]
        assert ids["each"].parent is ids["outer"]
        hand.move(1)
        hand.look()
        assert list(results) == [1, 3]
        assert [(one.name, one.passes) for one in results.snapshot().inner] == [("inner", 3)]


def test_an_error_is_raised_with_a_note_and_the_next_result_comes_after_it():
    """The very exception; `next` goes on, and a `for` is left as by any exception."""
    error = ValueError("no")

    def fail(x, y):
        if x == 1:
            raise error
        return x

    results = each(fail, range(3), "abc")
    assert next(results) == 0
    with pytest.raises(ValueError, match="no") as caught:
        next(results)
    assert caught.value is error
    assert error.__notes__ == ["each: step 1, given (1, 'b')"]
    assert next(results) == 2
    with pytest.raises(ValueError, match="no"):
        for _ in (other := each(fail, range(3), "abc")):
            pass
    assert (other.status, other.position) == ("failed", 1)
    assert error.__notes__ == ["each: step 1, given (1, 'b')"]


def test_failures_and_retries():
    """As on every engine."""
    tried = []

    def fail(x):
        tried.append(x)
        if x == 1 and tried.count(1) < 3:
            raise KeyError(x)
        return x

    assert list(each(fail, range(3), retries=2)) == [0, 1, 2]
    tried.clear()
    zero, failure, two = each(fail, range(3), retries=1, errors="yield")
    assert isinstance(failure, Failure)
    assert (zero, failure.index, failure.arguments, failure.attempts, two) == (0, 1, (1,), 2, 2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_is_neither_tried_again_nor_handed_out(error):
    """Ctrl-C and `sys.exit` in the function leave the loop as they would leave any."""
    tried = []

    def leave(x):
        tried.append(x)
        raise error

    with pytest.raises(error):
        list(each(leave, range(3), retries=5, errors="yield"))
    assert tried == [0]


def test_stop_iteration_of_the_function_is_an_error():
    """As in a generator."""

    def stops(x):
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        next(each(stops, range(3)))


def test_what_is_closed_has_come_to_its_end():
    """Begun or not; from inside its own loop, too."""
    results = each(square, count())
    results.close()
    assert list(results) == []
    seen = []
    for x in (results := each(square, count())):
        seen.append(x)
        if x == 4:
            results.close()
    assert seen == [0, 1, 4]
    assert results.status == "stopped"


@pytest.mark.parametrize("iterables", [1, 2])
def test_what_is_closed_during_a_call_hands_out_no_more_than_it_counted(iterables):
    """By another thread: the call is let finish, its result is not taken."""
    begun, closed = threading.Event(), threading.Event()

    def slow(x, *_):
        if x == 3:
            begun.set()
            assert closed.wait(60)
        return x

    def close():
        assert begun.wait(60)
        results.close()
        closed.set()

    results = each(slow, *[range(10)] * iterables)
    closer = threading.Thread(target=close)
    closer.start()
    assert list(results) == [0, 1, 2]
    closer.join()
    assert (results.position, results.status) == (3, "stopped")


def test_its_input_is_closed_at_once_when_it_is_left():
    """A generator's `finally` runs when the loop breaks, not when the garbage is collected."""
    closed = []

    def source():
        try:
            yield from range(10)
        finally:
            closed.append(True)

    gc.disable()
    try:
        for on in None, "threads:2":
            for _ in (results := each(square, source(), on=on)):
                break
            assert closed.pop()
            assert results.status == "stopped"
    finally:
        gc.enable()


def test_no_result_and_no_argument_is_kept():
    """What was handed out and dropped is gone, without the garbage collector."""

    class Thing:
        pass

    gc.disable()
    try:
        for on in None, "threads:2":
            seen = []
            for thing in each(lambda x: x, (Thing() for _ in range(5)), on=on, ahead=1):
                seen.append(weakref.ref(thing))
                del thing
                assert [reference() for reference in seen[:-1]] == [None] * (len(seen) - 1)
    finally:
        gc.enable()


def test_quick_steps_are_timed_by_samples_and_slow_ones_one_by_one():
    """The timer counts the calls, not the consumer's part; which step was slowest is known."""
    moves = iter([*[False] * 500, True, *[False] * 500])
    with watched(Shown()):
        results = each(lambda move: spin(0.15 if move else 0), moves)
        for _ in results:
            pass
    timer = results.timer
    assert timer.slowest[0].seconds >= 0.1
    assert timer.slowest[0].index <= 500 < timer.slowest[0].index + timer.slowest[0].among
    results = each(spin, [0.0002] * 20)
    for _ in results:
        spin(0.001)
    assert (results.timer.count, results.timer.timed) == (20, 20)
    assert results.timer.fetch + results.timer.body == pytest.approx(results.timer.elapsed)


def spin(seconds):
    """Keep the processor busy for so long."""
    from time import perf_counter

    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "text"),
    [
        ((5, [1]), {}, TypeError, "expected something to call; got 5"),
        ((square,), {}, TypeError, "write each\\(function, items\\)"),
        ((square, 5), {}, TypeError, "expected an iterable after the function; got 5: write range\\(5\\)"),
        ((square, [1]), {"on": "thread"}, ValueError, "got 'thread'"),
        ((square, [1]), {"on": "threads:"}, ValueError, "as in 'threads:8'"),
        ((square, [1]), {"on": "threads:0"}, ValueError, "at least 1 worker; got 0"),
        ((square, [1]), {"on": 0}, ValueError, "at least 1 worker"),
        ((square, [1]), {"on": -2}, ValueError, "got -2"),
        ((square, [1]), {"on": True}, TypeError, "got True"),
        ((square, [1]), {"on": 1.5}, TypeError, "got 1.5"),
        ((square, [1]), {"ahead": 0}, ValueError, "ahead= expected 1 or more; got 0"),
        ((square, [1]), {"ahead": -1, "on": 1}, ValueError, "ahead= expected 1 or more; got -1"),
        ((square, [1]), {"ahead": True, "on": 1}, TypeError, "ahead= expected a whole number; got True"),
        ((square, [1]), {"timeout": 10**400, "on": 1}, ValueError, "less than 100,000,000"),
        ((waits, [1]), {}, TypeError, "expected a plain function"),
        ((square, [1]), {"ahead": "2"}, TypeError, "write int"),
        ((square, [1]), {"retries": -1}, ValueError, "retries= expected 0 or more"),
        ((square, [1]), {"errors": "ignore"}, ValueError, "expected 'raise' or 'yield'; got 'ignore'"),
        ((square, [1]), {"timeout": 1}, ValueError, "write on='threads'"),
        ((square, [1]), {"timeout": 0, "on": 1}, ValueError, "more than 0 seconds, .*; got 0"),
        ((square, [1]), {"timeout": "1", "on": 1}, TypeError, "seconds as a number; got '1'"),
        ((square, [1]), {"name": 5}, TypeError, "name= expected a str"),
        ((square, [1]), {"unit": 5}, TypeError, "unit= expected a str"),
    ],
)
def test_wrong_arguments_are_refused_at_the_call(arguments, options, kind, text):
    """What came, what was expected, what to write."""
    with pytest.raises(kind, match=text):
        each(*arguments, **options)


def test_threads_may_share_one():
    """Each item goes to one of them, and none is lost."""
    for on in None, "threads:2":
        results, found = each(square, range(300), on=on), []

        def take(results=results, found=found):
            while True:
                try:
                    found.append(next(results))
                except StopIteration:
                    return

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [x * x for x in range(300)]


ENGINES = [None, "threads:2"]


@pytest.mark.parametrize("iterables", [1, 2])
def test_threads_that_share_one_lose_not_the_last_result_to_who_finds_the_end(iterables):
    """One of them has the last argument in hand when another ends it."""

    class Last:
        def __init__(self):
            self.at = -1

        def __iter__(self):
            return self

        def __next__(self):
            self.at += 1
            if self.at > 4:
                raise StopIteration
            if self.at < 4:
                return self.at
            until(lambda: results.status == "finished")
            return 4

    def take():
        found.extend(iter(lambda: next(results, None), None))

    results, found = each(lambda x, *_: x, Last(), *[range(9)] * (iterables - 1)), []
    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert (results.status, results.position) == ("finished", 5)


@pytest.mark.parametrize("on", ENGINES)
def test_parts_of_it_may_be_taken_one_after_another(on):
    """As of any iterator: by islice, zip, next, a loop inside a loop; a `for` goes on where they stood."""
    results = each(square, range(12), on=on)
    assert list(islice(results, 2)) == [0, 1]
    assert list(zip(range(2), results, strict=False)) == [(0, 4), (1, 9)]
    assert next(results) == 16
    seen = []
    for x in results:
        seen.append(x)
        if x == 36:
            seen.append(list(islice(results, 2)))
    assert seen == [25, 36, [49, 64], 81, 100, 121]
    assert (results.status, results.position) == ("finished", 12)
    assert list(results) == []


@pytest.mark.parametrize("on", ENGINES)
def test_a_for_that_is_left_has_stopped_it_and_another_says_so(on):
    """Rather than doing nothing; after `close()` there is simply nothing more."""
    for _ in (results := each(square, range(5), on=on)):
        break
    with pytest.raises(InstepError, match=r"next\(\) or itertools\.islice"):
        iter(results)
    results.close()
    assert list(results) == []


@pytest.mark.parametrize("on", ENGINES)
def test_with_ends_it(on):
    """Begun or not; and what can't be done with it says so."""
    with each(square, range(5), on=on) as results:
        assert next(results) == 0
    assert (results.status, list(results)) == ("stopped", [])
    with each(square, range(5), on=on) as results:
        pass
    assert (results.status, list(results)) == ("stopped", [])
    for act in len, reversed, copy.copy, copy.deepcopy, pickle.dumps, aiter:
        with pytest.raises(TypeError, match=r"an each\(\)"):
            act(results)


def test_a_chain_has_each_ones_notes_at_its_own_steps():
    """A function that is asked by another's input says things about its own step."""

    def inner(x):
        note(inner=x)
        return x

    def outer(x):
        note(outer=x)
        return x

    first = each(inner, range(3))
    second = each(outer, first)
    assert list(second) == [0, 1, 2]
    assert [(one.index, dict(one.fields)) for one in first.notes] == [
        (0, {"inner": 0}),
        (1, {"inner": 1}),
        (2, {"inner": 2}),
    ]
    assert [(one.index, dict(one.fields)) for one in second.notes] == [
        (0, {"outer": 0}),
        (1, {"outer": 1}),
        (2, {"outer": 2}),
    ]


def test_indices_stay_right_after_an_error():
    """Of notes, of error notes; the failed step counts."""

    def fail(x):
        note(x=x)
        if x in (1, 3):
            raise ValueError(x)
        return x

    results, said = each(fail, range(5)), []
    while True:
        try:
            next(results)
        except StopIteration:
            break
        except ValueError as error:
            said += error.__notes__
    assert said == ["each: step 1, given 1", "each: step 3, given 3"]
    assert [(one.index, one.fields["x"]) for one in results.notes] == [(x, x) for x in range(5)]


def test_a_loop_begun_as_its_input_keeps_its_notes_when_it_outlives_it():
    """`zip_longest` goes on with the longer one, whose steps are then the current ones."""
    longer = track(range(4), show=False)
    for pair in zip_longest(each(square, [1]), longer):
        note(pair=pair)
    assert len(longer.notes) >= 3


def test_an_error_that_takes_no_notes_passes_all_the_same():
    """And so do the results after it."""

    class Stubborn(Exception):
        def add_note(self, note):
            raise TypeError("no notes")

    def fail(x):
        if x == 1:
            raise Stubborn
        return x

    for on in ENGINES:
        results = each(fail, range(3), on=on)
        assert next(results) == 0
        with pytest.raises(Stubborn):
            next(results)
        assert list(results) == [2]


def test_a_failed_step_keeps_nothing_alive():
    """No cycle of its error holds the consumer's frame, its arguments or the `each`."""

    class Big:
        pass

    def fail(x):
        raise ValueError(x)

    def consume(results, big):
        try:
            next(results)
        except ValueError:
            pass

    gc.disable()
    try:
        for on in ENGINES:
            results, big = each(fail, [1, 2], on=on), Big()
            references = weakref.ref(results), weakref.ref(big)
            consume(results, big)
            results.close()
            del results, big
            until(lambda references=references: [reference() for reference in references] == [None, None])
    finally:
        gc.enable()

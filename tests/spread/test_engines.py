"""One contract for all engines: what `each` promises holds wherever its steps run."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections import Counter
from itertools import count, islice

import pytest

from instep import Failure, each, track
from spread.calls import FailsAt, Held, Meeting, Odd, Square, add, nothing, square, stops, telling, timed, until, where
from spread.conftest import ENGINES

on_each_engine = pytest.mark.parametrize("where", ENGINES, indirect=True)


@on_each_engine
def test_results_are_those_of_map(where):
    """In order, with several iterables as many as the shortest has; None is a result."""
    assert list(each(square, range(50), on=where.on)) == list(map(square, range(50)))
    assert list(each(add, [1, 2, 3], (10, 20), on=where.on)) == [11, 22]
    assert list(each(nothing, "abc", on=where.on, ahead=2)) == [None, None, None]
    assert list(each(square, [], on=where.on)) == []


@on_each_engine
@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_who_took_k_has_had_at_most_k_and_what_is_ahead_computed(where, ahead, tmp_path):
    """Exactly, counted item by item; and not one argument more was taken from the input."""
    for k in range(1, 5):
        call, taken = Square(tmp_path / str(k)), []
        results = each(call, (taken.append(x) or x for x in count()), on=where.on, ahead=ahead)
        assert not taken
        assert list(islice(results, k)) == [x * x for x in range(k)]
        assert len(taken) == k + ahead - 1
        results.close()
        spread = results.snapshot().spread
        most = k + ahead - 1
        # Of what a cluster was told to cancel nobody knows whether it came in time.
        least = k if where.name == "Dask" else most - spread.cancelled
        until(lambda call=call, least=least: len(call.of()) >= least, f"{least} calls")
        assert len(call.of()) <= (most if where.name == "Dask" else least)
        assert (results.status, results.position, spread.never_begun) == ("stopped", k, None)


@on_each_engine
def test_nothing_is_sent_when_a_result_is_handed_out(where, tmp_path):
    """A consumer that stalls after the first has had `ahead` steps computed, however long it stalls."""
    call = Square(tmp_path)
    results = each(call, range(1000), on=where.on, ahead=2)
    assert next(results) == 0
    until(lambda: len(call.of()) == 2)
    assert results.snapshot().spread.never_begun == 998
    assert next(results) == 1
    until(lambda: len(call.of()) == 3)
    results.close()


@on_each_engine
def test_steps_run_there_and_at_the_same_time(where, tmp_path):
    """Two steps that wait for each other both end, each in a worker of its own."""
    found = list(each(Meeting(tmp_path, 2), range(2), on=where.on, ahead=2))
    assert [x for x, _, _ in found] == [0, 1]
    assert len({(pid, thread) for _, pid, thread in found}) == 2
    assert all((pid != os.getpid()) is where.elsewhere for _, pid, _ in found)
    assert threading.get_ident() not in {thread for _, pid, thread in found if pid == os.getpid()}


@on_each_engine
def test_an_error_comes_when_its_item_is_due_and_the_next_goes_on(where, tmp_path):
    """Its type, its attributes, where it was raised, and a note that says for which item; then the rest."""
    results = each(FailsAt(tmp_path, 3), range(6), on=where.on, ahead=2)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    with pytest.raises(Odd, match="3 is odd") as caught:
        next(results)
    assert caught.value.number == 3
    assert caught.value.__notes__ == ["each: step 3, given 3"]
    shown = str(caught.value.__cause__) if where.elsewhere else str(caught.traceback[-1])
    assert "calls.py" in shown
    assert list(results) == [16, 25]
    assert results.position == 5


@on_each_engine
@pytest.mark.parametrize("ahead", [None, 3])
def test_failures_are_handed_out_where_they_are_wanted(where, ahead, tmp_path):
    """With errors="yield" the error's place in the output is that of its item."""
    found = list(each(FailsAt(tmp_path, 3), range(6), on=where.on, ahead=ahead, errors="yield"))
    failure = found[3]
    assert isinstance(failure, Failure)
    assert (failure.index, failure.arguments, failure.attempts, failure.error.number) == (3, (3,), 1, 3)
    assert [*found[:3], *found[4:]] == [0, 1, 4, 16, 25]


@on_each_engine
def test_what_failed_is_tried_again(where, tmp_path):
    """As often as was said, and no more; how often is in the failure."""
    call = FailsAt(tmp_path, 3, times=2)
    results = each(call, range(5), on=where.on, retries=2)
    assert list(results) == [0, 1, 4, 9, 16]
    assert Counter(call.of()) == {0: 1, 1: 1, 2: 1, 3: 3, 4: 1}
    assert results.snapshot().spread.retried == 2

    (tmp_path / "calls").write_text("")
    found = list(each(FailsAt(tmp_path, 1, times=3), range(3), on=where.on, retries=2, errors="yield"))
    assert [found[0], found[2]] == [0, 4]
    assert found[1].attempts == 3
    assert found[1].error.__notes__ == ["each: step 1, given 1, tried 3 times"]


@on_each_engine
def test_leaving_early_leaves_nothing_behind(where, tmp_path, left_behind):
    """What was not begun is called back; what instep made goes, what it was given stays and works on."""
    held = Held(tmp_path, 1)
    if not where.ours:
        list(each(square, range(3), on=where.on))  # its own threads and processes are there
    for x in (results := each(held, range(10), on=where.on, ahead=4)):
        assert x == 0
        break
    assert (results.status, results.position) == ("stopped", 1)
    spread = results.snapshot().spread
    assert spread.computed + spread.running + spread.cancelled == 4
    assert spread.never_begun == 6
    held.go(1)
    if where.ours:
        left_behind()
    else:
        assert list(each(square, range(3), on=where.on)) == [0, 1, 4]


@on_each_engine
def test_results_come_as_they_are_ready_where_order_does_not_matter(where, tmp_path):
    """The second is handed out while the first still runs; all come, once."""
    held = Held(tmp_path, 0)
    results = each(held, range(6), on=where.on, ahead=2, ordered=False)
    assert next(results) == 1
    results.send("about the second")
    held.go(0)
    assert sorted(results) == [0, 2, 3, 4, 5]
    assert [(note.index, note.value) for note in results.notes] == [(1, "about the second")]


@on_each_engine
def test_what_is_said_in_a_step_arrives_at_that_step(where):
    """`note` in the function, wherever it runs; what the consumer says is about the result it holds."""
    for x in (results := each(telling, range(6), on=where.on, ahead=3)):
        if not x % 2:
            results.note(even=x)
    said = sorted((note.index, dict(note.fields)) for note in results.notes)
    assert said == [(0, {"even": 0}), (1, {"x": 1}), (2, {"even": 2}), (3, {"x": 3}), (4, {"even": 4}), (5, {"x": 5})]


@on_each_engine
def test_a_function_that_raises_stop_iteration_does_not_end_the_loop(where):
    """It would cut the output short without a word: it is an error, as in a generator."""
    results = each(stops, range(4), on=where.on)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(RuntimeError, match="StopIteration"):
        next(results)
    assert list(results) == [3]


@on_each_engine
@pytest.mark.parametrize("ahead", [None, 2])
def test_an_error_of_the_input_comes_at_its_place(where, ahead):
    """After all results of what came before it; an input that goes on, goes on."""

    class Source:
        at = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.at += 1
            if self.at == 4:
                raise OSError("the disk")
            if self.at == 7:
                raise StopIteration
            return self.at

    results = each(square, Source(), on=where.on, ahead=ahead)
    assert [next(results) for _ in range(3)] == [1, 4, 9]
    with pytest.raises(OSError, match="the disk"):
        next(results)
    assert list(results) == [25, 36]


@on_each_engine
def test_lambdas_and_closures_work_everywhere(where):
    """What pickle can't send, cloudpickle does."""
    more = 10
    assert list(each(lambda x: x + more, range(3), on=where.on)) == [10, 11, 12]


@on_each_engine
def test_a_consumer_that_raises_stops_it(where, tmp_path):
    """Its own exception passes; the rest is never computed."""
    call = Square(tmp_path)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        for x in (results := each(call, range(100), on=where.on, ahead=2)):
            1 // (x - 4)
    assert (results.status, results.position) == ("failed", 3)
    until(lambda: len(call.of()) + results.snapshot().spread.cancelled >= 4)
    assert len(call.of()) <= 4


@on_each_engine
def test_a_chain_stays_lazy_from_end_to_end(where, tmp_path):
    """`each` over `each` over `track`: who takes two has the input read as far as all windows look ahead."""
    inner = track(count(), show=False)
    first = each(square, inner, on=where.on, ahead=2, name="first")
    second = each(square, first, on=where.on, ahead=3, name="second")
    assert list(islice(second, 2)) == [0, 1]
    assert (second.position, first.position, inner.position) == (2, 4, 5)
    second.close()
    assert first.status == "running"  # as an iterator that somebody holds
    del first
    assert inner.status == "stopped"


@on_each_engine
def test_times_are_those_of_the_steps_where_they_ran(where):
    """Each step has its own time, which is no less than what it measured itself; the loop's is beside it."""
    results = each(timed, range(5), on=where.on, ahead=2)
    measured = dict(enumerate(results))
    timer = results.timer
    assert (timer.count, timer.timed) == (5, 5)
    assert sorted(step.index for step in timer.slowest) == [0, 1, 2, 3, 4]
    assert all(step.seconds >= measured[step.index] for step in timer.slowest)
    assert timer.fetch + timer.body == pytest.approx(timer.elapsed)


@on_each_engine
def test_no_argument_is_kept_for_a_slow_consumer(where):
    """However many results were handed out: what is under way is all that is held."""

    class Argument(list):
        __hash__ = object.__hash__

    alive = weakref.WeakSet()

    def arguments():
        for x in range(60):
            argument = Argument([x])
            alive.add(argument)
            yield argument
            del argument

    gc.disable()
    try:
        results = each(len, arguments(), on=where.on, ahead=2)
        for k in range(1, 60):
            assert next(results) == 1
            until(lambda k=k: results.snapshot().spread.computed == min(k + 1, 60))
            assert len(alive) <= 4
        results.close()
    finally:
        gc.enable()


@pytest.mark.parametrize("errors", ["raise", "yield"])
def test_a_kept_error_keeps_its_own_argument_only(errors):
    """Its traceback has the frames that had the whole chunk."""

    class Thing:
        def __init__(self, n):
            self.n = n

    def odd(thing):
        if thing.n % 1000 == 999:
            raise ValueError(thing.n)
        return thing.n

    alive: weakref.WeakSet[Thing] = weakref.WeakSet()

    def things():
        for n in range(5000):
            thing = Thing(n)
            alive.add(thing)
            yield thing
            del thing

    kept, results = [], each(odd, things(), on="threads:2", errors=errors)
    while len(kept) < 5:
        try:
            result = next(results)
        except ValueError as error:
            kept.append(error)
        else:
            kept += [result] if isinstance(result, Failure) else []
    assert list(results) == []
    del results
    gc.collect()
    assert len(alive) <= 6


def test_threads_that_wait_when_it_is_closed_leave_one_account():
    """Each of them ends it when it comes out; only the first one counts."""
    for _ in range(30):
        go = threading.Event()
        results = each(lambda x, go=go: (x < 2 or go.wait(60), x)[1], range(10), on="threads:2", ahead=3)
        assert [next(results), next(results)] == [0, 1]
        threads = [threading.Thread(target=next, args=(results, None)) for _ in range(4)]
        for thread in threads:
            thread.start()
        results.close()
        for thread in threads:
            thread.join()
        spread = results.snapshot().spread
        go.set()
        assert spread.computed + spread.running + spread.cancelled + spread.never_begun == 10


def test_a_for_that_another_thread_closes_hands_out_no_more_than_it_counted():
    """Though it walks results that are there already, in C."""
    for _ in range(20):
        results = each(square, range(100_000), on="threads:2")
        closer = threading.Thread(target=results.close)
        taken = 0
        for _ in results:
            taken += 1
            if taken == 2000:
                closer.start()
        closer.join()
        assert taken == results.position == results.snapshot().spread.taken
        assert results.status in ("stopped", "finished")


def test_where_threads_and_processes_are(tmp_path):
    """`"threads"` are here, `"processes"` are elsewhere, a number is that of processes."""
    assert {pid for pid, _ in each(where, range(4), on="threads")} == {os.getpid()}
    for on in ("processes", 1):
        assert os.getpid() not in {pid for pid, _ in each(where, range(4), on=on)}

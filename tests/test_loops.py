"""`track` and `Track`: what is said about a loop, its passes, what is refused, and work counted by hand."""

import asyncio
import collections
import gc
import operator
import pickle
import sys
import threading
import weakref

import pytest

import instep
from instep import InstepError, Note, note, track
from kinds import generator

ITEMS = [1, 2, 3, 4, 5]


@pytest.mark.parametrize("saying", ["nothing", "None in every step", "None in some", "text in every step", "several"])
@pytest.mark.parametrize("make", [list, tuple, iter, generator])
def test_five_items_whatever_is_sent(saying, make):
    """A loop over five items sees the five, in order, whatever is sent in its body, be it None, and how often."""
    seen = []
    for item in (tracker := track(make(ITEMS))):
        seen.append(item)
        if saying == "None in every step" or (saying == "None in some" and item % 2):
            assert tracker.send(None) is None
        elif saying == "text in every step":
            tracker.send(f"info: {item}")
        elif saying == "several":
            for value in (None, "x", 0):
                tracker.send(value)
    assert seen == ITEMS
    assert (tracker.position, tracker.finished, tracker.status) == (5, 5, "finished")
    said = {"nothing": 0, "None in every step": 5, "None in some": 3, "text in every step": 5, "several": 15}
    assert len(tracker.notes) == said[saying]


def test_notes_know_their_step():
    """Before the first item and after the last they belong to the computation; in between to the current step."""
    tracker = track("ab")
    tracker.send("before")
    for letter in tracker:
        tracker.send(letter)
        tracker.note(loss=0.5)
        tracker.note("both", speed=3)
    tracker.send(None)
    assert tracker.notes == [
        Note(None, "before"),
        Note(0, "a"),
        Note(0, None, {"loss": 0.5}),
        Note(0, "both", {"speed": 3}),
        Note(1, "b"),
        Note(1, None, {"loss": 0.5}),
        Note(1, "both", {"speed": 3}),
        Note(None, None),
    ]


def test_notes_are_the_latest_thousand():
    """Their memory is bounded; `initial` counts in their index."""
    tracker = track(range(1500), initial=100)
    for item in tracker:
        tracker.send(item)
    notes = tracker.notes
    assert len(notes) == 1000
    assert [(notes[0].index, notes[0].value), (notes[-1].index, notes[-1].value)] == [(600, 500), (1599, 1499)]


def test_send_reaches_no_source():
    """A generator as a source never gets what is sent to its track."""
    received = []

    def source():
        for number in range(3):
            received.append((yield number))  # noqa: PERF401

    for _ in (tracker := track(source())):
        tracker.send("x")
    assert received == [None] * 3


def test_one_computation_a_pass():
    """A second `for` over a container begins anew: position, notes, timer and status are the new pass's."""
    tracker = track([1, 2, 3], initial=10, name="twice")
    for _ in tracker:
        tracker.send("first")
        if tracker.position == 12:
            break
    assert (tracker.status, tracker.position, tracker.finished) == ("stopped", 12, 11)
    timer = tracker.timer
    assert list(tracker) == [1, 2, 3]
    assert (tracker.status, tracker.position, tracker.name, tracker.total) == ("finished", 13, "twice", 13)
    assert tracker.notes == []
    assert tracker.timer is not timer
    assert (timer.count, tracker.timer.count) == (2, 3)


def test_nested_passes_over_one_track():
    """Two loops over one container at once are two passes; the Track tells of the one that began last."""
    tracker = track([1, 2])
    pairs = [(a, b, tracker.position) for a in tracker for b in tracker]
    assert pairs == [(1, 1, 1), (1, 2, 2), (2, 1, 1), (2, 2, 2)]


@pytest.mark.parametrize("make", [iter, generator, enumerate, reversed])
@pytest.mark.parametrize("way", [list, iter, next, reversed, enumerate])
def test_a_source_walked_once_only_refuses_a_second_pass(make, way):
    """It raises InstepError and names the loop, rather than doing nothing."""
    tracker = track(make(ITEMS), name="once")
    for _ in tracker:
        break
    with pytest.raises(InstepError, match=r"once.*walked once only"):
        way(tracker)


def test_iter_goes_on_with_what_next_began():
    """`next(track)` then `for` is one pass; after that, `iter` begins another."""
    tracker = track([1, 2, 3])
    assert next(tracker) == 1
    assert (tracker.position, tracker.finished, tracker.status) == (1, 0, "running")
    assert next(tracker) == 2
    assert list(tracker) == [3]
    assert (tracker.position, tracker.status) == (3, "finished")
    assert list(tracker) == [1, 2, 3]


def test_next_ends_as_it_should():
    """After the end `next` raises StopIteration; the status is seen at once."""
    tracker = track(iter([1]))
    assert next(tracker) == 1
    with pytest.raises(StopIteration):
        next(tracker)
    assert tracker.status == "finished"


def test_nothing_runs_before_the_first_item():
    """Making a track, and its iterator, asks the source for nothing; it is *pending* then."""
    asked = []

    def source():
        asked.append(1)
        yield 1

    tracker = track(source())
    assert (tracker.status, tracker.position, tracker.finished, tracker.notes, tracker.timer.count) == (
        "pending",
        0,
        0,
        [],
        0,
    )
    steps = iter(tracker)
    assert not asked
    assert tracker.status == "pending"
    assert next(steps) == 1


def test_no_item_is_fetched_ahead():
    """At every moment the source has given just what the loop has taken, quick or slow."""
    given = 0

    def source():
        nonlocal given
        for number in range(300):
            given += 1
            yield number

    for taken, _ in enumerate(track(source()), 1):
        assert given == taken


def test_a_track_that_is_dropped_unused_leaves_nothing():
    """No cycle, no thread's reference: it is freed at once, with its source."""
    source = {1, 2}
    tracker = track(source)
    gone = weakref.ref(tracker)
    references = sys.getrefcount(source)
    del tracker
    assert gone() is None
    assert sys.getrefcount(source) == references - 1


@pytest.mark.parametrize("end", ["to the end", "break"])
def test_a_used_track_is_freed_without_the_garbage_collector(end):
    """A loop that is over leaves no cycle behind."""
    gc.collect()
    gc.disable()
    try:
        tracker = track(range(100))
        for number in tracker:
            if number == 50 and end == "break":
                break
        assert tracker.timer.count
        gone = weakref.ref(tracker)
        del tracker
        assert gone() is None
    finally:
        gc.enable()


def test_lengths():
    """`len` is the source's own, if it has one; an estimate is a total to show, never a `len`."""
    assert len(track([1, 2, 3])) == 3
    assert operator.length_hint(track([1, 2, 3])) == 3
    estimated = track(iter([1, 2, 3]))
    with pytest.raises(TypeError):
        len(estimated)
    assert operator.length_hint(estimated) == 3
    for _ in estimated:
        assert estimated.total == 3
    with pytest.raises(TypeError):
        len(track(n for n in ITEMS))
    with pytest.raises(TypeError):
        len(track(total=5))


@pytest.mark.parametrize(
    ("source", "total"),
    [
        ([1, 2, 3], 3),
        (range(7), 7),
        ({1: 2}, 1),
        (collections.deque("abcd"), 4),
        ("äö", 2),
        (map(str, ITEMS), None),
        (zip(ITEMS, ITEMS, strict=True), None),
        (range(10**20), None),
    ],
    ids=lambda given: type(given).__name__,
)
def test_the_total_comes_from_the_source(source, total):
    """Its length where there is one, else None; what was given is kept."""
    tracker, given = track(source), track(source, total=99)
    for _ in tracker:
        break
    for _ in given:
        break
    assert (tracker.total, given.total) == (total, 99)


def test_a_total_may_turn_out_wrong():
    """Fewer or more steps than that: they are counted as they come."""
    few, many = track(iter("abc"), total=10), track(iter("abc"), total=2)
    assert list(few) == list(many) == ["a", "b", "c"]
    assert (few.position, few.total, few.status) == (3, 10, "finished")
    assert (many.position, many.total, many.status) == (3, 2, "finished")


def test_a_list_that_says_nothing_of_its_length():
    """A bare loop never asks for it."""

    class Unsized(list):
        def __len__(self):
            raise RuntimeError("asked")

    tracker = track(Unsized("abc"))
    assert [item for item in tracker] == ["a", "b", "c"]  # noqa: C416 (`list` asks)
    assert (tracker.position, tracker.total, tracker.status) == (3, 3, "finished")


def test_name_and_total_change_while_running():
    """What is set is seen at once, and by the timer's forecast; None makes the total unknown again."""
    tracker = track(iter(range(6)))
    for number in tracker:
        tracker.name = f"at {number}"
        tracker.total = None if number == 3 else 10 + number
        assert tracker.timer.total == tracker.total
    assert (tracker.name, tracker.total, tracker.snapshot().name) == ("at 5", 15, "at 5")
    tracker.name = None
    assert tracker.snapshot().name.startswith("test_name_and_total_change_while_running:")


def test_initial_counts_in_all():
    """`position`, `finished`, `total` and the timer's indices count what was done before."""
    tracker = track("abc", initial=7)
    assert tracker.position == tracker.finished == 7
    for k, _ in enumerate(tracker):
        assert (tracker.position, tracker.finished, tracker.total) == (8 + k, 7 + k, 10)
    assert (tracker.finished, tracker.timer.count) == (10, 3)
    assert {step.index for step in tracker.timer.slowest} <= {7, 8, 9}


def test_reversed_walks_backwards():
    """`reversed(track)` is a pass of its own, with the same total."""
    tracker = track([1, 2, 3])
    assert list(reversed(tracker)) == [3, 2, 1]
    assert (tracker.position, tracker.total, tracker.status) == (3, 3, "finished")
    with pytest.raises(TypeError):
        reversed(track({1, 2}))


def test_a_source_whose_type_has_no_hash():
    """It is walked as any other is."""

    class Kind(type):
        __hash__ = None

        def __eq__(cls, other):
            return cls is other

    class Source(metaclass=Kind):
        def __iter__(self):
            return iter([1, 2])

    assert list(track(Source(), show=False)) == [1, 2]


def test_a_track_is_true():
    """For `if tracker:` where there may be none; an empty source is no reason to be false."""
    assert track([])
    assert track()


def test_closing():
    """`close` ends the pass as *stopped*; a loop over it goes on, uncounted as to its status."""
    tracker = track([1, 2, 3])
    seen = []
    for item in tracker:
        seen.append(item)
        if item == 2:
            tracker.close()
            tracker.close()
    assert seen == [1, 2, 3]
    assert tracker.status == "stopped"
    pending = track([1, 2])
    pending.close()
    assert pending.status == "pending"
    assert list(pending) == [1, 2]


def test_closing_what_next_began_closes_the_source():
    """As a generator is closed."""
    events = []

    def source():
        try:
            yield 1
            yield 2
        finally:
            events.append("closed")

    tracker = track(source())
    assert next(tracker) == 1
    tracker.close()
    assert (events, tracker.status) == (["closed"], "stopped")


def test_with_around_a_loop():
    """`with track(iterable)` ends with the block what `next` has begun; an exception's kind is the status."""
    with track([1, 2, 3]) as tracker:
        assert next(tracker) == 1
    assert tracker.status == "stopped"
    with track([1, 2, 3]) as tracker:
        assert list(tracker) == [1, 2, 3]
    assert tracker.status == "finished"
    with pytest.raises(KeyboardInterrupt), track([1, 2]) as tracker:  # noqa: PT012
        next(tracker)
        raise KeyboardInterrupt
    assert tracker.status == "interrupted"


def test_yield_from_a_track_of_a_generator_keeps_its_doors():
    """`send`, `throw`, `close` and the return value reach the generator and come back, and steps are counted."""
    received = []

    def source():
        try:
            received.append((yield 1))
            try:
                yield 2
            except KeyError as error:
                received.append(error.args)
            yield 3
            return "over"
        finally:
            received.append("closed")

    tracker = None

    def outer():
        nonlocal tracker
        tracker = track(source())
        result = yield from tracker
        yield result

    steps = outer()
    assert (next(steps), steps.send("sent"), steps.throw(KeyError("thrown")), next(steps)) == (1, 2, 3, "over")
    assert received == ["sent", ("thrown",), "closed"]
    assert (tracker.position, tracker.timer.count, tracker.status) == (3, 3, "finished")
    steps = outer()
    next(steps)
    steps.close()
    assert received[-1] == "closed"
    assert (tracker.position, tracker.status) == (1, "stopped")


@pytest.mark.parametrize("way", ["close", "drop"])
def test_yield_from_closes_any_source_that_can_be_closed(way):
    """A generator that delegates to a track of a file is closed: so is the file, as by `yield from file`."""

    class Source:
        closed = False

        def __iter__(self):
            return self

        def __next__(self):
            return 1

        def close(self):
            self.closed = True

    def closed(wrap):
        source = Source()

        def outer():
            yield from wrap(source)

        steps = outer()
        next(steps)
        if way == "close":
            steps.close()
        del steps
        return source.closed

    assert closed(track) is closed(lambda source: source) is True


# --- where it stands ---


def here():
    """The line of the caller."""
    return sys._getframe(1).f_lineno


@pytest.mark.parametrize("drive", ["for", "next", "list", "zip", "variable"])
def test_the_place_is_where_the_loop_stands(drive):
    """File, line and function of the code that asked for the first item, however it asked."""
    tracker = track("ab")
    if drive == "for":
        for _ in tracker: line = here()  # fmt: skip # noqa: E701
    elif drive == "next":
        _, line = next(tracker), here()
    elif drive == "list":
        _, line = list(tracker), here()
    elif drive == "zip":
        for _ in zip(tracker, "ab", strict=True): line = here()  # fmt: skip # noqa: E701
    else:
        steps = iter(tracker)
        _, line = next(steps), here()
    place = tracker.snapshot().place
    assert place == (__file__, line, "test_the_place_is_where_the_loop_stands")
    assert tracker.snapshot().name == f"{place.function}:{line}"


def test_repr():
    """A Track tells its name, status and count; a name that is hostile is quoted."""
    tracker = track([1, 2], name="a'\\n", unit="B")
    list(tracker)
    assert repr(tracker) == '<Track "a\'\\\\n": finished, 2 of 2 B>'
    assert repr(track(total=3, name="x")) == "<Track 'x': pending, 0 of 3 it>"


# --- refused ---


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((5,), {}, TypeError, r"track\(range\(n\)\)"),
        ((object(),), {}, TypeError, "expected an iterable"),
        (([],), {"total": -1}, ValueError, "0 or more"),
        (([],), {"total": "5"}, TypeError, "whole number"),
        (([],), {"total": 2.5}, TypeError, "whole number"),
        (([],), {"initial": -1}, ValueError, "0 or more"),
        (([],), {"initial": "a"}, TypeError, "whole number"),
        (([],), {"name": 5}, TypeError, "name"),
        (([],), {"unit": 5}, TypeError, "unit"),
        (([], "name"), {}, TypeError, "positional"),
        (([],), {"desc": "x"}, TypeError, "desc"),
    ],
)
def test_wrong_arguments_are_refused_at_the_call(arguments, options, error, text):
    """The text says what was expected and what came."""
    with pytest.raises(error, match=text):
        track(*arguments, **options)


@pytest.mark.parametrize("total", [-1, "5", 2.5])
def test_a_wrong_total_is_refused_when_set(total):
    """As at the call; the old one stays."""
    tracker = track([1], total=1)
    with pytest.raises((TypeError, ValueError)):
        tracker.total = total
    assert tracker.total == 1
    with pytest.raises(TypeError):
        tracker.name = 5


def test_what_a_track_is_not_for_is_refused():
    """`for` over work by hand, `advance` in a loop, `for` over what is asynchronous and the reverse."""
    with pytest.raises(TypeError, match=r"write track\(iterable\)"):
        iter(track())
    with pytest.raises(TypeError, match=r"write track\(iterable\)"):
        next(track(total=2))
    with pytest.raises(InstepError, match="advance"):
        track([1]).advance()
    with pytest.raises(TypeError, match="async for"):
        iter(track(numbers(2)))
    with pytest.raises(TypeError, match="write `for"):
        aiter(track([1]))
    with pytest.raises(ValueError, match="0 or more"), track() as tracker:
        tracker.advance(-1)
    with pytest.raises(TypeError), track() as tracker:
        tracker.advance("1")


def test_a_track_cannot_be_pickled():
    """It belongs to a running loop: copying it to another process is an error, not a surprise."""
    with pytest.raises((TypeError, pickle.PicklingError)):
        pickle.dumps(track(n for n in ITEMS))


# --- by hand ---


def test_work_by_hand():
    """`with track(total=n)` counts what `advance` says; position and finished are the same there."""
    with track(total=10, name="copy", initial=2) as tracker:
        assert (tracker.status, tracker.position) == ("running", 2)
        tracker.advance(5)
        tracker.send("halfway")
        assert (tracker.position, tracker.finished, tracker.timer.count) == (7, 7, 5)
        tracker.advance()
        tracker.advance(0)
        tracker.advance(2)
        assert tracker.status == "running"
    assert (tracker.position, tracker.status) == (10, "finished")
    assert tracker.notes == [Note(7, "halfway")]


@pytest.mark.parametrize(
    ("total", "done", "status"),
    [(3, 2, "stopped"), (3, 3, "finished"), (3, 5, "finished"), (None, 2, "finished"), (0, 0, "finished")],
)
def test_how_work_by_hand_ends(total, done, status):
    """*finished* when the total is reached or exceeded, or unknown; else *stopped*."""
    with track(total=total) as tracker:
        for _ in range(done):
            tracker.advance()
    assert (tracker.status, tracker.position, tracker.finished) == (status, done, done)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError, "failed"),
        (SystemExit, "failed"),
        (KeyboardInterrupt, "interrupted"),
        (asyncio.CancelledError, "stopped"),
        (GeneratorExit, "stopped"),
    ],
)
def test_an_exception_ends_work_by_hand(error, status):
    """The exception passes, and says what the status is."""
    with pytest.raises(error), track(total=3) as tracker:  # noqa: PT012
        tracker.advance()
        raise error
    assert (tracker.status, tracker.position) == (status, 1)


def test_work_by_hand_without_with():
    """`advance` begins it; it is *finished* when the total is reached; `close` ends it otherwise."""
    tracker = track(total=2)
    tracker.advance()
    assert tracker.status == "running"
    tracker.advance()
    assert tracker.status == "finished"
    other = track(total=5)
    other.advance(3)
    other.close()
    assert (other.status, other.position) == ("stopped", 3)


def test_advancing_from_many_threads_loses_nothing():
    """Any thread may call it, all at once."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with track(total=16_000) as tracker:
            threads = [threading.Thread(target=lambda: [tracker.advance() for _ in range(2000)]) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    assert (tracker.position, tracker.timer.count, tracker.status) == (16_000, 16_000, "finished")


# --- async for ---


async def numbers(count, fail=None):
    """An asynchronous source."""
    for number in range(count):
        await asyncio.sleep(0)
        if number == fail:
            raise ValueError(number)
        yield number


def test_async_for():
    """Same items, exact position in the body, *finished* at the end, all timed one by one."""

    async def main():
        seen = []
        async for number in (tracker := track(numbers(5), total=5)):
            seen.append(number)
            tracker.send(number)
            note(twice=2 * number)
            assert (tracker.position, tracker.finished, tracker.status) == (number + 1, number, "running")
            await asyncio.sleep(0)
        assert seen == [0, 1, 2, 3, 4]
        assert (tracker.position, tracker.finished, tracker.status) == (5, 5, "finished")
        assert (tracker.timer.count, tracker.timer.timed) == (5, 5)
        assert [entry.index for entry in tracker.notes] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        with pytest.raises(InstepError):
            aiter(tracker)

    asyncio.run(main())


def test_async_for_left_early():
    """A `break` is seen at once, an exception of the source is *failed*, a cancelled wait for an item *stopped*."""

    async def main():
        source = numbers(5)
        async for number in (tracker := track(source)):
            if number == 2:
                break
        assert (tracker.position, tracker.finished, tracker.status) == (3, 2, "stopped")
        assert [number async for number in source] == [3, 4]

        failing = track(numbers(5, fail=3))
        with pytest.raises(ValueError, match="3"):
            [number async for number in failing]
        assert (failing.position, failing.finished, failing.status) == (3, 3, "failed")

        entered = asyncio.Event()

        async def never():
            yield 1
            entered.set()
            await asyncio.Event().wait()

        waiting = track(never())

        async def wait():
            async for _ in waiting:
                pass

        task = asyncio.create_task(wait())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (waiting.position, waiting.status) == (1, "stopped")

    asyncio.run(main())


def test_the_documented_names():
    """The public names are these, each of them can be had, and no other."""
    assert sorted(instep.__all__) == sorted(
        [
            "AsyncSteps", "CannotDefer", "CannotSend", "CannotStep", "Each", "Failure", "InstepError", "LazyDiffers",
            "LazySequence", "LazySet", "NEXT", "Note", "Order", "Place", "Report", "Sent", "Snapshot", "Spread",
            "Status", "Step", "Steps", "Summary", "Timer", "Timing", "Track", "UnansweredSend", "WorkerDied",
            "coroutine", "each", "join", "lazy", "note", "order", "report", "split", "stage", "steps", "track",
        ]
    )  # fmt: skip
    for name in instep.__all__:
        assert getattr(instep, name) is not None
        assert name in dir(instep)
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        instep.no_such_name  # noqa: B018

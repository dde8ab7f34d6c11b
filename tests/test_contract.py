"""One contract for all iterables, however they are driven and left: a tracked loop does what the bare loop does."""

import contextlib
import io
import sqlite3

import pytest

from drives import DRIVES, SLOW_WAYS, WAYS, Body, BodyError, spin
from instep import track
from kinds import KINDS, Counting, SourceError, close_databases, end_at, fail_at, failing_often, rest, things

AT = 17
SLOW = 60_000  # nanoseconds a step: from 50 µs on steps are timed one by one
SOURCE_ERRORS = (SourceError, RuntimeError)


@pytest.fixture(autouse=True)
def _closed_databases():
    """No connection stays open."""
    yield
    close_databases()


def run(drive, subject, body):
    """Drive the loop; gives the kind of the exception that came out of it, and its text."""
    try:
        drive.run(subject, body)
    except (BodyError, *SOURCE_ERRORS) as error:
        return type(error), str(error)
    return None, None


def comparable(kind, items):
    """What of the items must be equal."""
    if kind.key is None:
        return list(map(repr, items))
    return [(type(item), item if isinstance(item, str) else kind.key(item)) for item in items]


def check(name, way, took=0):
    """Run the bare loop and the tracked one, and compare all that can be seen of them."""
    kind, drive, end = KINDS[name], DRIVES[way[0]], way[1]
    bare_items = things()
    bare_source, bare = kind.make(bare_items), Body(end, AT)
    error, text = run(drive, bare_source, bare)

    items = things()
    source = kind.make(items)
    tracker = track(source)
    body = Body(end, AT, lambda: (tracker.position, tracker.finished, tracker.status), took)
    assert run(drive, tracker, body) == (error, text)
    assert comparable(kind, body.items) == comparable(kind, bare.items)
    if kind.key is None:
        assert all(item is items[item.number] for item in body.items)
        assert body.references == bare.references
    if drive.counted:
        count = len(body.items)
        assert body.looks == [(k + 1, k, "running") for k in range(count)]
        assert tracker.position == count
        if tracker.status != "running":
            assert tracker.timer.count == count
    elif error is None:
        assert tracker.position == tracker.timer.count == tracker.finished == len(body.items)
    status, over = expected_end(kind, way, body, error)
    assert tracker.status in status
    if drive.counted and tracker.status != "running":
        assert tracker.finished in over
    assert comparable(kind, rest(source)) == comparable(kind, rest(bare_source))
    if hasattr(source, "asked"):
        assert source.asked == bare_source.asked


def expected_end(kind, way, body, error):
    """The statuses that it may have, and how many steps may be over."""
    (driven, end), count = way, len(body.items)
    if error in SOURCE_ERRORS:
        if driven in ("for", "for in try"):
            return ("failed",), (count,)  # the last step was over when the source was asked
        # CPython doesn't tell why an iterator was dropped; one begun by `next(track)` goes on, as it may.
        return ("failed", "stopped", "running"), (count, count - 1)
    if end == "end" or count < AT:
        return ("finished",), (count,)
    return (DRIVES[driven].ends[end],), (count - 1,)


@pytest.mark.parametrize("way", WAYS, ids=" to ".join)
@pytest.mark.parametrize("name", KINDS)
def test_a_tracked_loop_does_what_the_bare_loop_does(name, way):
    """Same items, order, exception and reference counts; the same is left in the source, which was asked as often;
    the position is exact in the body at every step, and after the end, whose status is right.
    """
    check(name, way)


@pytest.mark.parametrize("way", SLOW_WAYS, ids=" to ".join)
@pytest.mark.parametrize("name", KINDS)
def test_so_does_a_loop_slow_enough_to_time_each_step(name, way):
    """The same, where each step is stamped in C."""
    check(name, way, SLOW)


def closing_generator(events):
    """Tells when it is closed."""
    try:
        yield from range(40)
    finally:
        events.append("closed")


class ClosingIterator:
    """Tells when it is freed."""

    def __init__(self, events):
        self.events = events
        self.numbers = iter(range(40))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.numbers)

    def __del__(self):
        self.events.append("closed")


CLOSING = {
    "generator": closing_generator,
    "object": ClosingIterator,
    "map": lambda events: map(str, closing_generator(events)),
    "filter": lambda events: filter(None, ClosingIterator(events)),
    "zip": lambda events: zip(closing_generator(events), range(100)),  # noqa: B905
    "enumerate": lambda events: enumerate(closing_generator(events)),
    "generator expression": lambda events: (item for item in ClosingIterator(events)),
}


@pytest.mark.parametrize("took", [0, SLOW], ids=["quick", "slow"])
@pytest.mark.parametrize("way", WAYS, ids=" to ".join)
@pytest.mark.parametrize("source", CLOSING)
def test_a_source_is_closed_when_the_bare_loop_would_have_closed_it(source, way, took):
    """A source that nobody else holds is closed exactly then, though the `Track` object lives on."""
    drive, end = DRIVES[way[0]], way[1]

    def events(wrap, took):
        found = []
        subject = wrap(CLOSING[source](found))
        # Only a Track may live on: the bare source is dropped where the loop would drop it.
        kept = [subject] if wrap is track else []
        body = Body(end, AT, lambda: found.append("body"), took)
        passed = [subject]
        del subject
        try:
            drive.run(passed.pop(), body)
        except BodyError:
            pass  # the exception's traceback holds the bare loop's frame until here
        found.append("after")
        del kept
        return found

    assert events(track, took) == events(lambda source: source, 0)


@pytest.mark.parametrize("took", [0, SLOW], ids=["quick", "slow"])
def test_items_are_freed_when_the_bare_loop_would_have_freed_them(took):
    """Nothing of ours holds an item: each is finalized at the same moment as without tracking."""

    class Mortal:
        def __init__(self, number, events):
            self.number, self.events = number, events

        def __del__(self):
            self.events.append(("freed", self.number))

    def events(wrap):
        found = []
        for item in wrap(Mortal(number, found) for number in range(30)):
            found.append(("body", item.number))
            spin(took)
            if item.number == 25:
                break
            if item.number % 2:
                del item
        found.append("after")
        return found

    assert events(track) == events(lambda source: source)


@pytest.mark.parametrize("took", [0, SLOW], ids=["quick", "slow"])
@pytest.mark.parametrize("source", CLOSING)
def test_a_source_is_closed_at_the_break_itself(source, took):
    """It is closed before the line behind the loop runs, also where an exception is caught in the same frame."""

    def events(wrap):
        found, kept = [], []

        def kept_track(steps):
            kept.append(wrap(steps))
            return kept.pop() if wrap is not track else kept[-1]

        for number, _ in enumerate(kept_track(CLOSING[source](found))):
            spin(took)
            if number == AT:
                break
        found.append("after enumerate")
        for number in kept_track(CLOSING[source](found)):
            spin(took)
            found.append(number)
            if len(found) > AT:
                break
        found.append("after break")
        try:
            for number in kept_track(CLOSING[source](found)):
                raise BodyError(number)
        except BodyError:
            found.append("caught")
        for number in kept_track(CLOSING[source](found)):
            found.append(repr(number))  # noqa: PERF401
        found.append("after the end")
        return found

    assert events(track) == events(lambda source: source)


@pytest.mark.parametrize("took", [0, SLOW], ids=["quick", "slow"])
@pytest.mark.parametrize("make", [lambda items: Counting(items, fail_at(3, 17, 18)), failing_often])
def test_a_source_that_raises_can_go_on(make, took):
    """`next` after an exception gives what the bare iterator would have given; nothing is lost or given twice."""

    def outcomes(steps):
        found = []
        while True:
            try:
                found.append(repr(next(steps)))
            except StopIteration:
                return found
            except SourceError as error:
                found.append(repr(error))
            spin(took)

    tracker = track(make(things()))
    found = outcomes(iter(tracker))
    assert found == outcomes(iter(make(things())))
    assert tracker.position == len([item for item in found if item.startswith("Thing")])
    assert outcomes(track(make(things()))) == found


def test_what_has_ended_is_not_asked_again():
    """A source that goes on after its end (a followed file) needs a new track: this one stays at its end."""
    source = Counting(things(), end_at(4, 9))
    steps = iter(tracker := track(source))
    assert [item.number for item in steps] == [0, 1, 2]
    assert [next(steps, None) for _ in range(3)] == [None] * 3
    assert (source.asked, tracker.status, tracker.position) == (4, "finished", 3)
    assert [item.number for item in track(source)] == [4, 5, 6, 7]


def test_the_end_of_a_file_is_read_as_often_as_without_tracking():
    """A terminal or a pipe that has ended is not read once more."""

    class Pipe(io.RawIOBase):
        reads = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            self.reads += 1
            if self.reads < 3:
                buffer[:2] = b"a\n"
                return 2
            return 0

    def reads(wrap):
        pipe = Pipe()
        assert list(wrap(io.TextIOWrapper(io.BufferedReader(pipe, 2)))) == ["a\n", "a\n"]
        return pipe.reads

    assert reads(track) == reads(lambda source: source)


def test_a_file_that_grows_is_followed_by_a_new_track(tmp_path):
    """What was written after the end comes out of the next track over the same file."""
    path = tmp_path / "log"
    path.write_text("a\nb\n")
    with open(path) as log:
        assert list(track(log)) == ["a\n", "b\n"]
        with open(path, "a") as more:
            more.write("c\n")
        assert list(track(log)) == ["c\n"]


def test_a_cursor_left_early_releases_its_table():
    """A `break` ends the statement, so that the table can be dropped, though the Track lives on."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table t (x)")
        database.executemany("insert into t values (?)", [(number,) for number in range(10)])
        tracker = track(database.execute("select x from t"))
        for _ in tracker:
            break
        database.execute("drop table t")  # else: "database table is locked"
    assert tracker.status == "stopped"


def test_a_worklist_visits_what_the_bare_loop_visits():
    """A list that its own loop extends is walked to its real end; the position and the timer follow."""

    def visit(wrap):
        todo, seen = [1, 2, 3], []
        for number in wrap(todo):
            seen.append(number)
            if number < 2000:
                todo += [number * 2, number * 3]
        return seen

    assert visit(lambda todo: todo) == visit(track)
    todo = list(range(5))
    for number in (tracker := track(todo)):
        if len(todo) < 500:
            todo.append(number)
        assert tracker.position == tracker.finished + 1
    assert (tracker.position, tracker.finished, tracker.timer.count, tracker.status) == (500, 500, 500, "finished")


@pytest.mark.parametrize("shrink", ["remove", "clear", "pop", "delete front", "replace"])
@pytest.mark.parametrize("at", [0, 4, 11])
def test_a_list_that_shrinks_gives_what_it_gives_without_tracking(shrink, at):
    """The items are those of the bare loop, and so is the position in the body, and after the end."""

    def visit(wrap, look=None):
        items, seen = list(range(20)), []
        for item in wrap(items):
            seen.append(item)
            if look is not None:
                assert look() == len(seen)
            if len(seen) == at + 1:
                if shrink == "clear":
                    items.clear()
                elif shrink == "pop":
                    items.pop()
                elif shrink == "remove":
                    items.remove(item)
                elif shrink == "delete front":
                    del items[:3]
                else:
                    items[:] = ["a", "b"]
        return seen

    tracker = None

    def tracked(items):
        nonlocal tracker
        tracker = track(items)
        return tracker

    seen = visit(tracked, lambda: tracker.position)
    assert seen == visit(lambda items: items)
    assert (tracker.position, tracker.status) == (len(seen), "finished")


@pytest.mark.parametrize("change", ["grow", "shrink"])
def test_a_dict_changed_during_iteration_fails_as_ever(change):
    """RuntimeError comes out, the position is that of the last key handed out, the status is *failed*."""
    numbers = dict.fromkeys(range(30))
    tracker = track(numbers)

    def walk():
        for number in tracker:
            if number == 12:
                numbers.pop(0) if change == "shrink" else numbers.setdefault("more")

    with pytest.raises(RuntimeError, match="changed size during iteration"):
        walk()
    assert (tracker.position, tracker.finished, tracker.status) == (13, 13, "failed")


def test_peeking_takes_items_from_the_same_iterator():
    """`next` inside the loop, on the Track or on its iterator, takes the next item, as on the bare iterator."""

    def peek(steps, other):
        seen = []
        for item in steps:
            seen.append(item)
            if len(seen) % 3 == 0:
                seen.append(next(other, None))
        return seen

    for make in (
        lambda: list(range(50)),
        lambda: iter(range(50)),
        lambda: (i for i in range(50)),
        lambda: zip("abcdef", "ghijkl", strict=True),
    ):
        bare, ours = iter(make()), iter(track(make()))
        expected = peek(bare, bare)
        assert peek(ours, ours) == expected
        tracker = track(make())
        assert peek(tracker, tracker) == expected
        assert tracker.position == len([item for item in expected if item is not None])
        assert tracker.status == "finished"


def test_zip_leaves_the_same_in_a_longer_source():
    """A `zip` that ends takes from its first source what it always takes, and no more."""

    def left(wrap):
        numbers = iter(range(10))
        assert len(list(wrap(zip(numbers, "ab")))) == 2  # noqa: B905
        return list(numbers)

    assert left(track) == left(lambda source: source)


@pytest.mark.parametrize("source", [range(10**20), range(-(2**63), 2**63 - 1)])
def test_a_range_longer_than_any_length_is_walked(source):
    """Positions are exact where `len` overflows; there is no total then."""
    tracker = track(source)
    for k, item in enumerate(tracker):
        assert item == source.start + k
        assert tracker.position == k + 1
        if k == 100:
            break
    assert tracker.position == 101


class Lying:
    """Its length is wrong, or fails."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        if isinstance(self.length, Exception):
            raise self.length
        return self.length

    def __iter__(self):
        return iter(("a", "b", "c"))


@pytest.mark.parametrize("length", [0, 2, 5, -1, ValueError("no"), TypeError("no"), RuntimeError("no")])
def test_lengths_that_lie_or_fail_do_no_harm(length):
    """A `for` never asks for a length; so neither an error nor a wrong one changes what comes."""
    seen = []
    for item in (tracker := track(Lying(length))):
        seen.append(item)
        assert tracker.position == len(seen)
    assert (seen, tracker.position, tracker.status) == (["a", "b", "c"], 3, "finished")

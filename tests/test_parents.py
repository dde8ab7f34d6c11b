"""Where a `note` goes and what runs in what: in plain code, threads, tasks, and with generators interleaved."""

import asyncio
import contextvars
import gc
import itertools
import threading

import pytest

from instep import note, stage, track
from instep.computation import Computation
from instep.current import by_frame, current
from instep.monitor import monitor


def here():
    """The name of the computation that a note of the caller's would go to."""
    found = current(2)
    return found and found.name


def parent(tracker):
    """The name of the computation that it runs in."""
    found = tracker._run.parent
    return found and found.name


def test_nested_loops():
    """The inner loop is a child of the outer, and notes go to the innermost; after it, to the outer again."""
    assert here() is None
    note("nobody hears")
    for _ in track([1, 2], name="outer"):
        assert here() == "outer"
        for _ in (inner := track([1, 2], name="inner")):
            assert (here(), parent(inner)) == ("inner", "outer")
        assert here() == "outer"
        for _ in track([1, 2], name="left"):
            break
        assert here() == "outer"
        try:
            for _ in track([1, 2], name="failed"):
                raise ValueError
        except ValueError:
            pass
        assert here() == "outer"
    assert here() is None


def test_notes_from_functions_below():
    """A `note` in any function below the loop's goes to that loop, with its step."""

    def library():
        note("deep")

    for _ in (tracker := track("ab")):
        library()
        [library() for _ in range(1)]
    assert [(entry.index, entry.value) for entry in tracker.notes] == [
        (0, "deep"),
        (0, "deep"),
        (1, "deep"),
        (1, "deep"),
    ]


@pytest.mark.parametrize("way", ["next", "variable", "list"])
def test_notes_where_no_for_drives_the_loop(way):
    """A loop driven by `next` is the innermost one of the function that drives it, as with a `for`."""
    tracker = track([1, 2, 3], name="driven")
    if way == "next":
        next(tracker)
    elif way == "variable":
        steps = iter(tracker)
        next(steps)
    else:
        seen = []

        def source():
            for number in track([1], name="source"):
                seen.append(here())
                yield number

        tracker = track(source(), name="driven")
        list(tracker)
        assert seen == ["source"]
        return
    try:
        assert here() == "driven"
        for _ in (inner := track([1], name="inner")):
            assert parent(inner) == "driven"
    finally:
        steps = None
        tracker.close()
    assert here() is None


def test_recursion():
    """Each depth runs in the one above."""
    found = {}

    def descend(depth):
        for _ in (tracker := track([1], name=f"depth {depth}")):
            found[depth] = parent(tracker)
            if depth:
                descend(depth - 1)

    descend(3)
    assert found == {3: None, 2: "depth 3", 1: "depth 2", 0: "depth 1"}


def test_zip_of_two_tracks():
    """Begun at one place, they are siblings: neither runs in the other."""
    for _ in track([1], name="top"):
        a, b = track([1, 2, 3], name="a"), track([1, 2], name="b")
        for _ in zip(a, b):  # noqa: B905
            assert (parent(a), parent(b)) == ("top", "top")
        assert here() == "top"
    assert (a.status, b.status, a.position, b.position) == ("stopped", "finished", 3, 2)


def test_interleaved_generators():
    """Each generator's notes go to its own loop, and the consumer's to the consumer's."""
    heard, parents = [], {}

    def numbers(name):
        for number in (tracker := track([1, 2, 3], name=name)):
            parents[name] = parent(tracker)
            heard.append((name, here()))
            note(name)
            yield number
            assert {entry.value for entry in tracker.notes} == {name}

    for _ in track([1], name="top"):
        for _ in zip(numbers("a"), numbers("b"), strict=True):
            assert here() == "top"
    assert parents == {"a": "top", "b": "top"}
    assert set(heard) == {("a", "a"), ("b", "b")}


def test_a_tracked_generator_as_the_source_of_a_track():
    """It runs in its consumer's loop; the consumer's body is in the consumer's."""
    parents = set()

    def source():
        for number in (tracker := track([1, 2], name="source")):
            parents.add(parent(tracker))
            assert here() == "source"
            yield number

    for _ in track(source(), name="consumer"):
        assert here() == "consumer"
    assert parents == {"consumer"}


def test_suspended_generators_are_not_in_the_way():
    """A generator that stands still inside its loop takes no note that is not its own."""

    def numbers():
        yield from_track()
        for number in track([1, 2], name="suspended"):  # noqa: UP028
            yield number

    def from_track():
        return here()

    steps = numbers()
    assert next(steps) is None
    next(steps)
    assert here() is None
    for _ in (tracker := track([1], name="other")):
        assert (here(), parent(tracker)) == ("other", None)
    del steps


def test_threads_inherit_by_context_only():
    """A new thread's loops stand alone; where the context was copied they run in what was current there."""
    parents = {}

    def work(name):
        for _ in (tracker := track([1], name=name)):
            parents[name] = parent(tracker)
            assert here() == name

    for _ in track([1], name="top"):
        threads = [
            threading.Thread(target=work, args=("plain",)),
            threading.Thread(target=contextvars.copy_context().run, args=(work, "copied")),
        ]
        for thread in threads:
            thread.start()
            thread.join()
        assert here() == "top"
    assert parents == {"plain": None, "copied": "top"}


def test_tasks():
    """In a TaskGroup each task's loops are its own; they run in the loop that created the task, while that runs."""
    parents = {}

    async def job(name, gate):
        await gate.wait()
        for _ in (tracker := track([1, 2], name=name)):
            parents[name] = parent(tracker)
            await asyncio.sleep(0)
            assert here() == name
            await below(f"below {name}")
            assert here() == name

    async def below(name):
        for _ in (tracker := track([1], name=name)):
            parents[name] = parent(tracker)
            await asyncio.sleep(0)

    async def main():
        gate = asyncio.Event()
        for _ in track([1], name="top"):
            async with asyncio.TaskGroup() as group:
                for k in track(range(3), name="spawning"):
                    group.create_task(job(f"job {k}", gate))
                gate.set()
            assert here() == "top"

    asyncio.run(main())
    assert parents == {f"job {k}": "top" for k in range(3)} | {f"below job {k}": f"job {k}" for k in range(3)}


def test_async_generators_and_to_thread():
    """An asynchronous generator's loop is not its consumer's; a thread of `to_thread` runs in the calling loop."""

    async def numbers():
        for number in track([1, 2, 3], name="inside"):
            assert here() == "inside"
            yield number

    def blocking():
        for _ in (tracker := track([1], name="blocking")):
            found.append(parent(tracker))

    found = []

    async def main():
        steps = numbers()
        async for number in steps:
            assert here() is None
            for _ in (tracker := track([1])):
                assert parent(tracker) is None
            if number == 2:
                break
        await steps.aclose()
        for _ in track([1], name="calling"):
            await asyncio.to_thread(blocking)

    asyncio.run(main())
    assert found == ["calling"]


def test_a_thousand_tasks():
    """Each sees its own loop and its own notes, whatever runs between."""

    async def job(k):
        for _ in (tracker := track(range(3), name=f"job {k}")):
            note(k)
            await asyncio.sleep(0)
            assert here() == f"job {k}"
        assert [entry.value for entry in tracker.notes] == [k] * 3
        assert (tracker.status, tracker.finished) == ("finished", 3)

    async def main():
        await asyncio.gather(*map(job, range(1000)))

    asyncio.run(main())


def test_tasks_that_spawn_their_successors_keep_no_chain():
    """A context copied again and again does not keep all computations of the past alive."""

    async def main():
        over = asyncio.Event()

        async def link(left):
            for _ in track([1], name="link"):
                if left:
                    tasks.add(task := asyncio.create_task(link(left - 1)))
                    task.add_done_callback(tasks.discard)
                else:
                    over.set()

        tasks = {asyncio.create_task(link(600))}
        await over.wait()
        await asyncio.sleep(0)
        from instep import report

        report()
        gc.collect()
        assert sum(isinstance(thing, Computation) for thing in gc.get_objects()) < 300

    asyncio.run(main())


def test_many_suspended_generators_leave_nothing():
    """When they are dropped, nothing of theirs is kept."""

    def numbers():
        for number in track([1, 2], show=False):  # noqa: UP028
            yield number

    steps = [numbers() for _ in range(2000)]
    for one in steps:
        next(one)
    assert len(monitor.running) >= 2000
    del one
    steps.clear()
    assert not monitor.running
    assert not by_frame


def test_stages_and_loops_in_one_another():
    """A stage is a parent like any loop, and the other way round."""
    with stage("load"):
        for _ in (tracker := track([1], name="rows")):
            assert (parent(tracker), here()) == ("load", "rows")
            with stage("parse") as parsing:
                assert (parent(parsing), here()) == ("rows", "parse")
            assert here() == "rows"
        assert here() == "load"
    assert here() is None


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_loops_of_one_frame_may_end_in_any_order(order):
    """The outer one stays current, and keeps its notes, whichever of three iterators in its body is dropped first."""
    for k in (outer := track([0], name="outer")):
        loops = {n: iter(track([1, 2], name=f"loop {n}")) for n in range(3)}
        for loop in loops.values():
            next(loop)
        loop = None
        for n in order:
            del loops[n]
        note(step=k)
    assert [(said.index, said.fields) for said in outer.notes] == [(0, {"step": 0})]

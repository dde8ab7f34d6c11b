"""Threads that share one Track, or one iterator of it: nothing lost, nothing twice, no crash. In children: CPython
has crashed on forerunners of this.
"""

import pytest

from children import quiet

SHARED = """
import sys, threading
from collections import Counter
from instep import track

sys.setswitchinterval(1e-6)

class Locked:
    def __init__(self, count):
        self.lock, self.left = threading.Lock(), iter(range(count))
    def __iter__(self):
        return self
    def __next__(self):
        with self.lock:
            return next(self.left)

MAKE = {{
    "locked iterator": Locked,
    "list": lambda n: list(range(n)),
    "tuple": lambda n: tuple(range(n)),
    "range": range,
    "dict": lambda n: dict.fromkeys(range(n)),
    "map": lambda n: map(int, Locked(n)),
}}[{kind!r}]
def run(count, walk):
    tracker = track(MAKE(count))
    steps = iter(tracker) if {share!r} == "iterator" else tracker
    got, errors, gate = [], [], threading.Barrier(4)
    def work():
        gate.wait()
        try:
            walk(steps, got.append)
        except BaseException as error:
            errors.append(repr(error))
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert not errors, set(errors)
    assert Counter(got) == Counter(range(count)), (len(got), len(set(got)))
    assert tracker.position == count, (tracker.position, count)
    del steps
    assert tracker.status == "finished", tracker.status
    assert tracker.finished == count

def by_for(steps, got):
    for item in steps: got(item)
def by_next(steps, got):
    while (item := next(steps, None)) is not None: got(item)

walk = by_for if {share!r} == "iterator" else by_next
for _ in range({rounds}):
    run({count}, walk)
print("over")
"""


@pytest.mark.parametrize("share", ["iterator", "track"])
@pytest.mark.parametrize("kind", ["locked iterator", "list", "tuple", "range", "dict", "map"])
def test_four_threads_take_each_item_once(kind, share):
    """Many short loops, where all meet the end at once, and a long one."""
    program = SHARED.format(kind=kind, share=share, rounds=60, count=50)
    assert quiet(program) == "over\n"
    assert quiet(SHARED.format(kind=kind, share=share, rounds=1, count=20_000)) == "over\n"


@pytest.mark.campaign
@pytest.mark.parametrize("share", ["iterator", "track"])
@pytest.mark.parametrize("kind", ["locked iterator", "list", "map"])
def test_four_threads_take_each_item_once_for_long(kind, share):
    """A soak."""
    assert quiet(SHARED.format(kind=kind, share=share, rounds=2000, count=200)) == "over\n"


def test_a_generator_shared_by_threads_fails_as_the_bare_one():
    """Python refuses to enter a generator twice: the ValueError comes to a thread, but nothing crashes or is lost."""
    quiet(
        """
        import threading
        from instep import track
        inside, go = threading.Event(), threading.Event()
        def source():
            yield 0
            inside.set()
            go.wait()
            yield 1
            yield 2
        steps = iter(track(source()))
        got = [next(steps)]
        first = threading.Thread(target=lambda: got.append(next(steps)))
        first.start()
        inside.wait()
        try:
            next(steps)
        except ValueError as error:
            assert "already executing" in str(error)
        else:
            raise AssertionError("no error")
        go.set()
        first.join()
        got += steps
        assert got == [0, 1, 2], got
        """
    )


def test_sixty_four_loops_at_once():
    """Each thread's loop, notes and inner loop are its own, and all are seen to end."""
    quiet(
        """
        import sys, threading
        from instep import note, track, report
        from instep.current import by_frame
        from instep.monitor import monitor
        sys.setswitchinterval(1e-5)
        results, gate = {}, threading.Barrier(64)
        def work(mine):
            gate.wait()
            tracker = track(range(200), name=f"loop {mine}")
            for k in tracker:
                note(mine)
                for _ in track((k,), name="inner"): pass
                assert tracker.position == k + 1
            results[mine] = tracker.status, tracker.timer.count, [n.value for n in tracker.notes] == [mine] * 200
        threads = [threading.Thread(target=work, args=(mine,)) for mine in range(64)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert results == {mine: ("finished", 200, True) for mine in range(64)}, results
        assert not monitor.running and not by_frame
        assert sum(row.steps for row in report()) == 64 * 200
        """
    )

"""Processes of our own: what can't be sent, who dies, who takes too long; and Dask's, one of which is killed."""

import gc
import importlib.util
import os
import pickle
import signal
import sys
import threading
import tracemalloc
import warnings
import weakref
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import count

import pytest

from children import SOURCE, python, quiet
from instep import CannotSend, Failure, InstepError, WorkerDied, each, note, track
from instep.spread import sending
from spread.calls import Calls, Held, Square, square, until, where
from spread.conftest import Cluster


class Killing(Calls):
    """Kills its own process at one number, so often."""

    def __init__(self, folder, at, times=1 << 30):
        super().__init__(folder)
        self.at, self.times = at, times

    def __call__(self, x):
        self.add(x)
        if x == self.at and self.of().count(x) <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return x


def test_a_worker_that_dies_costs_its_own_step_only(tmp_path, left_behind):
    """A clear error for the step that it computed; all others are computed, once."""
    call = Killing(tmp_path, 2)
    results = each(call, range(6), on=2, ahead=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(WorkerDied, match="was killed by SIGKILL") as caught:
        next(results)
    assert caught.value.__notes__ == ["each: step 2, given 2"]
    assert list(results) == [3, 4, 5]
    assert sorted(call.of()) == [0, 1, 2, 3, 4, 5]
    left_behind()


def test_a_worker_that_dies_costs_a_retry(tmp_path):
    """With `retries` the step is computed by another process."""
    call = Killing(tmp_path, 2, times=2)
    results = each(call, range(5), on=2, retries=2)
    assert list(results) == [0, 1, 2, 3, 4]
    assert call.of().count(2) == 3
    assert results.snapshot().spread.retried >= 2
    assert len({pid for x, pid, _ in call.rows() if x == "2"}) == 3


def test_in_a_chunk_one_bad_step_costs_no_others(tmp_path):
    """Where a chunk of quick steps was lost they are tried again one by one, and only the bad one fails."""
    call = Killing(tmp_path, 150)
    found = list(each(call, range(300), on=1, retries=1, errors="yield"))
    (failure,) = [one for one in found if isinstance(one, Failure)]
    assert (failure.index, failure.attempts) == (150, 2)
    assert [one for one in found if one is not failure] == [x for x in range(300) if x != 150]


def test_the_steps_of_a_chunk_that_was_lost_have_a_note_each(tmp_path):
    """An error of their own, which says which step it was."""
    found = [one for one in each(Killing(tmp_path, 300), range(600), on=1, errors="yield") if isinstance(one, Failure)]
    assert len(found) > 1
    assert [one.error.__notes__ for one in found] == [[f"each: step {x.index}, given {x.index}"] for x in found]


def test_a_worker_that_is_killed_while_it_is_idle_is_replaced(left_behind):
    """By the next step, without an error... but for the step that found it dead, if that was sent already."""
    results = each(where, range(8), on=1, ahead=1, retries=1)
    pid, _ = next(results)
    os.kill(pid, signal.SIGKILL)
    others = {other for other, _ in results}
    assert pid not in others
    assert results.status == "finished"
    left_behind()


def ends(x):
    """Ends its process, in its own way."""
    if x == 1:
        os._exit(7)
    return x


def leaves(x):
    """Asks to leave the program."""
    if x == 1:
        sys.exit("enough")
    return x


def test_a_function_that_ends_its_process(left_behind):
    """`os._exit` is a dead worker; `sys.exit` leaves the consumer's loop as it would leave any."""
    zero, failure, two = each(ends, range(3), on=2, errors="yield")
    assert (zero, two) == (0, 2)
    assert isinstance(failure.error, WorkerDied)
    assert "ended with status 7" in str(failure.error)
    with pytest.raises(SystemExit, match="enough"):
        list(each(leaves, range(3), on=2, errors="yield"))
    left_behind()


def test_a_step_that_takes_too_long_is_killed(tmp_path, left_behind):
    """`TimeoutError` in its place, and its process is no more; with a retry, another is tried."""
    held = Held(tmp_path, 1)
    results = each(held, range(4), on=2, timeout=0.3)
    assert next(results) == 0
    with pytest.raises(TimeoutError, match=r"longer than timeout=0\.3 seconds"):
        next(results)
    assert list(results) == [2, 3]
    left_behind()


def test_a_thread_that_takes_too_long_is_left_to_itself(tmp_path, left_behind):
    """The step fails; the thread ends when its call does, and another takes its place meanwhile."""
    held = Held(tmp_path, 1)
    found = list(each(held, range(5), on="threads:1", ahead=2, timeout=0.2, errors="yield"))
    assert [found[0], *found[2:]] == [0, 2, 3, 4]
    assert isinstance(found[1].error, TimeoutError)
    held.go(1)
    left_behind()


def test_what_cannot_be_sent_is_named():
    """The function, at the call; an argument, with its step; a result, with its step. What can be sent is computed."""
    lock = threading.Lock()
    with pytest.raises(CannotSend, match=r"the function .* can't be sent: TypeError: .*lock"):
        each(lambda x: lock, range(3), on=2)
    found = list(each(id, [1, lock, 3], on=1, errors="yield"))
    assert isinstance(found[1].error, CannotSend)
    assert str(found[1].error).startswith("step 1: its argument, <unlocked _thread.lock")
    assert all(isinstance(one, int) for one in (found[0], found[2]))
    with pytest.raises(CannotSend, match=r"step 0: its argument 2, .*lock"):
        list(each(max, [1], [lock], on=1))
    zero, failure, two = each(lambda x: threading.Lock() if x == 1 else x, range(3), on=1, errors="yield")
    assert (zero, two) == (0, 2)
    assert str(failure.error).startswith("step 1: its result, <unlocked _thread.lock")


class Held2(Exception):
    """Can't be pickled: it holds a lock."""

    def __init__(self):
        super().__init__("held")
        self.lock = threading.Lock()


def fails_with(kind):
    """Raise it."""
    raise kind


def test_an_error_that_cannot_be_sent_is_told_by_its_name():
    """And by its traceback."""
    with pytest.raises(CannotSend, match="Held2") as caught:
        list(each(fails_with, [Held2], on=1))
    assert "in fails_with" in str(caught.value.__cause__)


def test_a_chain_of_causes_comes_as_text():
    """The traceback of the other side is the error's cause, and shows what caused it there."""

    def fail(x):
        try:
            return 1 // x
        except ZeroDivisionError as error:
            raise ValueError("bad") from error

    with pytest.raises(ValueError, match="bad") as caught:
        list(each(fail, [0], on=1))
    text = str(caught.value.__cause__)
    assert "ZeroDivisionError" in text
    assert "direct cause" in text


def test_large_things_travel():
    """Megabytes, both ways."""
    data = [bytes([k]) * (3 << 20) for k in range(4)]
    assert list(each(lambda one: one[::-1], data, on=2, ahead=3)) == data


def counting(held):
    """A loop inside a step, which stands at its fifth item until the test has seen it."""
    for x in track(range(10), name="inside"):
        if x == 5:
            held(0)
    return x


def test_how_far_a_loop_inside_a_step_is_can_be_seen(tmp_path):
    """Of another process too: as something said about its step, for as long as it runs."""
    held = Held(tmp_path, 0)
    results = each(counting, [held], on=1)
    seen = []

    def watch():
        until(lambda: (asides := results.snapshot().notes) and seen.append(asides[-1]) is None)
        held.go(0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert list(results) == [9]
    watcher.join()
    assert (seen[0].index, dict(seen[0].fields)) == (0, {"#0 inside": "5/10 it"})
    assert results.snapshot().notes == ()


def nested(x):
    """Uses processes itself."""
    return sum(each(square, range(x), on=1))


def test_a_step_may_spread_its_own_steps(left_behind):
    """A worker may have workers."""
    assert list(each(nested, [3, 4], on=2)) == [5, 14]
    left_behind()


def test_what_is_said_with_a_value_that_cannot_be_sent_arrives_as_text():
    """A note is no reason to lose a result."""

    def tell(x):
        note(threading.Lock(), loss=x)
        return x

    results = each(tell, [0], on=1)
    assert list(results) == [0]
    (said,) = results.notes
    assert said.value.startswith("<unlocked _thread.lock")


def forks(x):
    """A step whose process is two for a while."""
    if x == 1 and os.fork() == 0:
        return x * 1000
    return x * 10


def test_a_step_that_forks_gives_one_result():
    """The child has nothing to answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert list(each(forks, range(4), on=1, ahead=1)) == [0, 10, 20, 30]


class Leaving(Calls):
    """Leaves a descendant behind that has the worker's files, then waits."""

    def __call__(self, x):
        if not os.fork():
            until(lambda: not os.path.exists(self.path))
            os._exit(0)
        self.add(x)
        threading.Event().wait()


def test_a_worker_is_known_to_be_dead_whatever_its_descendants_hold(tmp_path):
    """They keep its socket open; its end is seen all the same."""
    call = Leaving(tmp_path)
    results = each(call, range(1), on=1)

    def kill():
        until(call.of)
        os.kill(int(call.rows()[0][1]), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(WorkerDied, match="SIGKILL"):
        next(results)
    killer.join()
    os.unlink(call.path)


class Unreadable:
    """Can be sent, and not be read."""

    def __init__(self, error):
        self.error = error

    def __reduce__(self):
        return fails_with, (self.error,)


@pytest.mark.parametrize("error", [FileNotFoundError(2, "no"), EOFError(), TimeoutError(), StopIteration()])
def test_a_result_that_cannot_be_read_here_fails_alone(error):
    """Whatever reading it raises; its process is none the worse."""
    zero, failure, two = each(lambda x: Unreadable(error) if x == 1 else x, range(3), on=1, ahead=1, errors="yield")
    assert (zero, two) == (0, 2)
    assert isinstance(failure.error, CannotSend)
    assert type(error).__name__ in str(failure.error)


def test_a_result_for_which_there_is_no_memory_fails_alone():
    """The rest of its message is not taken for another, nor waited for."""
    out = quiet(
        """
        import resource
        from instep import each

        def grow(x):
            return len(x) if isinstance(x, bytes) else bytes(x) if x > 1000 else x

        items = [1, 400_000_000, 3, bytes(5_000_000), 5]
        results = each(grow, items, on=1, ahead=1, errors="yield")
        print(next(results))
        with open("/proc/self/statm") as statm:
            now = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + 200_000_000, resource.RLIM_INFINITY))
        print([getattr(one, "error", one) for one in results])
        """
    )
    assert out.splitlines() == ["1", "[MemoryError(), 3, 5000000, 5]"]


def test_a_worker_that_is_killed_while_it_answers_is_known_to_be_dead():
    """In the middle of a message, and though a descendant goes on."""
    out = quiet(
        """
        import os, signal, sys, threading, time, warnings
        from instep import each, WorkerDied

        def large(x):
            if x != 1:
                return x
            warnings.simplefilter("ignore", DeprecationWarning)
            if not os.fork():
                os.closerange(0, 3)
                time.sleep(10)
                os._exit(0)
            me = threading.main_thread().ident

            def kill():  # when it sends: half a pipe is there, as nobody has room for all of it
                while True:
                    frame = sys._current_frames()[me]
                    if frame.f_code.co_name == "send" and "body" in frame.f_locals:
                        os.kill(os.getpid(), signal.SIGKILL)
                    time.sleep(0.0001)

            threading.Thread(target=kill, daemon=True).start()
            return bytes(300_000_000)

        zero, failure, two = each(large, range(3), on=1, ahead=1, errors="yield")
        print(zero, type(failure.error).__name__, two)
        """
    )
    assert out == "0 WorkerDied 2\n"


def test_a_default_timeout_of_sockets_is_for_other_sockets():
    """Nobody waits for a step with it."""
    quiet(
        """
        import socket, threading
        from instep import each

        socket.setdefaulttimeout(0.01)

        def slow(x):
            threading.Event().wait(0.03)
            return x

        def wait(x):
            threading.Event().wait(0.03)
            return x

        results = each(slow, range(4), on=1, ahead=1)
        assert [wait(x) for x in results] == [0, 1, 2, 3]
        assert list(each(len, [bytes(20_000_000)] * 2, on=1)) == [20_000_000] * 2
        """
    )


def test_standard_streams_that_are_closed():
    """What a step prints goes nowhere then, and not to who waits for its result."""
    program = """
        import os
        from instep import each

        def talk(x):
            print("to nobody")
            return x

        for fd in 0, 1, 2:
            os.close(fd)
        os._exit(7 if list(each(talk, range(3), on=1, ahead=1)) == [0, 1, 2] else 8)
        """
    assert python(program).returncode == 7


def test_a_function_that_cannot_be_read_there_is_told_at_each_step(tmp_path):
    """Its module can't be imported in another process."""
    path = tmp_path / "ghostly.py"
    path.write_text("def same(x):\n    return x\n")
    spec = importlib.util.spec_from_file_location("ghostly", path)
    module = sys.modules["ghostly"] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        found = list(each(module.same, range(4), on=1, ahead=1, errors="yield"))
    finally:
        del sys.modules["ghostly"]
    assert [str(one.error) for one in found] == [
        "the function can't be read in the process that is to compute it: "
        "ModuleNotFoundError: No module named 'ghostly'"
    ] * 4


def test_one_thread_may_read_while_another_uses_processes():
    """As in a worker of Dask's that has two threads."""
    reading, go = threading.Event(), threading.Event()

    Late.hold = staticmethod(lambda: (reading.set(), go.wait(60)))
    thread = threading.Thread(target=sending.read, args=(pickle.dumps(Late()), "it"))
    thread.start()
    assert reading.wait(60)
    try:
        assert list(each(square, range(3), on=1)) == [0, 1, 4]
    finally:
        go.set()
        thread.join()


class Late:
    """Takes its time to be read."""

    def __reduce__(self):
        return late, ()


def late():
    """Read in the end."""
    return Late.hold()


def test_a_step_that_raises_and_then_kills_is_tried_as_often_as_any(tmp_path):
    """Each try is sent by itself, so that it is counted whatever becomes of it."""
    for retries in 0, 1, 3:
        call = RaisesOrKills(tmp_path / str(retries))
        (found,) = each(call, [0], on=1, retries=retries, errors="yield")
        assert (len(call.of()), found.attempts) == (retries + 1, retries + 1)
        assert isinstance(found.error, ValueError if retries % 2 == 0 else WorkerDied)


class RaisesOrKills(Calls):
    """By turns."""

    def __call__(self, x):
        self.add(x)
        if len(self.of()) % 2 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        raise ValueError(x)


def test_what_failed_too_late_is_tried_as_often_as_any():
    """In a thread, whose call nobody can end."""
    calls = []

    def slow(x):
        calls.append(x)
        threading.Event().wait(0.05)
        raise ValueError(x)

    (found,) = each(slow, [0], on="threads:1", timeout=30, retries=4, errors="yield")
    assert (len(calls), found.attempts) == (5, 5)
    calls.clear()
    (found,) = each(slow, [0], on="threads:1", timeout=0.01, retries=2, errors="yield")
    assert (len(calls), found.attempts, type(found.error)) == (3, 3, TimeoutError)


def test_a_step_is_tried_again_while_results_before_it_are_handed_out():
    """As soon as anybody asks for anything."""
    tries = []

    def fails_once(x):
        if x == 3 and tries.append(x) is None and len(tries) == 1:
            raise ValueError
        return x

    results = each(fails_once, range(10), on="threads:2", ahead=6, retries=1)
    assert next(results) == 0
    until(lambda: len(tries) == 1)
    assert next(results) == 1
    until(lambda: len(tries) == 2)
    assert list(results) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_a_try_that_failed_keeps_nothing():
    """Neither its argument nor its future, without the garbage collector."""

    class Thing:
        pass

    things = weakref.WeakSet()

    def given():
        for _ in range(4):
            thing = Thing()
            things.add(thing)
            yield thing
            del thing

    def slow(thing):
        threading.Event().wait(0.05)

    gc.disable()
    try:
        with ThreadPoolExecutor(8) as executor:
            for failure in each(slow, given(), on=executor, ahead=4, timeout=0.01, retries=1, errors="yield"):
                assert isinstance(failure.error, TimeoutError)
                del failure
        assert not things
    finally:
        gc.enable()


def test_ctrl_c_while_a_thread_is_started_is_no_want_of_threads(monkeypatch):
    """CPython may raise a RuntimeError in its place; the thread has started all the same."""
    start = threading.Thread.start

    def interrupted(thread):
        start(thread)
        if thread.name.startswith("instep-"):
            monkeypatch.undo()
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt:
                raise RuntimeError("release unlocked lock")  # noqa: B904

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    results = each(square, range(4), on="threads:1", ahead=2)
    with pytest.raises(KeyboardInterrupt):
        next(results)
    assert list(results) == [0, 1, 4, 9]


def test_what_is_said_in_a_try_that_fails_is_kept():
    """By each of them, in threads and in processes."""

    def says(x):
        note(x)
        raise ValueError

    for on in "threads:1", 1:
        results = each(says, [7], on=on, retries=2, errors="yield", ahead=1)
        list(results)
        assert [(one.index, one.value) for one in results.notes] == [(0, 7)] * 3


def test_an_argument_is_told_in_short_whatever_it_is():
    """Of many bytes no more is looked at than is shown."""
    for large in b"a" * 10_000_000, bytearray(b"a" * 10_000_000):
        tracemalloc.start()
        with pytest.raises(ZeroDivisionError) as caught:
            next(each(lambda x: len(x) / 0, [large]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert caught.value.__notes__ == [f"each: step 0, given {type(large)(b'a' * 60)!r}..."]
        assert peak < 1_000_000


def test_an_executor_that_calls_nothing():
    """A stand-in in a test: an error, and no waiting for ever."""

    class Drops(Executor):
        def submit(self, function, /, *arguments, **named):
            future = Future()
            future.set_result(None)
            return future

    first, second = each(square, range(2), on=Drops(), errors="yield")
    assert "has not called it" in str(first.error)
    assert "has not called it" in str(second.error)


def test_what_an_executor_has_refused_was_never_begun():
    """It is in the account."""

    class Full(ThreadPoolExecutor):
        taken = 0

        def submit(self, *arguments):
            self.taken += 1
            if self.taken == 5:
                raise RuntimeError("no more")
            return super().submit(*arguments)

    with Full(2) as executor:
        results = each(square, range(10), on=executor, ahead=2)
        with pytest.raises(InstepError, match="no more"):
            for _ in results:
                pass
    spread = results.snapshot().spread
    assert (spread.taken, spread.computed, spread.cancelled, spread.never_begun) == (4, 4, 0, 6)


def test_a_module_that_spreads_while_it_is_imported_is_told_so(tmp_path):
    """Each worker would import it, and have workers: it is an error, at once, and not the end of the machine."""
    (tmp_path / "spreading.py").write_text(
        "from instep import each\ndef more(x): return x + 1\nfound = list(each(more, range(3), on=2))\n"
    )
    done = python("import spreading", PYTHONPATH=os.pathsep.join([str(tmp_path), SOURCE]))
    assert done.returncode == 1
    assert "put that in a function" in done.stderr


def test_without_an_interpreter_there_are_no_processes(monkeypatch):
    """Said at the call."""
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(InstepError, match=r"sys\.executable names none"):
        each(square, range(3), on=2)


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_that_takes_no_more_ends_the_loop(kind):
    """With the results that it gave before, one error, and nothing more, be failures wanted as items or not."""
    for errors in "raise", "yield":
        executor = kind(1)
        results = each(square, count(), on=executor, ahead=1, errors=errors)
        assert [next(results), next(results)] == [0, 1]
        executor.shutdown()
        with pytest.raises(InstepError, match="takes no more: RuntimeError: cannot schedule"):
            next(results)
        assert list(results) == []


def test_no_thread_can_be_started(monkeypatch):
    """An error, and the next try may do; where there is one thread already, that does it all."""
    refused = []
    start = threading.Thread.start

    def refuse(thread):
        if thread.name.startswith("instep-") and len(refused) < 1:
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    results = each(square, range(4), on="threads:2", ahead=2)
    with pytest.raises(RuntimeError, match="can't start"):
        next(results)
    assert list(results) == [0, 1, 4, 9]


def test_a_killed_dask_worker_costs_nothing_but_time(tmp_path):
    """Its steps run on the other one; all results come, in order."""
    cluster = Cluster(tmp_path)
    try:
        held = Held(tmp_path / "held", 3)
        (tmp_path / "held").mkdir()
        results = each(held, range(8), on=cluster.address, ahead=2)
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        until(lambda: held.begun(3))
        cluster.workers[0].kill()
        cluster.workers[0].wait()
        held.go(3)
        assert list(results) == [3, 4, 5, 6, 7]
    finally:
        cluster.close()


def test_dask_runs_equal_calls_as_often_as_they_are_made(client, tmp_path):
    """They are not taken for one."""
    call = Square(tmp_path)
    assert list(each(call, [3, 3, 3, 3], on=client, ahead=2)) == [9, 9, 9, 9]
    assert len(call.of()) == 4
    assert client.status == "running"


def test_a_bad_address_is_refused_at_the_call():
    """With the form of a good one."""
    with pytest.raises(ValueError, match=r"such as 'tcp://127\.0\.0\.1:8786'; got 'tcp://nowhere:port'"):
        each(square, [1], on="tcp://nowhere:port")

"""Ctrl-C, fork, and the interpreter's end: in children."""

import os
import signal
import sys

import pytest

from children import python, quiet

STORM = """
import os, signal, sys, threading
from instep import track

answered, missed, over = threading.Semaphore(0), 0, False
def unraisable(what):
    if not isinstance(what.exc_value, ResourceWarning):  # an import that was interrupted leaves its file open
        print("unraisable", repr(what.exc_value), flush=True)
        os._exit(3)

sys.unraisablehook = unraisable

def handler(number, frame):
    global missed
    while frame is not None and frame.f_code.co_name != "work":
        frame = frame.f_back
    if frame is None:
        missed += 1
        answered.release()
    else:
        raise KeyboardInterrupt

signal.signal(signal.SIGINT, handler)

def storm(count):
    global over
    for _ in range(count):
        if over: return
        os.kill(os.getpid(), signal.SIGINT)
        if not answered.acquire(timeout=20):
            print("a Ctrl-C was swallowed", flush=True)
            os._exit(4)
    over = True

def weather(work, count):
    global over
    seen, over = 0, False
    sender = threading.Thread(target=storm, args=(count,))
    sender.start()
    while not over:
        try:
            work()
        except KeyboardInterrupt:
            seen += 1
            answered.release()
    sender.join()
    return seen
"""


@pytest.mark.parametrize("loop", ["break", "to the end", "list", "generator", "slow", "bare note"])
def test_ctrl_c_is_never_swallowed(loop):
    """Each of forty signals, at whichever instant, comes out of the loop as KeyboardInterrupt, soon or at once."""
    body = {
        "break": "for _ in track((1, 2, 3)): break",
        "to the end": "for _ in track((1, 2, 3)): pass",
        "list": "list(track(range(100)))",
        "generator": "for _ in track(n for n in range(10)): pass",
        "slow": "for _ in track(range(3)): sum(range(20_000))",
        "bare note": "for n in track(range(50)): note(n)",
    }[loop]
    program = f"""
from instep import note
def work():
    while not over:
        {body}
seen = weather(work, 40)
assert seen + missed >= 40, (seen, missed)
print("over")
"""
    assert quiet(STORM + program) == "over\n"


@pytest.mark.parametrize("wrap", ["iter", "map_int"])
def test_ctrl_c_costs_no_item(wrap):
    """What the loop has got and what is left in the source are all the items, in order, each once."""
    program = f"""
N = 1_000_000
map_int = lambda numbers: map(int, numbers)
source, got, rounds = {wrap}(range(N)), [], 0
def work():
    global rounds
    rounds += 1
    for item in track(zip(source)):
        got.append(item[0])
weather(work, 100)
got += source
assert got == list(range(N)), (len(got), rounds)
print("over")
"""
    assert quiet(STORM + program) == "over\n"


@pytest.mark.campaign
@pytest.mark.parametrize("body", ["for _ in track((1, 2, 3)): break", "for _ in track((1, 2, 3)): pass"])
def test_ctrl_c_is_never_swallowed_in_a_long_storm(body):
    """A thousand signals."""
    program = f"""
def work():
    while not over:
        {body}
weather(work, 1000)
print("over")
"""
    assert quiet(STORM + program) == "over\n"


def test_ctrl_c_ends_a_program_as_ever():
    """KeyboardInterrupt comes out at the top; the exit is that of a killed program; the loop was *failed* or better."""
    done = python(
        """
        import atexit, os, signal
        from instep import track
        tracker = track(range(10**9))
        atexit.register(lambda: print(tracker.status, tracker.position > 1000))
        for number in tracker:
            if number == 1000:
                os.kill(os.getpid(), signal.SIGINT)
        """
    )
    assert "KeyboardInterrupt" in done.stderr
    assert done.returncode == -2
    assert done.stdout in ("interrupted True\n", "failed True\n")


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@needs_fork
def test_fork_while_running_warns_of_nothing():
    """From 3.12 on a running thread makes `fork` warn; the monitor steps aside for it and goes on in the parent."""
    quiet(
        """
        import os
        from instep import track
        from instep.monitor import monitor
        tracker = track(range(60))
        for number in tracker:
            child = os.fork()
            if child == 0:
                os._exit(0 if not monitor.running and monitor.silent and monitor.looking.asleep else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            for _ in track((1, 2)): pass
            assert tracker.position == number + 1
            if number == 59:
                while monitor.looking.asleep: pass
        assert tracker.status == "finished" and not monitor.silent
        """
    )


@needs_fork
def test_a_forked_child_shows_nothing_and_tracks_as_ever():
    """Loops of the child's own are right, and it writes nothing."""
    done = python(
        """
        import os, sys, time
        from instep import track
        from drives import spin
        read, write = os.pipe()
        for number in (tracker := track(range(3), name="both")):
            if number == 1 and not os.fork():
                os.dup2(write, 2)
                inner = track(range(4), name="child's")
                for n in inner:
                    spin(100_000_000)
                assert (inner.status, inner.position) == ("finished", 4)
                sys.exit(0)
            if number == 1:
                assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
        os.close(write)
        assert os.read(read, 1000) == b"", "the child wrote"
        assert (tracker.status, tracker.position) == ("finished", 3)
        print("over")
        """,
        "-W",
        "error",
        view="",
        PYTHONPATH=os.pathsep.join([os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "src")]),
    )
    assert (done.returncode, done.stdout) == (0, "over\n"), done.stderr
    assert "child" not in done.stderr


def test_loops_at_exit():
    """In `atexit` functions and in finalizers that run when modules are torn down: right and silent, slow steps too."""
    out = quiet(
        """
        import atexit, os, sys
        from instep import note, stage, track
        def loop(where, track=track, note=note, stage=stage, write=os.write):
            tracker = track(iter("abc"))
            for letter in tracker:
                note(letter)
                sum(range(20_000))
            for _ in (left := track([1, 2, 3])):
                break
            with stage("late"):
                pass
            write(1, f"{where} {tracker.status} {tracker.position} {left.status}\\n".encode())
        class Late:
            def __del__(self, loop=loop):
                loop("finalizer")
        atexit.register(loop, "atexit")
        late = Late()
        for number in (unfinished := track(range(3))):
            if number: break
        running = iter(track([1, 2, 3]))
        next(running)
        """
    )
    assert sorted(out.splitlines()) == ["atexit finished 3 stopped", "finalizer finished 3 stopped"]


@pytest.mark.parametrize("view", ["off", "lines", "jsonl"])
def test_the_end_of_a_program_in_a_loop_is_silent(view):
    """`sys.exit` in a loop, one that a daemon thread is still in, one whose generator is left over: nothing on stderr
    but what the view writes, and the exit status is the program's.
    """
    done = python(
        """
        import sys, threading
        from instep import track
        begun = threading.Event()
        def forever():
            for _ in track(iter(int, 1)):
                begun.set()
        threading.Thread(target=forever, daemon=True).start()
        begun.wait()
        def left_over():
            for number in track(range(5)):
                yield number
        steps = left_over()
        next(steps)
        sys.cycle = steps, (cycle := [])
        cycle.append(sys.cycle)
        for _ in track([1, 2]):
            sys.exit(7)
        """,
        "-W",
        "error",
        view=view,
    )
    assert done.returncode == 7
    assert "Traceback" not in done.stderr
    assert "rror" not in done.stderr
    if view == "off":
        assert done.stderr == ""


def test_nothing_is_left_running_when_all_has_ended():
    """What has ended is let go at once."""
    quiet(
        """
        from instep import track
        from instep.monitor import monitor
        for _ in track(range(3)): pass
        assert not monitor.running
        """
    )


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux does")
def test_pausing_the_monitor_leaves_one_thread():
    """After `pause` there is no thread but the main one, and the next loop wakes it again."""
    quiet(
        """
        import os
        from instep import track
        from instep.monitor import monitor
        for _ in range(20):
            for _ in track(range(3)): pass
            monitor.looking.hurry(10)
            monitor.pause()
            assert monitor.looking.asleep and len(os.listdir("/proc/self/task")) == 1
        """
    )


def test_a_report_in_a_signal_handler_waits_for_nobody():
    """Locks are taken in one order: a handler that asks for a report, while another thread does, is no deadlock."""
    quiet(
        """
        import faulthandler, signal, sys, threading
        from instep import report, track
        faulthandler.dump_traceback_later(60, exit=True)
        sys.setswitchinterval(1e-4)
        over = threading.Event()
        asked = 0
        def handler(number, frame):
            global asked
            asked += 1
            for _ in range(60):
                for _ in track((1,)): pass
            report()
        signal.signal(signal.SIGALRM, handler)
        def reporting():
            while not over.is_set(): report()
        thread = threading.Thread(target=reporting)
        thread.start()
        while asked < 30:
            if not asked % 2 or signal.getitimer(signal.ITIMER_REAL)[0] == 0:
                signal.setitimer(signal.ITIMER_REAL, 0.001)
            for _ in (tracker := track(range(3000))): pass
            tracker.timer.count
        signal.setitimer(signal.ITIMER_REAL, 0)
        over.set()
        thread.join()
        """
    )


@pytest.mark.parametrize("seconds", [0.0, 0.25])
def test_ctrl_c_ends_the_process_by_its_signal(seconds):
    """A shell that runs it in a loop can tell, be the view imported at exit only or not at all."""
    done = python(
        f"""
        import os, signal, time
        from instep import track
        for _ in track(range(3)):
            time.sleep({seconds})
            os.kill(os.getpid(), signal.SIGINT)
        """,
        view="lines",
    )
    assert done.returncode == -signal.SIGINT
    assert done.stderr.count("KeyboardInterrupt") == 1

"""Real programs that spread their steps: without a guard, ended by Ctrl-C, killed, exiting while steps run."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from children import quiet
from programs.running import PRELUDE, Program, run
from spread.calls import until

ENGINES = ["threads:2", "processes:2"]


class Slow(Program):
    """A program with a step that says where it runs and takes a minute, but for the first one."""

    prelude = (
        PRELUDE
        + """
import time
from instep import each

there = __file__ + ".there"

def slow(x):
    if x:
        with open(there, "a") as file:
            print(os.getpid(), file=file)
        time.sleep(60)
    return x

"""
    )

    def workers(self) -> set[int]:
        """The processes that two slow steps run in, as soon as they do, but for the program's own."""
        there = self._folder / "child.py.there"
        until(lambda: there.exists() and len(there.read_text().splitlines()) == 2)
        return set(map(int, there.read_text().split())) - {self.process.pid}


def have_ended(pids: set[int]) -> None:
    """Wait until none of these processes lives."""
    for pid in pids:
        until(lambda pid=pid: not _lives(pid), f"the end of {pid}")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return b") Z" not in Path(f"/proc/{pid}/stat").read_bytes()
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("on", ENGINES)
def test_a_program_needs_no_guard_and_may_define_all_it_sends(tmp_path: Path, on: str) -> None:
    """Functions, classes and exceptions of `__main__` go both ways, and stay what they are."""
    done = run(
        tmp_path,
        f"""
        from instep import each

        class Point:
            def __init__(self, x):
                self.x = x

        class Bad(Exception):
            pass

        def double(point):
            if point.x == 3:
                raise Bad(point.x)
            return Point(point.x * 2)

        print("main")
        found = list(each(double, map(Point, range(5)), on={on!r}, errors="yield"))
        assert [type(one) for one in found[:3]] == [Point] * 3
        assert type(found[3].error) is Bad and found[3].error.args == (3,)
        print([getattr(one, "x", None) for one in found])
        """,
        INSTEP_VIEW="off",
    )
    assert (done.stdout, done.stderr, done.returncode) == ("main\n[0, 2, 4, None, 8]\n", "", 0)


@pytest.mark.parametrize("on", ENGINES)
@pytest.mark.parametrize("body", ["pass", "stay()"], ids=["waiting", "in the body"])
def test_ctrl_c_ends_all_at_once(tmp_path: Path, on: str, body: str) -> None:
    """While it waits for a step that would take a minute, or in the consumer: the program ends, and all it started."""
    script = f"""
        for x in each(slow, range(10), on={on!r}, ahead=3):
            mark("there")
            {body}
    """
    with Slow(tmp_path, script) as program:
        program.at("there")
        workers = program.workers()
        program.type("\x03")
        assert program.end() == -signal.SIGINT, program.text
        assert "KeyboardInterrupt" in program.output
        assert program.text.count("Traceback") == 1
        have_ended(workers)


@pytest.mark.parametrize("on", ENGINES)
def test_ctrl_c_that_a_program_catches_to_end_by_itself_ends_it_at_once(tmp_path: Path, on: str) -> None:
    """As command lines do, with an exit status of their own: nobody waits for a step that would take a minute."""
    script = f"""
        try:
            for x in each(slow, range(10), on={on!r}, ahead=3):
                mark("there")
                stay()
        except KeyboardInterrupt:
            sys.exit(3)
    """
    with Slow(tmp_path, script) as program:
        program.at("there")
        workers = program.workers()
        program.type("\x03")
        assert program.end() == 3, program.text
        have_ended(workers)


def test_a_thread_that_was_given_up_holds_no_program_up() -> None:
    """Its call may never end; the program does."""
    quiet(
        """
        import threading
        from instep import each

        found = list(each(lambda x: threading.Event().wait(), [1], on="threads:1", timeout=0.1, errors="yield"))
        assert isinstance(found[0].error, TimeoutError)
        """
    )


def test_ctrl_c_that_is_caught_while_waiting_loses_nothing(tmp_path: Path) -> None:
    """Who catches it may ask again."""
    script = """
        import threading, time
        from instep import each

        go = threading.Event()

        def slow(x):
            if x == 1:
                go.wait()
            return x

        def tell():
            while sys._current_frames()[threading.main_thread().ident].f_code.co_name != "_wait":
                time.sleep(0.001)
            mark("there")

        results = each(slow, range(4), on="threads:2", ahead=2)
        print(next(results))
        threading.Thread(target=tell).start()
        try:
            next(results)
        except KeyboardInterrupt:
            print("caught")
        go.set()
        print(list(results), results.status)
    """
    with Program(tmp_path, script) as program:
        program.at("there")
        program.type("\x03")
        assert program.end() == 0
        assert program.output[-1] == "[1, 2, 3] finished"


def test_ctrl_c_is_heard_while_waiting_though_another_thread_got_it(tmp_path: Path) -> None:
    """It wakes nobody then; nor does one that comes just before the wait begins."""
    script = """
        import signal, threading

        other = threading.Thread(target=time.sleep, args=(600,), daemon=True)
        other.start()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        for x in each(slow, range(10), on="threads:2", ahead=3):
            mark("there")
    """
    with Slow(tmp_path, script) as program:
        program.at("there")
        program.workers()
        program.type("\x03")
        assert program.end() == -signal.SIGINT
        assert program.text.count("KeyboardInterrupt") == 1


def test_a_program_that_is_killed_takes_its_workers_along(tmp_path: Path) -> None:
    """By SIGKILL, which nobody hears of: the workers see that nobody is there any more."""
    with Slow(tmp_path, "list(each(slow, range(1, 5), on=2))") as program:
        workers = program.workers()
        program.kill(signal.SIGKILL)
        have_ended(workers)


@pytest.mark.parametrize("on", ENGINES)
def test_a_program_that_ends_lets_finish_what_runs(tmp_path: Path, on: str) -> None:
    """A step that was begun is not cut short by the end of the program; what was not begun never is."""
    quiet(
        f"""
        import threading, time
        from pathlib import Path
        from instep import each

        folder = {str(tmp_path)!r}

        def slow(x):
            import time
            from pathlib import Path
            Path(folder, f"begun-{{x}}").touch()
            if x:
                while not Path(folder, "go").exists():
                    time.sleep(0.001)
            Path(folder, f"ended-{{x}}").touch()
            return x

        for x in each(slow, range(20), on={on!r}, ahead=5):
            while not (Path(folder, "begun-1").exists() and Path(folder, "begun-2").exists()):
                time.sleep(0.001)
            break
        Path(folder, "go").touch()
        """
    )
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["begun-0", "begun-1", "begun-2", "ended-0", "ended-1", "ended-2", "go"]


@pytest.mark.parametrize("on", [*ENGINES, None])
def test_a_program_may_end_with_a_loop_that_stands_still(on: str | None) -> None:
    """A suspended generator, which nobody goes on with, holds nothing up."""
    quiet(
        f"""
        from instep import each

        def square(x):
            return x * x

        def walk():
            for x in each(square, range(100), on={on!r}, ahead=4):
                yield x

        walker = walk()
        assert next(walker) == 0
        """
    )


def test_a_forked_child_is_told_that_it_has_no_workers() -> None:
    """It would wait for ever; it gets an error instead, and the parent goes on."""
    quiet(
        """
        import os
        from instep import each, InstepError

        results = each(abs, range(10), on="threads:1", ahead=1)
        assert next(results) == 0
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            try:
                next(results)
            except InstepError as error:
                os._exit(5 if "another process" in str(error) else 6)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
        assert list(results) == list(range(1, 10))
        """
    )

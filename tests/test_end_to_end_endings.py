"""Programs that end badly: what is then in the terminal, and in what state it is left."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from programs.running import Program

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="needs POSIX terminals")

LOOPS = """
for epoch in track(range(4), name="epochs"):
    for batch in track(range(10), name="batches"):
        if epoch == 2 and batch == 5:
            mark("there")
            stay()
"""


def test_ctrl_c(tmp_path: Path) -> None:
    """A real Ctrl-C: the traceback is whole, the loop was interrupted, the program ends by SIGINT, no bar is left."""
    with Program(tmp_path, LOOPS) as program:
        before = program.modes()
        program.at("there")
        program.shows_bar("epochs", "batches")
        program.type("\x03")
        assert program.end() == -signal.SIGINT
        assert program.modes() == before
        assert program.is_intact()
        assert "━" not in program.text
        # A frame drawn after the terminal has echoed ^C leaves that on a line of its own.
        assert "".join(program.lines[:2]).startswith("^CTraceback (most recent call last):")
        assert "KeyboardInterrupt" in program.output
        last = program.output.index("KeyboardInterrupt") + 1
        assert program.output[last].startswith("epochs: interrupted at step 2 of 4 in ")
        assert re.fullmatch(r"  batches ×3 · 25 it in .* · 1 interrupted", program.output[last + 1])
        assert len(program.output) == last + 2
        assert program.cursor[1] == 0


def test_ctrl_c_that_is_caught(tmp_path: Path) -> None:
    """A program that catches Ctrl-C goes on, and so do its bars."""
    script = """
        try:
            for k in track(range(10), name="first"):
                if k == 3:
                    mark("there")
                    stay()
        except KeyboardInterrupt:
            print("caught")
        for k in track(range(10), name="second"):
            if k == 3:
                wait("later")
    """
    with Program(tmp_path, script) as program:
        program.at("there")
        program.shows_bar("first")
        program.type("\x03")
        program.step("later", "second")
        assert program.end() == 0
        first, second = (
            next(line for line in program.output if line.startswith(name)) for name in ("first:", "second:")
        )
        assert re.match(r"first: (interrupted|failed) at step 3 of 10 in", first)
        assert second.startswith("second: finished 10 it in")
        assert "caught" in program.text
        assert "Traceback" not in program.text


def test_ctrl_c_in_a_quick_loop(tmp_path: Path) -> None:
    """A loop of quick steps hears Ctrl-C too, and the program ends by it."""
    script = """
        from itertools import count
        mark("there")
        for k in track(count(), name="count"):
            pass
    """
    with Program(tmp_path, script) as program:
        program.at("there")
        program.shows_bar("count")
        program.type("\x03")
        assert program.end() == -signal.SIGINT
        assert "KeyboardInterrupt" in program.output
        # It comes last, or first, where Ctrl-C came between two blocks of steps.
        assert sum(re.match(r"count: interrupted at step [\d,]+ in", line) is not None for line in program.output) == 1


def test_sys_exit_in_a_loop(tmp_path: Path) -> None:
    """The message and the exit code are the program's own; the loop has its line; no bar is left."""
    script = """
        for k in track(range(10), name="work"):
            if k == 5:
                wait("there")
                sys.exit("that was all")
    """
    with Program(tmp_path, script) as program:
        program.step("there", "work")
        assert program.end() == 1
        assert "that was all" in program.output
        assert len(program.output) == 2
        assert any(re.match(r"work: (stopped after 5 of|failed at step 5 of) 10 ", line) for line in program.output)
        assert program.is_intact()


def test_an_exception_in_a_thread(tmp_path: Path) -> None:
    """Its traceback is undamaged, its loop failed, and the main thread's loop goes on with its bar."""
    script = """
        import threading
        def work():
            for k in track(range(5), name="broken"):
                if k == 3:
                    wait("both")
                    raise LookupError("no such thing")
        thread = threading.Thread(target=work)
        for k in track(range(10), name="whole"):
            if k == 2:
                thread.start()
                thread.join()
            if k == 5:
                wait("later")
    """
    with Program(tmp_path, script, columns=100, rows=24) as program:
        program.at("both")
        program.shows_bar("whole", "broken")
        program.go()
        program.at("later")
        program.shows("broken: failed at step 3 of 5")
        program.shows_bar("whole")
        program.go()
        assert program.end() == 0
        output = [line for line in program.output if not line.startswith(("broken: ", "whole: "))]
        assert output[0].startswith("Exception in thread ")
        assert output[1] == "Traceback (most recent call last):"
        assert output[-1] == "LookupError: no such thing"
        assert "━" not in program.text
        assert program.output[-1].startswith("whole: finished 10 it in ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_killed_program(tmp_path: Path, number: signal.Signals) -> None:
    """The terminal's modes are as they were, the cursor is to be seen, and the next program's output is readable."""
    code = f"from instep import track; from programs.handshake import mark, stay\n{LOOPS}"
    script = f"""
        import subprocess
        child = subprocess.Popen([sys.executable, "-W", "error", "-c", {code!r}])
        hold()
        child.send_signal({int(number)})
        assert child.wait() == -{int(number)}
        print("$ next program")
        print("its output")
    """
    with Program(tmp_path, script) as program:
        before = program.modes()
        program.at("there")
        program.shows_bar("epochs", "batches")
        program.go()
        assert program.end() == 0
        assert program.modes() == before
        assert program.is_intact()
        # A killed program can't take its last frame away, but nothing of what comes after it is lost or mixed with it.
        assert program.output[0] == "$ next program"
        assert program.output[1].startswith("its output")

"""Loops beside others that use the terminal, the process or the threads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from programs.running import Program
from views.terminals import paths

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="needs POSIX terminals")


def test_a_subprocess_that_prints(tmp_path: Path) -> None:
    """What a child program prints, over which we have no say, is all there, each first line whole."""
    script = """
        import subprocess
        for k in track(range(6), name="work"):
            subprocess.run(["echo", f"child {k}"])
            if k == 3:
                wait("there")
            print("parent", k)
    """
    with Program(tmp_path, script) as program:
        program.step("there", "work")
        assert program.end() == 0
        assert program.output[:12] == [f"{who} {k}" for k in range(6) for who in ("child", "parent")]
        assert program.output[12].startswith("work: finished 6 it in ")
        assert len(program.output) == 13


def test_input(tmp_path: Path) -> None:
    """While a person is asked something no bar is there; what is typed stays readable; then the bars come back."""
    script = """
        for k in track(range(4), name="work"):
            if k == 1:
                wait("before")
                answer = input("Name? ")
                print("Hello,", answer)
                wait("after")
    """
    with Program(tmp_path, script) as program:
        program.step("before", "work")
        program.shows("Name?")
        program.until(lambda: not program.bars)
        program.type("Ada\r")
        program.step("after", "work")
        assert program.end() == 0
        assert program.output[:2] == ["Name? Ada", "Hello, Ada"]
        assert program.output[2].startswith("work: finished 4 it in ")


def test_breakpoint(tmp_path: Path) -> None:
    """A pdb session has the screen to itself, its commands work, and the bars are back afterwards."""
    script = """
        for k in track(range(4), name="work"):
            if k == 1:
                wait("before")
                breakpoint()
                wait("after")
        print("end")
    """
    with Program(tmp_path, script, columns=100, rows=24) as program:
        before = program.modes()
        program.step("before", "work")
        program.shows("(Pdb)")
        program.type("p k + 41\r")
        program.shows("42")
        program.until(lambda: program.screen[-1] == "(Pdb)")
        assert "━" not in program.text
        program.type("c\r")
        program.step("after", "work")
        assert program.end() == 0
        assert program.output[-2].startswith("work: finished 4 it in ")
        assert program.output[-1] == "end"
        assert program.modes() == before


def test_a_display_of_richs_own(tmp_path: Path) -> None:
    """A rich Progress within a tracked loop has the screen to itself; both end with what they have to say."""
    script = """
        from rich.progress import Progress
        for k in track(range(3), name="ours"):
            if k == 1:
                wait("before")
                with Progress() as progress:
                    for _ in progress.track(range(5), description="theirs"):
                        print("line", _)
                        if _ == 3:
                            wait("during")
                wait("after")
        print("end")
    """
    with Program(tmp_path, script, rows=16) as program:
        program.step("before", "ours")
        program.at("during")
        program.until(lambda: "theirs" in program.screen[-1])
        assert program.screen[:4] == [f"line {k}" for k in range(4)]
        assert not any(line.startswith("ours") for line in program.screen)
        program.go()
        program.step("after", "ours")
        assert program.end() == 0
        assert program.output[:5] == [f"line {k}" for k in range(5)]
        assert re.match(r"theirs ━+ 100%", program.output[5])
        assert program.output[6].startswith("ours: finished 3 it in ")
        assert program.output[7:] == ["end"]


def test_fork(tmp_path: Path) -> None:
    """A forked child draws nothing, whatever it tracks, and no fork warns; the parent's bar goes on."""
    script = """
        import time
        for k in track(range(6), name="parent"):
            if k in (1, 4):
                wait(f"at {k}")
            child = os.fork()
            if not child:
                for j in track(range(4), name="offspring"):
                    if k == 3:
                        time.sleep(0.1)
                print("from the child", k)
                sys.exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    """
    with Program(tmp_path, script) as program:
        program.step("at 1", "1/6 it")
        program.step("at 4", "4/6 it")
        assert program.end() == 0
        *said, last = program.output
        # A child's second line and those after it may stand before the rest of a bar.
        assert [line[: len("from the child 0")] for line in said] == [f"from the child {k}" for k in range(6)]
        assert last.startswith("parent: finished 6 it in ")
        assert b"offspring" not in program.raw
        assert b"Warning" not in program.raw


def test_a_step_that_forks_and_waits(tmp_path: Path) -> None:
    """After a fork the parent's bar goes on within the very step, which may wait for its child for hours."""
    script = """
        for k in track(range(3), name="parent"):
            if k == 1:
                child = os.fork()
                if not child:
                    wait("in the child")
                    os._exit(0)
                os.waitpid(child, 0)
    """
    with Program(tmp_path, script) as program:
        program.at("in the child")
        program.shows_bar("1/3 it")
        program.go()
        assert program.end() == 0
        assert program.output[0].startswith("parent: finished 3 it in ")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_of_processes(tmp_path: Path, method: str) -> None:
    """Workers that track loops are silent; the loop over their results has its bar."""
    script = f"""
        import multiprocessing, time
        def work(k):
            total = 0
            for j in track(range(4), name="worker"):
                time.sleep(0.1)
                total += j * k
            return total
        if __name__ == "__main__":
            with multiprocessing.get_context("{method}").Pool(2) as pool:
                for k, total in enumerate(track(pool.imap(work, range(6)), total=6, name="results")):
                    assert total == 6 * k
                    if k == 3:
                        wait("working")
                pool.close()
                pool.join()
            print("end")
    """
    with Program(tmp_path, script) as program:
        program.step("working", "results")
        assert program.end() == 0
        assert program.output[0].startswith("results: finished 6 it in ")
        assert program.output[1:] == ["end"]
        assert b"worker" not in program.raw


def test_sixty_four_threads(tmp_path: Path) -> None:
    """As many bars as the screen has room for, the rest counted; at the end each loop has its line, once."""
    script = """
        import threading
        go, met = threading.Event(), threading.Barrier(65)
        def work(k):
            for j in track(range(4), name=f"loop {k}"):
                if j == 2:
                    met.wait()
                    go.wait()
        threads = [threading.Thread(target=work, args=(k,)) for k in range(64)]
        print("before")
        for thread in threads:
            thread.start()
        met.wait()
        wait("all")
        go.set()
        for thread in threads:
            thread.join()
        print("after")
    """
    with Program(tmp_path, script, rows=12) as program:
        program.at("all")
        program.shows_bar("loop", "… ")
        program.until(lambda: program.screen[-1] == f"… {64 - len(program.bars) + 1} more")
        assert program.lines[:2] == ["before", ""]
        assert len(program.bars) == 11
        program.go()
        assert program.end() == 0
        lines = program.output
        assert (lines[0], lines[-1]) == ("before", "after")
        said = [line.split(" in ")[0] for line in lines[1:-1]]
        assert sorted(said) == sorted(f"loop {k}: finished 4 it" for k in range(64))


def test_a_thousand_tasks(tmp_path: Path) -> None:
    """A thousand asyncio tasks with a loop each: the screen is never too full, and all of them end with a line."""
    script = """
        import asyncio
        async def work(k, go):
            for j in track(range(2), name=f"task {k}"):
                await go.wait()
        async def main():
            go = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for k in range(1000):
                    group.create_task(work(k, go))
                await asyncio.to_thread(wait, "all")
                go.set()
        asyncio.run(main())
        print("after")
    """
    with Program(tmp_path, script, rows=12) as program:
        program.at("all")
        program.until(lambda: bool(program.bars) and program.bars[-1] == f"… {1000 - len(program.bars) + 1} more")
        assert len(program.bars) == 11
        program.go()
        assert program.end() == 0
        assert program.output[-1] == "after"
        said = [line.split(" in ")[0] for line in program.output[:-1]]
        assert sorted(said) == sorted(f"task {k}: finished 2 it" for k in range(1000))


@pytest.mark.parametrize("capture", ["-s", "--capture=fd", "--capture=sys"])
def test_pytest(tmp_path: Path, capture: str) -> None:
    """Tests that track loops pass under pytest, with warnings as errors; with a capture nothing is on the screen."""
    (tmp_path / "test_loop.py").write_text(
        "from instep import track\nimport time\n"
        "def test_slow(capsys):\n"
        "    for k in track(range(5), name='slow'):\n        print('line', k)\n        time.sleep(0.1)\n"
        "    assert capsys.readouterr().out == ''.join(f'line {k}\\n' for k in range(5))\n"
        "def test_other():\n"
        "    for k in track(range(5), name='other'):\n        print('said', k)\n        time.sleep(0.1)\n"
    )
    arguments = ["-q", "-W", "error", "-p", "no:cacheprovider", capture, str(tmp_path / "test_loop.py")]
    script = f"""
        import pytest
        sys.exit(pytest.main({arguments}))
    """
    with Program(tmp_path, script) as program:
        assert program.end() == 0
        assert "2 passed" in program.text
        assert "━" not in "\n".join(program.screen)
        if capture == "-s":
            shown = [line for line in program.output if re.match(r"\.?said \d$", line)]
            assert [line[-1] for line in shown] == list("01234")
            assert any(line.startswith("other: finished 5 it in ") for line in program.output)
        elif capture == "--capture=fd":
            assert len(program.output) == 2


def test_pytest_in_a_pipe(tmp_path: Path) -> None:
    """In a log of tests there is no bar, and what a test captures of stderr is plain."""
    test = tmp_path / "test_loop.py"
    test.write_text(
        "from instep import track\nimport time\n"
        "def test_slow(capfd):\n"
        "    for k in track(range(5), name='slow'):\n        time.sleep(0.1)\n"
        "    out, err = capfd.readouterr()\n"
        "    assert out == ''\n"
        "    assert '\\x1b' not in err and '\\r' not in err\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(test)],
        env={**os.environ, "PYTHONPATH": paths()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr

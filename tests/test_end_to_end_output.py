"""Loops whose stderr is no terminal, is broken, or takes no more; and views that were asked for."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from programs.running import SECONDS, Program, run
from views.terminals import paths

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="needs POSIX descriptors")

NESTED = """
    import time
    for k in track(range(3), name="outer"):
        for j in track(range(5), name="inner"):
            note(k=k)
            time.sleep(0.08)
    print("done")
"""


def test_stderr_in_a_pipe(tmp_path: Path) -> None:
    """Plain lines in a log: no escape sequence, no carriage return; stdout is the program's alone."""
    done = run(tmp_path, NESTED)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    first, *_, last, sums = done.stderr.splitlines()
    assert re.fullmatch(r"outer: \d/3 it .* > inner.*", first)
    assert re.match(r"outer: finished 3 it in \d\.\d+ s", last)
    assert re.match(r"  inner ×3 · 15 it in ", sums)


def test_stderr_in_a_file(tmp_path: Path) -> None:
    """The same in a file, together with what the program prints, in the order in which it came."""
    script = """
        import time
        for k in track(range(6), name="first"):
            time.sleep(0.1)
            print("step", k, flush=True)
        print("next", flush=True)
    """
    log = tmp_path / "log"
    with log.open("w") as file:
        done = run(tmp_path, script, stdout=file, stderr=subprocess.STDOUT)
    assert done.returncode == 0
    assert re.fullmatch(r"(step \d\n){6}first: finished 6 it in .*\nnext\n", log.read_text())


def test_the_last_line_of_a_loop_that_was_hardly_shown(tmp_path: Path) -> None:
    """A loop of little more than 0.2 s has its last line above what is printed next, too."""
    script = """
        import time
        for k in track(range(23), name="short"):
            time.sleep(0.01)
        print("next", flush=True)
    """
    log = tmp_path / "log"
    with log.open("w") as file:
        run(tmp_path, script, stdout=file, stderr=subprocess.STDOUT)
    assert re.fullmatch(r"short: finished 23 it in .*\nnext\n", log.read_text())


@pytest.mark.parametrize("value", ["off", "lines", "jsonl", "terminal"])
def test_a_view_that_was_asked_for(tmp_path: Path, value: str) -> None:
    """INSTEP_VIEW decides, whatever stderr is."""
    done = run(tmp_path, NESTED, INSTEP_VIEW=value)
    assert (done.returncode, done.stdout) == (0, "done\n")
    if value == "off":
        assert done.stderr == ""
    elif value == "jsonl":
        _assert_events([json.loads(line) for line in done.stderr.splitlines()])
    elif value == "lines":
        assert "outer: finished 3 it in " in done.stderr
    else:
        assert "\x1b" in done.stderr


def test_lines_in_a_terminal(tmp_path: Path) -> None:
    """Plain lines, for those who want them there."""
    script = NESTED.replace("\n    ", "\n")
    with Program(tmp_path, script, columns=120, env={"INSTEP_VIEW": "lines"}) as program:
        assert program.end() == 0
        assert b"\x1b" not in program.raw
        assert any(line.startswith("outer: finished 3 it in ") for line in program.output)
        assert "done" in program.output


def test_json_lines_to_a_descriptor(tmp_path: Path) -> None:
    """`INSTEP_VIEW=jsonl:3` writes there, and nothing to stderr."""
    reader, writer = os.pipe()
    try:
        done = run(tmp_path, NESTED, pass_fds=(writer,), INSTEP_VIEW=f"jsonl:{writer}")
    finally:
        os.close(writer)
    with open(reader, encoding="ascii") as stream:
        events = [json.loads(line) for line in stream]
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    _assert_events(events)


def _assert_events(events: list[dict[str, object]]) -> None:
    """Each computation starts and ends, once; the inner ones name their parent."""
    outer = [one for one in events if one["name"] == "outer"]
    assert [one["event"] for one in (outer[0], outer[-1])] == ["start", "end"]
    assert (outer[-1]["status"], outer[-1]["finished"], outer[-1]["total"]) == ("finished", 3, 3)
    ends = [one for one in events if one["name"] == "inner" and one["event"] == "end"]
    assert [(one["parent"], one["finished"], one["status"]) for one in ends] == [(outer[0]["id"], 5, "finished")] * 3
    assert {one["pid"] for one in events} == {outer[0]["pid"]}


def test_json_lines_after_quick_steps(tmp_path: Path) -> None:
    """The position in them is exact, also when a slow step follows two million quick ones."""
    script = """
        import os
        for k in track(range(3_000_000), name="turn"):
            if k == 2_000_003:
                os.read(int(sys.argv[1]), 1)
            elif k == 2_345_678:
                os.read(int(sys.argv[1]), 1)
    """
    path = tmp_path / "program.py"
    path.write_text("import sys\nfrom instep import track\n" + script.replace("\n        ", "\n"))
    reader, writer = os.pipe()
    go, let = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-W", "error", str(path), str(go)],
        pass_fds=(writer, go),
        env={**os.environ, "PYTHONPATH": paths(), "INSTEP_VIEW": f"jsonl:{writer}"},
    ) as process:
        os.close(writer)
        os.close(go)
        with open(reader, encoding="ascii") as stream, open(let, "wb", 0) as letting:
            for k in (2_000_003, 2_345_678):
                assert any(json.loads(line)["finished"] == k for line in stream)
                letting.write(b".")
            last = [json.loads(line) for line in stream][-1]
        assert process.wait(SECONDS) == 0
    assert (last["event"], last["finished"], last["status"]) == ("end", 3_000_000, "finished")


@pytest.mark.parametrize("value", ["bars", "jsonl:99", "jsonl:x"])
def test_a_view_that_does_not_exist(tmp_path: Path, value: str) -> None:
    """One message says what may be written there, and the program goes on."""
    done = run(tmp_path, NESTED, INSTEP_VIEW=value)
    assert (done.returncode, done.stdout) == (0, "done\n")
    (said,) = done.stderr.splitlines()
    assert f"INSTEP_VIEW='{value}'" in said
    assert "jsonl" in said


def test_a_closed_stderr(tmp_path: Path) -> None:
    """A program started with `2>&-` runs as ever."""
    (tmp_path / "program.py").write_text(_script(NESTED))
    done = _shell(f"{sys.executable} -W error {tmp_path / 'program.py'} 2>&-")
    assert done.stdout == "done\n"
    assert done.returncode == 0


def test_stderr_closed_under_way(tmp_path: Path) -> None:
    """A program that closes its own stderr goes on, and its exit code is 0."""
    script = """
        import os, sys, time
        for k in track(range(8), name="work"):
            time.sleep(0.1)
            if k == 4:
                sys.stderr.close()
        print("done")
    """
    done = run(tmp_path, script)
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_a_broken_pipe(tmp_path: Path) -> None:
    """With `2>&1 | head -1` the loop runs to its end."""
    script = """
        import pathlib, sys, time
        print("first", flush=True)
        for k in track(range(16), name="work"):
            time.sleep(0.1)
        pathlib.Path(sys.argv[1]).write_text(str(k))
    """
    (tmp_path / "program.py").write_text(_script(script))
    done = _shell(f"{sys.executable} -W error {tmp_path / 'program.py'} {tmp_path / 'end'} 2>&1 | head -1")
    assert (done.stdout, done.stderr) == ("first\n", "")
    assert (tmp_path / "end").read_text() == "15"


def test_a_terminal_that_is_stopped(tmp_path: Path) -> None:
    """While ^S holds a terminal's output the loop goes on to its end, and so does the program; ^Q shows the rest."""
    script = """
        import pathlib, time
        for k in track(range(10), name="work"):
            if k == 5:
                wait("there")
                hold()
            time.sleep(0.1)
        pathlib.Path("{end}").write_text(str(k))
    """.replace("{end}", str(tmp_path / "end"))
    with Program(tmp_path, script) as program:
        program.step("there", "work")
        program.type("\x13")
        program.go()
        assert program.process.wait(SECONDS / 4) == 0
        assert (tmp_path / "end").read_text() == "9"
        program.type("\x11")
        program.end()


def test_a_terminal_that_nobody_reads(tmp_path: Path) -> None:
    """A terminal whose buffer is full: the loop and the program go on to their ends."""
    script = """
        import time
        full = os.open(os.ttyname(0), os.O_WRONLY | os.O_NONBLOCK)
        for k in track(range(10), name="work"):
            if k == 5:
                hold()
                try:
                    while True:
                        os.write(full, b"x" * 1000)
                except BlockingIOError:
                    pass
            time.sleep(0.1)
    """
    with Program(tmp_path, script) as program:
        program.shows_bar("work")
        program.go()
        assert program.process.wait(SECONDS / 4) == 0


def test_a_terminal_that_is_gone(tmp_path: Path) -> None:
    """After a hang-up, which it ignores, the program goes on to its end."""
    script = """
        import pathlib, signal, time
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for k in track(range(10), name="work"):
            if k == 5:
                wait("there")
            time.sleep(0.1)
        pathlib.Path("{end}").write_text(str(k))
    """.replace("{end}", str(tmp_path / "end"))
    with Program(tmp_path, script) as program:
        program.at("there")
        program.shows_bar("work")
        program.hang_up()
        program.go()
        assert program.process.wait(SECONDS / 4) == 0
        assert (tmp_path / "end").read_text() == "9"


def test_a_pipe_that_nobody_reads(tmp_path: Path) -> None:
    """A reader of JSON lines that doesn't read: the program goes on and ends, nothing of it waits."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while select.select([], [writer], [], 0)[1]:
            os.write(writer, b"\n" * 4096)
        fcntl.fcntl(writer, fcntl.F_SETFL, fcntl.fcntl(writer, fcntl.F_GETFL) & ~os.O_NONBLOCK)
        done = run(tmp_path, NESTED, pass_fds=(writer,), INSTEP_VIEW=f"jsonl:{writer}")
    finally:
        os.close(reader)
        os.close(writer)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_warnings_and_the_development_mode(tmp_path: Path) -> None:
    """With -W error and -X dev stderr holds the log's lines and nothing else."""
    done = run(tmp_path, NESTED, options=("-W", "error", "-X", "dev"))
    assert done.returncode == 0
    assert all(re.match(r"(outer: |  inner )", line) for line in done.stderr.splitlines())
    done = run(tmp_path, NESTED, options=("-W", "error", "-X", "dev"), INSTEP_VIEW="off")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def _script(body: str) -> str:
    return "from instep import note, track\n" + textwrap.dedent(body)


def _shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, "PYTHONPATH": paths()},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

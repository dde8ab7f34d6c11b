"""`instep pipe`, as real processes between real pipes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instep import split
from instep.cli import amounts
from instep.cli.flow import Pieces
from programs.running import Program
from spread.calls import until
from views.terminals import paths

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="needs POSIX")
linux = pytest.mark.skipif("sys.platform != 'linux'", reason="needs Linux")
LIMIT = 60
WAYS = [[], ["--bytes"], ["--null"], ["--delim", "ab"]]


def started(*words: str, view: str = "", **options) -> subprocess.Popen[bytes]:
    """Begin `python -m instep pipe`."""
    settings = {"PYTHONPATH": paths(), "LANG": "C.UTF-8", **({"INSTEP_VIEW": view} if view else {})}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "instep", "pipe", *words],
        env={**os.environ, **settings},
        **{"stdin": pipe, "stdout": pipe, "stderr": pipe, **options},
    )


def passed(*words: str, data: bytes | None = None, view: str = "", code: int = 0, **options) -> tuple[bytes, str]:
    """What a whole run passes and says."""
    with started(*words, view=view, **options) as process:
        out, err = process.communicate(data, timeout=LIMIT)
    assert process.returncode == code, err
    return out or b"", err.decode()


def refused(*words: str, code: int = 2, **options) -> str:
    """The one line of a run that can't be."""
    out, err = passed(*words, code=code, **options)
    assert out == b""
    (line,) = err.splitlines()
    assert line.startswith("instep: ")
    return line


class Running:
    """A run whose stdin is held until it has shown itself; what it shows are JSON lines."""

    def __init__(self, *words: str, **options) -> None:
        self.process = started(*words, **{"view": "jsonl", **options})
        self.out = b""
        self._reader = threading.Thread(target=self._drain)

    def __enter__(self) -> Running:
        if self.process.stdout is not None:
            self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in self.process.stdin, self.process.stderr:
            if stream is not None and not stream.closed:
                stream.close()
        if self._reader.is_alive():
            self._reader.join(LIMIT)

    def _drain(self) -> None:
        with self.process.stdout as stream:
            while block := stream.read1(1 << 16):
                self.out += block

    def give(self, data: bytes) -> None:
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def shown(self, event: str = "start") -> dict:
        """Wait for such a line."""
        for line in self.process.stderr:
            if (found := json.loads(line))["event"] == event:
                return found
        raise AssertionError(f"it never showed {event!r}")

    def until(self, **wanted: object) -> dict:
        """Wait for a line that says this."""
        for line in self.process.stderr:
            found = json.loads(line)
            if wanted.items() <= found.items():
                return found
        raise AssertionError(f"it never showed {wanted}")

    def ends(self) -> tuple[bytes, dict]:
        """Close its stdin; gives all that came out, and the last line."""
        self.process.stdin.close()
        last = self.shown("end")
        assert self.process.wait(LIMIT) == 0
        self._reader.join(LIMIT)
        return self.out, last


@pytest.fixture(scope="module")
def noise() -> bytes:
    """All bytes, in no order; many megabytes."""
    return random.Random(0).randbytes(24 << 20)


# Bytes pass unchanged


@pytest.mark.parametrize("words", [[], ["--bytes"]])
@pytest.mark.parametrize("source", ["pipe", "file", "argument"])
@pytest.mark.parametrize("target", ["pipe", "file", "append", "socket"])
def test_bytes_pass_unchanged(tmp_path, words, source, target):
    """From a pipe, a file on stdin, a file by name; to a pipe, a file, the end of a file, a socket."""
    data = random.Random(1).randbytes(300_000) + b"ab\0\n" * 1000
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(data)
    out.write_bytes(b"before" if target == "append" else b"")
    with ExitStack() as files:
        options = {}
        if source == "file":
            options["stdin"] = files.enter_context(path.open("rb"))
        if target in ("file", "append"):
            options["stdout"] = files.enter_context(out.open("ab" if target == "append" else "wb"))
        if target == "socket":
            here, there = map(files.enter_context, socket.socketpair())
            options["stdout"] = there
            reader = threading.Thread(target=lambda: out.write_bytes(here.makefile("rb").read()))
            reader.start()
        words = [*words, str(path)] if source == "argument" else words
        found, _ = passed(*words, data=data if source == "pipe" else None, **options)
        if target == "socket":
            there.shutdown(socket.SHUT_WR)
            reader.join(LIMIT)
    assert (found if target == "pipe" else out.read_bytes().removeprefix(b"before")) == data


@pytest.mark.parametrize("words", [[], ["--bytes"]])
def test_many_megabytes_pass_unchanged(noise, words):
    """Through two pipes: the same hash comes out."""
    out, _ = passed(*words, data=noise)
    assert hashlib.sha256(out).digest() == hashlib.sha256(noise).digest()


@linux
def test_memory_is_used_again(tmp_path):
    """A file of 64 MB touches hardly more of it than an empty one: blocks don't go back to the kernel one by one."""
    touched = []
    for n in 0, 640_000:
        path = tmp_path / str(n)
        path.write_bytes((b"x" * 99 + b"\n") * n)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        with open(os.devnull, "wb") as nowhere:
            passed(str(path), stdin=subprocess.DEVNULL, stdout=nowhere, view="off")
        touched.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before)
    assert touched[1] - touched[0] < 64_000_000 / resource.getpagesize() / 3, touched


@pytest.mark.parametrize("words", [[], ["--bytes"]])
def test_what_has_come_goes_on_at_once(words):
    """No full block is waited for."""
    with started(*words) as process:
        for part in b"a", b"b\n", b"\0":
            process.stdin.write(part)
            process.stdin.flush()
            assert process.stdout.read1(10) == part
        out, err = process.communicate(timeout=LIMIT)
    assert (out, err, process.returncode) == (b"", b"", 0)


@pytest.mark.parametrize("words", WAYS)
def test_an_empty_input(words):
    """Nothing comes out, and all is well."""
    assert passed(*words, stdin=subprocess.DEVNULL) == (b"", "")


@pytest.mark.parametrize("words", [[], ["--bytes"]])
@pytest.mark.parametrize("which", ["stdin", "stdout"])
def test_descriptors_that_do_not_wait(words, which, noise):
    """Somebody else may have set them so: there may be nothing to read for now, or no room to write."""
    data = noise[: 1 << 20]
    source, give = os.pipe()
    take, target = os.pipe()
    os.set_blocking(source if which == "stdin" else target, False)
    with started(*words, stdin=source, stdout=target, stderr=None) as process:
        os.close(source)
        os.close(target)
        with open(give, "wb") as giving:
            feeder = threading.Thread(target=lambda: (giving.write(data), giving.close()))
            with open(take, "rb") as taking:
                feeder.start()
                assert taking.read() == data
            feeder.join(LIMIT)
    assert process.returncode == 0


@linux
def test_a_file_without_a_size():
    """Where the kernel makes it up as it is read."""
    assert passed("--bytes", "/proc/version")[0] == Path("/proc/version").read_bytes()


# What is counted


@given(
    st.lists(st.binary(min_size=1, max_size=6).map(lambda b: bytes(c % 3 + 97 for c in b)), max_size=12),
    st.sampled_from([b"a", b"ab", b"aa", b"aba", b"abab"]),
)
def test_as_many_pieces_as_split_gives(blocks, delimiter):
    """However the bytes are cut into blocks, and whether the delimiter overlaps itself."""
    pieces = Pieces(delimiter)
    for block in blocks:
        pieces.add(block)
    pieces.end()
    assert pieces.count == len(list(split(blocks, delimiter)))


def test_dense_and_sparse_lines_are_counted():
    """Blocks in which lines are short, long, and short again."""
    pieces = Pieces(b"\n")
    for length in 1, 2, 100, 100, 1000, 1, 1:
        pieces.add((b"x" * (length - 1) + b"\n") * 1000)
    assert pieces.count == 7000


COUNTED = [
    ([], b"a\nb\nc", "lines", 3, {"bytes": 5}),
    ([], b"\xff" * 50_000, "lines", 1, {"bytes": 50_000}),
    (["--null"], b"a\0b\0", "items", 2, {"bytes": 4}),
    (["-0"], b"\n", "items", 1, {"bytes": 1}),
    (["--delim", ", "], b"a, b, c", "items", 3, {"bytes": 7}),
    (["--delim", r"\t"], b"a\tb\t\t", "items", 3, {"bytes": 5}),
    (["--bytes"], b"a\nb\n", "B", 4, None),
    (["--size", "8"], b"a\nb\n", "B", 4, {"lines": 2}),
    (["--size", "8", "--total", "2"], b"a\nb\n", "lines", 2, {"bytes": 4}),
    (["--size", "4", "--null"], b"a\nb\n", "B", 4, {"items": 1}),
]


def test_what_is_counted():
    """Lines or items, with the bytes beside them; or bytes, where it is their number that is known, or asked for."""
    with ExitStack() as together:
        runs = [together.enter_context(Running(*words)) for words, *_ in COUNTED]
        for run, (_, data, *_) in zip(runs, COUNTED, strict=True):
            run.shown()
            run.give(data)
        for run, (words, data, unit, count, fields) in zip(runs, COUNTED, strict=True):
            out, last = run.ends()
            assert out == data, words
            assert (last["unit"], last["finished"], last["position"], last["status"]) == (
                unit,
                count,
                count,
                "finished",
            )
            assert last["notes"] == ([] if fields is None else [{"index": None, "value": None, "fields": fields}]), (
                words
            )
            assert last["timing"] is None


def test_totals():
    """`--total`, `--size`, and then there is time left; and a name."""
    with Running("--total", "4", "--name", "job \x1b[31m") as run:
        run.give(b"a\nb\n")
        found = run.until(finished=2)
        assert (found["total"], found["name"], found["status"]) == (4, "job \x1b[31m", "running")
        assert found["remaining"] > 0
        assert run.ends()[1]["total"] == 4
    with Running("--size", "1k", "--bytes") as run:
        run.give(b"abcd")
        assert run.until(finished=4)["total"] == 1024


def test_sizes_of_files(tmp_path):
    """The total is the sum of the files' sizes, and of what is left of one on stdin; one file gives its name."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"a\n" * 10)
    second.write_bytes(b"b\n" * 5)
    code = "from instep.cli import inputs; "
    code += f"print(inputs.size([{str(first)!r}, '-']), inputs.size([{str(first)!r}]), inputs.size(['{os.devnull}']))"
    with second.open("rb", buffering=0) as file:
        file.read(4)
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths()}, stdin=file, capture_output=True
        )
    assert done.stdout.split() == [b"26", b"20", b"None"], done.stderr


@linux
def test_the_size_of_a_file_is_its_total(tmp_path):
    """Shown with its name, while the consumer is slow."""
    path = tmp_path / "big\x1b.bin"
    path.write_bytes(bytes(2 << 20))
    take, target = os.pipe()
    with Running(str(path), stdin=subprocess.DEVNULL, stdout=target) as run:
        os.close(target)
        found = run.shown()
        assert (found["name"], found["total"], found["unit"]) == ("big\x1b.bin", 2 << 20, "B")
        assert 0 < found["finished"] < 2 << 20
        with open(take, "rb") as taking:
            assert len(taking.read()) == 2 << 20
        last = run.shown("end")
    assert (last["finished"], last["status"]) == (2 << 20, "finished")


def test_several_files(tmp_path):
    """One after another, `-` being stdin; a line may go on from one to the next."""
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode() * 3)
    assert passed("a", "-", "b", data=b"|\n|", cwd=tmp_path)[0] == b"aaa|\n|bbb"
    with Running("a", "-", "b", cwd=tmp_path) as run:
        run.give(b"\n")
        run.shown()
        out, last = run.ends()
    assert (out, last["finished"], last["name"]) == (b"aaa\nbbb", 2, "pipe")


# What is shown


def test_json_lines():
    """`--json` is `INSTEP_VIEW=jsonl`, whatever view was named, unless that says where JSON lines go."""
    with Running("--json", view="lines") as run:
        assert run.shown()["unit"] == "lines"
    source, target = os.pipe()
    with started("--json", view=f"jsonl:{target}", pass_fds=[target]) as process, open(source, "rb") as lines:
        os.close(target)
        assert json.loads(lines.readline())["event"] == "start"
        assert process.communicate(b"a\n", timeout=LIMIT) == (b"a\n", b"")
        assert json.loads(lines.readline())["finished"] == 1


@pytest.mark.parametrize(("words", "unit", "finished"), [([], "lines", 3), (["--bytes"], "B", 5), (["-0"], "items", 1)])
def test_json_has_one_last_line_however_short_the_run(words, unit, finished):
    """Where it is asked for by `--json`."""
    out, err = passed("--json", *words, data=b"1\n2\n3")
    (line,) = [one for one in map(json.loads, err.splitlines()) if one["event"] == "end"]
    assert (out, line["status"], line["unit"], line["finished"]) == (b"1\n2\n3", "finished", unit, finished)


def test_slow_lines_are_told_in_seconds_a_line():
    """Of one line, whose unit says `lines` elsewhere."""
    with started("--total", "2") as process:
        process.stdin.write(b"a\n")
        process.stdin.flush()
        while b"/line" not in (line := process.stderr.readline()):
            assert line
        process.communicate(timeout=LIMIT)
    assert re.search(rb" s/line\b", line), line
    with started() as process:
        assert process.stderr.readline().startswith(b"pipe: 0 lines")
        err = process.communicate(b"a\n", timeout=LIMIT)[1]
    assert err.startswith(b"pipe: finished 1 line in ")


def test_the_last_line_says_count_bytes_time_and_rate():
    """In a log, as anywhere."""
    with started() as process:
        while not (line := process.stderr.readline()):
            pass
        assert re.fullmatch(rb"pipe: 0 lines . running for 0:01 . bytes=0 B\n".replace(b".", b".+?"), line), line
        out, err = process.communicate(b"a\n" * 1500, timeout=LIMIT)
    assert len(out) == 3000
    last = r"pipe: finished 1,500 lines in 1\.\d\d s · [\d.,]+( k)? lines/s · bytes=2\.9 KiB\n"
    assert re.fullmatch(last, err.decode()), err


def test_what_is_over_at_once_shows_nothing():
    """As everywhere; nor is anything imported for it that draws."""
    code = "import sys; from instep.cli.main import run; run(['pipe']); assert 'rich' not in sys.modules"
    env = {**os.environ, "PYTHONPATH": paths()}
    done = subprocess.run([sys.executable, "-c", code], env=env, input=b"a\n", capture_output=True, timeout=LIMIT)
    assert (done.stdout, done.stderr, done.returncode) == (b"a\n", b"", 0)


# How it ends otherwise


@pytest.mark.parametrize("words", [[], ["--bytes"]])
def test_a_consumer_that_closes_early(words):
    """Exit code 141, nothing said but that it *stopped*."""
    take, target = os.pipe()
    with Running(*words, stdout=target) as run:
        os.close(target)
        run.give(b"a\nb\n")
        assert run.shown()["status"] == "running"
        os.close(take)
        try:
            run.give(b"c\n")
            run.process.stdin.close()
        except BrokenPipeError:
            pass
        last = run.shown("end")
        assert last["status"] == "stopped"
        assert last["finished"] == (4 if words else 2)
        assert run.process.wait(LIMIT) == 141
        assert run.process.stderr.read() == b""


def test_head_ends_an_endless_producer():
    """The whole pipeline ends, and nothing is said."""
    script = "yes | %s -W error -m instep pipe %s | head -n 1; echo ${PIPESTATUS[@]}"
    for way in "", "--bytes":
        done = subprocess.run(
            ["bash", "-c", script % (sys.executable, way)],
            env={**os.environ, "PYTHONPATH": paths()},
            capture_output=True,
            timeout=LIMIT,
        )
        assert done.stdout == b"y\n141 141 0\n"
        assert done.stderr == b""


@pytest.mark.skipif("not Path('/dev/full').exists()", reason="needs a file that is always full")
@pytest.mark.parametrize("words", [[], ["--bytes"]])
@pytest.mark.parametrize("source", ["pipe", "file"])
def test_a_disk_that_is_full(tmp_path, words, source):
    """Exit code 1, and one line."""
    path = tmp_path / "in"
    path.write_bytes(b"a\n")
    with open("/dev/full", "wb") as full, path.open("rb") as file:
        given = {"data": b"a\n"} if source == "pipe" else {"stdin": file}
        line = refused(*words, code=1, stdout=full, **given)
    assert line == f"instep: can't write: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}"


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["nowhere"], "can't read 'nowhere': No such file or directory", 2),
        (["in", "nowhere\x1b[31m"], r"can't read 'nowhere\x1b[31m': No such file or directory", 2),
        (["."], "can't read '.': it is a directory", 2),
        (["--delim", "a", "--null"], "--delim, --null and --bytes exclude each other. (try: instep pipe --help)", 2),
        (["--bytes", "--total", "3"], "--total is a number of items; with --bytes write --size.", 2),
        (["--total", "many"], "'many' is not a valid integer", 2),
        (["--total", "-1"], "-1 is not in the range x>=0", 2),
        (["--size", "4X"], "'4X' is no size: write 4096, 512M, 1.5G, or 4GB for 4 * 1000**3", 2),
        (["--delim", ""], "expected at least one character; got an empty one", 2),
        (["--delim", r"\q"], r"'\q' is no escape: write \n, \t, \0, \x1e, or \\ for a backslash", 2),
        (["--jso"], "No such option '--jso'", 2),
    ],
)
def test_wrong_commands(tmp_path, words, said, code):
    """One line; nothing is passed on, not even what could be read before."""
    (tmp_path / "in").write_bytes(b"passed")
    assert said in refused(*words, code=code, cwd=tmp_path, stdin=subprocess.DEVNULL)


@pytest.mark.skipif("os.geteuid() == 0", reason="root may read anything")
def test_a_file_that_may_not_be_read(tmp_path):
    """Exit code 1."""
    (tmp_path / "in").touch(0)
    assert "can't read 'in': permission denied" in refused("in", code=1, cwd=tmp_path)


def test_its_own_output_as_a_file(tmp_path):
    """It would never come to an end, and is refused; an empty one is no harm."""
    path = tmp_path / "both"
    path.write_bytes(b"a\n")
    with path.open("ab") as target:
        assert "'both' is what is written to" in refused("both", code=1, cwd=tmp_path, stdout=target)
        with path.open("rb") as source:
            assert "stdin is what is written to" in refused(code=1, cwd=tmp_path, stdin=source, stdout=target)
    assert path.read_bytes() == b"a\n"
    with path.open("wb") as target:
        assert passed("both", cwd=tmp_path, stdout=target) == (b"", "")


@pytest.mark.parametrize(
    ("closed", "said", "code"),
    [
        ("<&-", b"instep: there is no stdin to read from\n", 1),
        (">&-", b"instep: there is no stdout to write to\n", 1),
        ("2>&-", b"", 0),
    ],
)
def test_a_standard_stream_that_is_closed(closed, said, code):
    """It is said, and no file that happens to get its number is written to; without stderr nothing can be shown."""
    script = f'exec "$0" -W error -m instep pipe {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable],
        env={**os.environ, "PYTHONPATH": paths()},
        input=b"a\n",
        capture_output=True,
        timeout=LIMIT,
    )
    assert (done.returncode, done.stderr) == (code, said)
    assert done.stdout == (b"" if code else b"a\n")


def test_stdin_that_cannot_be_read(tmp_path):
    """Such as one that is open for writing only: exit code 1."""
    with (tmp_path / "out").open("wb") as file:
        for words in [], ["--bytes"]:
            assert "can't read stdin: Bad file descriptor" in refused(*words, code=1, stdin=file)


@pytest.mark.parametrize("words", WAYS)
@pytest.mark.parametrize("target", ["pipe", "file"])
def test_a_connection_that_is_reset_is_no_end(tmp_path, words, target):
    """It says so once, in whichever way it is read: what came is passed on before, and the exit code is 1."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:
        near = stack.enter_context(socket.create_connection(server.getsockname()))
        far = stack.enter_context(server.accept()[0])
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # to close it is to reset it
        stdout = subprocess.PIPE if target == "pipe" else stack.enter_context((tmp_path / "out").open("wb"))
        with Running(*words, "--size", "1K", stdin=near, stdout=stdout) as running:
            far.sendall(b"hello\n")
            until(lambda: running.out if target == "pipe" else (tmp_path / "out").read_bytes())
            far.close()
            *_, last = running.process.stderr
            assert last == b"instep: can't read stdin: Connection reset by peer\n"
            assert running.process.wait(LIMIT) == 1


# In a terminal


class Terminal(Program):
    """`instep pipe` in a terminal, whose stdin and stdout are that terminal, too, unless the script says otherwise."""

    prelude = "import os, sys\nfrom programs.handshake import *\nown_terminal()\nfrom instep.cli.main import main\n"


def test_a_bar_in_a_terminal(tmp_path):
    """Count, share, rate and time left, then a last line; what comes is to be seen above, and ends where it ends."""
    with Terminal(tmp_path, "main(['pipe', '--total', '4'])", columns=100) as program:
        program.shows_bar("pipe", "0%", "0/4 lines", "bytes=0 B")
        program.type("one\n")
        program.shows_bar("25%", "1/4 lines", "bytes=4 B", "left")
        program.type("two\n")
        program.shows_bar("50%", "2/4 lines", "bytes=8 B")
        program.type("three\x04")  # goes on without a newline
        program.shows("threethree")
        program.type("\x04")
        assert program.end() == 0
        *typed, last = program.output
        assert typed == ["one", "one", "two", "two", "threethree"]
        assert re.fullmatch(r"pipe: finished 3 lines \(total said 4\) in .*s · .* · bytes=13 B", last)
        assert program.is_intact()


@pytest.mark.parametrize("words", [[], ["--bytes"]])
def test_what_goes_to_a_terminal_does_not_meet_the_bar(tmp_path, words):
    """Lines that come while it is drawn stand above it, each on a row of its own."""
    script = f"""
        read, write = os.pipe()
        os.dup2(read, 0)
        if not os.fork():
            hold()
            for k in range(30):
                os.write(write, b"line %d\\n" % k)
            hold()
            os._exit(0)
        os.close(write)
        main(["pipe", *{words!r}])
        """
    with Terminal(tmp_path, script, columns=80, rows=8) as program:
        program.shows_bar("pipe", "0 B" if words else "0 lines")
        program.go()
        program.shows_bar("230 B" if words else "30 lines")
        assert program.output[:30] == [f"line {k}" for k in range(30)]
        program.go()
        assert program.end() == 0
        assert program.output[:30] == [f"line {k}" for k in range(30)]
        assert program.output[30].startswith("pipe: finished ")
        assert len(program.output) == 31


def test_any_bytes_reach_a_terminal(tmp_path):
    """Also those that are no text."""
    script = """
        read, write = os.pipe()
        os.write(write, bytes(range(128, 256)) + b"\\xc3")
        os.write(write, b"\\xa4 end\\n")
        os.close(write)
        os.dup2(read, 0)
        main(["pipe"])
        """
    with Terminal(tmp_path, script) as program:
        assert program.end() == 0
        assert bytes(range(128, 256)) + b"\xc3\xa4 end\r\n" in program.raw


def test_ctrl_c(tmp_path):
    """It ends by SIGINT, with one line, and a last line that says how far it came."""
    with Terminal(tmp_path, "main(['pipe', '--bytes', '--size', '1K'])", columns=100) as program:
        program.type("one\n")
        program.shows_bar("4 B/1.0 KiB")
        program.type("\x03")
        assert program.end() == -signal.SIGINT
        assert re.search(r"pipe: interrupted at 4 B of 1.0 KiB in ", program.text)
        assert "instep: interrupted" in program.text
        assert "Traceback" not in program.text
        assert program.is_intact()


def test_ctrl_c_ends_a_shells_loop(tmp_path):
    """As with any other program: the shell sees that it has ended by the signal."""
    loop = 'for k in 1 2; do "$PYTHON" -m instep pipe -b -s 1K; echo "next $?"; done'
    script = f"import os; os.execvp('bash', ['bash', '-c', {loop!r}])"
    with Terminal(tmp_path, script, columns=100, env={"PYTHON": sys.executable}) as program:
        program.type("one\n")
        program.shows_bar("4 B/1.0 KiB")
        program.type("\x03")
        assert program.end() in (-signal.SIGINT, 130)
        assert program.text.count("instep: interrupted") == 1
        assert "next" not in program.text


def test_one_end_of_input_is_enough(tmp_path):
    """A terminal would go on after a Ctrl-D, if it were asked again."""
    for words in WAYS:
        script = f"""
            read, write = os.pipe()
            if not os.fork():
                os.dup2(write, 1)
                main({["pipe", *words]!r})
            os.close(write)
            while block := os.read(read, 100):
                os.write(1, block)
            """
        with Terminal(tmp_path, script) as program:
            program.type("one\n")
            program.shows("one")
            program.type("\x04")
            assert program.end() == 0
            assert program.output[:2] == ["one", "one"]


# How it is written down


def test_help_fits_on_a_screen():
    """At most 24 lines of 80 columns; and the command is in the list of commands."""
    out, _ = passed("--help")
    lines = out.decode().splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    done = subprocess.run(
        [sys.executable, "-m", "instep", "--help"], env={**os.environ, "PYTHONPATH": paths()}, capture_output=True
    )
    assert re.search(rb"^  pipe  ", done.stdout, re.MULTILINE)


def test_every_option_is_documented():
    """In the table of its page."""
    page = (Path(__file__).parents[2] / "docs" / "pipe.md").read_text()
    options = set(re.findall(r"--[a-z]+|(?<= )-\w(?=,)", passed("--help")[0].decode())) - {"--help", "-h"}
    assert len(options) > 8
    for option in options:
        assert re.search(rf"^\| .*`{option}", page, re.MULTILINE), option


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("4096", 4096),
        ("0", 0),
        ("4k", 4096),
        ("4K", 4096),
        ("4KiB", 4096),
        ("4KB", 4000),
        ("512M", 512 << 20),
        ("1.5G", 3 << 29),
        ("1.5 GB", 1_500_000_000),
        ("2T", 2 << 40),
        ("10B", 10),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_sizes_as_they_are_written(written, meant):
    """By 1024, and by 1000 where it says `B`, as dd has it."""
    assert amounts.size(click.Context(click.Command("pipe")), click.Option(["--size"]), written) == meant


@pytest.mark.parametrize("written", ["", "-1", "4KK", "M", "1e6", "٣", "4 4", "9" * 400 + ".5", "9" * 5000])
def test_what_is_no_size(written):
    """Is refused."""
    with pytest.raises(click.BadParameter, match="is no size"):
        amounts.size(click.Context(click.Command("pipe")), click.Option(["--size"]), written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (",", b","),
        (", ", b", "),
        ("\n", b"\n"),
        (r"\n", b"\n"),
        (r"\r\n", b"\r\n"),
        (r"\t", b"\t"),
        (r"\0", b"\0"),
        (r"\x00\x1e", b"\0\x1e"),
        (r"\012", b"\n"),
        (r"\\n", rb"\n"),
        ("ä", "ä".encode()),
        ("\udcff", b"\xff"),
    ],
)
def test_delimiters_as_they_are_written(written, meant):
    """As they are, or with escapes."""
    assert amounts.delimiter(click.Context(click.Command("pipe")), click.Option(["--delim"]), written) == meant


@pytest.mark.parametrize("written", ["\\", r"\q", r"\x1", r"\xzz", r"\400", r"\9", "\\ä"])
def test_what_is_no_delimiter(written):
    """An escape that isn't one is refused, rather than taken as it is."""
    with pytest.raises(click.BadParameter, match="is no escape"):
        amounts.delimiter(click.Context(click.Command("pipe")), click.Option(["--delim"]), written)


def test_sigterm_leaves_nothing_behind():
    """It ends it as it ends any program."""
    with Running() as run:
        run.give(b"a\n")
        run.shown()
        run.process.send_signal(signal.SIGTERM)
        assert run.process.wait(LIMIT) == -signal.SIGTERM

"""`instep dissect` and the command line around it, as real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from programs.running import Program
from views.terminals import paths

SHAPES = '''
import asyncio

def seed(x):
    """The three lines."""
    a = x + 1
    b = a * 2
    c = b - 3
    return c

def loop(n, *, word="even"):
    total = 0
    for k in range(n):
        if k % 2:
            total += k
        else:
            print(word, k)
    return total

def failing(x):
    y = [x]
    raise ValueError(f"{y} [bold]\\x1b[31mred")

def marked(x):
    y = "[bold]\\x1b]2;title\\x07\\u202e\\n" + x
    return y

def changed():
    numbers = [1]
    numbers.append(2)
    return numbers

async def waiting(x):
    await asyncio.sleep(0)
    return x

def produce(n):
    for k in range(n):
        yield k
    return "all"

def nothing():
    return None

def count():
    from itertools import count
    for _ in count():
        pass

class Shape:
    def area(self, x):
        return x

    @staticmethod
    def double(x):
        return 2 * x

    @property
    def half(self):
        return 1

short = lambda x: x + 1
number = 5
'''


@pytest.fixture
def folder(tmp_path):
    """A folder with a module `shapes` in it."""
    (tmp_path / "shapes.py").write_text(SHAPES)
    return tmp_path


def command(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m instep`."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "instep", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths(), "LANG": "C.UTF-8", **environ},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def shown(folder: Path, *words: str, **environ: str) -> list[str]:
    """What a command prints that must go well."""
    done = command(folder, *words, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def refused(folder: Path, *words: str, code: int = 2, **environ: str) -> str:
    """The one line that a command says which must go wrong."""
    done = command(folder, *words, **environ)
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("instep: ")
    return line


posix = pytest.mark.skipif("sys.platform == 'win32'", reason="needs POSIX")


# The command line


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["dissect", "--help"]])
def test_help_fits_on_a_screen(folder, words):
    """At most 24 lines of 80 columns; it says that importing a module runs it."""
    lines = shown(folder, *words)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "dissect" in "".join(lines)
    assert words[0] != "dissect" or "which runs" in " ".join(lines)


def test_version(folder):
    """One line."""
    (line,) = shown(folder, "--version")
    assert re.fullmatch(r"instep \S.*", line)


def test_import_instep_imports_no_command_line(folder):
    """The package `click` is imported by commands only."""
    code = "import sys, instep; assert 'click' not in sys.modules and 'instep.cli' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths()}, check=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing command. (try: instep --help)"),
        (["disect"], "No such command 'disect'. (try: instep --help)"),
        (["dissect"], "Missing argument 'FUNCTION'. (try: instep dissect --help)"),
        (["dissect", "shapes:seed", "1", "--jso"], "No such option '--jso'. Did you mean '--json'?"),
        (["dissect", "shapes:seed", "--grain", "word"], "'word' is not one of 'statement', 'line', 'bytecode'"),
        (["dissect", "shapes"], "'shapes' names no function (write module:function, or file.py:function)"),
        (["dissect", "shapes:sed"], "there is no 'sed' in shapes (did you mean seed?)"),
        (["dissect", "shapes:number"], "shapes:number is no function, but of type int"),
        (["dissect", "shapes:Shape"], "shapes:Shape is a class (its functions: Shape.area, Shape.double, Shape.half)"),
        (["dissect", "nowhere:f"], "no module named 'nowhere' (a file is written nowhere.py:...)"),
        (["dissect", "nowhere.py:f"], "there is no file 'nowhere.py'"),
        (["dissect", "shapes:seed", "1", "2"], "(it is called seed(x))"),
        (["dissect", "shapes:seed", "x=1", "x=2"], "x= is given twice"),
        (["dissect", "shapes:Shape.area", "1"], "shapes:Shape.area needs an object of Shape"),
        (["dissect", "shapes:Shape.half", "--run"], "shapes:Shape.half needs an object of Shape"),
    ],
)
def test_wrong_commands(folder, words, said):
    """Exit code 2, and one line that says what to write."""
    assert said in refused(folder, *words)


def test_what_cannot_be_stepped(folder):
    """Exit code 1, the reason, and the grain that would do."""
    assert "not written in Python" in refused(folder, "dissect", "builtins:len", code=1)
    assert "(try: --grain bytecode)" in refused(folder, "dissect", "shapes:short", "1", code=1)


def test_a_module_that_fails(folder):
    """Exit code 1; `--debug` shows the traceback."""
    (folder / "broken.py").write_text("import nowhere\n")
    said = refused(folder, "dissect", "broken:f", code=1)
    assert "importing broken failed: ModuleNotFoundError: No module named 'nowhere'" in said
    for words in (["--debug", "dissect", "broken:f"], ["dissect", "broken.py:f", "--debug"]):
        done = command(folder, *words)
        assert done.returncode == 1
        assert "Traceback" in done.stderr
        assert "import nowhere" in done.stderr


# The grains beside each other


def test_the_grains_beside_each_other(folder):
    """A row for each line: its source, its statements and its instructions; nothing is run."""
    title, head, rule, *rows, counts = shown(folder, "dissect", "shapes:loop")
    assert re.fullmatch(r"loop \(.*shapes\.py, line 11\)", title)
    assert head.split() == ["line", "source", "statement", "instruction"]
    assert set(rule) == {"-", " "}
    begin = head.index("instruction")
    (row,) = [row for row in rows if "if k % 2:" in row]
    assert re.fullmatch(r" *14      if k % 2:\s+if k % 2\s+LOAD_FAST\S* .*", row)
    assert any(row[begin:].startswith("FOR_ITER") for row in rows)
    assert re.fullmatch(r"6 statements, 6 lines, \d+ instructions", counts)


def test_one_grain(folder):
    """`--grain` shows that one only."""
    _, head, _, *rows, counts = shown(folder, "dissect", "shapes:seed", "--grain", "statement")
    assert head.split() == ["line", "source", "statement"]
    assert [row.split()[-1] for row in rows] == ["a", "b", "c", "return"]
    assert counts == "4 statements"


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_one_grain_that_cannot_be(folder, words):
    """Nothing is shown where there is nothing else to show: the reason is the error."""
    said = refused(folder, "dissect", "shapes:produce", "--grain", "bytecode", *words, code=1)
    assert said.startswith("instep: shapes:produce: it is a generator function")
    assert said.endswith("(try: --grain statement)")


@pytest.mark.parametrize("grain", ["line", "bytecode"])
def test_what_is_shown_are_the_steps_of_a_run(folder, grain):
    """How a call begins, before its first step, is none of them; closures begin with more than `RESUME`."""
    (folder / "job.py").write_text(
        "def outer(x):\n    y = [x]\n\n    def f():\n        return x, y\n\n    return f\n\ninner = outer(1)\n"
    )
    for name, words in ("outer", ["2"]), ("inner", ["--run"]):
        found = json.loads(command(folder, "dissect", f"job:{name}", *words, "--grain", grain, "--json").stdout)
        run = [(step["line"], step["source"]) for step in found["run"]["steps"]]
        assert [(site["line"], site["source"]) for site in found["sites"][grain]] == run


def test_a_long_name_is_cut(folder):
    """An instruction whose constant is long doesn't make every line as long."""
    (folder / "job.py").write_text(f"def f():\n    return {'x' * 300!r}\n")
    lines = shown(folder, "dissect", "job:f", "--grain", "bytecode")
    begin = lines[1].index("instruction")
    assert max(len(line[begin:]) for line in lines[1:]) == 80


def test_a_lambda_has_no_statements(folder):
    """What can be shown is, and the rest has its reason."""
    lines = shown(folder, "dissect", "shapes:short")
    assert any("BINARY_OP" in line for line in lines)
    assert lines[-1].startswith("no statements: a lambda is one expression")


def test_a_file_by_its_path(folder):
    """From another folder, what is beside the file can be imported."""
    (folder / "inner").mkdir()
    (folder / "inner" / "job.py").write_text("import helper\n\ndef f():\n    return helper.x\n")
    (folder / "inner" / "helper.py").write_text("x = 'helped'\n")
    lines = shown(folder, "dissect", "inner/job.py:f", "--run")
    assert lines[-1].startswith("result 'helped' after 1 step")


# A run


def test_a_run(folder):
    """Each step with line, name, value and time; then the result."""
    head, _, *rows, result = shown(folder, "dissect", "shapes:seed", "123")
    assert head.split() == ["#", "line", "step", "value", "time"]
    assert [row.split()[:4] for row in rows] == [
        ["0", "6", "a", "124"],
        ["1", "7", "b", "248"],
        ["2", "8", "c", "245"],
        ["3", "9", "return", "245"],
    ]
    assert all(re.search(r"  \d[\d.]* [nµm]?s$", row) for row in rows)
    assert re.fullmatch(r"result 245 after 4 steps in .*s", result)


def test_arguments(folder):
    """Literals, words, keywords, negative numbers; `--` for what looks like an option."""
    assert shown(folder, "dissect", "shapes:seed", "x=-4")[-1].startswith("result -9 ")
    assert shown(folder, "dissect", "shapes:seed", "-4")[-1].startswith("result -9 ")
    assert shown(folder, "dissect", "shapes:marked", "word")[-1].startswith("result '[bold]")
    assert shown(folder, "dissect", "shapes:Shape.double", "--", "--json")[-1].startswith("result '--json--json' ")
    assert shown(folder, "dissect", "shapes:Shape.double", "[1, None]")[-1].startswith("result [1, None, 1, None] ")
    lines = shown(folder, "dissect", "shapes:loop", "2", "word=odd", "--grain", "line")
    assert lines[0] == "odd 0"


def test_a_run_by_instruction(folder):
    """`--grain bytecode`."""
    _, _, *rows, result = shown(folder, "dissect", "shapes:seed", "1", "--grain", "bytecode")
    stores = [row.split()[2:5] for row in rows if "STORE_FAST" in row]
    assert stores == [["STORE_FAST", "a", "2"], ["STORE_FAST", "b", "4"], ["STORE_FAST", "c", "1"]]
    assert result.startswith("result 1 ")


def test_other_kinds_of_functions(folder):
    """`async def` and generator functions are run to their end; one without arguments by `--run`."""
    assert shown(folder, "dissect", "shapes:waiting", "3")[-1].startswith("result 3 after 2 steps")
    assert shown(folder, "dissect", "shapes:produce", "2")[-1].startswith("result 'all' after ")
    assert shown(folder, "dissect", "shapes:nothing", "--run")[-1].startswith("result None after 1 step")


def test_a_value_is_shown_as_it_was(folder):
    """Not as later steps have changed it."""
    _, _, first, *_ = shown(folder, "dissect", "shapes:changed", "--run")
    assert "[1] " in first


def test_a_function_that_raises(folder):
    """Exit code 1; the steps so far are shown; `--debug` shows its traceback, without our frames."""
    done = command(folder, "dissect", "shapes:failing", "x")
    assert done.returncode == 1
    assert re.search(r"\d  y +\['x'\]", done.stdout)
    assert done.stdout.splitlines()[-1].startswith("failed after 2 steps")
    (said,) = done.stderr.splitlines()
    assert said.startswith(r"instep: shapes:failing raised ValueError: ['x'] [bold]\x1b[31mred at line 22")
    done = command(folder, "dissect", "shapes:failing", "x", "--debug")
    frames = re.findall(r"^  File .*, in (\w+)$", done.stderr, re.MULTILINE)
    assert frames == ["failing"]


def test_what_is_shown_is_data(folder):
    """No control character of the user's reaches the terminal or the file, and no markup is obeyed."""
    for view in ([], ["--json"]):
        done = command(folder, "dissect", "shapes:marked", "x", *view)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", done.stdout)
        assert "[bold]" in done.stdout


def test_a_limit(folder):
    """What is beyond it is run, and added up by name."""
    lines = shown(folder, "dissect", "shapes:loop", "5000", "--limit", "3")
    lines = lines[2500:]
    assert [line.split()[0] for line in lines[2:5]] == ["0", "1", "2"]
    assert re.fullmatch(r"and 15,000 more; all of them together:", lines[5])
    assert any(re.match(r" +14  if k % 2 +5,000 ", line) for line in lines)
    assert lines[-1].startswith("result 6250000 after 15,003 steps")


def test_json(folder):
    """One object; what the function prints goes to stderr."""
    done = command(folder, "dissect", "shapes:loop", "2", "--json")
    found = json.loads(done.stdout)
    assert done.stderr == "even 0\n"
    assert set(found) == {"instep", "function", "module", "file", "line", "sites", "cannot", "run"}
    assert (found["instep"], found["function"], found["module"], found["line"]) == (1, "loop", "shapes", 11)
    assert set(found["sites"]) == {"statement", "line", "bytecode"}
    assert set(found["sites"]["statement"][0]) == {"name", "line", "end_line", "depth", "source", "binds"}
    run = found["run"]
    assert (run["grain"], run["status"], run["result"], run["error"], run["more"]) == (
        "statement",
        "finished",
        1,
        None,
        0,
    )
    step = run["steps"][0]
    assert (step["index"], step["name"], step["value"], step["has_value"], step["line"]) == (0, "total", 0, True, 12)
    assert sum(row["count"] for row in run["table"]) == run["position"] == len(run["steps"])
    assert json.loads(command(folder, "dissect", "shapes:loop", "--json").stdout)["run"] is None


@posix
def test_json_beside_the_output_of_a_child_process(folder):
    """What a child process of the function prints goes to stderr, too."""
    (folder / "job.py").write_text(
        "import os, subprocess, sys\n\ndef f():\n    subprocess.run(['echo', 'child'])\n"
        "    os.write(1, b'written\\n')\n    sys.__stdout__.write('kept')\n"
    )
    done = command(folder, "dissect", "job:f", "--run", "--json")
    assert json.loads(done.stdout)["run"]["position"] == 3
    assert sorted(done.stderr.split()) == ["child", "kept", "written"]


def test_json_of_a_failure(folder):
    """The object says what was raised; exit code 1."""
    done = command(folder, "dissect", "shapes:failing", "1", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["run"]["error"]
    assert (error["type"], error["line"]) == ("ValueError", 22)
    assert json.loads(command(folder, "dissect", "shapes:short", "--json").stdout)["cannot"]["statement"]


def test_documented_fields(folder):
    """Every field of the JSON object is in the documentation's table."""
    page = (Path(__file__).parents[2] / "docs" / "dissect.md").read_text()
    found = json.loads(command(folder, "dissect", "shapes:failing", "1", "--json").stdout)
    run = found["run"]
    for fields in (found, found["sites"]["line"][0], run, run["steps"][0], run["error"], run["table"][0]):
        for name in fields:
            assert f"`{name}`" in page, name


def test_an_output_that_is_closed(folder):
    """`| head` ends it silently."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "instep", "dissect", "shapes:loop", "3000"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_a_function_that_puts_another_stdout_in_place(folder):
    """The steps are shown on ours all the same."""
    (folder / "job.py").write_text("import io, sys\n\ndef f():\n    sys.stdout = sys.stderr = io.StringIO()\n")
    lines = shown(folder, "dissect", "job:f", "--run")
    assert lines[-1].startswith("result None after 1 step")


def test_a_function_that_closes_stdout(folder):
    """It is said."""
    (folder / "job.py").write_text("import sys\n\ndef f():\n    sys.stdout.close()\n")
    assert refused(folder, "dissect", "job:f", "--run", code=1).startswith("instep: job:f closed stdout")


@posix
@pytest.mark.parametrize("words", [["--help"], ["dissect", "shapes:seed"], ["dissect", "shapes:seed", "1"]])
def test_no_stdout_at_all(folder, words):
    """Nothing is shown, and nothing breaks."""
    script = 'exec "$0" -W error -m instep "$@" >&-'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths()},
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif("not Path('/dev/full').exists()", reason="needs a file that is always full")
@pytest.mark.parametrize("words", [["--help"], ["dissect", "shapes:seed", "1"]])
def test_a_disk_that_is_full(folder, words):
    """One line, not a traceback."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "instep", *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": paths()},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert re.fullmatch(rb"instep: can't write: .*\n", done.stderr)


def test_an_encoding_that_holds_little(folder):
    """Where stdout is ASCII, what it can't hold is written otherwise."""
    lines = shown(folder, "dissect", "shapes:seed", "1", PYTHONIOENCODING="ascii")
    assert lines[-1].isascii()
    assert all(" us" in line or " ns" in line or " ms" in line for line in lines[2:6])


# In a terminal


class Terminal(Program):
    """`instep dissect` in a terminal, in a folder with the module."""

    prelude = textwrap.dedent(
        """\
        import os, sys
        from pathlib import Path
        from programs.handshake import *
        own_terminal()
        folder = Path(__file__).parent
        os.chdir(folder)
        from instep.cli.main import main
        """
    )


@posix
def test_a_table_in_a_terminal(folder):
    """Rows are aligned, lines are coloured; markup in a value is text."""
    with Terminal(folder, "main(['dissect', 'shapes:marked', 'x'])", columns=90, rows=20) as program:
        assert program.end() == 0
        text = program.text
        assert re.search(r"#\s+line\s+step\s+value\s+time", text)
        assert "[bold]\\x1b]2;title" in text
        assert "result '[bold]" in text
        assert program.colours() - {"default"}
        assert program._screen.title == ""


@posix
def test_no_colour(folder):
    """NO_COLOR is heeded."""
    script = "main(['dissect', 'shapes:seed', '1'])"
    with Terminal(folder, script, columns=90, rows=20, env={"NO_COLOR": "1"}) as program:
        assert program.end() == 0
        assert program.colours() == {"default"}
        assert "result 1 after 4 steps" in program.text


@posix
@pytest.mark.parametrize("words", [["shapes:loop"], ["shapes:loop", "2"]])
@pytest.mark.parametrize("columns", [40, 100])
def test_a_terminal_of_any_width(folder, columns, words):
    """Nothing is cut off in a narrow one: the source makes room, and long cells are folded."""
    with Terminal(folder, f"main({['dissect', *words]!r})", columns=columns, rows=24) as program:
        assert program.end() == 0
        text = program.text
        assert "line" in text
        assert ("source" in text) == (columns == 100 and len(words) == 1)
        assert re.search("FOR_ITER" if len(words) == 1 else "result 1 after", text)


@posix
@pytest.mark.parametrize("columns", [40, 80])
def test_the_sums_in_a_terminal(folder, columns):
    """What is beyond the limit is added up in a table; in a narrow one the sums that matter most are shown whole."""
    words = ["dissect", "shapes:loop", "2", "--limit", "0"]
    with Terminal(folder, f"main({words!r})", columns=columns, rows=40) as program:
        assert program.end() == 0
        lines = program.text.splitlines()
        (head,) = [line.split() for line in lines if "count" in line and "share" in line]
        assert head == [
            *["line"] * (columns > 40),
            "step",
            "count",
            "time",
            *["mean", "slowest"] * (columns > 40),
            "share",
        ]
        times = 3 if columns > 40 else 1
        for row in [line for line in lines if line.rstrip().endswith("%")]:
            assert re.search(rf" [1-3]( +[\d.]+ [nµm]?s){{{times}}} +\d+% *$", row)
        assert any("total" in line for line in lines)


@posix
def test_ctrl_c(folder):
    """It ends by SIGINT, and one line."""
    script = "mark('begun'); main(['dissect', 'shapes:count', '--run'])"
    with Terminal(folder, script, columns=80, rows=20) as program:
        program.until(lambda: "steps" in program.text or "count" in program.text, "the bar of the run")
        program.kill(signal.SIGINT)
        assert program.end() == -signal.SIGINT
        assert "instep: interrupted" in program.text
        assert "Traceback" not in program.text

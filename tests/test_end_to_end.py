"""Real loops in a real terminal, judged by the screen that a person sees."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from programs.running import Program

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="needs POSIX terminals")


def test_nested_loops(tmp_path: Path) -> None:
    """The outer loop has a bar; inner ones leave no line each, but one sum below it, also in the last lines."""
    script = """
        for epoch in track(range(4), name="epochs"):
            for batch in track(range(10), name="batches"):
                note(loss=epoch / 4)
                if epoch == 2 and batch == 5:
                    wait("inner")
            if epoch == 2:
                wait("outer")
        print("done")
    """
    with Program(tmp_path, script) as program:
        program.at("inner")
        program.shows_bar("epochs", "  batches")
        outer, inner = program.bars
        assert re.fullmatch(r"epochs     ━+╺?━+  50%  2/4 it .*", outer)
        assert re.fullmatch(r"  batches  ━+╺?━+  50%  5/10 it .*", inner)
        program.go()
        program.at("outer")
        program.until(lambda: len(program.bars) == 2 and "×3" in program.bars[1])
        assert re.fullmatch(r"  batches  ×3  30 it in .*", program.bars[1])
        program.go()
        assert program.end() == 0
        last, sums, done = program.lines
        assert re.fullmatch(r"epochs: finished 4 it in .*", last)
        assert re.fullmatch(r"  batches ×4 · 40 it in .*", sums)
        assert done == "done"
        assert program.is_intact()


def test_stages_and_loops(tmp_path: Path) -> None:
    """A stage shows what runs inside it, and what it counts."""
    script = """
        with stage("load", unit="B") as load:
            load.advance(3 << 20)
            wait("counting")
            for _ in track(range(2), name="files"):
                wait("inside")
    """
    with Program(tmp_path, script) as program:
        program.step("counting", "load", "3.0 MiB")
        program.step("inside", "load", "  files")
        program.at("inside")
        program.go()
        assert program.end() == 0
        assert re.fullmatch(r"load: finished 3.0 MiB in .*", program.output[0])
        assert re.fullmatch(r"  files ×1 · 2 it in .*", program.output[1])


def test_last_lines_stand_in_order(tmp_path: Path) -> None:
    """A loop's last line stands above what the program prints next, and below what it printed before."""
    script = """
        for name in ("one", "two", "three"):
            print("before", name)
            for _ in track(range(3), name=name):
                if _ == 1:
                    wait(name)
            print("after", name)
    """
    with Program(tmp_path, script) as program:
        for name in ("one", "two", "three"):
            program.step(name, name)
        assert program.end() == 0
        expected = [
            line for name in ("one", "two", "three") for line in (f"before {name}", f"{name}:", f"after {name}")
        ]
        assert [line.split(" finished 3 it in ")[0] for line in program.lines] == expected


def test_bars_stand_in_the_order_in_which_their_loops_began(tmp_path: Path) -> None:
    """Loops beside each other keep their rows."""
    script = """
        loops = [track(range(3), name=f"loop {k}") for k in range(7)]
        for steps in zip(*loops):
            if steps[0] == 1:
                wait("all")
    """
    with Program(tmp_path, script) as program:
        program.at("all")
        program.until(lambda: len(program.bars) == 7)
        assert [line[:6] for line in program.bars] == [f"loop {k}" for k in range(7)]
        program.go()
        assert program.end() == 0
        assert len(program.output) == 7


def test_print_and_logging_in_the_middle(tmp_path: Path) -> None:
    """Every line of print, of logging and of writes to stderr stands above the bars, whole and in order."""
    script = """
        import logging
        logging.basicConfig(format="log %(message)s")
        for k in track(range(300), name="work"):
            print("out", k)
            logging.warning("%s", k)
            sys.stderr.write(f"err {k}\\n")
            if k % 100 == 50:
                wait(f"at {k}")
        print("end")
    """
    with Program(tmp_path, script) as program:
        for k in (50, 150, 250):
            program.step(f"at {k}", "work")
        assert program.end() == 0
        expected = [f"{word} {k}" for k in range(300) for word in ("out", "log", "err")]
        assert program.lines[:900] == expected
        assert program.lines[900].startswith("work: finished 300 it in ")
        assert program.lines[901:] == ["end"]


@pytest.mark.parametrize(
    ("how", "last"),
    [
        ("break", r"find: stopped after 3 of 10 it in .*"),
        ("return", r"find: stopped after 3 of 10 it in .*"),
        ("pass", r"find: finished 10 it in .*"),
    ],
)
def test_how_it_ended(tmp_path: Path, how: str, last: str) -> None:
    """An early stop is told from an end."""
    script = f"""
        def find():
            for k in track(range(10), name="find"):
                if k == 3:
                    wait("there")
                    {how}
        find()
        print("next")
    """
    with Program(tmp_path, script) as program:
        program.step("there", "3/10 it")
        assert program.end() == 0
        assert re.fullmatch(last, program.output[0])
        assert program.output[1:] == ["next"]


def test_an_exception(tmp_path: Path) -> None:
    """The traceback is undamaged, and the loop failed at the step that raised."""
    script = """
        def work():
            for k in track([3, 2, 1, 0], name="divide"):
                if k == 1:
                    wait("there")
                1 / k
        work()
    """
    with Program(tmp_path, script, columns=100) as program:
        program.step("there", "2/4 it")
        assert program.end() == 1
        output = program.output
        assert sum(line.startswith("divide: failed at step 3 of 4 in ") for line in output) == 1
        traceback = [line for line in output if not line.startswith("divide: failed")]
        assert traceback[0] == "Traceback (most recent call last):"
        assert traceback[-1] == "ZeroDivisionError: division by zero"
        assert "━" not in program.text
        lines = [line for line in traceback[1:-1] if not set(line) <= set(" ~^")]
        assert [line.split(", in ")[-1].strip() for line in lines] == ["<module>", "work()", "work", "1 / k"]


def test_an_exception_that_is_caught(tmp_path: Path) -> None:
    """The program goes on, the loop has its line, and the next loop has its bar."""
    script = """
        try:
            for k in track(range(10), name="first"):
                if k == 5:
                    wait("there")
                    raise LookupError
        except LookupError:
            print("caught")
        for k in track(range(10), name="second"):
            if k == 5:
                wait("later")
    """
    with Program(tmp_path, script) as program:
        program.step("there", "first")
        program.step("later", "second")
        assert program.end() == 0
        assert "caught" in program.output
        assert any(line.startswith("first: failed at step 5 of 10 in ") for line in program.output)
        assert program.output[-1].startswith("second: finished 10 it in ")


def test_nothing_is_shown_of_what_is_quick(tmp_path: Path) -> None:
    """Loops that end at once leave no byte in the terminal, and rich is not imported."""
    script = """
        for _ in range(50):
            for _ in track(range(3), name="quick"):
                pass
        with stage("short"):
            pass
        assert "rich" not in sys.modules
        assert report()[0].passes == 50
    """
    with Program(tmp_path, script) as program:
        assert program.end() == 0
        assert program.raw == b""


def test_show_false_shows_nothing(tmp_path: Path) -> None:
    """What its owner doesn't want shown leaves no byte, however long it takes; what is inside it is shown."""
    script = """
        for k in track(range(2), name="hidden", show=False):
            for j in track(range(2), name="seen"):
                if k == j == 1:
                    wait("inside")
    """
    with Program(tmp_path, script) as program:
        program.step("inside", "seen")
        assert "hidden" not in program.text
        assert program.end() == 0
        assert "hidden" not in program.text


def test_twenty_columns(tmp_path: Path) -> None:
    """In a narrow terminal each computation still has one row, and the cursor never gets lost."""
    script = """
        for epoch in track(range(4), name="a very long name for epochs"):
            for batch in track(range(10), name="its batches"):
                note("something long to say")
                if epoch == 2 and batch == 5:
                    wait("inner")
        print("done")
    """
    with Program(tmp_path, script, columns=20) as program:
        program.at("inner")
        program.shows_bar("50%")
        program.until(lambda: len(program.bars) == 2)
        assert all(len(line) < 20 and "50%" in line for line in program.bars)
        program.go()
        assert program.end() == 0
        last, sums, done = program.lines
        assert re.fullmatch(r"a.*…: finished 4 it", last)
        assert sums.startswith("  its batches ×4")
        assert done == "done"


def test_resize_while_running(tmp_path: Path) -> None:
    """After each change of the window's size the bars fit it, and none is left behind at the end."""
    script = """
        for epoch in track(range(4), name="epochs"):
            print("epoch", epoch)
            for batch in track(range(10), name="batches"):
                if batch == 5:
                    wait(f"epoch {epoch}")
    """
    with Program(tmp_path, script, columns=80, rows=20) as program:
        for epoch, (columns, rows) in enumerate([(80, 20), (120, 20), (55, 20), (90, 30)]):
            program.at(f"epoch {epoch}")
            program.shows_bar("epochs", "batches")
            if epoch:
                program.resize(columns, rows)
                seen = len(program.raw)
                program.until(lambda: len(program.raw) > seen + 500)  # noqa: B023
            program.shows_bar("epochs", "batches")
            assert len(program.bars) == 2
            assert max(map(len, program.bars)) < columns
            program.go()
        assert program.end() == 0
        assert "━" not in program.text
        assert [line for line in program.output if line.startswith("epoch ")] == [f"epoch {k}" for k in range(4)]
        assert program.output[-2].startswith("epochs: finished 4 it in ")


def test_a_window_made_narrow_leaves_no_bar(tmp_path: Path) -> None:
    """Lines that the terminal wraps when it shrinks are gone at the end; what was printed stays."""
    script = """
        print("first")
        for epoch in track(range(4), name="epochs"):
            if epoch > 1:
                wait(f"epoch {epoch}")
        print("last")
    """
    with Program(tmp_path, script, columns=80) as program:
        program.at("epoch 2")
        program.shows_bar("epochs")
        program.resize(30, 12)
        program.until(lambda: bool(program.bars) and "left" in program.bars[0])
        program.go()
        program.step("epoch 3", "epochs")
        assert program.end() == 0
        assert program.output[0] == "first"
        assert program.output[1].startswith("epochs: finished 4 it")
        assert program.output[2:] == ["last"]


def test_no_color(tmp_path: Path) -> None:
    """With NO_COLOR set nothing is coloured; without it something is."""
    script = """
        for k in track(range(10), name="work"):
            if k == 5:
                wait("there")
    """
    colours = []
    for environ in ({"NO_COLOR": "1"}, {}):
        with Program(tmp_path, script, env=environ) as program:
            program.at("there")
            program.shows_bar("work", "5/10")
            colours.append(program.colours())
            program.go()
            assert program.end() == 0
    assert colours[0] == {"default"}
    assert len(colours[1]) > 1


def test_texts_with_escape_sequences(tmp_path: Path) -> None:
    """What names, units and notes hold is shown, not obeyed: neither escape sequences nor markup."""
    script = r"""
        name = "a\x1b[2J\x1b]0;owned\x07[red]b[/red]\r\nc"
        for k in track(range(10), name=name, unit="\x1b[31mx"):
            note("\x1b[5A\x9b1m", tip="\x1b[?25l")
            if k == 5:
                wait("there")
        print("end")
    """
    with Program(tmp_path, script, columns=200) as program:
        program.at("there")
        program.shows_bar(r"a\x1b[2J\x1b]0;owned\x07[red]b[/red]\r\nc", r"\x1b[31mx", r"\x1b[5A\x9b1m")
        assert len(program.bars) == 1
        assert program._screen.title == "there"
        program.go()
        assert program.end() == 0
        assert program.output[0].startswith(r"a\x1b[2J\x1b]0;owned\x07[red]b[/red]\r\nc: finished 10 ")
        assert program.output[1:] == ["end"]
        assert program.is_intact()


def test_quick_steps_that_turn_slow(tmp_path: Path) -> None:
    """After two million quick steps the display shows where the loop truly is, while a step takes its time."""
    script = """
        slow = {2_000_000, 2_100_000, 2_300_000, 2_300_001, 2_700_000}
        for k in track(range(3_000_000), name="turn"):
            if k in slow:
                wait(str(k))
            if k == 2_712_345:
                break
    """
    with Program(tmp_path, script, columns=100) as program:
        for k, shown in [
            (2_000_000, "66%  2.0/3.0 M"),
            (2_100_000, "70%  2.1/3.0 M"),
            (2_300_000, "76%  2.3/3.0 M"),
            (2_300_001, "76%  2.3/3.0 M"),
            (2_700_000, "90%  2.7/3.0 M"),
        ]:
            program.at(str(k))
            program.until(lambda: shown in " ".join(program.bars).replace(" M/3.0 M", "/3.0 M"), shown)  # noqa: B023
            program.go()
        assert program.end() == 0
        assert program.output[0].startswith("turn: stopped after 2,712,345 of 3,000,000 it in ")


def test_warnings_and_the_development_mode(tmp_path: Path) -> None:
    """With -W error and -X dev nothing of ours is said: no warning, no unclosed resource, nothing unraisable."""
    script = """
        import asyncio, threading
        for k in track(range(4), name="outer"):
            for j in track((x for x in range(5)), name="inner"):
                if j == 3:
                    break
            if k == 2:
                wait("there")
        thread = threading.Thread(target=lambda: list(track(range(5))))
        thread.start()
        thread.join()
        async def main():
            async with asyncio.TaskGroup() as group:
                for _ in range(3):
                    group.create_task(asyncio.sleep(0))
        asyncio.run(main())
        print(str(report()).count("inner"))
    """
    program = Program(tmp_path, script)
    program.options = ("-W", "error", "-X", "dev")
    with program:
        program.step("there", "outer")
        assert program.end() == 0
        assert program.output[0].startswith("outer: finished 4 it in ")
        assert re.fullmatch(r"  inner ×4 · 12 it in .* · 4 stopped", program.output[1])
        assert program.output[2:] == ["1"]


def test_a_loop_in_an_exit_function(tmp_path: Path) -> None:
    """A loop that runs in an atexit function leaves its last line, and has a bar where Python lets it."""
    script = """
        import atexit, time
        def last():
            for k in track(range(3), name="cleaning"):
                if k == 1:
                    time.sleep(0.3)
                    wait("there")
            print("cleaned")
        atexit.register(last)
        print("end of the program")
    """
    with Program(tmp_path, script) as program:
        program.at("there")
        if sys.version_info[:2] != (3, 12):  # which starts no thread any more at that point
            program.shows_bar("cleaning")
        program.go()
        assert program.end() == 0
        assert program.output[0] == "end of the program"
        assert program.output[1].startswith("cleaning: finished 3 it in ")
        assert program.output[2:] == ["cleaned"]


def test_a_suspended_generator_at_the_end(tmp_path: Path) -> None:
    """A program that ends while a generator is suspended in its loop: it was stopped there, and that is said once."""
    script = """
        def numbers():
            for k in track(range(10), name="numbers"):
                yield k
        kept = numbers()
        next(kept), next(kept), next(kept)
        wait("there")
        print("end")
    """
    with Program(tmp_path, script) as program:
        program.step("there", "numbers")
        assert program.end() == 0
        assert program.output[0] == "end"
        assert program.output[1].startswith("numbers: stopped after 2 of 10 it in ")
        assert len(program.output) == 2

"""The terminal view, judged by the screen that a person sees in the end."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from views.terminals import Terminal

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="needs POSIX terminals")


def test_bars_stand_below_a_blank_line_on_which_the_cursor_is_parked(tmp_path: Path) -> None:
    """Below the output is a blank line with the cursor in its first column, and below it the tree."""
    script = """
        print("before")
        inner = snapshot("batch", id=2, parent=1, finished=5, total=10)
        with Feeder(snapshot("train"), inner):
            wait("shown")
        wait("closed")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        before, blank, train, batch = terminal.screen
        assert (before, blank) == ("before", "")
        assert re.match(r"train    ━+╺?━+  30%  30/100 it", train)
        assert re.match(r"  batch  ━+╺?━+  50%  5/10 it", batch)
        assert terminal.cursor == (1, 0)
        terminal.go()
        terminal.at("closed")
        assert terminal.screen == ["before"]
        assert terminal.cursor == (1, 0)
        terminal.go()
        assert terminal.end() == 0


def test_what_is_printed_goes_above_the_bars(tmp_path: Path) -> None:
    """Prints to stdout and stderr, and a logging handler made before, go above the bars, each line whole."""
    script = """
        import logging
        logging.basicConfig(format="log %(message)s")
        with Feeder(snapshot()) as feed:
            for k in range(3):
                print("out", k)
                print("err", k, file=sys.stderr)
                logging.warning("%s", k)
                sys.stdout.writelines([f"several {k}\\n", f"lines {k}\\n"])
                feed.settle()
            wait("printed")
        print("after")
    """
    with Terminal(tmp_path, script, rows=30) as terminal:
        terminal.at("printed")
        expected = [f"{word} {k}" for k in range(3) for word in ("out", "err", "log", "several", "lines")]
        assert terminal.screen[:-2] == expected
        assert terminal.screen[-1].startswith("train")
        terminal.go()
        assert terminal.end() == 0
        assert terminal.screen == [*expected, "after"]


def test_the_stream_objects_are_as_they_were_when_nothing_is_shown(tmp_path: Path) -> None:
    """`sys.stdout` is the same object all the time; what was put on it is gone once nothing is shown."""
    script = """
        import builtins
        stdout, ask = sys.stdout, input
        with Feeder(snapshot()) as feed:
            caught = [vars(one).get("write") is not None for one in (sys.stdout, sys.stderr)]
            same = sys.stdout is stdout
            assert builtins.input is not ask
            feed.shows.clear()
            feed.settle()
            left = [vars(one).get("write") for one in (sys.stdout, sys.stderr)]
            assert builtins.input is ask
        print(caught, same, left)
    """
    with Terminal(tmp_path, script) as terminal:
        assert terminal.end() == 0
        assert terminal.screen == ["[True, True] True [None, None]"]


def test_an_unfinished_line_is_left_alone_until_it_ends(tmp_path: Path) -> None:
    """After print(..., end="") nothing is drawn; the line goes on where it stopped, and then the bars come back."""
    script = """
        with Feeder(snapshot()) as feed:
            print("one ", end="")
            feed.settle()
            wait("unfinished")
            print("two", end="")
            feed.settle()
            print(" three")
            feed.settle()
            wait("finished")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("unfinished")
        assert terminal.screen == ["one"]
        assert terminal.cursor == (0, 4)
        terminal.go()
        terminal.at("finished")
        assert terminal.screen[:2] == ["one two three", ""]
        assert terminal.screen[2].startswith("train")


def test_a_line_begun_before_anything_was_shown_is_kept(tmp_path: Path) -> None:
    """The bars begin on a line of their own."""
    script = """
        print("Loading ...", end="")
        with Feeder(snapshot()):
            wait("shown")
        print("done")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        assert terminal.screen[:2] == ["Loading ...", ""]
        assert terminal.screen[2].startswith("train")
        terminal.go()
        terminal.end()
        assert terminal.screen == ["Loading ...", "done"]


@pytest.mark.parametrize("length", [1, 59, 60, 61, 120])
def test_foreign_output_without_a_newline_survives(tmp_path: Path, length: int) -> None:
    """What others leave on the line is kept, whatever its length, also as wide as the screen."""
    script = f"""
        with Feeder(snapshot()) as feed:
            os.write(1, b"x" * {length})
            feed.settle()
            wait("shown")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        assert "".join(terminal.screen[:-2]) == "x" * length
        assert terminal.screen[-2] == ""
        assert terminal.screen[-1].startswith("train")


def test_foreign_lines_are_kept(tmp_path: Path) -> None:
    """A subprocess that prints one line leaves it clean; of several none is lost, and the bars come back below."""
    script = """
        import subprocess
        with Feeder(snapshot()) as feed:
            subprocess.run(["echo", "one"])
            feed.settle()
            subprocess.run([sys.executable, "-c", "print(''.join(f'several {k}\\\\n' for k in range(5)), end='')"])
            feed.settle()
            os.write(1, b"written\\n")
            feed.settle()
            wait("shown")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        shown = terminal.screen
        assert shown[:2] == ["one", "several 0"]
        assert [line[:9] for line in shown[1:6]] == [f"several {k}" for k in range(5)]
        assert shown[6:8] == ["written", ""]
        assert shown[8].startswith("train")
        assert len(shown) == 9


def test_at_the_bottom_the_screen_scrolls(tmp_path: Path) -> None:
    """On the last row of the screen room is made; no line printed is lost, no bar is left behind."""
    script = """
        for k in range(20):
            print("before", k)
        with Feeder(snapshot(), snapshot("other", id=2)) as feed:
            for k in range(20):
                print("during", k)
                feed.settle()
                os.write(1, b"foreign %d\\n" % k)
                feed.settle()
            wait("shown")
        wait("closed")
    """
    with Terminal(tmp_path, script, rows=6) as terminal:
        terminal.at("shown")
        before = [f"before {k}" for k in range(20)]
        during = [f"{word} {k}" for k in range(20) for word in ("during", "foreign")]
        assert terminal.lines[:-3] == before + during
        assert [line[:5] for line in terminal.lines[-3:]] == ["", "train", "other"]
        terminal.go()
        terminal.at("closed")
        assert terminal.lines == before + during


def test_a_last_line_is_left_above(tmp_path: Path) -> None:
    """What ends at the top leaves a line, and its inner sums below it; what still runs goes on being shown."""
    script = """
        with Feeder(snapshot("other", id=2)) as feed:
            print("first")
            feed.stop()
            inner = (summary("batch"),)
            feed.view.update([snapshot(status="finished", finished=100, inner=inner), *feed.shows], 0.0)
            print("last")
            feed.view.update(feed.shows, 0.0)
            wait("shown")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        shown = terminal.screen
        assert shown[:5] == [
            "first",
            "train: finished 100 it in 10.0 s · 3.0 it/s",
            "  batch ×3 · 30 it in 1.5 s",
            "last",
            "",
        ]
        assert shown[5].startswith("other")


def test_an_exception_leaves_its_traceback_and_a_clean_terminal(tmp_path: Path) -> None:
    """A traceback that ends the program is whole, in order, with no bar in it."""
    script = """
        feed = Feeder(snapshot())
        import atexit
        atexit.register(feed.view.close)
        feed.__enter__()
        def inner():
            raise ValueError("broken")
        inner()
    """
    with Terminal(tmp_path, script) as terminal:
        assert terminal.end() == 1
        shown = terminal.screen
        assert shown[0] == "Traceback (most recent call last):"
        assert shown[-1] == "ValueError: broken"
        assert not [line for line in shown if "train" in line]


def test_ctrl_c_leaves_a_clean_terminal(tmp_path: Path) -> None:
    """A real Ctrl-C: its echo and the traceback are kept, the last line is written, no bar remains."""
    script = """
        import atexit
        feed = Feeder(snapshot())
        def end():
            feed.stop()
            feed.view.update([snapshot(status="interrupted")], 0.0)
            feed.view.close()
        atexit.register(end)
        feed.__enter__()
        mark("shown")
        stay()
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        terminal.shows("train")
        terminal.type("\x03")
        assert terminal.end() == -signal.SIGINT
        shown = terminal.screen
        assert terminal.lines[0].startswith("^C")
        assert "KeyboardInterrupt" in terminal.text
        assert shown[-1] == "train: interrupted at step 30 of 100 in 10.0 s · 3.0 it/s"
        assert "━" not in terminal.text


def test_sys_exit_leaves_a_clean_terminal(tmp_path: Path) -> None:
    """sys.exit with a message: the message is there, the bars are not."""
    script = """
        import atexit
        feed = Feeder(snapshot())
        atexit.register(feed.view.close)
        feed.__enter__()
        sys.exit("gone")
    """
    with Terminal(tmp_path, script) as terminal:
        assert terminal.end() == 1
        assert terminal.screen == ["gone"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_program_leaves_the_terminal_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """What comes next writes on a clean line, with the cursor to be seen and the terminal's modes as they were."""
    script = f"""
        import subprocess, sys, termios
        modes = termios.tcgetattr(0)
        code = "from views.feeding import *; from views.values import *; import os, signal\\n"
        code += "with Feeder(snapshot()):\\n    mark('shown'); os.read(int(os.environ['GO']), 1)\\n"
        code += "    os.kill(os.getpid(), {int(number)})"
        done = subprocess.run([sys.executable, "-c", code], close_fds=False)
        assert done.returncode == -{int(number)}, done
        assert termios.tcgetattr(0) == modes
        subprocess.run(["echo", "$ next program"])
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        terminal.go()
        assert terminal.end() == 0
        assert terminal.screen[0] == "$ next program"
        assert not terminal._screen.cursor.hidden
        assert b"\x1b[?" not in terminal.raw


def test_a_narrow_terminal_shows_the_most_important(tmp_path: Path) -> None:
    """In 20 columns: the name, how far, how long still; never two rows for one."""
    script = """
        one = snapshot("a long name for a loop", remaining=40.0)
        with Feeder(one, snapshot("b", id=2, total=None, remaining=None, finished=12_345)) as feed:
            wait("shown")
            feed.stop()
            feed.view.update([snapshot("a long name for a loop", status="stopped")], 0.0)
            wait("ended")
    """
    with Terminal(tmp_path, script, columns=20) as terminal:
        terminal.at("shown")
        assert terminal.screen == ["", "a long…   30%", "b         0:10"]
        terminal.go()
        terminal.at("ended")
        assert len(terminal.screen) == 1
        assert "stopped" in terminal.screen[0]


def test_a_resized_terminal_is_drawn_afresh(tmp_path: Path) -> None:
    """Narrower, wider, higher: each frame fits the size that the terminal has then, and none is left behind."""
    script = """
        feed = Feeder(*(snapshot(f"loop {k}", id=k) for k in range(8)))
        print("printed")
        for label in "abcde":
            feed.view.update(feed.shows, 0.0)
            wait(label)
        feed.view.close()
        wait("closed")
    """
    with Terminal(tmp_path, script, columns=100, rows=20) as terminal:
        for label, columns, rows in (("a", 40, 20), ("b", 120, 20), ("c", 60, 30), ("d", 20, 30), ("e", 60, 30)):
            terminal.at(label)
            terminal.resize(columns, rows)
            terminal.go()
        terminal.at("closed")
        assert [line for line in terminal.lines if line] == ["printed"]


def test_after_a_resize_every_row_fits(tmp_path: Path) -> None:
    """The next frame after a resize has as many rows and columns as there are."""
    script = """
        with Feeder(*(snapshot(f"loop {k}", id=k) for k in range(8))) as feed:
            wait("wide")
            feed.settle()
            wait("narrow")
    """
    with Terminal(tmp_path, script, columns=100, rows=20) as terminal:
        terminal.at("wide")
        assert len(terminal.screen) == 9
        terminal.resize(30, 5)
        terminal.go()
        terminal.at("narrow")
        assert [line[:6] for line in terminal.screen] == ["", "loop 0", "loop 1", "loop 2", "… 5 mo"]
        assert terminal.screen[-1] == "… 5 more"


def test_never_more_rows_than_the_screen_has(tmp_path: Path) -> None:
    """With a thousand computations the rest is counted."""
    script = """
        with Feeder(*(snapshot(f"task {k}", id=k) for k in range(1000))) as feed:
            print("printed")
            feed.settle()
            wait("shown")
        wait("closed")
    """
    with Terminal(tmp_path, script, rows=8) as terminal:
        terminal.at("shown")
        assert terminal.screen[0] == ""
        assert terminal.screen[-1] == "… 994 more"
        assert len(terminal.screen) == 8
        terminal.go()
        terminal.at("closed")
        assert terminal.lines == ["printed"]


def test_input_is_asked_without_bars(tmp_path: Path) -> None:
    """While a person is asked something the bars are away, then they come back."""
    script = """
        with Feeder(snapshot()) as feed:
            print("asking")
            import threading
            def look():
                feed.settle()
                feed.settle()
                mark("asked")
            threading.Thread(target=look).start()
            answer = input("your name? ")
            print("hello", answer)
            feed.settle()
            wait("answered")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("asked")
        terminal.shows("your name?")
        assert terminal.screen == ["asking", "your name?"]
        terminal.type("Ann\n")
        terminal.at("answered")
        assert terminal.screen[:4] == ["asking", "your name? Ann", "hello Ann", ""]
        assert terminal.screen[4].startswith("train")


def test_a_password_is_asked_without_bars(tmp_path: Path) -> None:
    """`getpass` turns the echo off: nothing is drawn until it is on again."""
    script = """
        import getpass, threading
        with Feeder(snapshot()) as feed:
            print("asking")
            def look():
                import termios
                while termios.tcgetattr(0)[3] & termios.ECHO:
                    feed.settle()
                feed.settle()
                mark("asked")
            threading.Thread(target=look).start()
            answer = getpass.getpass("password: ")
            print("it was", answer)
            feed.settle()
            wait("answered")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("asked")
        terminal.shows("password:")
        assert terminal.screen == ["asking", "password:"]
        terminal.type("secret\n")
        terminal.at("answered")
        assert terminal.screen[:4] == ["asking", "password:", "it was secret", ""]
        assert terminal.screen[4].startswith("train")


def test_a_debugger_asks_without_bars(tmp_path: Path) -> None:
    """breakpoint() stops in pdb, whose prompt has the screen to itself; the program goes on with its bars."""
    script = """
        with Feeder(snapshot()) as feed:
            answer = 41
            breakpoint()
            print("answer", answer)
            feed.settle()
            wait("after")
    """
    with Terminal(tmp_path, script, columns=100) as terminal:
        terminal.shows("(Pdb)")
        terminal.until(lambda: terminal.screen[-1].startswith("(Pdb)") and "train" not in terminal.text)
        terminal.type("answer = 42\n")
        terminal.until(lambda: terminal.text.count("(Pdb)") == 2 and terminal.screen[-1].startswith("(Pdb)"))
        terminal.type("c\n")
        terminal.at("after")
        assert "answer 42" in terminal.screen
        assert terminal.screen[-1].startswith("train")
        assert terminal.text.count("train") == 1


def test_a_program_that_reads_keys_is_not_written_into(tmp_path: Path) -> None:
    """While the terminal isn't in its ordinary mode (vim, less) not one byte is written."""
    script = """
        import termios, tty
        with Feeder(snapshot()) as feed:
            wait("before")
            modes = termios.tcgetattr(0)
            tty.setcbreak(0)
            feed.settle()
            mark("raw")
            feed.settle()
            feed.settle()
            wait("still raw")
            termios.tcsetattr(0, termios.TCSADRAIN, modes)
            feed.settle()
            wait("after")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("before")
        terminal.go()
        terminal.at("raw")
        seen = len(terminal.raw)
        terminal.at("still raw")
        assert b"train" not in terminal.raw[seen:]
        assert b"\x1b[J" not in terminal.raw[seen:]
        terminal.go()
        terminal.at("after")
        assert terminal.screen[-1].startswith("train")


def test_in_the_background_nothing_is_drawn(tmp_path: Path) -> None:
    """A process that isn't in the terminal's foreground group keeps quiet, but for its last lines at the end."""
    script = """
        import signal
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            with Feeder(snapshot()) as feed:
                feed.settle()
                feed.stop()
                feed.view.update([snapshot(status="finished", finished=100)], 0.0)
                mark("before close")
                os.read(int(os.environ["GO"]), 1)
            os._exit(0)
        os.waitpid(child, 0)
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("before close")
        assert terminal.screen == []
        terminal.go()
        assert terminal.end() == 0
        assert terminal.screen == ["train: finished 100 it in 10.0 s · 3.0 it/s"]


def test_a_live_display_of_rich_has_the_screen_to_itself(tmp_path: Path) -> None:
    """While a Progress of the user's own runs our bars are away; afterwards they are back."""
    script = """
        from rich.console import Console
        from rich.progress import Progress
        with Feeder(snapshot()) as feed:
            print("before")
            feed.settle()
            with Progress(console=Console()) as progress:
                task = progress.add_task("theirs", total=10)
                for k in range(10):
                    progress.advance(task)
                    print("during", k)
                    feed.settle()
                wait("live")
            print("after")
            feed.settle()
            wait("after")
    """
    with Terminal(tmp_path, script, rows=20, columns=90) as terminal:
        terminal.at("live")
        assert "train" not in terminal.text
        terminal.go()
        terminal.at("after")
        shown = terminal.screen
        assert shown[:11] == ["before", *(f"during {k}" for k in range(10))]
        assert shown[11].startswith("theirs")
        assert shown[12:14] == ["after", ""]
        assert shown[14].startswith("train")


def test_a_status_on_richs_global_console(tmp_path: Path) -> None:
    """The same for a Status on the console that `rich.get_console()` gives, when it ends without a word more."""
    script = """
        import rich
        with Feeder(snapshot()) as feed:
            with rich.get_console().status("theirs"):
                feed.settle()
                feed.settle()
                wait("live")
            feed.settle()
            wait("after")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("live")
        assert "train" not in terminal.text
        terminal.go()
        terminal.at("after")
        assert [line[:5] for line in terminal.screen if line] == ["train"]


def test_users_text_moves_no_cursor(tmp_path: Path) -> None:
    """Escape sequences, carriage returns, markup, bidi overrides in names, units and notes are shown, not obeyed."""
    script = r"""
        from instep.model import Note
        evil = "\x1b[2J\x1b[H\r\n\x9b31m[bold]x[/]:smile:\u202e"
        notes = (Note(0, evil, {evil: evil, "y": 1}),)
        with Feeder(snapshot(evil, unit=evil, notes=notes, total=None)) as feed:
            print("printed")
            feed.stop()
            feed.view.update([snapshot(evil, id=2, status="failed", unit=evil)], 0.0)
            feed.view.update(feed.shows, 0.0)
            wait("shown")
    """
    with Terminal(tmp_path, script, columns=400) as terminal:
        terminal.at("shown")
        printed, last, blank, row = terminal.screen
        assert printed == "printed"
        assert last.startswith(r"\x1b[2J\x1b[H\r\n\x9b31m[bold]x[/]:smile:\u202e: failed at step 30")
        assert blank == ""
        assert row.startswith(r"\x1b[2J\x1b[H\r\n\x9b31m[bold]x[/]:smile:\u202e")
        assert r"y=1" in row


def test_wide_characters_keep_the_columns(tmp_path: Path) -> None:
    """East Asian names take two columns each character, and the bars still begin in one column."""
    script = """
        with Feeder(snapshot("日本語"), snapshot("latin", id=2), snapshot("한국어" * 20, id=3)):
            wait("shown")
    """
    with Terminal(tmp_path, script, columns=80) as terminal:
        terminal.at("shown")
        rows = [terminal._screen.buffer[y] for y in (1, 2, 3)]
        starts = [next(x for x in range(80) if row[x].data in {"━", "╸", "╺"}) for row in rows]
        assert len(set(starts)) == 1
        assert len(terminal.screen) == 4


def test_no_color_means_none(tmp_path: Path) -> None:
    """With NO_COLOR set nothing is coloured."""
    script = """
        from instep.model import Note
        with Feeder(snapshot(notes=(Note(1, "hi"),))) as feed:
            wait("shown")
    """
    with Terminal(tmp_path, script, env={"NO_COLOR": "1"}, columns=80) as terminal:
        terminal.at("shown")
        assert terminal.colours() == {"default"}
        assert "30%" in terminal.text
    with Terminal(tmp_path, script, columns=80) as terminal:
        terminal.at("shown")
        assert len(terminal.colours()) > 1


def test_a_terminal_without_unicode(tmp_path: Path) -> None:
    """Where stderr's encoding is ASCII, only ASCII is written."""
    script = """
        with Feeder(snapshot("größe", rate=1e-9), *(snapshot("x", id=k) for k in range(2, 20))) as feed:
            wait("shown")
    """
    with Terminal(tmp_path, script, env={"PYTHONIOENCODING": "ascii:strict"}) as terminal:
        terminal.at("shown")
        assert terminal.raw.isascii()
        assert terminal.screen[1].startswith("gr??e")


def test_a_closed_stderr_does_no_harm(tmp_path: Path) -> None:
    """The view may say so by an exception; prints go on, caught no more."""
    script = """
        with Feeder(snapshot()) as feed:
            print("one")
            sys.stderr.close()
            print("two")
            feed.settle()
            print("three")
            assert "write" not in vars(sys.stdout)
            assert [type(error) for error in feed.errors] == [ValueError]
    """
    with Terminal(tmp_path, script) as terminal:
        assert terminal.end() == 0
        assert [line for line in terminal.screen if "train" not in line and line] == ["one", "two", "three"]


def test_a_terminal_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    """After a hang-up the program's prints fail as they'd fail without us, and nothing else does."""
    script = """
        import signal
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with Feeder(snapshot()) as feed:
            wait("shown")
            try:
                print("into the void", flush=True)
            except OSError as error:
                import errno
                result = errno.errorcode[error.errno]
            feed.settle()
        open("result", "w").write(result)
        os._exit(7)
    """
    script = script.replace('"result"', repr(str(tmp_path / "result")))
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        terminal.hang_up()
        terminal.go()
        assert terminal.process.wait(60) == 7
        assert (tmp_path / "result").read_text() == "EIO"


def test_stdout_elsewhere_is_not_touched(tmp_path: Path) -> None:
    """A stdout that goes to a file or a pipe isn't caught."""
    script = """
        sys.stdout = open(os.devnull, "w")
        with Feeder(snapshot()) as feed:
            print("not seen")
            assert "write" not in vars(sys.stdout) and "write" in vars(sys.stderr)
            wait("shown")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        assert [line[:5] for line in terminal.screen] == ["", "train"]


def test_threads_that_print_at_once(tmp_path: Path) -> None:
    """Every line that any thread prints is whole, and none is lost."""
    script = """
        import threading
        def work(k):
            for n in range(50):
                sys.stdout.write(f"<thread {k} line {n}>\\n")
                if n % 10 == 0:
                    print(f"<thread {k} error {n}>\\n", end="", file=sys.stderr)
        with Feeder(snapshot(), snapshot("other", id=2)) as feed:
            threads = [threading.Thread(target=work, args=[k]) for k in range(8)]
            for one in threads: one.start()
            for one in threads: one.join()
            feed.settle()
            wait("printed")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("printed")
        lines = terminal.lines
        expected = {f"<thread {k} line {n}>" for k in range(8) for n in range(50)}
        expected |= {f"<thread {k} error {n}>" for k in range(8) for n in range(0, 50, 10)}
        assert set(lines[:-3]) == expected
        assert len(lines) - 3 == len(expected)
        assert [line[:5] for line in lines[-3:]] == ["", "train", "other"]


def test_a_print_within_a_print(tmp_path: Path) -> None:
    """A signal handler and a finalizer that print while their thread is inside a print don't hang."""
    script = """
        import signal
        class Loud:
            def __del__(self):
                print("finalized", file=sys.stderr)
        def handler(*_):
            print("handled", file=sys.stderr)
        signal.signal(signal.SIGALRM, handler)
        original = sys.stdout.write
        def write(text):
            result = original(text)
            if text.strip():
                os.kill(os.getpid(), signal.SIGALRM)
                Loud()
            return result
        sys.stdout.write = write
        with Feeder(snapshot()) as feed:
            for k in range(3):
                print(f"line {k}")
                feed.settle()
            wait("printed")
        assert vars(sys.stdout)["write"] is write
    """
    with Terminal(tmp_path, script, rows=30) as terminal:
        terminal.at("printed")
        assert terminal.text.count("handled") == 3
        assert terminal.text.count("finalized") == 3
        assert terminal.screen[-1].startswith("train")
        terminal.go()
        assert terminal.end() == 0


def test_a_forked_child_prints_and_leaves_the_bars_alone(tmp_path: Path) -> None:
    """A child that was forked while bars were shown prints as ever, and takes nothing away at its end."""
    script = """
        feed = Feeder(snapshot())
        feed.view.update(feed.shows, 0.0)
        child = os.fork()
        if not child:
            print("from the child", flush=True)
            feed.view.close()
            os._exit(0)
        os.waitpid(child, 0)
        wait("child gone")
        feed.view.update(feed.shows, 0.0)
        wait("shown")
        feed.view.close()
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("child gone")
        assert terminal.text.count("train") == 1
        terminal.go()
        terminal.at("shown")
        assert terminal.screen[:2] == ["from the child", ""]
        assert terminal.screen[2].startswith("train")


def test_a_capture_of_stderr_in_between(tmp_path: Path) -> None:
    """While stderr is replaced by something that is no terminal, nothing of ours goes there."""
    script = """
        import contextlib, io
        with Feeder(snapshot()) as feed:
            with contextlib.redirect_stderr(io.StringIO()) as captured:
                feed.settle()
                print("printed")
            feed.settle()
            assert captured.getvalue() == "" and not feed.errors
            wait("shown")
    """
    with Terminal(tmp_path, script) as terminal:
        terminal.at("shown")
        assert terminal.screen[:2] == ["printed", ""]
        assert terminal.screen[2].startswith("train")


def test_rich_is_imported_when_something_is_drawn(tmp_path: Path) -> None:
    """Nothing that lasts less than 0.2 s is shown, nor costs the import of rich."""
    script = """
        view = TerminalView(os.environ)
        view.update([snapshot(elapsed=0.19)], 0.0)
        view.update([snapshot(elapsed=0.19, status="finished")], 0.0)
        view.close()
        print([name for name in sys.modules if name.split(".")[0] == "rich"])
    """
    with Terminal(tmp_path, script) as terminal:
        assert terminal.end() == 0
        assert terminal.screen == ["[]"]

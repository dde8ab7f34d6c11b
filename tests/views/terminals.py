"""A real terminal for a child process, and the screen that a person would see."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pyte

DEADLINE = 30.0
PRELUDE = """\
import os, sys
from views.feeding import *
from views.values import *
own_terminal()
"""


class Terminal:
    """Runs a script in a terminal of its own; `screen` is what it shows, `lines` with what has scrolled away."""

    prelude = PRELUDE
    options: tuple[str, ...] = ()
    """Python's own, such as `-X dev`."""

    def __init__(
        self, folder: Path, script: str, *, columns: int = 60, rows: int = 12, env: dict[str, str] | None = None
    ) -> None:
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._size = columns, rows
        self._folder, self._script = folder, script
        self._env = env or {}
        self.raw = b""

    def __enter__(self) -> Terminal:
        path = self._folder / "child.py"
        path.write_text(self.prelude + textwrap.dedent(self._script))
        self._master, slave = os.openpty()
        self._set_size(*self._size)
        go, self._go = os.pipe()
        env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        env |= {"TERM": "xterm-256color", "PYTHONPATH": paths(), "GO": str(go), "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, *self.options, str(path)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            pass_fds=[go],
            env={**env, **self._env},
        )
        os.close(slave)
        os.close(go)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._go)
        if self._master >= 0:
            os.close(self._master)

    @property
    def screen(self) -> list[str]:
        """The rows of the screen, without what is blank at their ends and below them."""
        return _trimmed(self._screen.display)

    @property
    def lines(self) -> list[str]:
        """All rows from the first on."""
        width = self._screen.columns
        gone = ["".join(row[column].data for column in range(width)) for row in self._screen.history.top]
        return _trimmed([*gone, *self._screen.display])

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def cursor(self) -> tuple[int, int]:
        """Its row and column."""
        return self._screen.cursor.y, self._screen.cursor.x

    def colours(self) -> set[str]:
        rows = range(self._screen.lines)
        return {self._screen.buffer[y][x].fg for y in rows for x in range(self._screen.columns)}

    def at(self, label: str) -> None:
        """Wait until the child has said this."""
        self.until(lambda: self._screen.title == label, f"the child at {label!r}")

    def shows(self, *texts: str) -> None:
        """Wait until all these are to be seen."""
        self.until(lambda: all(text in self.text for text in texts), f"to see {texts}")

    def until(self, reached: Callable[[], bool], what: str = "") -> None:
        end = time.monotonic() + DEADLINE
        while not reached():
            if time.monotonic() > end or not self._read(0.5):
                raise AssertionError(f"waited in vain for {what}:\n{self._picture()}")

    def end(self) -> int:
        """Wait for the child's end; its exit code."""
        end = time.monotonic() + DEADLINE
        while self._read(0.5):
            assert time.monotonic() < end, self._picture()
        return self.process.wait(DEADLINE)

    def go(self) -> None:
        os.write(self._go, b".")

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def kill(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def hang_up(self) -> None:
        os.close(self._master)
        self._master = -1

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self, patience: float) -> bool:
        """Take what has come; `False` once nobody holds the other end any more."""
        if select.select([self._master], [], [], patience)[0]:
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:  # EIO: all have left
                return False
            self.raw += data
            self._stream.feed(data)
            return bool(data)
        return True

    def _picture(self) -> str:
        return "\n".join(f"|{line}" for line in self.lines) + f"\ncursor {self.cursor}, title {self._screen.title!r}"


def paths() -> str:
    """Where a child finds instep, and what is beside the tests."""
    tests = Path(__file__).parent.parent
    return os.pathsep.join([str(tests), str(tests.parent / "src")])


def _trimmed(rows: list[str]) -> list[str]:
    lines = [row.rstrip() for row in rows]
    while lines and not lines[-1]:
        lines.pop()
    return lines

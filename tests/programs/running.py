"""Runs real programs that use nothing but the public API: in a terminal of their own, or with pipes."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
import textwrap
from pathlib import Path
from typing import IO, Any

from views.terminals import Terminal, paths

PRELUDE = """\
import os, sys
from programs.handshake import *
from instep import note, report, stage, track
own_terminal()
"""
SECONDS = 60.0


class Program(Terminal):
    """A program in a terminal; each warning is an error in it."""

    prelude = PRELUDE
    options = ("-W", "error")

    @property
    def output(self) -> list[str]:
        """All rows that have something on them."""
        return [line for line in self.lines if line]

    @property
    def bars(self) -> list[str]:
        """The rows below the one with the cursor."""
        return self.screen[self.cursor[0] + 1 :]

    def shows_bar(self, *texts: str) -> None:
        """Wait until these are to be seen below the cursor."""
        self.until(lambda: all(text in "\n".join(self.bars) for text in texts), f"bars with {texts}")

    def step(self, label: str, *texts: str) -> None:
        """Wait until the program says `label` and its bars show `texts`, then let it go on."""
        self.at(label)
        self.shows_bar(*texts)
        self.go()

    def modes(self) -> list[Any]:
        """What the terminal is set to."""
        return termios.tcgetattr(self._master)

    def is_intact(self) -> bool:
        """Whether the cursor is to be seen, and no mode of the terminal was touched."""
        return not self._screen.cursor.hidden and b"\x1b[?" not in self.raw


def run(
    folder: Path,
    script: str,
    *arguments: str,
    options: tuple[str, ...] = ("-W", "error"),
    stdout: int | IO[Any] = subprocess.PIPE,
    stderr: int | IO[Any] = subprocess.PIPE,
    pass_fds: tuple[int, ...] = (),
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    """Run a program without a terminal, to its end."""
    path = folder / "program.py"
    path.write_text("from instep import note, report, stage, track\n" + textwrap.dedent(script))
    return subprocess.run(
        [sys.executable, *options, str(path), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=pass_fds,
        env={**os.environ, "PYTHONPATH": paths(), "LANG": "C.UTF-8", **environ},
        timeout=SECONDS,
        encoding="utf-8",
        check=False,
    )

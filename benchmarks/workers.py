"""Runs a function in a process of its own, with a terminal of 80x24 characters or with none, and gives what it returns.

The terminal is a pty whose other end is read here all the while, each piece with the time it came, and which answers
the one question that a terminal must (where the cursor is), as some displays ask it.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from time import perf_counter_ns
from typing import Any, NamedTuple

_PATIENCE = 1800.0
_ASKED_WHERE, _ANSWER = b"\x1b[6n", b"\x1b[1;1R"


class Outcome(NamedTuple):
    """What a worker gave, and what its terminal got."""

    value: Any
    shown: list[tuple[int, bytes]]
    """Bytes and when they came, in `perf_counter_ns` of this machine, which all processes share."""

    def frames(self, mark: bytes, since: int, until: int) -> list[tuple[int, bytes]]:
        """Drawings between two instants, each beginning with (or holding) `mark`."""
        between = [(when, data) for when, data in self.shown if since < when <= until]
        times = [when for when, data in between for _ in data]
        # The terminal makes a newline of two characters, which are no return to the line's beginning by themselves.
        whole = b"".join(data for _, data in between).replace(b"\r\n", b"\n\n")
        found = []
        at = whole.find(mark)
        while at >= 0:
            after = whole.find(mark, at + len(mark))
            found.append((times[at], whole[at : after if after >= 0 else None]))
            at = after
        return found


def run(function: Callable[..., Any], *arguments: Any, terminal: bool) -> Outcome:
    """Call a module's function with such arguments as JSON can hold, in a fresh process."""
    results, send = os.pipe()
    master, slave = pty.openpty() if terminal else (-1, os.open(os.devnull, os.O_RDWR))
    if terminal:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    call = json.dumps([function.__module__, function.__qualname__, arguments, send])
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.workers", call],
            cwd=Path(__file__).parents[1],
            stdin=slave,
            stdout=slave,
            stderr=slave if terminal else None,
            env=_environment(),
            pass_fds=[send],
            start_new_session=terminal,
        )
    finally:
        os.close(send)
        os.close(slave)
    shown: list[tuple[int, bytes]] = []
    reader = threading.Thread(target=_drain, args=(master, shown), daemon=True)
    if terminal:
        reader.start()
    with os.fdopen(results) as answer:
        said = answer.read()
    try:
        code = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    if terminal:
        reader.join(10)
        os.close(master)
    if code or not said:
        text = b"".join(data for _, data in shown[-20:]).decode("utf-8", "replace")
        raise RuntimeError(f"{function.__module__}.{function.__qualname__}{arguments} ended with {code}:\n{text}")
    return Outcome(json.loads(said), shown)


def _environment() -> dict[str, str]:
    """Ours, without what would change how anything is shown, or keep compiled modules from being used."""
    unwanted = ("INSTEP_", "TQDM_", "PROGRESSBAR_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return kept | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}


def _drain(master: int, shown: list[tuple[int, bytes]]) -> None:
    while True:
        try:
            data = os.read(master, 1 << 16)
        except OSError:  # the last one who had it open is gone
            return
        if not data:
            return
        shown.append((perf_counter_ns(), data))
        if _ASKED_WHERE in data:
            os.write(master, _ANSWER)


def _serve(module: str, function: str, arguments: list[Any], send: int) -> None:
    """In the worker: make the terminal ours, as a shell's program has it, call, and answer."""
    if os.isatty(2):
        fcntl.ioctl(2, termios.TIOCSCTTY, 0)
    value = getattr(import_module(module), function)(*arguments)
    with os.fdopen(send, "w") as answer:
        json.dump(value, answer)


if __name__ == "__main__":
    _serve(*json.loads(sys.argv[1]))

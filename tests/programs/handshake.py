"""What a program under test imports: it keeps in step with the test, which reads its terminal."""

from __future__ import annotations

import fcntl
import os
import sys
import termios
import time
from typing import NoReturn


def own_terminal() -> None:
    """Make the terminal on stdin the controlling one of this session, so that Ctrl-C reaches us."""
    if os.getsid(0) == os.getpid():  # not in a child, started with the same prelude
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def mark(label: str) -> None:
    """Tell the test that all that was written so far is on its way (as the window's title: it moves nothing)."""
    sys.stdout.flush()
    os.write(0, f"\x1b]2;{label}\x07".encode())


def wait(label: str) -> None:
    """Tell the test how far we are, and wait until it lets us go on."""
    mark(label)
    hold()


def hold() -> None:
    """Wait until the test lets us go on."""
    os.read(int(os.environ["GO"]), 1)


def stay() -> NoReturn:
    """Stand still until a signal ends it, wherever that meets us: waiting for an Event is not safe from Ctrl-C."""
    while True:
        time.sleep(0.01)

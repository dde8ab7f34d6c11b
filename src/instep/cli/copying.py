"""Bytes from one file descriptor to another, unchanged: within the kernel where it can, else by reading and writing.

| from, to | by |
|---|---|
| a pipe, or a file to a pipe (Linux) | `splice` |
| a file to anything else (Linux) | `sendfile` |
| anything else, or where those refuse (to append, say) | `read` and `write` |

From a socket or a terminal the kernel would move them, too, but keep the pipe locked while it waits for more, so that
nobody could read what has come.

Bytes that are to be counted must be read. Those of a file are moved all the same, and then read once more, which saves
the copy that writing them makes; those of a pipe are gone by then, and read and written.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from typing import Any

from instep.cli.failures import Failure
from instep.cli.inputs import reason

BLOCK = 1 << 18
"""Bytes at once: in the cache still when they are counted."""
_PIPE = 2 * BLOCK
"""Bytes that a pipe should hold; it is a quarter of a block otherwise. All pipes of a user may hold 64 MiB together."""
Write = Callable[[bytes], None]
Moved = Callable[[int], None]
"""Told how many bytes more have gone by."""


def widen(*fds: int) -> None:
    """Have pipes hold more, so that those at their ends wait less for each other."""
    try:
        from fcntl import F_GETPIPE_SZ, F_SETPIPE_SZ, fcntl
    except ImportError:  # no Linux
        return
    for fd in fds:
        try:
            if fcntl(fd, F_GETPIPE_SZ) < _PIPE:
                fcntl(fd, F_SETPIPE_SZ, _PIPE)
        except OSError:  # no pipe, or its owner has as much as is allowed
            pass


def move(source: int, target: int, moved: Moved) -> bool:
    """Move what can be moved within the kernel; whether that was all, so that nothing is left to be copied."""
    step: Callable[[], int] | None = _step(source, target)
    while step is not None:
        try:
            n = step()
        except BlockingIOError:
            wait(source, target)
            continue
        except BrokenPipeError:
            raise
        except OSError:  # it can't be done so; or reading or writing will raise it, too, and say which of them it was
            return False
        if not n:
            return stat.S_ISFIFO(os.fstat(source).st_mode)  # of a file, there may be more than the kernel could move
        moved(n)
    return False


def _step(source: int, target: int) -> Callable[[], int] | None:
    if sys.platform != "linux" or os.isatty(target):  # what a view minds is not to be gone around
        return None
    mode, splice = os.fstat(source).st_mode, getattr(os, "splice", None)
    whole = stat.S_ISREG(mode)
    if splice is not None and (stat.S_ISFIFO(mode) or (whole and stat.S_ISFIFO(os.fstat(target).st_mode))):
        return lambda: int(splice(source, target, BLOCK))
    if whole:
        return lambda: os.sendfile(target, source, None, BLOCK)  # from where it stands
    return None


def again(source: int, moved: Moved, seen: Callable[[bytes], None]) -> Moved | None:
    """`moved`, which also reads what has been moved out of a file, to be `seen`; `None` where it is no file."""
    if not stat.S_ISREG(os.fstat(source).st_mode):
        return None
    at = os.lseek(source, 0, os.SEEK_CUR)
    block = b""  # kept until the next one is there: else its memory goes back to the kernel, page by page, each time

    def read(n: int) -> None:
        nonlocal at, block
        moved(n)
        block = os.pread(source, n, at)
        at += n
        if block:  # else somebody has cut the file off meanwhile
            seen(block)

    return read


def copy(source: int, name: str, write: Write, passed: Callable[[bytes], None]) -> None:
    """Read to the end, write all of it, and have each block seen when it is written. `name` is for errors."""
    while block := _read(source, name):
        write(block)
        passed(block)


def _read(source: int, name: str) -> bytes:
    while True:
        try:
            return os.read(source, BLOCK)
        except BlockingIOError:
            wait(source)
        except OSError as error:
            raise Failure(f"can't read {name}: {reason(error)}", code=1) from error


def writer(target: int) -> Write:
    """What writes all of a block there. To a terminal by `sys.stdout`, which a view on the same terminal minds."""
    if os.isatty(target) and _waits(target):
        return _to_terminal()

    def write(block: bytes) -> None:
        rest: Any = block
        while rest:
            try:
                n = os.write(target, rest)
            except BlockingIOError:
                wait(None, target)
                continue
            if n == len(rest):
                return
            rest = memoryview(rest)[n:]

    return write


def _waits(fd: int) -> bool:
    try:
        return os.get_blocking(fd)
    except (AttributeError, OSError):  # no such thing here
        return True


def _to_terminal() -> Write:
    out: Any = sys.stdout
    out.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")  # gives back any bytes as they were

    def write(block: bytes) -> None:
        out.write(block.decode("utf-8", "surrogateescape"))
        out.flush()

    return write


def wait(source: int | None = None, target: int | None = None) -> None:
    """Wait until there is something to read, and then for room to write it; for descriptors that don't wait."""
    import select

    for fd, event in (source, "POLLIN"), (target, "POLLOUT"):
        if fd is not None:
            poll = select.poll()
            poll.register(fd, getattr(select, event))
            poll.poll()

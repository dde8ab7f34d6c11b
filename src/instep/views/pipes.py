"""Writes bytes to a file descriptor that may be slow, full or non-blocking, without waiting for ever."""

from __future__ import annotations

import os
import select
import stat

_CHUNK = getattr(select, "PIPE_BUF", 512)
"""A pipe that is ready takes at least so many bytes at once: writing more might wait for its reader."""


def write(fd: int, data: bytes, patience: float) -> int:
    """Write `data`; return how much of it went out before the reader let us wait longer than `patience` seconds."""
    view = memoryview(data)
    done = 0
    mode = os.fstat(fd).st_mode
    at_once = len(data) if stat.S_ISREG(mode) or stat.S_ISCHR(mode) else _CHUNK
    while done < len(data):
        if not _ready(fd, patience):
            break
        try:
            done += os.write(fd, view[done : done + at_once])
        except BlockingIOError:
            break
    return done


def _ready(fd: int, patience: float) -> bool:
    if os.name != "posix":  # there select knows sockets only
        return True
    if hasattr(select, "poll"):  # takes any descriptor; select() none from 1,024 on
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        return bool(poll.poll(patience * 1000))
    return bool(select.select([], [fd], [], patience)[1])

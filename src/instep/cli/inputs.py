"""What `instep pipe` reads: files by their names, `-` being stdin; and how many bytes that will be."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from instep.cli.failures import Failure

STDIN = "-"


def check(names: Sequence[str]) -> None:
    """`Failure`, before anything is passed, for what can't be read."""
    for name in names:
        if name == STDIN:
            if sys.stdin is None:
                raise Failure("there is no stdin to read from", code=1)
            continue
        try:
            mode = os.stat(name).st_mode
        except (OSError, ValueError) as error:
            missing = isinstance(error, FileNotFoundError)
            raise Failure(f"can't read {name!r}: {reason(error)}", code=2 if missing else 1) from error
        if stat.S_ISDIR(mode):
            raise Failure(f"can't read {name!r}: it is a directory")
        if not os.access(name, os.R_OK):
            raise Failure(f"can't read {name!r}: permission denied", code=1)


def size(names: Sequence[str]) -> int | None:
    """How many bytes all of them hold, from where stdin stands on; `None` where that isn't known."""
    sizes = [_size_of(name) for name in names]
    return sum(sizes) or None if all(one is not None for one in sizes) else None  # type: ignore[arg-type]


def _size_of(name: str) -> int | None:
    try:
        if name != STDIN:
            found = os.stat(name)
            return found.st_size if stat.S_ISREG(found.st_mode) else _end_of(name)
        found = os.fstat(0)
        return max(found.st_size - os.lseek(0, 0, os.SEEK_CUR), 0) if stat.S_ISREG(found.st_mode) else None
    except OSError:
        return None


def _end_of(name: str) -> int | None:
    """A disk's size is where it ends; what else is no file has none."""
    if not stat.S_ISBLK(os.stat(name).st_mode):
        return None
    fd = os.open(name, os.O_RDONLY)
    try:
        return os.lseek(fd, 0, os.SEEK_END)
    finally:
        os.close(fd)


@contextmanager
def opened(name: str, target: int) -> Iterator[int]:
    """A descriptor to read from. `Failure` where it is what is written to, so that it would grow without end."""
    try:
        fd = 0 if name == STDIN else os.open(name, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise Failure(f"can't read {name!r}: {reason(error)}", code=1) from error
    try:
        if _is_written(fd, target):
            raise Failure(f"{called(name)} is what is written to: it would grow without end", code=1)
        yield fd
    finally:
        if fd:
            os.close(fd)


def _is_written(source: int, target: int) -> bool:
    found = os.fstat(source)
    if not stat.S_ISREG(found.st_mode) or not os.path.samestat(found, os.fstat(target)):
        return False
    return os.lseek(source, 0, os.SEEK_CUR) < found.st_size


def called(name: str) -> str:
    """How an error names it."""
    return "stdin" if name == STDIN else repr(name)


def reason(error: Exception) -> str:
    """Without its number and the file's name."""
    return getattr(error, "strerror", None) or str(error)

"""Where blocks of delimited text or bytes come from: values, files, sockets, and iterables of chunks."""

from __future__ import annotations

import io
import os
from errno import EAGAIN

from instep.checks import short
from instep.errors import InstepError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Read = Callable[[], Any]

_BYTES = (bytes, bytearray, memoryview)
_METHODS = ("read1", "read", "recv", "readinto")


def reader(stream: Any, kind: type, block: int) -> Read:
    """What gives the next block of `stream` as soon as there is anything of it, and an empty one at its end.

    A block has at most `block` bytes or characters. What is called may raise, and be called again. `TypeError` if it is
    known that the stream gives no `kind`.
    """
    if isinstance(stream, (str, *_BYTES)):
        _check(stream, kind, isinstance(stream, str))
        return _slices(stream, block)
    if isinstance(stream, io.TextIOBase):
        _check(stream, kind, True)
        return _text(stream, block)
    if isinstance(stream, io.RawIOBase | io.BufferedIOBase):
        _check(stream, kind, False)
    # Of what is no file of Python's own, `read1` may be that of a binary file below it.
    methods = () if isinstance(stream, type) else _METHODS if kind is bytes else ("read",)
    for name in methods:
        method = getattr(stream, name, None)
        if callable(method):
            return _filling(method, block) if name == "readinto" else _calls(stream, method, block)
    if hasattr(type(stream), "__iter__"):
        return _chunks(stream, kind)
    if methods and any(hasattr(stream, name) for name in _METHODS):
        _check(stream, kind, False)
    hint = ": open it first" if isinstance(stream, os.PathLike) else ""
    raise TypeError(
        f"split() expected text, bytes, a file, a socket or an iterable of chunks; got {short(stream)}{hint}"
    )


def _check(stream: object, kind: type, is_text: bool) -> None:
    if is_text is not (kind is str):
        gives, write = ("text", "a str") if is_text else ("bytes", "bytes, as in b','")
        raise TypeError(f"{short(stream)} gives {gives}, and so must the delimiter be: write {write}")


def _slices(data: Any, block: int) -> Read:
    at = 0
    if isinstance(data, memoryview) and (data.ndim, data.itemsize, data.contiguous) != (1, 1, True):
        data = data.tobytes()

    def read() -> Any:
        nonlocal at
        part = data[at : at + block]  # a bytearray is looked at afresh each time, for it may grow
        at += len(part)
        return part

    return read


def _calls(stream: Any, method: Callable[[int], Any], block: int) -> Read:
    raw = getattr(stream, "raw", None) if isinstance(stream, io.BufferedIOBase) else None

    def read() -> Any:
        part = method(block)
        if part == b"" and raw is not None and _may_be_empty_for_now(raw):
            part = raw.read(block)  # `read1` takes a descriptor that has nothing yet for one at its end
        if part is None:
            raise BlockingIOError(EAGAIN, "nothing to be read for now")
        return part

    return read


def _may_be_empty_for_now(raw: Any) -> bool:
    try:
        return not os.get_blocking(raw.fileno())
    except (AttributeError, OSError, ValueError):  # it has no descriptor
        return False


def _text(stream: Any, block: int) -> Read:
    """Python's text files give less than was asked for at their end only, or at a line's."""
    try:
        waits = not stream.seekable()
    except (OSError, ValueError):
        waits = False
    some = stream.readline if waits else stream.read
    failed = False

    def read() -> Any:
        nonlocal failed
        if failed:
            raise InstepError(
                "split: its text could not be decoded, and what came with that is lost: open it with "
                "errors='surrogateescape', or split its bytes"
            )
        try:
            return some(block)
        except UnicodeError:
            failed = True
            raise

    return read


def _filling(method: Callable[[memoryview], int | None], block: int) -> Read:
    room = memoryview(bytearray(block))

    def read() -> bytes:
        n = method(room)
        if n is None:
            raise BlockingIOError(EAGAIN, "nothing to be read for now")
        return bytes(room[:n])

    return read


def _chunks(stream: Any, kind: type) -> Read:
    chunks: Iterator[Any] = iter(stream)
    failed = False

    def read() -> Any:
        nonlocal failed
        try:
            found = _next_chunk(chunks)
        except BaseException:
            failed = True
            raise
        if not found:
            if failed:  # a generator that has raised is over, and so is what it would have given
                raise InstepError("split: its stream of chunks has failed before its end: its last item is incomplete")
            return kind()
        failed = False
        return found[0]

    return read


def _next_chunk(chunks: Iterator[Any]) -> tuple[Any, ...]:
    """The next that isn't empty, for an empty one is no end; nothing at the end."""
    for chunk in chunks:
        if not isinstance(chunk, (str, *_BYTES)) or chunk:
            return (chunk,)
    return ()

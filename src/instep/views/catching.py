"""Puts a function of ours around `write` of stream objects and around `input`, and takes it away again."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Iterable
from typing import Any

Write = Callable[..., Any]
AroundWrite = Callable[[Any, Write, tuple[Any, ...]], Any]
"""Called with the stream, its own `write`, and what `write` was called with."""
AroundInput = Callable[[Callable[..., str], tuple[Any, ...]], str]
"""Called with Python's `input`, and what `input` was called with."""


class Catcher:
    """What is caught at this moment.

    `print`, logging handlers and traceback printing all look up `write` on the stream object, whenever they kept it:
    an attribute of the instance comes before the class's method, and the object stays the same.
    """

    def __init__(self, around_write: AroundWrite, around_input: AroundInput) -> None:
        self._around_write = around_write
        self._around_input = around_input
        self._streams: dict[int, tuple[Any, Write, Any]] = {}
        self._input: tuple[Callable[..., str], Callable[..., str]] | None = None

    def catch(self, streams: Iterable[Any]) -> None:
        """Catch these streams, as far as they let us, and `input`. What is caught already stays so."""
        for stream in streams:
            if id(stream) not in self._streams:
                self._catch_stream(stream)
        if self._input is None:
            self._catch_input()

    def release(self) -> None:
        """Put everything back, except what somebody else has put in our place meanwhile; ours then only passes on."""
        while self._streams:
            _, (stream, ours, before) = self._streams.popitem()
            if _own_write(stream) is ours:
                _put_back(stream, before)
        if self._input is not None:
            ours_input, before_input = self._input
            self._input = None
            if builtins.input is ours_input:
                builtins.input = before_input

    def __bool__(self) -> bool:
        return bool(self._streams) or self._input is not None

    def _catch_stream(self, stream: Any) -> None:
        around, original, before = self._around_write, stream.write, _own_write(stream)

        def write(*arguments: Any) -> Any:
            return around(stream, original, arguments)

        try:
            stream.flush()  # what is still in its buffer belongs above what we're about to draw
            stream.write = write
        except Exception:  # a stream that refuses is left alone
            return
        self._streams[id(stream)] = stream, write, before

    def _catch_input(self) -> None:
        around, original = self._around_input, builtins.input

        @functools.wraps(original)
        def ask(*arguments: Any) -> str:
            return around(original, arguments)

        self._input = ask, original
        builtins.input = ask


def _own_write(stream: Any) -> Any:
    """`write` as the instance's own attribute, if it has one."""
    return getattr(stream, "__dict__", {}).get("write")


def _put_back(stream: Any, before: Any) -> None:
    try:
        if before is None:
            del stream.write
        else:
            stream.write = before
    except Exception:  # it refuses now; ours passes on
        pass

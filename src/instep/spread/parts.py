"""What a `for` walks in C: lists of results one after another, and between them what waits and what raises.

`chain` forgets its source where that raises, so that whatever is to be raised comes out of the parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instep.spread.window import Window


TOGETHER = 1024
"""Results in a list, at most."""


class Parts:
    """For `chain.from_iterable`: each part is an iterable of results."""

    __slots__ = ("_asking", "_window")

    def __init__(self, window: Window) -> None:
        self._window = window
        self._asking = _Asking(window.ask)

    def __iter__(self) -> Parts:
        return self

    def __next__(self) -> Any:
        window = self._window
        block = window.block
        at, size = block.at, block.size
        if at >= size:
            if window.ended:
                raise StopIteration
            window.part = []  # it is handed out
            return self._asking
        errors = block.errors
        if at in errors:
            block.at = at + 1
            return _Raised(window.error(block, at))
        stop = min(min((place for place in errors if place > at), default=size), at + TOGETHER)
        block.at = stop
        window.run.origin = window.run.position, block.start + at
        part = window.part = block.results[at:stop]
        block.results[at:stop] = [None] * (stop - at)  # what was handed out is kept no longer than its part
        return part


class _Asking:
    """An iterator of nothing: to walk it is to wait for what comes next."""

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask

    def __iter__(self) -> _Asking:
        return self

    def __next__(self) -> Any:
        self._ask()
        raise StopIteration


class _Raised:
    """Raises an error, once, where a result would be; then it has nothing more."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        self._error: BaseException | None = error

    def __iter__(self) -> _Raised:
        return self

    def __next__(self) -> Any:
        error, self._error = self._error, None
        if error is None:
            raise StopIteration
        try:
            raise error
        finally:
            del error

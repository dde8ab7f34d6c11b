"""A gate: what one paused call has between itself and whoever steps it; the part that lives inside its greenlet.

An event in the call's own frame is an *arrival*: the instruction there is about to run. It goes to `leave`, which is

| while         | `leave` is                    | an arrival                                                          |
|---------------|-------------------------------|---------------------------------------------------------------------|
| it is stepped | the stepper's own `switch`    | pauses the call                                                     |
| it is closed  | `Gate._clean_up`              | passes in a cleanup; at the first one outside `GeneratorExit` comes |
| it unwinds    | `Gate._unwind`                | passes, unless the body has caught our `GeneratorExit` and goes on  |

A gate never refers to the call's greenlet: the frames of the events that are under way refer to their gate, and a
greenlet that is referred to from its own stack would never be dropped.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Final

from instep.functions.cleanups import cleanups

STUBBORN: Final = object()
"""What a body hands over that can't be ended."""

# How often it is thrown again into a body that catches it. Sooner or later an instruction is outside of any `try`.
_THROWS: Final = 10_000

# In these, no exception is being handled, and yet one is on its way: the first and the last of a handler.
_UNWINDING: Final = frozenset(
    dis.opmap[name] for name in ("PUSH_EXC_INFO", "RERAISE", "CLEANUP_THROW") if name in dis.opmap
)


class Gate:
    """The gate of one call. Where the events come from is up to a subclass: `tracing` or `monitoring`."""

    __slots__ = ("_caught_on", "_cleanups", "_home", "_thrown", "_throws", "code", "frame", "leave", "lines")

    def __init__(self, code: CodeType, *, lines: bool) -> None:
        self.code = code
        self.lines = lines
        """Whether it pauses at lines, rather than at every instruction."""
        self.frame: FrameType | None = None  # from the first event until the end
        self.leave: Callable[[int], Any] = self._unwind
        self._home: Callable[[Any], Any] | None = None
        self._thrown: BaseException | None = None
        self._cleanups: frozenset[int] = frozenset()
        self._throws = 0
        self._caught_on: int | None = None

    def lead_to(self, home: Callable[[Any], Any]) -> None:
        """Have arrivals go there."""
        self._home = home
        if self._thrown is None:
            self.leave = home

    def close(self, thrown: BaseException, arrived: int) -> bool:
        """The call isn't paused any more: `thrown` ends it. Whether to throw it in now, or a cleanup comes first."""
        self._thrown = thrown
        self._cleanups = cleanups(self.code)
        self.leave = self._clean_up if arrived in self._cleanups else self._unwind
        return self.leave == self._unwind

    @property
    def ignored(self) -> bool:
        """Whether the body caught what closed it, and went on."""
        return self._throws > 0

    def shut(self) -> None:
        """No events any more."""
        self.frame = None

    def line_at(self, offset: int) -> int | None:
        """The line of an instruction."""
        return next((line for start, end, line in self.code.co_lines() if start <= offset < end), None)

    def _unwind(self, offset: int) -> None:
        """Let `finally` blocks and handlers run; throw again where the body goes on to another line after them."""
        if self._is_handled() or self.code.co_code[offset] in _UNWINDING:
            self._caught_on = None
            return
        line = self.line_at(offset)
        if self._caught_on is None and not self._throws:
            self._caught_on = (
                line  # a handler's `return` or `break` may be on its way, as in a generator that is closed
            )
        if line == self._caught_on and not self._throws:
            return
        self._throws += 1
        if self._throws > _THROWS and self._home is not None:
            self._home(STUBBORN)
        if self._thrown is not None:
            raise self._thrown

    def _clean_up(self, offset: int) -> None:
        if offset not in self._cleanups and self._thrown is not None:
            self.leave = self._unwind
            raise self._thrown

    def _is_handled(self) -> bool:
        handled = sys.exc_info()[1]
        for _ in range(100):  # in a handler within a `finally` block ours is the context of the one that is handled
            if handled is None or handled is self._thrown:
                return handled is not None
            handled = handled.__context__
        return False

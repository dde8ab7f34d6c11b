"""Arrivals from `sys.settrace`, on Python 3.11.

A thread has one tracer. Ours is set only while the call runs; whoever traced before is traced for all the same: events
of functions that the call calls are passed on, and so are those of the call itself. To a tracer, a pause looks like a
generator's `yield`: a `return` event, and a `call` event when it goes on.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType
from typing import Any

from instep.functions.gates import Gate
from instep.functions.greenlets import greenlet


class Watched(Gate):
    """A gate whose arrivals come from `sys.settrace`."""

    __slots__ = ("_again", "_guest", "_on_call", "_on_event", "_outer", "_pauses_at")

    def __init__(self, code: CodeType, *, lines: bool) -> None:
        super().__init__(code, lines=lines)
        self._pauses_at = "line" if lines else "opcode"
        self._outer: Any = None  # the tracer that was set when the call was last entered
        self._guest: Any = None  # what that one has for our call's frame
        self._again: object = None
        self._on_call = self._trace_call  # the same objects each time, to be known again
        self._on_event = self._trace_event

    def ready(self) -> None:
        """Called in the greenlet, first of all: here events aren't dropped, even if they are where we come from."""
        sys.settrace(self._on_call)

    def way_in(self, body: greenlet) -> Callable[[], Any]:
        """What to call to go in, and come back at the next arrival."""
        return partial(self._enter, body.switch, ())

    def way_through(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call what goes in and comes back by itself."""
        return self._enter(function, arguments)

    def close(self, thrown: BaseException, arrived: int) -> bool:  # noqa: D102
        self._pauses_at = "opcode"  # unwinding is watched closely
        if self.frame is not None:
            self.frame.f_trace_opcodes = True
        return super().close(thrown, arrived)

    def shut(self) -> None:  # noqa: D102
        if self.frame is not None:
            self.frame.f_trace = None
        self._outer = self._guest = None
        super().shut()

    def _enter(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        ours = self._on_call
        outer = self._outer = sys.gettrace()
        sys.settrace(ours)
        try:
            return sys.call_tracing(function, arguments)
        finally:
            left = sys.gettrace()
            if left is ours or left is None:  # else the call has set a tracer, which stays
                sys.settrace(outer)

    def _trace_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if self.frame is None:
            return self._begin(frame) if frame.f_code is self.code else None
        if self._outer is None:
            return None
        return self._tell_outer(frame, argument)

    def _begin(self, frame: FrameType) -> Any:
        self.frame = frame
        frame.f_trace_opcodes = not self.lines
        self._go_on()
        return self._on_event

    def _tell_outer(self, frame: FrameType, argument: Any) -> Any:
        local = self._outer(frame, "call", argument)
        if sys.gettrace() is not self._on_call:  # one that is written in C puts itself in our place
            sys.settrace(self._on_call)
        return local

    def _go_on(self) -> None:
        frame = self.frame
        if frame is not None:
            self._guest = None if self._outer is None else self._tell_outer(frame, None)
            frame.f_trace_lines = self.lines or self._guest is not None
            frame.f_trace = self._on_event  # one that is written in C puts itself there, too

    def _trace_event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == self._pauses_at:
            self._pause(frame)
        if self._guest is not None and event != "opcode":
            self._guest = self._guest(frame, event, argument) or self._guest
            frame.f_trace = self._on_event

    def _pause(self, frame: FrameType) -> None:
        guest = self._guest
        try:
            if guest is not None:
                guest(frame, "return", None)
            sys.call_tracing(self.leave, (frame.f_lasti,))
            if guest is not None or self._outer is not None:  # perhaps somebody traces since then
                self._go_on()
        except BaseException:
            self._trace_again(frame)
            raise

    def _trace_again(self, frame: FrameType) -> None:
        """Stay the tracer although an exception is about to leave this event, for which CPython takes us away.

        The last thing it does then is to drop the frame's `f_trace`; the weak reference to it sees that.
        """
        if self._thrown is None:  # dropped in another thread, and not watched any more
            return

        def again(_: object) -> None:
            sys.settrace(self._on_call)
            frame.f_trace = self._on_event

        relay = partial(self._on_event)
        self._again = weakref.ref(relay, again)
        frame.f_trace = relay

"""Arrivals from `sys.monitoring`, which Python has from 3.12 on: events of the one code object, as long as need be."""

from __future__ import annotations

import sys
from _thread import RLock
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType
from typing import Any

from instep.errors import InstepError
from instep.functions.gates import Gate
from instep.functions.greenlets import getcurrent, greenlet

if sys.version_info < (3, 12):
    raise ImportError("sys.monitoring begins with Python 3.12")

_monitoring = sys.monitoring
_BEGIN, _LINE, _INSTRUCTION = _monitoring.events.PY_START, _monitoring.events.LINE, _monitoring.events.INSTRUCTION
_JUMP = _monitoring.events.JUMP
_LINES = _LINE | _JUMP

# 0 to 2 and 5 are a debugger's, a coverage tool's, a profiler's and an optimizer's by convention.
_IDS = (4, 3)

_beginning: dict[greenlet, Watched] = {}  # not yet in their call's frame
_at_lines: dict[FrameType, Watched] = {}
_at_instructions: dict[FrameType, Watched] = {}


class Watched(Gate):
    """A gate whose arrivals come from `sys.monitoring`."""

    __slots__ = ("_jumps", "_uses")

    def __init__(self, code: CodeType, *, lines: bool) -> None:
        super().__init__(code, lines=lines)
        self._uses = 0
        self._jumps: dict[int, bool] = {}

    def ready(self) -> None:
        """Called in the greenlet, first of all."""

    def way_in(self, body: greenlet) -> Callable[[], Any]:
        """What to call to go in, and come back at the next arrival."""
        _beginning[body] = self
        self._use(_BEGIN | (_LINES if self.lines else _INSTRUCTION))
        return partial(sys.call_tracing, body.switch, ())

    def way_through(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call what goes in and comes back by itself."""
        return sys.call_tracing(function, arguments)

    def begin(self, frame: FrameType) -> None:
        """Know the call's frame."""
        self.frame = frame
        (_at_lines if self.lines else _at_instructions)[frame] = self

    def close(self, thrown: BaseException, arrived: int) -> bool:  # noqa: D102
        if self.lines and self.frame is not None:  # unwinding is watched closely
            self._use(_BEGIN | _LINES | _INSTRUCTION)
            _at_instructions[self.frame] = self
        return super().close(thrown, arrived)

    def shut(self) -> None:  # noqa: D102
        if self.frame is not None:
            _at_lines.pop(self.frame, None)
            _at_instructions.pop(self.frame, None)
        super().shut()
        self._use(0)

    def begins_again(self, origin: int, destination: int) -> bool:
        """Whether a jump back stays within a line."""
        known = self._jumps.get(origin)
        if known is None:
            known = self._jumps[origin] = self.line_at(origin) == self.line_at(destination)
        return known

    def in_company(self, frame: FrameType, offset: int) -> None:
        """Pause where a `sys.settrace` tracer is: to it, a pause looks like a generator's `yield`."""
        local: Any = frame.f_trace
        if local is not None:
            local(frame, "return", None)
        sys.call_tracing(self.leave, (offset,))
        if sys.gettrace() is not None:
            self.go_on_in_company(frame)

    def go_on_in_company(self, frame: FrameType) -> None:
        """Tell a `sys.settrace` tracer that the call goes on."""
        tracer: Any = sys.gettrace()
        frame.f_trace = tracer(frame, "call", None)
        # Whoever begins to trace has the code of all frames on the stack instrumented; those of a greenlet aren't.
        _tool.instrument(self.code)

    def _use(self, events: int) -> None:
        before, self._uses = self._uses, events
        if before != events:
            _tool.use(self.code, before, events)


class _Tool:
    """Our place among the tools: taken with the first code object that is watched, given back with the last."""

    def __init__(self) -> None:
        self._lock = RLock()  # a call that is dropped by the garbage collector may come in between
        self._id: int | None = None
        self._users: dict[int, tuple[CodeType, dict[int, int]]] = {}  # id of code -> events -> how many want them

    def use(self, code: CodeType, before: int, after: int) -> None:
        """Have one user of `code` want other events than before."""
        with self._lock:
            self._use(code, before, after)

    def _use(self, code: CodeType, before: int, after: int) -> None:
        if self._id is None:
            self._id = self._take()
        _, users = self._users.setdefault(id(code), (code, {}))
        for events, change in (before, -1), (after, 1):
            if events:
                users[events] = users.get(events, 0) + change
        wanted = 0
        for events, count in users.items():
            wanted |= events if count else 0
        if not wanted:
            self._users.pop(id(code), None)
        if _monitoring.get_local_events(self._id, code) != wanted:
            _monitoring.set_local_events(self._id, code, wanted)
        if not self._users:
            self._give_back(self._id)

    def instrument(self, code: CodeType) -> None:
        """Have the interpreter look again at which events of `code` are wanted by whom."""
        with self._lock:
            if self._id is not None:
                wanted = _monitoring.get_local_events(self._id, code)
                _monitoring.set_local_events(self._id, code, wanted ^ _BEGIN)
                _monitoring.set_local_events(self._id, code, wanted)

    def _take(self) -> int:
        for tool in _IDS:
            if _monitoring.get_tool(tool) is None:
                _monitoring.use_tool_id(tool, "instep")
                _monitoring.register_callback(tool, _BEGIN, _begin)
                _monitoring.register_callback(tool, _LINE, _arrive_at_line)
                _monitoring.register_callback(tool, _JUMP, _jump)
                _monitoring.register_callback(tool, _INSTRUCTION, _arrive)
                return tool
        names = ", ".join(f"{tool}: {_monitoring.get_tool(tool)}" for tool in _IDS)
        raise InstepError(f"no place among the tools of sys.monitoring is free ({names}); end one of them first")

    def _give_back(self, tool: int) -> None:
        for event in _BEGIN, _LINE, _JUMP, _INSTRUCTION:
            _monitoring.register_callback(tool, event, None)
        _monitoring.free_tool_id(tool)
        self._id = None


_tool = _Tool()


def _begin(code: CodeType, offset: int, current: Any = getcurrent, frame: Any = sys._getframe) -> None:
    gate = _beginning.pop(current(), None)
    if gate is not None:
        gate.begin(frame(1))


# Names are defaults, and the functions written out alike, because they run once a step.
def _arrive(
    code: CodeType,
    offset: int,
    frame: Any = sys._getframe,
    get: Any = _at_instructions.get,
    tracer: Any = sys.gettrace,
    switch: Any = sys.call_tracing,
) -> None:
    gate = get(frame(1))
    if gate is not None:
        if tracer() is None:
            switch(gate.leave, (offset,))
            if tracer() is not None:
                gate.go_on_in_company(frame(1))
        else:
            gate.in_company(frame(1), offset)


def _arrive_at_line(
    code: CodeType,
    line: int,
    frame: Any = sys._getframe,
    get: Any = _at_lines.get,
    tracer: Any = sys.gettrace,
    switch: Any = sys.call_tracing,
) -> None:
    paused = frame(1)
    gate = get(paused)
    if gate is not None:
        if tracer() is None:
            switch(gate.leave, (paused.f_lasti,))
            if tracer() is not None:
                gate.go_on_in_company(paused)
        else:
            gate.in_company(paused, paused.f_lasti)


def _jump(code: CodeType, origin: int, destination: int) -> None:
    # A line that begins again, by going back within it, is no event of its own; to `sys.settrace` it is one.
    if destination <= origin:
        paused = sys._getframe(1)
        gate = _at_lines.get(paused)
        if gate is not None and gate.begins_again(origin, destination):
            if sys.gettrace() is None:
                sys.call_tracing(gate.leave, (destination,))
                if sys.gettrace() is not None:
                    gate.go_on_in_company(paused)
            else:
                gate.in_company(paused, destination)

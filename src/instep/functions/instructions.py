"""The grains `line` and `bytecode`: the original code object runs, and is paused between its lines or instructions.

After k steps exactly k lines, or instructions, have had their effect: an event comes before what it announces runs, so
that a step is over with the next arrival, with the return or with the exception. Functions that the call calls run
whole, within a step, and so does the function itself where it calls itself.

What the call can notice:

- Its stack ends with one frame that stands in for whoever began it (same module, function, file and line).
- `sys.exc_info()` is its own: what its caller handles it doesn't see, so that a bare `raise` can't raise that again.
- On Python 3.11 its variables can only be read by `f_locals`: a dictionary that `locals()` has given out is refreshed
  at each step that binds one, and holds on to what it has until then.
- A tracer that is set *inside* of it may take the events away, from where on it runs without pausing: an `InstepError`
  at its end says so. A tracer or tool that is there before, or is set between two steps, is no trouble.
- If its thread ends while it is paused, it is never closed: its `finally` blocks don't run.
- If it refers to its own steps, the garbage collector doesn't find it while it is paused: close it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType, FunctionType
from typing import Any, Literal, NoReturn

from instep.errors import InstepError
from instep.functions.grains import ABSENT, Begin, CannotStep, Taken
from instep.functions.greenlets import getcurrent
from instep.functions.naming import RETURNED, Binding, Spots, spots_of
from instep.functions.pauses import OVER, Body, Caller
from instep.functions.variables import Read, reader, variables

if sys.version_info >= (3, 12):
    from instep.functions.monitoring import Watched
else:
    from instep.functions.tracing import Watched

_KINDS = {0x20: "a generator", 0x80: "a coroutine", 0x200: "an asynchronous generator"}
_new: Any = tuple.__new__  # half the time of calling the class
_OURS = "instep.functions"


class SteppedCall:
    """One call, taken a line or an instruction at a time: the `Call` of these grains."""

    __slots__ = (
        "_at",
        "_begin",
        "_body",
        "_busy",
        "_ended",
        "_name",
        "_read",
        "_result",
        "_returned",
        "_same",
        "_spots",
        "taken",
    )

    def __init__(self, name: str, spots: Spots, begin: Callable[[], Body]) -> None:
        self._name = name
        self._spots = spots
        self._same = spots.same
        self._begin = begin
        self._body: Body | None = None  # while it is under way
        self._at = -1  # the offset it has arrived at
        self._read: Read | None = None  # its variables, while it is paused
        self._busy = False
        self._ended = False
        self._returned = False
        self.taken = 0
        """How many steps were run, those of `run` included."""
        self._result: Any = None

    def step(self) -> Taken:
        """Run exactly one line or instruction; `StopIteration` with the result once there is none left."""
        body = self._body
        if body is None or self._busy:
            body = self._enter()
        home = getcurrent()
        if home is not body.home or home.gr_context is not body.context:
            body.come_home()
        self._busy = True
        try:
            arrived = body.resume()
        except BaseException as error:
            self._fail(body, error)
            raise
        self._busy = False
        self.taken += 1
        if arrived is OVER:
            return self._last(body)
        at, self._at = self._at, arrived
        return self._same.get(at) or self._taken(body, at, arrived)

    def run(self) -> Any:
        """Run on to the end through every pause; gives the result."""
        if self._returned:
            return self._result
        body = self._body
        if body is None or self._busy:
            body = self._enter()
        body.come_home()
        self._busy = True
        try:
            body.drain()
        except BaseException as error:
            self._fail(body, error)
            raise
        finally:
            self.taken += body.drained
        self._busy = False
        self._end(body)
        return self._result

    def close(self) -> None:
        """Raise `GeneratorExit` at the pause: `finally` blocks run. `RuntimeError` if the body goes on."""
        body = self._body
        if self._busy:
            self._refuse()
        if body is None:
            self._ended = True
            return
        body.come_home()
        self._busy = True
        try:
            body.end(self._at)
        except BaseException as error:
            self._fail(body, error)
            raise
        self._busy = False
        self._forget(body)

    @property
    def locals(self) -> dict[str, Any]:
        """A copy of the paused frame's variables; empty after the end."""
        if self._ended:
            return {}
        body = self._body or self._enter()
        return {} if body.gate.frame is None else variables(body.gate.frame)

    def __del__(self) -> None:
        body = getattr(self, "_body", None)
        if body is None or self._busy or sys.is_finalizing():
            return
        if body.is_elsewhere:  # greenlet unwinds it when that thread is at it, if it still is
            self._forget(body)
        else:
            self.close()

    def _enter(self) -> Body:
        """Arrive at the first line or instruction, before which nothing runs but the binding of the arguments."""
        if self._busy:
            self._refuse()
        if self._ended:
            raise StopIteration(self._result)
        body = self._body = self._begin()
        body.come_home()
        self._busy = True
        try:
            self._at = body.resume()
        except BaseException as error:
            self._fail(body, error)
            raise
        self._busy = False
        if body.gate.frame is not None:
            self._read = reader(body.gate.frame)
        return body

    def _refuse(self) -> NoReturn:
        raise ValueError(f"{self._name}() is already executing")

    def _taken(self, body: Body, at: int, arrived: int) -> Taken:
        site, bindings, _ = self._spots[at, arrived]
        taken: Taken = _new(Taken, (site, _value(body.gate.frame, self._read, bindings), None))
        if not bindings and self._spots.is_fixed:
            self._same[at] = taken
        return taken

    def _last(self, body: Body) -> Taken:
        site, bindings, returns = self._spots[self._at, RETURNED]
        frame = body.gate.frame
        value = _value(frame, frame and reader(frame), bindings)
        self._end(body)
        if not self._spots.may_return(self._at):
            raise InstepError(
                f"{self._name}() ran on to its end without pausing after line {site.line}: a tracer set inside "
                "took the events away. Set tracers before the call, or write .run()"
            )
        return Taken(site, self._result if returns else value)

    def _end(self, body: Body) -> None:
        self._result, self._returned = body.result, True
        self._forget(body)

    def _fail(self, body: Body, error: BaseException) -> None:
        error.__traceback__ = body.strip(error.__traceback__)
        self._busy = False
        self._forget(body)

    def _forget(self, body: Body) -> None:
        self._ended = True
        self._body = self._read = None
        body.gate.shut()


def prepare(function: FunctionType, grain: Literal["line", "bytecode"]) -> Begin:
    """Give what begins a call of `function` that is taken by lines or by instructions; `CannotStep` where none can."""
    code = _checked(function)
    lines = grain == "line"
    spots = spots_of(code, lines=lines)
    alike = _without_body(code)

    def begin(*arguments: Any, **keywords: Any) -> SteppedCall:
        _bind(function, alike, arguments, keywords)
        call = partial(function, *arguments, **keywords)
        begun = partial(_body, function, call, _caller(sys._getframe(1)), lines)
        return SteppedCall(function.__qualname__, spots, begun)

    return begin


def _body(function: FunctionType, call: partial[Any], caller: Caller, lines: bool) -> Body:
    return Body(function.__qualname__, call, caller, Watched(function.__code__, lines=lines))


def _checked(function: object) -> CodeType:
    if not isinstance(function, FunctionType):
        raise CannotStep(function, "it is not a function written in Python")
    code = function.__code__
    for flag, kind in _KINDS.items():
        if code.co_flags & flag:
            reason = f"it is {kind} function, whose frame doesn't run in its call"
            raise CannotStep(function, reason, line=code.co_firstlineno, instead="statement")
    return code


def _without_body(code: CodeType) -> CodeType:
    """Code that takes the same arguments as `code` and does nothing with them."""
    nothing = (lambda: None).__code__
    return code.replace(  # named otherwise, lest a tracer takes it for the function
        co_name="<arguments>",
        co_qualname="<arguments>",
        co_filename=nothing.co_filename,
        co_code=nothing.co_code,
        co_consts=nothing.co_consts,
        co_linetable=nothing.co_linetable,
        co_exceptiontable=b"",
        co_stacksize=nothing.co_stacksize,
        co_names=(),
        co_cellvars=(),
        co_freevars=(),
    )


def _bind(function: FunctionType, alike: CodeType, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Raise what the interpreter raises for wrong arguments, in its own words."""
    binding = FunctionType(alike, {}, function.__name__, function.__defaults__)
    binding.__kwdefaults__ = function.__kwdefaults__
    binding.__qualname__ = function.__qualname__
    binding(*arguments, **keywords)


def _caller(frame: FrameType) -> Caller:
    """Who asked for the call, past our own frames."""
    found: FrameType | None = frame
    while found is not None and found.f_globals.get("__name__", "").startswith(_OURS):
        found = found.f_back
    frame = found or frame
    return Caller(frame.f_code, frame.f_lineno, frame.f_globals)


def _value(frame: FrameType | None, read: Read | None, bindings: tuple[Binding, ...]) -> Any:
    """What the names are bound to: a tuple, where they are several."""
    if frame is None or read is None or not bindings:
        return ABSENT
    if len(bindings) == 1:
        ((name, is_global),) = bindings
        return frame.f_globals.get(name, ABSENT) if is_global else read(name, ABSENT)
    return tuple(_value(frame, read, (each,)) for each in bindings)

"""The greenlet in which one call runs, so that it can really be paused: entered, left, closed.

Where it pauses is decided by its gate. CPython drops events while a callback of any tool runs, and counts that in
the thread, not in the greenlet. So both ways of a switch go through `sys.call_tracing`, which sets the count aside and
back: neither who is outside nor who is inside of a callback sees the other's.
"""

from __future__ import annotations

import sys
from _thread import _local
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from itertools import count
from types import CodeType, FunctionType, TracebackType
from typing import Any, Final, NamedTuple

from instep.errors import InstepError
from instep.functions.gates import STUBBORN
from instep.functions.greenlets import getcurrent, greenlet

if sys.version_info >= (3, 12):
    from instep.functions.monitoring import Watched
else:
    from instep.functions.tracing import Watched

OVER: Final = object()
"""What `resume` gives once the call has returned."""


_known = _local()


def _this_thread() -> object:
    """What stands for this thread. Its number will not do: after its end the next one gets it."""
    try:
        token: object = _known.token
    except AttributeError:
        token = _known.token = object()
    return token


class Caller(NamedTuple):
    """Where the call was asked for; not the frame itself, which would keep its variables alive."""

    code: CodeType
    line: int
    variables: dict[str, Any]


class Body:
    """One call, in a greenlet of its own. Serves the one thread that enters it: a greenlet can't change threads."""

    __slots__ = ("_greenlet", "_name", "_raised", "_result", "_thread", "context", "drained", "gate", "home", "resume")

    def __init__(self, name: str, call: partial[Any], caller: Caller, gate: Watched) -> None:
        self._name = name
        self._result: list[Any] = []
        self._raised: list[StopIteration] = []
        self._thread = _this_thread()
        self.home: Any = None
        """Where it comes back to."""
        self.context: Context | None = None
        self.drained = 0
        self._greenlet = greenlet(partial(_stand_in(caller), gate.ready, call, self._result, self._raised, OVER))
        self.gate = gate
        self.resume: Callable[[], Any] = gate.way_in(self._greenlet)
        """Runs on to the next arrival, and gives its offset, or `OVER`; raises what the call raises."""

    @property
    def result(self) -> Any:
        """What the call returned."""
        return self._result[0]

    def come_home(self) -> None:
        """Have the call come back to the greenlet that runs now, and run in its context until then."""
        home = getcurrent()
        if home.gr_context is None:  # a thread has none before it is first asked for
            copy_context()
        if home is not self.home:
            self._move_to(home)
        self.context = self._greenlet.gr_context = home.gr_context

    def drain(self) -> None:
        """Run on to the end through every pause, with no Python code in between; `drained` then tells the steps."""
        counter = count()
        try:
            self.gate.way_through(deque, zip(iter(self._greenlet.switch, OVER), counter, strict=False), 0)
            if not self._result:  # what it raised is a StopIteration, which ends the iterator above
                raise self._raised[0]
            next(counter)  # the last one, which ended with the call
        finally:
            self.drained = next(counter)

    def end(self, arrived: int) -> None:
        """Raise `GeneratorExit` at the pause, so that `finally` blocks run; `RuntimeError` if the body catches it."""
        thrown = GeneratorExit()
        try:
            if self.gate.close(thrown, arrived):
                got = self.gate.way_through(self._greenlet.throw, thrown)
            else:
                got = self.gate.way_through(self._greenlet.switch)
        except GeneratorExit as left:
            if left is not thrown:
                raise
            got = None
        finally:
            thrown.__traceback__ = None  # it leads to these very frames, which know it: a cycle
        if got is STUBBORN or self.gate.ignored:
            more = ", and can't be ended" if got is STUBBORN else ""
            raise RuntimeError(f"{self._name}() ignored GeneratorExit{more}")

    @property
    def is_elsewhere(self) -> bool:
        """Whether it belongs to another thread than this one."""
        return _this_thread() is not self._thread

    def strip(self, traceback: TracebackType | None) -> TracebackType | None:
        """The part of a traceback that begins with the call's own frame."""
        entry = traceback
        while entry is not None and entry.tb_frame is not self.gate.frame:
            entry = entry.tb_next
        return entry or traceback

    def _move_to(self, home: greenlet) -> None:
        if self.is_elsewhere:
            raise InstepError(
                f"{self._name}() is paused in another thread, and a paused call can't change threads: "
                "take all steps of one call in one thread"
            )
        self.home = self._greenlet.parent = home
        self.gate.lead_to(home.switch)


def _stand_in(caller: Caller) -> FunctionType:
    """Make what calls the call: in its stack it stands in for the caller, whose own stack is not below a greenlet's."""
    code = _call.__code__.replace(
        co_filename=caller.code.co_filename,
        co_name=caller.code.co_name,
        co_qualname=caller.code.co_qualname,
        co_firstlineno=caller.line,
        co_linetable=_ALL_ON_ONE_LINE,
    )
    return FunctionType(code, caller.variables)


def _call(ready, call, result, raised, over):  # type: ignore[no-untyped-def]
    ready()
    try:
        result.append(call())
    except StopIteration as error:
        raised.append(error)
        raise
    return over


# Each entry: up to eight code units, no columns, no further lines.
_ALL_ON_ONE_LINE: Final = bytes((0x80 | 13 << 3 | 7, 0)) * (len(_call.__code__.co_code) // 16 + 1)

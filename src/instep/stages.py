"""`stage`: named steps of straight-line code."""

from __future__ import annotations

import sys
from _thread import get_ident
from time import perf_counter_ns

from instep.checks import checked_str, short
from instep.computation import caller, status_of
from instep.current import task_id
from instep.loops import Track

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200  # flags of a code object, as in inspect


class stage:  # noqa: N801  # a context manager and decorator, used like a function
    """A named step of straight-line code: `with stage("load"): ...`, or `@stage("load")` on a function.

    What runs inside is its child; stages of one name under one parent are added up in the report. The `with` gives a
    `Track` without an iterable: `note`, `send` and `advance` (`unit` says what of) work on it. One `stage` may be
    entered again, recursively and from many threads and tasks; each time is a step of that name. A decorated coroutine
    or generator function is a stage from its first step to its end.

    >>> with stage("parse", unit="B") as parsing:
    ...     parsing.advance(2048)
    >>> parsing.status
    'finished'
    """

    __slots__ = ("_entered", "_name", "_show", "_unit")

    def __init__(self, name: str, /, *, unit: str = "it", show: bool = True) -> None:
        if not isinstance(name, str):
            raise TypeError(
                f"stage(name) expected a str; got {type(name).__name__}. Write @stage('name') on a function."
            )
        self._name = name
        self._unit = checked_str("unit", unit)
        self._show = show
        self._entered: list[Track[Any]] = []  # by whichever threads and tasks

    def __enter__(self) -> Track[Any]:
        track: Track[Any] = Track(name=self._name, unit=self._unit, show=self._show)
        track._run.kind = "stage"
        self._entered.append(track)
        track._begin_by_hand(caller(sys._getframe(1)), scope=True)
        return track

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        frame = id(caller(sys._getframe(1)))
        here = get_ident(), task_id() if "asyncio" in sys.modules else 0
        entered = (
            [track for track in self._entered if track._run.frame == frame]
            or [track for track in self._entered if (track._run.thread, track._run.task) == here]
            or self._entered[-1:]
        )
        if entered:
            self._entered.remove(entered[-1])
            entered[-1]._run.end("finished" if kind is None else status_of(kind), perf_counter_ns())

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]:
        """As a decorator: each call of `function` is a step of this name."""
        if not callable(function) or isinstance(function, type | staticmethod | classmethod):
            hint = " Write it below @staticmethod or @classmethod." if not isinstance(function, type) else ""
            raise TypeError(f"@stage(name) expected a function to decorate; got {short(function)}.{hint}")
        from functools import wraps

        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if flags & _ASYNC_GENERATOR:
            raise TypeError(
                f"@stage: {function!r} is an asynchronous generator function; write `with stage(...)` inside it"
            )
        body: Any = function
        made: Any
        if flags & _COROUTINE:

            async def made(*args: P.args, **kwargs: P.kwargs) -> Any:
                with stage(self._name, unit=self._unit, show=self._show):
                    return await body(*args, **kwargs)

        elif flags & _GENERATOR:

            def made(*args: P.args, **kwargs: P.kwargs) -> Any:
                with stage(self._name, unit=self._unit, show=self._show):
                    return (yield from body(*args, **kwargs))

        else:

            def made(*args: P.args, **kwargs: P.kwargs) -> Any:
                with stage(self._name, unit=self._unit, show=self._show):
                    return body(*args, **kwargs)

        wrapped: Callable[P, R] = wraps(function)(made)
        return wrapped

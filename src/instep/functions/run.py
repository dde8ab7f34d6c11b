"""`steps`: a function as its steps. Which of the things that Python calls it takes, and how what it gives binds."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Coroutine, Iterator
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, get_args, overload

from instep.checks import short
from instep.functions.driving import Steps
from instep.functions.grains import ABSENT, Begin, CannotStep, GrainName
from instep.functions.running import FunctionRun

if TYPE_CHECKING:
    from instep.functions.awaiting import AsyncSteps

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

GRAINS: tuple[GrainName, ...] = get_args(GrainName)


class Stepped(Generic[P, S]):
    """A function that gives its `Steps` where it would give its result: what `steps` makes.

    It is called, bound as a method, inspected and pickled like the function.
    """

    __name__: str
    __qualname__: str
    __self__: Any

    def __init__(self, given: Any, grain: GrainName) -> None:
        function, first, more = _taken_apart(given)
        begin = _prepare(function, grain)
        functools.update_wrapper(self, function)
        self.__wrapped__ = function if isinstance(given, property) or not callable(given) else given
        self.grain = grain
        self._given, self._function, self._begin = given, function, begin
        self._first, self._more = first, more

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> S:
        """Bind the arguments (`TypeError`, as at a plain call) and run nothing yet."""
        call = self._begin(*self._first, *args, **{**self._more, **kwargs})
        code, name = self._function.__code__, self._function.__qualname__
        run = FunctionRun(name.rpartition("<locals>.")[2], (code.co_filename, code.co_firstlineno, name))
        steps: Any
        if code.co_flags & inspect.CO_COROUTINE:
            from instep.functions.awaiting import AsyncSteps

            steps = AsyncSteps(run, call)
        else:
            steps = Steps(run, call)
        return steps  # type: ignore[no-any-return]

    def values(self, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
        """Take the steps of a call, and give the values of those that are assignments (an `async def`'s: `async for`).

        >>> from colorsys import rgb_to_yiq
        >>> y, i, q = steps(rgb_to_yiq).values(0, 0, 0)
        >>> y, i, q
        (0.0, 0.0, 0.0)
        """
        taken: Any = self(*args, **kwargs)
        return taken.values()  # type: ignore[no-any-return]

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        given = self._given
        if isinstance(given, classmethod):
            return self._bound(type(instance) if owner is None else owner)
        if instance is None or not isinstance(given, FunctionType | property):
            return self
        begin: Any = self if isinstance(given, property) else self._bound
        return begin(instance)

    def _bound(self, to: Any) -> Stepped[..., S]:
        bound: Any = object.__new__(type(self))
        bound.__dict__.update(self.__dict__)
        bound.__wrapped__ = bound._given = MethodType(self._function, to)
        bound.__self__ = to
        bound._first = (to,)
        return bound  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        if "__self__" in self.__dict__:
            return getattr, (self.__self__, self.__name__)
        if _named(self.__module__, self.__qualname__) is self:
            return self.__qualname__
        return Stepped, (self._given, self.grain)

    def __repr__(self) -> str:
        return f"<steps of {self.__qualname__}, by {self.grain}>"


def _taken_apart(given: Any) -> tuple[FunctionType, tuple[Any, ...], dict[str, Any]]:
    """The Python function, and the arguments that it is given before those of the call."""
    first: tuple[Any, ...] = ()
    more: dict[str, Any] = {}
    thing = given
    while not isinstance(thing, FunctionType):
        if isinstance(thing, Stepped):
            first, more, thing = (*thing._first, *first), {**thing._more, **more}, thing._function
        elif isinstance(thing, functools.partial):
            first, more, thing = (*thing.args, *first), {**thing.keywords, **more}, thing.func
        elif isinstance(thing, MethodType):
            first, thing = (thing.__self__, *first), thing.__func__
        elif isinstance(thing, classmethod | staticmethod):
            thing = thing.__func__
        elif isinstance(thing, property) and thing.fget is not None:
            thing = thing.fget
        elif (call := _call_of(thing)) is not None:
            first, thing = (thing, *first), call
        else:
            _refuse(given, thing)
    return thing, first, more


def plain_function(given: Any) -> FunctionType:
    """The Python function in what `steps` takes; `CannotStep`, or `TypeError`, where there is none."""
    return _taken_apart(given)[0]


def _call_of(thing: Any) -> FunctionType | None:
    """The Python function by which an object is called, if there is one."""
    call = None if isinstance(thing, type) else inspect.getattr_static(type(thing), "__call__", None)
    return call if isinstance(call, FunctionType) else None


def _refuse(given: Any, thing: Any) -> None:
    if isinstance(thing, type):
        name = thing.__qualname__
        raise CannotStep(thing, f"it is a class; steps() takes one of its functions, such as {name}.__init__")
    if not callable(thing):
        hint = "steps(f)(...), the arguments in a call of their own"
        if isinstance(thing, str):
            hint = f'steps(f, grain="{thing}")' if thing in GRAINS else "steps(f) with the function itself"
        raise TypeError(f"steps() expected a function; got {short(given)}: write {hint}")
    inner = getattr(thing, "__wrapped__", None)
    hint = f"; the function below it can be: write steps({_name(thing)}.__wrapped__)" if callable(inner) else ""
    raise CannotStep(thing, f"it is not written in Python ({type(thing).__qualname__}), so that it has no steps{hint}")


def _name(thing: Any) -> str:
    name = getattr(thing, "__name__", "")
    return name if name.isidentifier() else "f"  # a lambda's is none


def _prepare(function: FunctionType, grain: GrainName) -> Begin:
    if grain == "statement":
        from instep.functions import statements

        return statements.prepare(function)
    from instep.functions import instructions

    return instructions.prepare(function, grain)


def _named(module: str, name: str) -> Any:
    """What bears this name in a module."""
    try:
        return functools.reduce(getattr, name.split("."), sys.modules[module])
    except (AttributeError, KeyError):
        return None


class _Decorator(Protocol):
    """What `steps(grain=...)` gives."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Stepped[P, AsyncSteps[R]]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, function: Callable[P, R], /) -> Stepped[P, Steps[R]]: ...


@overload
def steps(*, grain: GrainName = ...) -> _Decorator: ...
@overload
def steps(function: Callable[P, Coroutine[Any, Any, R]], /, *, grain: GrainName = ...) -> Stepped[P, AsyncSteps[R]]: ...  # type: ignore[overload-overlap]
@overload
def steps(function: Callable[P, R], /, *, grain: GrainName = ...) -> Stepped[P, Steps[R]]: ...
@overload
def steps(function: classmethod[Any, P, R] | property, /, *, grain: GrainName = ...) -> Stepped[..., Steps[Any]]: ...
def steps(function: Any = ABSENT, /, *, grain: GrainName = "statement") -> Any:
    """A function whose calls are taken step by step; the function itself, unedited, stays as it was.

    `steps(f)(*args)` binds the arguments and runs nothing yet. It gives `Steps`, an iterator: each `next` runs exactly
    one step and tells what it did. `run()` takes all that are left and gives the function's result.

    >>> from colorsys import rgb_to_yiq
    >>> walk = steps(rgb_to_yiq)(0, 0, 0)
    >>> for step in walk:
    ...     print(step.name, step.value)
    y 0.0
    i 0.0
    q 0.0
    return (0.0, 0.0, 0.0)
    >>> walk.result
    (0.0, 0.0, 0.0)

    `grain` says how fine the steps are: `"statement"`, `"line"` or `"bytecode"`. Also a decorator: `@steps`, or
    `@steps(grain="line")`. Takes functions, methods, what `classmethod`, `staticmethod`, `property` and
    `functools.partial` give, and objects whose class has a `__call__` in Python. The calls of an `async def` give
    `AsyncSteps`. Functions that the function calls run whole, in the step that calls them; so does its recursion.

    What can't be stepped raises `CannotStep` at once.
    """
    if grain not in GRAINS:
        raise ValueError(f"steps(grain=...) expected {', '.join(map(repr, GRAINS))}; got {short(grain)}")
    if function is ABSENT:
        return functools.partial(Stepped, grain=grain)
    return Stepped(function, grain)

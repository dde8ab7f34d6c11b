"""`lazy`: a function that returns a list, as one that computes the items which are taken, and no more."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import update_wrapper
from types import FunctionType, MethodType
from typing import Any, ParamSpec, TypeVar, overload

from instep.functions.comparing import Plain
from instep.functions.grains import ABSENT
from instep.functions.hazards import refuse_builder_hazards
from instep.functions.placing import Plan, refuse_exits, refuse_places
from instep.functions.recognising import Builder, Expressions, Tree, recognise
from instep.functions.refusals import CannotDefer, Refusal
from instep.functions.returned import refuse_expression_hazards
from instep.functions.sequence import LazySequence
from instep.functions.sets import LazySet, unique
from instep.functions.source import NoSource, compile_like, find, function_like
from instep.functions.transforming import added, to_expressions, to_generator

P = ParamSpec("P")
T = TypeVar("T")
_Begun = tuple[Iterator[Any] | None, Any]


@overload
def lazy(function: Callable[P, list[T]], /, *, check: bool = False) -> Callable[P, LazySequence[T]]: ...
@overload
def lazy(*, check: bool = False) -> Callable[[Callable[P, list[T]]], Callable[P, LazySequence[T]]]: ...
def lazy(function: Any = ABSENT, /, *, check: bool = False) -> Any:
    """Make a function that returns a list compute only what is taken from it.

    The result is called like `function` and gives a `LazySequence`. Code before the loop that fills the list runs at
    the call, with that loop's `iter()`; each round runs when its item is first asked for. `function` stays as it was.

    `CannotDefer` is raised at once where the list might be another one: because it is read while it is filled, say. Not
    seen are effects between the items: they come when the items do, or never. With `check=True` each call runs the
    plain function too, effects included, and `LazyDiffers` is raised at the first item that differs.

    >>> from instep.functions.laziness import lazy
    >>> @lazy
    ... def squares(numbers):
    ...     out = []
    ...     for n in numbers:
    ...         print("squaring", n)
    ...         out.append(n * n)
    ...     return out
    >>> squares([1, 2, 3])[0]
    squaring 1
    1
    """
    if function is ABSENT:
        return lambda given: lazy(given, check=check)
    if isinstance(function, staticmethod | classmethod):
        return type(function)(lazy(function.__func__, check=check))
    if isinstance(function, MethodType):
        return MethodType(lazy(function.__func__, check=check), function.__self__)
    if not isinstance(function, FunctionType):
        if not callable(function):
            raise TypeError(f"lazy() expected a function; got {function!r}")
        raise CannotDefer(function, "it is not a Python function")
    return _lazy(function, check)


def _lazy(function: FunctionType, check: bool) -> Callable[..., Any]:
    begin, kind = _beginning(function)
    name = function.__qualname__

    def deferred(*arguments: Any, **keywords: Any) -> LazySequence[Any] | LazySet[Any]:
        source, items = begin(*arguments, **keywords)
        if kind == "set":
            return LazySet(_chained(source, items), name=name)
        return LazySequence(source, items, name=name)

    def checked(*arguments: Any, **keywords: Any) -> LazySequence[Any] | LazySet[Any]:
        plain = Plain(function, arguments, keywords)
        try:
            source, items = begin(*arguments, **keywords)
        except Exception as error:
            plain.expect(error, "at the call")
            raise
        whole = _chained(source, items)
        if kind == "set":
            return LazySet(plain.compared(unique(whole)), name=name)
        return LazySequence(plain.compared(whole), name=name)

    return update_wrapper(checked if check else deferred, function)


def _beginning(function: FunctionType) -> tuple[Callable[..., _Begun], str]:
    """Analyse a function; gives what begins a call of its deferred form, and what it returns: a list or a set."""
    try:
        found = find(function)
    except NoSource as error:
        raise CannotDefer(function, str(error)) from None
    definition = copy.deepcopy(found.definition)
    if not isinstance(definition, ast.FunctionDef):
        kind = "a lambda: write it as a def" if isinstance(definition, ast.Lambda) else "asynchronous"
        raise CannotDefer(function, f"it is {kind}", line=definition.lineno)
    try:
        pattern = _transform(definition, _Names(function))
    except Refusal as refusal:
        raise CannotDefer(function, refusal.reason, line=refusal.line) from None
    made: Any = function_like(function, compile_like(found, definition))

    def begin_builder(*arguments: Any, **keywords: Any) -> _Begun:
        return _to_mark(made(*arguments, **keywords))

    def begin_expression(*arguments: Any, **keywords: Any) -> _Begun:
        return _from_value(made(*arguments, **keywords))

    return begin_builder if isinstance(pattern, Builder) else begin_expression, pattern.kind


def _transform(definition: ast.FunctionDef, names: _Names) -> Builder | Expressions:
    """Change a definition so that it gives its items one by one."""
    tree = Tree(definition)
    pattern = recognise(tree, names.is_builtin)
    if isinstance(pattern, Expressions):
        refuse_expression_hazards(tree, pattern, names.is_builtin)
        to_expressions(pattern)
        return pattern
    refuse_places(tree, pattern, names.resolve)
    plan = Plan(tree, pattern)
    refuse_exits(tree, pattern, plan)
    refuse_builder_hazards(tree, pattern, plan, names.is_builtin)
    to_generator(definition, pattern, plan)
    return pattern


class _Names:
    """What the names of a function mean that it doesn't bind itself."""

    def __init__(self, function: FunctionType) -> None:
        code = function.__code__
        self._bound = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
        self._globals = function.__globals__

    def resolve(self, name: str) -> object:
        """Give the value of a global or builtin name; `None` for any other."""
        if name in self._bound:
            return None
        return self._globals.get(name, getattr(builtins, name, None))

    def is_builtin(self, name: str) -> bool:
        """Whether it is the builtin of that name."""
        return hasattr(builtins, name) and self.resolve(name) is getattr(builtins, name)


def _to_mark(body: Generator[Any, Any, Any]) -> _Begun:
    """Run a builder to its mark, as `transforming` puts it."""
    try:
        iterable, items = next(body)
    except StopIteration as end:
        return None, end.value
    except RuntimeError as error:
        # A StopIteration of the function's own, which left it before the mark: at a call it is nothing special.
        if isinstance(error.__cause__, StopIteration) and error.__traceback__ and error.__traceback__.tb_next is None:
            raise error.__cause__ from None
        raise
    try:
        iterator = iter(iterable)
    except BaseException as error:
        body.throw(error.with_traceback(None))
        raise
    body.send([added, iterator])
    return body, items


def _from_value(value: Iterable[Any]) -> _Begun:
    if isinstance(value, list):
        return None, value
    return iter(value), []


def _chained(source: Iterator[Any] | None, items: Iterable[Any]) -> Iterator[Any]:
    yield from items
    if source is not None:
        yield from source

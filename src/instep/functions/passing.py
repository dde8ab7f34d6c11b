"""Stand-ins for generator functions and `async def`: their own yields and awaits pass, our pauses do not.

| kind                  | its body, rewritten | what its stand-in gives                                        |
|-----------------------|---------------------|----------------------------------------------------------------|
| generator function    | a generator         | a generator: `_through`                                        |
| coroutine function    | a generator         | a coroutine: `_through`, whose code is flagged as a coroutine's |
| asynchronous generator| a generator         | an asynchronous generator: likewise                            |

A body of an `async def` is compiled as such, then flagged as a generator's: it does the same, and nobody misses an
`await` when it is never begun. What it hands over is what the interpreter has made of it (a generator's item, what a
future yields to its loop, an asynchronous generator's item in the interpreter's wrapper), and `_through` hands on the
very object. Whether that is one of our pauses is told by where the body's frame stands.
"""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Callable, Generator
from types import CodeType, FunctionType
from typing import Any, Final

from instep.functions.draining import passed_over, without_resume
from instep.functions.rewriting import Held, is_pause
from instep.functions.stepping import Body, said_of, shorten
from instep.functions.unseen import nested, signature

_KINDS: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_SAID: Final = {
    inspect.CO_GENERATOR: "generator",
    inspect.CO_COROUTINE: "coroutine",
    inspect.CO_ASYNC_GENERATOR: "async generator",
}


def kind_of(code: CodeType) -> int:
    """Give the flag that says what a call of the code gives; 0 for a plain function's."""
    return code.co_flags & _KINDS


def as_generator(code: CodeType) -> CodeType:
    """Give the code of a rewritten body whose call gives a generator, whatever it was."""
    flags = inspect.CO_GENERATOR
    if kind_of(code) != inspect.CO_GENERATOR:
        flags |= inspect.CO_ITERABLE_COROUTINE  # it may `await` coroutines
    return code.replace(co_flags=code.co_flags & ~_KINDS | flags)


def passing(original: CodeType, body: CodeType, count: Callable[[], object]) -> CodeType:
    """Give code like the original's, whose call gives what that gives, driven through the pauses of `body`."""
    pauses = frozenset(offset for offset, _ in is_pause(body))
    template = _template(original)
    through = _through_for(original, pauses, count)
    placed = {"BODY": as_generator(body), "THROUGH": Held(through), "DOCSTRING": original.co_consts[0]}
    return template.replace(
        co_consts=tuple(_replaced(each, placed) for each in template.co_consts),
        co_flags=original.co_flags,
        co_name=original.co_name,
        co_qualname=original.co_qualname,
        co_firstlineno=original.co_firstlineno,
    )


def _replaced(constant: Any, placed: dict[str, Any]) -> Any:
    if isinstance(constant, CodeType):
        return placed["BODY"]
    return placed.get(constant[1:], constant) if isinstance(constant, str) and constant[:1] == "=" else constant


def _template(original: CodeType) -> CodeType:
    parameters, passed, _ = signature(original)
    free = ", ".join(original.co_freevars)
    source = f"""
def maker({free}):
    def stand_in({parameters}):
        "=DOCSTRING"
        return "=THROUGH".of((lambda {parameters}: ({free}{"," if free else ""}))({passed}))
"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        module = compile(ast.parse(source), original.co_filename, "exec", dont_inherit=True)
    return without_resume(nested(nested(module)))


def _through_for(original: CodeType, pauses: frozenset[int], count: Callable[[], object]) -> FunctionType:
    awaitable = original.co_flags & inspect.CO_ITERABLE_COROUTINE  # a generator function under `types.coroutine`
    code = _through.__code__.replace(
        co_flags=_through.__code__.co_flags & ~_KINDS | kind_of(original) | awaitable,
        co_name=original.co_name,
        co_qualname=original.co_qualname,
        co_filename=original.co_filename,
        co_firstlineno=original.co_firstlineno,
    )
    return FunctionType(code, globals(), original.co_name, (pauses, count, _SAID[kind_of(original)]))


def _through(body: Body, pauses: frozenset[int], count: Callable[[], object], kind: str) -> Generator[Any, Any, Any]:
    """Be what the body would be without its pauses."""
    box: list[Any] = [None]  # what goes in or comes out is kept nowhere else: it lives as long as it did
    resume: Callable[[Any], Any] = body.send
    while True:
        try:
            _advance(body, pauses, count, resume, box)
        except StopIteration as end:
            return end.value
        except BaseException as error:
            shorten(error)
            said_of(kind, error)
            raise
        try:
            box.append((yield box.pop()))
            resume = body.send
        except BaseException as error:
            shorten(error)
            box.append(error)
            resume = body.throw


@passed_over
def _advance(
    body: Body,
    pauses: frozenset[int],
    count: Callable[[], object],
    resume: Callable[[Any], Any],
    box: list[Any],
) -> None:
    """Resume a body until it stands at a yield or an await of its own."""
    value = resume(box.pop())
    while body.gi_frame.f_lasti in pauses:
        count()
        value = None
        value = body.send(None)
    box.append(value)

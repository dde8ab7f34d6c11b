"""The statement grain: a call whose body, rewritten, is a generator that pauses after each statement.

What a function finds that looks around, when it is stepped:

| it looks at                            | it finds                                                                    |
|----------------------------------------|-----------------------------------------------------------------------------|
| its caller (`sys._getframe(1)`)        | whoever called it; step by step, whoever called `step`                      |
| the same, in a generator, an async def | as the plain one, of a `Call`; of `stepped`, one frame more, named like it  |
| its own frame                          | its name, file, lines and variables; in a code object that is a generator's |
|                                        | and not the one of its function (`f_code is not function.__code__`)         |
| the frame of a call that is over       | no `f_back`: a generator's frame forgets it                                 |
| a traceback                            | the original lines and columns, and no frames of ours                       |
| the recursion limit                    | one more for each driven call that is under way                             |
| `locals()`                             | its own variables                                                           |

On 3.11, to look at a call's `locals` refreshes a dictionary that its body has from `locals()`.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
from types import CodeType, FunctionType
from typing import Any

from instep.functions.draining import passed_over
from instep.functions.grains import Begin, CannotStep, Site
from instep.functions.passing import as_generator, kind_of, passing
from instep.functions.rewriting import PAUSES, finished, is_pause, rewritten
from instep.functions.room import leave_room, make_room
from instep.functions.sites import Naming
from instep.functions.source import Found, NoSource, compile_like, find, function_like
from instep.functions.stepping import AsyncCall, GeneratorCall, Rewritten, StatementCall
from instep.functions.trees import blocks
from instep.functions.unseen import driving

_CALLS = {0: StatementCall, inspect.CO_GENERATOR: GeneratorCall, inspect.CO_COROUTINE: AsyncCall}
_DEEPEST = 18 if sys.version_info[:2] == (3, 12) else 100
"""How deep blocks may be nested: near its own limit of 20 the compiler of 3.12 crashes on any generator."""
_count = itertools.count(1).__next__


def prepare(function: FunctionType) -> Begin:
    """Rewrite a function; gives what begins a call of it. `CannotStep` if it can't be stepped by statements.

    A call of a coroutine function is an `AsyncCall`.
    """
    code, places = _body_of(function)
    kind = kind_of(function.__code__)
    if kind == inspect.CO_ASYNC_GENERATOR:
        raise CannotStep(function, "it is an asynchronous generator function", line=code.co_firstlineno)
    body = function_like(function, as_generator(code))
    call: Any = _CALLS[kind]

    @passed_over
    def begin(*args: Any, **kwargs: Any) -> Any:
        body.__defaults__, body.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
        return call(places).begin(body(*args, **kwargs))

    return begin


def stepped(function: FunctionType) -> FunctionType:
    """Make a function that does what the given one does, through every pause."""
    body = _body_of(function)[0]
    return function_like(function, standing_in(function.__code__, body))


def standing_in(original: CodeType, body: CodeType) -> CodeType:
    """Give code that does what the original does, by driving a rewritten body through its pauses."""
    if kind_of(original):
        return passing(original, body, _count)
    return driving(original, body, _count, (make_room, leave_room))


def _body_of(function: FunctionType) -> tuple[CodeType, Rewritten]:
    if not isinstance(function, FunctionType):
        raise CannotStep(function, f"it is no Python function, but an object of type {type(function).__qualname__}")
    line = function.__code__.co_firstlineno
    if function.__code__.co_name == "<lambda>":
        raise CannotStep(function, "a lambda is one expression", line=line, instead="bytecode")
    try:
        return _rewritten(find(function))
    except NoSource as reason:
        raise CannotStep(function, str(reason), line=line, instead="bytecode") from None
    except SyntaxError as error:
        raise CannotStep(function, f"rewritten it does not compile: {error.msg}", line=line, instead="line") from None


def _rewritten(found: Found) -> tuple[CodeType, Rewritten]:
    assert not isinstance(found.definition, ast.Lambda)
    if blocks(found.definition.body) > _DEEPEST:
        raise NoSource("its blocks are nested too deep")
    if max(map(len, found.lines)) >= PAUSES // 4:  # in bytes, where a character may be four
        raise NoSource("its file has a line that is too long")
    definition, made = rewritten(found.definition, Naming(found.lines))
    code = finished(compile_like(found, definition))
    pauses = {offset: made.pauses[number] for offset, number in is_pause(code)}
    yields = {2 * index: made.yields[place] for index, place in enumerate(code.co_positions()) if place in made.yields}
    return code, Rewritten(pauses, yields)


def sites(function: FunctionType) -> list[Site]:
    """The steps that a call may take, some of them several times, without running it; `CannotStep` as for `prepare`."""
    _, (pauses, yields) = _body_of(function)
    return [*(pause.site for pause in pauses.values()), *yields.values()]

"""Driving a paused body to its end in one go, and functions whose frames are passed over.

CPython counts a frame as begun once it has passed its `RESUME` instruction; one that has not is left out of `f_back`,
`sys._getframe`, tracebacks and tracing. A function whose code has none never counts: what it calls sees its caller.
`drain` is the loop of a `yield from` whose `YIELD_VALUE` and `RESUME`, which would suspend, are replaced by a `POP_TOP`
and a `LOAD_CONST`: it takes each pause and resumes the body with `None`, from 3.12 on without any C stack.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Generator
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any, Final, TypeAlias, TypeVar, cast

from instep.functions.unseen import mended

F = TypeVar("F", bound=Callable[..., Any])

_GENERATOR: Final = 0x20  # flag of a code object, as in inspect
_NOP, _POP_TOP, _LOAD_CONST = (dis.opmap[name] for name in ("NOP", "POP_TOP", "LOAD_CONST"))


def passed_over(function: F) -> F:
    """Make the frames of a function ones that nothing sees: neither what it calls, nor tracebacks, nor tracers."""
    plain = cast(FunctionType, function)
    plain.__code__ = without_resume(plain.__code__)
    return function


def without_resume(code: CodeType) -> CodeType:
    """Give a plain function's code whose frames are passed over."""
    raw = bytearray(code.co_code)
    for each in dis.get_instructions(code):
        if each.opname == "RESUME":
            raw[each.offset : each.offset + 2] = _NOP, 0
    return code.replace(co_code=bytes(raw), co_linetable=_no_lines(len(raw) // 2))


def _no_lines(units: int) -> bytes:
    """Give the line table of instructions that belong to no line: where there is none, a tracer has no event."""
    entries = (0x80 | 15 << 3 | min(8, units - done) - 1 for done in range(0, units, 8))
    return bytes(entries)


def _looping(code: CodeType) -> CodeType:
    """Make of a generator's code, with one `yield from` in it, a plain function's that never suspends."""
    raw = bytearray(code.co_code)
    none = code.co_consts.index(None)
    instructions = list(dis.get_instructions(code))
    for each, after in pairwise(instructions):
        if each.opname == "YIELD_VALUE":
            raw[each.offset : each.offset + 2] = _POP_TOP, 0
            raw[after.offset : after.offset + 2] = _LOAD_CONST, none
        elif each.opname == "RETURN_GENERATOR":
            raw[each.offset : each.offset + 2] = raw[after.offset : after.offset + 2] = _NOP, 0
        elif each.opname == "RESUME" and raw[each.offset] != _LOAD_CONST:
            raw[each.offset : each.offset + 2] = _NOP, 0
        elif each.opname == "CALL_INTRINSIC_1" and "STOPITERATION" in each.argrepr:
            raw[each.offset : each.offset + 2] = _NOP, 0  # a plain function may raise StopIteration
    table = _no_lines(len(raw) // 2)
    return code.replace(co_code=bytes(raw), co_flags=code.co_flags & ~_GENERATOR, co_linetable=table)


def _drain(body: Generator[Any, None, Any]) -> Generator[Any, None, Any]:
    try:
        return (yield from body)
    except RuntimeError as error:
        raise_original(error)
        raise


@passed_over
def raise_original(error: RuntimeError) -> None:
    """Raise the `StopIteration` that left a body, if the error is what the interpreter has made of it."""
    stop = mended(error)
    if stop is None:
        return
    context = stop.__context__
    try:
        raise stop
    except BaseException:
        stop.__context__ = context  # raising it anew has put `error` there
        raise


def _exhaust(body: Generator[Any, None, Any]) -> Generator[Any, None, Any]:
    return (yield from body)


_Drive: TypeAlias = Callable[[Generator[Any, None, Any]], Any]

# New functions: from 3.13 on a generator function is not to be given a plain function's code.
drain: Final[_Drive] = FunctionType(_looping(_drain.__code__), globals(), "drain")
"""Run a paused body through all its pauses to its end; gives its result."""

exhaust: Final[_Drive] = FunctionType(_looping(_exhaust.__code__), globals(), "exhaust")
"""The same for a body that is a generator's anyway, whose errors stay what they are."""

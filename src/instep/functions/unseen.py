"""A function that drives a generator through every pause to its end, and whose own frame nobody sees.

What looks at its caller (`sys._getframe(1)`, `warnings.warn(stacklevel=2)`, a named tuple looking for its module) must
find the real one, not us. CPython passes over a frame that has not reached its `RESUME` instruction: it counts as not
begun, for `f_back`, for tracebacks, for tracers. A code object without any `RESUME` never counts as begun. The loop is
that of `yield from`, where resuming the generator takes no C stack from 3.12 on; its `YIELD_VALUE` is replaced, in
place, by a jump back.
"""

from __future__ import annotations

import ast
import dis
import itertools
import warnings
from collections.abc import Callable, Iterator
from textwrap import indent
from types import CodeType
from typing import Any, Final

CO_VARARGS, CO_VARKEYWORDS, CO_GENERATOR = 0x04, 0x08, 0x20
KEPT_FLAGS: Final = ~CO_GENERATOR
NOP, POP_TOP = dis.opmap["NOP"], dis.opmap["POP_TOP"]


def driving(
    original: CodeType,
    body: CodeType,
    resuming: Callable[[], object],
    around: tuple[Callable[[], Any], Callable[[Any], None]] | None = None,
) -> CodeType:
    """Give code with the original's parameters and free variables that runs `body`, a generator's code, to its end.

    `resuming` is called before each time the generator is resumed, and gives something true. `around` is called before
    the body begins, and with what that gave when it is over.
    """
    template = compiled(original, around=around is not None)
    placed = {"BODY": body, "RESUMING": resuming, "ERROR": RuntimeError, "MENDED": mended}
    placed["ENTER"], placed["LEAVE"] = around or (None, None)
    placed["DOCSTRING"] = original.co_consts[0] if original.co_consts else None
    return template.replace(
        co_code=bytes(unsuspended(template)),
        co_consts=tuple(replaced(constant, placed) for constant in template.co_consts),
        co_flags=original.co_flags & KEPT_FLAGS,
        co_filename=original.co_filename,
        co_name=original.co_name,
        co_qualname=original.co_qualname,
        co_firstlineno=original.co_firstlineno,
        co_linetable=line_table(len(template.co_code) // 2),
    )


def replaced(constant: Any, placed: dict[str, Any]) -> Any:
    """Give what stands in the place of a constant of the template."""
    if isinstance(constant, CodeType):
        return placed["BODY"]
    return placed.get(constant[1:], constant) if isinstance(constant, str) and constant[:1] == "=" else constant


def compiled(original: CodeType, *, around: bool = False) -> CodeType:
    """Compile the template: a generator function with the original's parameters and free variables."""
    parameters, passed, names = signature(original)
    taken = (*original.co_varnames, *original.co_freevars)
    kept, error, context, entered = (unused(name, taken) for name in ("kept", "error", "context", "entered"))
    free = ", ".join(original.co_freevars)
    does = f"""
{kept} = (lambda {parameters}: ({free}{"," if free else ""}))({passed})
{f"del {names}" if names else "pass"}
try:
    return (yield from ("=RESUMING"() and {kept}))
except "=ERROR" as {error}:
    {kept} = "=MENDED"({error})
    if {kept} is None:
        raise
{context} = {kept}.__context__
try:
    raise {kept}
finally:
    {kept}.__context__ = {context}
"""
    if around:
        does = f"""
{entered} = "=ENTER"()
try:{indent(does, "    ")}
finally:
    "=LEAVE"({entered})
"""
    source = f"""
def maker({free}):
    def stand_in({parameters}):
        "=DOCSTRING"
{indent(does, "        ")}
"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        module = compile(ast.parse(source), original.co_filename, "exec", dont_inherit=True)
    return nested(nested(module))


def nested(code: CodeType) -> CodeType:
    """Give the one function that is defined inside this code, other than a lambda."""
    return next(each for each in code.co_consts if isinstance(each, CodeType) and each.co_name != "<lambda>")


def signature(code: CodeType) -> tuple[str, str, str]:
    """Give a function's parameters as they are declared, as they are handed on, and as a list of names."""
    total = code.co_argcount + code.co_kwonlyargcount
    plain, only = code.co_varnames[: code.co_argcount], code.co_varnames[code.co_argcount : total]
    gathered = iter(code.co_varnames[total:])
    declared, passed = list(plain), list(plain)
    if code.co_posonlyargcount:
        declared.insert(code.co_posonlyargcount, "/")
    rest = next(gathered) if code.co_flags & CO_VARARGS else ""
    if rest or only:
        declared.append(f"*{rest}")
    if rest:
        passed.append(f"*{rest}")
    declared += only
    passed += (f"{name}={name}" for name in only)
    keywords = [next(gathered)] if code.co_flags & CO_VARKEYWORDS else []
    declared += (f"**{name}" for name in keywords)
    passed += (f"**{name}" for name in keywords)
    return ", ".join(declared), ", ".join(passed), ", ".join([*plain, *only, *filter(None, [rest]), *keywords])


def unused(name: str, names: tuple[str, ...]) -> str:
    """Give a name that is not among these."""
    return next(each for each in (name + "_" * count for count in itertools.count()) if each not in names)


def unsuspended(template: CodeType) -> bytearray:
    """Turn a generator's instructions into those of a function that never suspends and never counts as begun."""
    raw = bytearray(template.co_code)
    instructions = list(dis.get_instructions(template))
    loop = suspension(instructions)
    start, suspend, resume, back = next(loop), next(loop), next(loop), next(loop)
    for each, after in itertools.pairwise(instructions):
        if each.opname == "RETURN_GENERATOR":
            raw[each.offset : each.offset + 2] = raw[after.offset : after.offset + 2] = bytes((NOP, 0))
        elif each.opname == "RESUME" or (each.opname == "CALL_INTRINSIC_1" and "STOPITERATION" in each.argrepr):
            raw[each.offset : each.offset + 2] = bytes((NOP, 0))
    # On the stack are the generator and what it gave: both go, and the expression that gives it is evaluated again.
    raw[suspend : suspend + 2] = raw[resume : resume + 2] = bytes((POP_TOP, 0))
    raw[back + 1] = (back + 2 - start) // 2
    return raw


def suspension(instructions: list[dis.Instruction]) -> Iterator[int]:
    """Give the offsets of a `yield from`: where its operand begins, its YIELD_VALUE, its RESUME, its jump back."""
    send = next(index for index, each in enumerate(instructions) if each.opname == "SEND")
    load = next(index for index in range(send, 0, -1) if instructions[index].argval == "=RESUMING")
    yield instructions[load - (instructions[load - 1].opname == "PUSH_NULL")].offset
    yield from (each.offset for each in instructions[send + 1 : send + 4])


def line_table(units: int) -> bytes:
    """Give the table of a code object of so many instructions that all belong to its first line."""
    entries = (bytes((0x80 | 13 << 3 | min(8, units - done) - 1, 0)) for done in range(0, units, 8))
    return b"".join(entries)


def mended(error: RuntimeError) -> BaseException | None:
    """Give the `StopIteration` that left the body, which a generator must not raise; None for an error of its own.

    The interpreter puts its error in place of the body's outside of any frame: it has no traceback yet.
    """
    cause = error.__cause__
    return cause if error.__traceback__ is None and isinstance(cause, StopIteration) else None

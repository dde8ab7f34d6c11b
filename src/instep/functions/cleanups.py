"""Which instructions are those of `finally` blocks and of leaving `with` statements: what must run to the end.

A paused call stands before the instruction that comes next. After the last one of a `try` that is the first one of its
`finally` block, where the `try` doesn't catch an exception any more. To whoever closes the call there, it is still
inside: so a cleanup that is due, or has begun, is finished before the call is left.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType

from instep.functions.controlflow import ControlFlow


def cleanups(code: CodeType) -> frozenset[int]:
    """The offsets of all instructions of cleanups.

    The compiler writes a cleanup at least twice: in a handler, and wherever the block is left otherwise. So it is known
    by lines that both have. The lines of an `except` are in its handler only.
    """
    flow = ControlFlow(code)
    found: set[int] = set()
    for entry in flow.handlers:
        handler = flow.reached(entry.target, _not_through(flow), depth=entry.depth + 1)
        lines = {flow.lines[at] for at in handler}
        guarded = [at for at in flow.instructions if entry.start <= at < entry.end]
        starts = {at for before in guarded for at in flow.after(before) if entry.end <= at < entry.target}
        for start in starts:
            if flow.lines[start] in lines:
                found |= handler | flow.reached(start, _among(flow, lines), depth=entry.depth)
    return frozenset(at for at in found if flow.instructions[at].opname != "RERAISE")


def _not_through(flow: ControlFlow) -> Callable[[int], bool]:
    return lambda at: flow.instructions[at].opname != "POP_EXCEPT"


def _among(flow: ControlFlow, lines: set[int]) -> Callable[[int], bool]:
    return lambda at: flow.lines[at] in lines

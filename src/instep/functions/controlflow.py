"""The instructions of a code object: which line each belongs to, and which may run after which."""

from __future__ import annotations

import dis
from collections.abc import Callable
from itertools import pairwise
from types import CodeType
from typing import Any

_JUMPS = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
_NEVER_ON = frozenset(("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", *_JUMPS))


class ControlFlow:
    """The graph of a code object's instructions, by their offsets."""

    def __init__(self, code: CodeType) -> None:
        # Read from `co_code`, in which neither a specialised nor an instrumented opcode shows.
        self.instructions = {each.offset: each for each in dis.get_instructions(code)}
        self.lines = _lines(self.instructions, code.co_firstlineno)
        """Line by offset."""
        self.handlers: list[Any] = dis.Bytecode(code).exception_entries  # type: ignore[attr-defined]
        """With `start`, `end`, `target` and `depth`, how much is on the stack around it; they don't overlap."""
        self._next = dict(pairwise(self.instructions))

    def prefixed(self, offset: int) -> int:
        """The instruction that an EXTENDED_ARG belongs to; any other is its own."""
        while self.instructions[offset].opname == "EXTENDED_ARG":
            offset = self._next[offset]
        return offset

    def after(self, offset: int) -> list[int]:
        """What may run after it."""
        each = self.instructions[offset]
        found = [each.argval] if each.opcode in dis.hasjrel or each.opcode in dis.hasjabs else []
        if each.opname not in _NEVER_ON and offset in self._next:
            found.append(self._next[offset])
        return found

    def raising(self, offset: int, depth: int) -> list[int]:
        """What runs where it raises, in a handler of at least this depth."""
        return [each.target for each in self.handlers if each.start <= offset < each.end and each.depth >= depth]

    def reached(self, start: int, within: Callable[[int], bool], *, depth: int | None = None) -> frozenset[int]:
        """All that may run from `start` on, as long as it is within and goes forwards; with `depth`, by raising too."""
        found: set[int] = set()
        todo = [start]
        while todo:
            offset = todo.pop()
            if offset not in found:
                found.add(offset)
                after = self.after(offset) + ([] if depth is None else self.raising(offset, depth))
                todo += [at for at in after if at > offset and within(at)]
        return frozenset(found)


def _lines(instructions: dict[int, dis.Instruction], first: int) -> dict[int, int]:
    """Lines by offset. What has none belongs to what comes before it, but a handler's beginning to what comes after."""
    lines, line = {}, first
    beginnings = []
    for offset, each in instructions.items():
        own = each.positions and each.positions.lineno
        line = own or line
        lines[offset] = line
        if each.opname == "PUSH_EXC_INFO" and not own:
            beginnings.append(offset)
        else:
            lines.update(dict.fromkeys(beginnings, line))
            beginnings.clear()
    return lines

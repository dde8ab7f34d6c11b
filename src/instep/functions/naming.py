"""What the steps of a code object are called, where they are, and which names they bind."""

from __future__ import annotations

import dis
import linecache
import re
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, Final, NamedTuple
from weakref import ref

from instep.functions.controlflow import ControlFlow
from instep.functions.grains import Site, Taken
from instep.functions.nesting import depths

_LOCAL = ("STORE_FAST", "STORE_DEREF")
_GLOBAL = ("STORE_GLOBAL", "STORE_NAME")

# On Python 3.11 an instruction and the EXTENDED_ARG before it are one event, later on they are two.
_WITH_PREFIX = sys.version_info < (3, 12)

RETURNED: Final = -1
"""In the place of an offset: the call has returned."""

_WORD: Final = re.compile(r"@|\w+")

# What a line begins with that binds in another way than by assigning, if at all.
_HEADERS = ("async", "case", "class", "def", "elif", "else", "except", "for", "if", "match", "while", "with")
_NO_ASSIGNMENT: Final = frozenset(("@", "await", "del", "from", "import", "lambda", "return", *_HEADERS))


class Binding(NamedTuple):
    """A name that a step is sure to bind, and whether it is a global one."""

    name: str
    is_global: bool


class Spot(NamedTuple):
    """What is known beforehand of the step that begins at an offset."""

    site: Site
    bindings: tuple[Binding, ...]
    returns: bool
    """Whether the result is its value, if the call returns in it."""


class Spots(dict[tuple[int, int], Spot]):
    """The spots of a code object, by the offsets at which a step begins and ends, each made when first asked for.

    A step that ends with the call ends at `RETURNED`.
    """

    def __init__(self, code: CodeType, *, lines: bool) -> None:
        super().__init__()
        self.same: dict[int, Taken] = {}
        """Steps that are the same each time, by the offset at which they begin."""
        self.is_fixed = not lines
        """Whether it doesn't matter where a step ends."""
        self._flow = flow = ControlFlow(code)
        self._instructions, self._lines = flow.instructions, flow.lines
        self._lambda = code.co_name == "<lambda>"
        self._text = _text(code)
        self._depths = depths(code)
        self._make: Callable[[int, int], Spot] = self._line if lines else self._instruction

    def __missing__(self, ends: tuple[int, int]) -> Spot:
        spot = self[ends] = self._make(*ends)
        return spot

    def may_return(self, offset: int) -> bool:
        """Whether a call can return in the step that begins there."""
        if self.is_fixed:
            return self._instructions[self._flow.prefixed(offset)].opname.startswith("RETURN_")
        line = self._lines[offset]
        segment = self._flow.reached(offset, lambda at: self._lines[at] == line)
        return self._leads(offset, segment, RETURNED, None)

    def _instruction(self, offset: int, _: int) -> Spot:
        each = self._instructions[self._flow.prefixed(offset) if _WITH_PREFIX else offset]
        bindings = _bound(each)
        line, end = self._lines[offset], each.positions.end_lineno if each.positions else None
        site = Site(_as_printed(each), line, end or line, self._source(line), self._depth(line), bool(bindings))
        return Spot(site, bindings, each.opname.startswith("RETURN_"))

    def _line(self, offset: int, arrived: int) -> Spot:
        line, source = self._lines[offset], self._source(self._lines[offset])
        segment = self._flow.reached(offset, lambda at: self._lines[at] == line)
        bindings = self._sure(offset, segment, arrived)
        first = _WORD.match(source)
        returns = self._lambda or not source or (first is not None and first[0] == "return")
        assigns = bool(bindings) and not (first is not None and first[0] in _NO_ASSIGNMENT)
        name = ", ".join(each.name for each in bindings) if assigns else source
        if returns and source and not self._lambda:
            name = "return"
        end = max(
            (each.end_lineno or line for at in segment if (each := self._instructions[at].positions)), default=line
        )
        site = Site(name or f"line {line}", line, end, source, self._depth(line), assigns)
        return Spot(site, bindings, returns and not bindings)

    def _sure(self, start: int, segment: frozenset[int], arrived: int) -> tuple[Binding, ...]:
        """The names that are bound on every way through a segment to where it has arrived, as the source has them."""
        hidden = self._hidden(self._lines[start])
        found = dict.fromkeys(each for at in sorted(segment) for each in _bound(self._instructions[at]))
        if not self._leads(start, segment, arrived, None):  # it has raised, and arrived in a handler
            return ()
        sure = [each for each in found if each.name not in hidden and not self._leads(start, segment, arrived, each)]
        return tuple(sorted(sure, key=lambda each: self._place(each, start)))

    def _hidden(self, line: int) -> set[str]:
        """The variables of comprehensions of a line, which from Python 3.12 on are the function's, for a while."""
        return {
            each.argval
            for offset, each in self._instructions.items()
            if each.opname == "LOAD_FAST_AND_CLEAR" and self._lines[offset] == line
        }

    def _leads(self, start: int, segment: frozenset[int], arrived: int, avoided: Binding | None) -> bool:
        """Whether a way leads from the start to where it has arrived on which a name is not bound."""
        seen: set[int] = set()
        todo = [start]
        while todo:
            offset = todo.pop()
            each = self._instructions[offset]
            if offset in seen or avoided in _bound(each):
                continue
            seen.add(offset)
            after = self._flow.after(offset)
            if arrived in after or (arrived == RETURNED and each.opname.startswith("RETURN_")):
                return True
            todo += [at for at in after if at > offset and at in segment]
        return False

    def _place(self, binding: Binding, start: int) -> int:
        # The compiler stores in another order where that saves it a swap.
        found = re.search(rf"\b{re.escape(binding.name)}\b", self._source(self._lines[start]))
        return found.start() if found else 0

    def _source(self, line: int) -> str:
        return self._text[line - 1].strip() if 0 < line <= len(self._text) else ""

    def _depth(self, line: int) -> int:
        return self._depths.get(line, 0)


# By identity: equal code objects may come from different files.
_known: dict[tuple[int, bool], tuple[ref[CodeType], Spots]] = {}


def spots_of(code: CodeType, *, lines: bool) -> Spots:
    """The spots of a code object, made once for as long as it lives."""
    key = id(code), lines
    found = _known.get(key)
    if found is None:
        found = _known[key] = ref(code, lambda _: _known.pop(key, None)), Spots(code, lines=lines)
    return found[1]


def _as_printed(each: dis.Instruction) -> str:
    """An instruction as `dis` prints it, in one space: with the argument's meaning, or else its number."""
    argument: Any = each.argrepr or each.arg
    return each.opname if argument is None else f"{each.opname} {argument}"


def _bound(each: dis.Instruction) -> tuple[Binding, ...]:
    if each.opname in _LOCAL or each.opname in _GLOBAL:
        return (Binding(each.argval, each.opname in _GLOBAL),)
    if each.opname == "STORE_FAST_STORE_FAST":
        return tuple(Binding(name, False) for name in each.argval)
    if each.opname == "STORE_FAST_LOAD_FAST":
        return (Binding(each.argval[0], False),)
    return ()


def _text(code: CodeType) -> list[str]:
    linecache.checkcache(code.co_filename)
    return linecache.getlines(code.co_filename)

"""What a `with` or `try` guards is guarded to the last instruction."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "instep"
MODULES = sorted(SOURCE.rglob("*.py"))


def codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and all those in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def unguarded(code: CodeType) -> Iterator[int]:
    """The lines of backward jumps that lie outside what guards the loop that they belong to."""
    at = {instruction.offset: instruction for instruction in dis.get_instructions(code)}
    entries = [
        entry
        for entry in dis._parse_exception_table(code)  # type: ignore[attr-defined]  # there is no public way
        if at[entry.target].opname == "PUSH_EXC_INFO"
    ]
    line, before = 0, ""
    for instruction in at.values():
        line = instruction.positions.lineno or line
        before, name = instruction.opname, before
        if instruction.opname == "JUMP_BACKWARD" and name != "CLEANUP_THROW":  # which is inside an `await`
            jump, loop = (
                {entry.target for entry in entries if entry.start <= offset < entry.end}
                for offset in (instruction.offset, instruction.argval)
            )
            if loop - jump:
                yield line


@pytest.mark.skipif(sys.version_info[:3] != (3, 13, 0), reason="a flaw of CPython 3.13.0's compiler")
def test_an_unguarded_jump_is_found():
    """The check below finds what CPython 3.13.0 makes of a condition in a loop."""
    source = "def f(lock, numbers):\n with lock:\n  for n in numbers:\n   if n:\n    f(n)\n  f(0)\n"
    assert [line for code in codes(compile(source, "example", "exec")) for line in unguarded(code)] == [4]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_lock_is_kept_by_a_signal_handlers_exception(path):
    """CPython 3.12 and 3.13 leave a condition's backward jump out of what `with` and `try` guard, and hear signals
    there.

    An exception at such a jump (Ctrl-C) would leave a lock taken for ever: what a lock guards is a call of a function.
    """
    code = compile(path.read_text("utf-8"), str(path), "exec")
    found = {(one.co_qualname, line) for one in codes(code) for line in unguarded(one)}
    assert not found

"""How a loop was begun and how it was left, as far as CPython's opcodes tell.

When `iter()` is called on a track, the caller's frame stands at the opcode that calls it: a `for`, a `yield from`, or a
call that may let the iterator get around.

When the loop's iterator is dropped, the frame that ran the `for` still stands at the opcode that did it: one that drops
values on purpose (`break`, `return`, a closed generator), or one that raised.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

    from instep.computation import Computation
    from instep.model import Status
    from instep.sources import Cursor


class _Probe:
    """Finds the opcodes of this interpreter that call `iter()`: importing the table of them takes 2 ms."""

    found = 0

    def __iter__(self) -> Iterator[None]:
        frame = sys._getframe(1)
        self.found = frame.f_code.co_code[frame.f_lasti]
        return iter(())


def _find_opcodes() -> tuple[int, int]:
    probe = _Probe()
    for _ in probe:
        pass
    by_for = probe.found

    def delegating() -> Iterator[None]:
        yield from probe

    for _ in delegating():
        pass
    return by_for, probe.found


GET_ITER, GET_YIELD_FROM_ITER = _find_opcodes()

GENERATOR: Any = type(_ for _ in ())
_COMPREHENSIONS = (
    "<listcomp>",
    "<setcomp>",
    "<dictcomp>",
)  # frames of their own until 3.11: left early by an exception only
_known: tuple[frozenset[int], int] | None = None


def _opcodes() -> tuple[frozenset[int], int]:
    """The opcodes at which a loop's iterator is dropped on purpose, and FOR_ITER."""
    global _known
    if _known is None:
        from opcode import opmap  # takes 1 ms, so only now; and only here, in the loop's thread: see `Monitor.prepare`

        on_purpose = frozenset(
            number
            for name, number in opmap.items()
            if name in ("POP_TOP", "YIELD_VALUE", "RESUME")
            or (name.startswith(("DELETE_", "STORE_")) and not name.endswith(("ATTR", "SUBSCR")))
        )
        _known = on_purpose, opmap["FOR_ITER"]
    return _known


def how_left(run: Computation, cursor: Cursor, frame: FrameType | None) -> Status:
    """The status of a loop whose iterator is being dropped while `frame` runs."""
    if cursor.end is not None and cursor.end.reached:
        return "finished"
    if _source_raised(cursor):
        run.fetching = True  # the last item's step was over
        return "failed"
    if run.leaving is not None or frame is None:
        return run.leaving or "stopped"
    if run.frame != id(frame) or run.code is not frame.f_code:
        return "failed" if run.code is not None and run.code.co_name in _COMPREHENSIONS else "stopped"
    try:
        on_purpose, for_iter = _opcodes()
    except Exception:  # too late at the interpreter's end
        return "stopped"
    code = frame.f_code.co_code
    opcode = code[frame.f_lasti]
    if not run.by_for and (code[run.at] != for_iter or opcode == for_iter):
        return "stopped"  # driven by `next()`, or inside a `zip()` that ended: we can't tell why
    if opcode == for_iter:
        run.fetching = True  # the source raised
    return "stopped" if opcode in on_purpose else "failed"


def _source_raised(cursor: Cursor) -> bool:
    """A generator that is over, though not by running out."""
    first: Any = cursor.first
    return type(first) is GENERATOR and first.gi_frame is None

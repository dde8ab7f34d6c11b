"""Whether `input()` waits for an answer, from before the first drawing: nothing may be drawn over the question."""

from __future__ import annotations

import builtins
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

waiting = 0
"""How many calls of `input` wait."""
_usual: Any = None
_ours: Any = None


def watch() -> None:
    """Notice calls of `input` from now on, where a person could be asked; a view that draws does so itself, too."""
    global _usual, _ours
    if _ours is not None or not _by_a_person():
        return
    usual = _usual = builtins.input

    def input(*arguments: Any) -> str:  # noqa: A001  # it stands in for it, in tracebacks, too
        global waiting
        waiting += 1
        try:
            return usual(*arguments)
        finally:
            waiting -= 1

    _ours = builtins.input = input


def unwatch() -> None:
    """Put `input` back, unless somebody else has put something in its place."""
    global _ours
    if _ours is not None and builtins.input is _ours:
        builtins.input = _usual
    _ours = None


def _by_a_person() -> bool:
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except Exception:  # closed, or none, or no stream at all
        return False

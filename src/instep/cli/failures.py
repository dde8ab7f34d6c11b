"""What a command can't do: told in one line, with a hint."""

from __future__ import annotations

from typing import Final

TRACEBACK: Final = "--debug shows the traceback"
"""The hint that isn't given where it was followed."""


class Failure(Exception):
    """Ends a command. Its cause, if it has one, is what `--debug` shows."""

    def __init__(self, what: str, hint: str = "", code: int = 2) -> None:
        super().__init__(what)
        self.hint = hint
        self.code = code

"""What a grain is: how one call of a function is taken step by step; the interface that `Steps` drives.

| grain | its step | how it pauses | module |
|---|---|---|---|
| statement | a simple statement, or the header of a compound one | the recompiled body is a generator | `statements` |
| line | a line of the source | a greenlet of its own, switched away from in a trace event | `instructions` |
| bytecode | an instruction | as for lines | `instructions` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol

from instep.errors import InstepError

GrainName = Literal["statement", "line", "bytecode"]


class _Absent:
    """Marks that a step bound or gave nothing; `None` is a value."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


class Site(NamedTuple):
    """Where in a function a step is, and what it is called: the same each time it runs."""

    name: str
    """What it binds or does: `"x"`, `"a, b"`, `"return"`, `"if n > 3"`, or the instruction as `dis` prints it."""
    line: int
    end_line: int
    source: str
    """Its text; empty where the source is not to be had."""
    depth: int
    """How deep it is nested in compound statements of the function: 0 for the body itself."""
    binds: bool = False
    """Whether it is an assignment, whose values `Steps.values` gives."""


class Taken(NamedTuple):
    """One step that was just run."""

    site: Site
    value: Any = ABSENT
    """What it bound, or the value of its expression."""
    stack: tuple[Any, ...] | None = None
    """The values on the interpreter's own stack after it, where they can be had."""


class Call(Protocol):
    """One call of a function, paused before its first step. Used by one thread at a time."""

    @property
    def taken(self) -> int:
        """How many steps it has run so far, those of `run` included."""

    def step(self) -> Taken:
        """Run exactly one step.

        `StopIteration` whose value is the function's result once there is no step left; whatever the body raises.
        """

    def run(self) -> Any:
        """Run all steps that are left, through every pause, as quickly as can be; gives the function's result."""

    def close(self) -> None:
        """Leave it where it is paused: `finally` blocks run. Does nothing once it is over."""

    @property
    def locals(self) -> Mapping[str, Any]:
        """A copy of the paused frame's variables."""


Begin = Callable[..., Call]
"""Called with a function's arguments: binds them (`TypeError` as at a plain call) and runs nothing yet."""


class CannotStep(InstepError):
    """A function can't be taken step by step at this grain. Says which, at which line, why, and which grain can."""

    def __init__(self, function: object, reason: str, *, line: int | None = None, instead: GrainName | None = None):
        self.function = function
        self.reason = reason
        self.line = line
        self.instead = instead
        name = getattr(function, "__qualname__", None) or repr(function)
        where = "" if line is None else f", line {line}"
        hint = "" if instead is None else f'; write steps(..., grain="{instead}")'
        super().__init__(f"{name}{where}: {reason}{hint}")

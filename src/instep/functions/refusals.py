"""`CannotDefer`: what `lazy` refuses, and how it says so."""

from __future__ import annotations

import ast

from instep.errors import InstepError


class CannotDefer(InstepError):
    """A function can't be made lazy without a risk that its result differs. Says which, at which line, and why."""

    def __init__(self, function: object, reason: str, *, line: int | None = None) -> None:
        self.function = function
        self.reason = reason
        self.line = line
        name = getattr(function, "__qualname__", None) or repr(function)
        where = "" if line is None else f", line {line}"
        super().__init__(f"{name}{where}: {reason}")


class Refusal(Exception):
    """Raised by the analysis, which knows the place in the tree but not the function; becomes a `CannotDefer`."""

    def __init__(self, place: ast.AST, reason: str) -> None:
        lines = (getattr(node, "lineno", None) for node in ast.walk(place))  # a comprehension has none of its own
        self.line: int | None = next(filter(None, lines), None)
        self.reason = reason
        super().__init__(reason)

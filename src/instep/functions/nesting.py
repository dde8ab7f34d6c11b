"""How deep in compound statements each line of a function is, as its source tells."""

from __future__ import annotations

import ast
import inspect
from types import CodeType

from instep.functions.trees import is_chained


def depths(code: CodeType) -> dict[int, int]:
    """The depth of each line, 0 for the body itself; empty where there is no source to tell it."""
    try:
        lines, first = inspect.getsourcelines(code)
        # As the body of an `if`, since a method's source is indented; that the text is dedented would change strings.
        tree = ast.parse("if 1:\n" + "".join(lines) if lines[0][:1].isspace() else "\n" + "".join(lines))
    except (OSError, SyntaxError, ValueError, IndexError):
        return {}
    found: dict[int, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            _gather(node.body, 0, first - 2, found)
            break
    return found


def _gather(body: list[ast.stmt], depth: int, above: int, found: dict[int, int]) -> None:
    for statement in body:
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1):
            found[line + above] = depth
        for block in _blocks(statement):
            chained = isinstance(statement, ast.If) and block is statement.orelse and is_chained(statement)
            _gather(block, depth + (not chained), above, found)
        found[statement.lineno + above] = depth  # also where its block stands behind the header, on one line


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return []  # one of its own, which this one's step only makes
    blocks = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    parts = [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
    return [block for block in [*blocks, *(part.body for part in parts)] if block]

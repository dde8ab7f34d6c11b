"""How the statements of a function are called, and where they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from instep.functions.grains import Site

_HEADER_END = re.compile(rb"[\s\\),]*:")
_EXCEPT = re.compile(rb"(except)?([\s\\)]*as\s+\w+)?")
_PLAIN: dict[type, str] = {
    ast.Return: "return",
    ast.Raise: "raise",
    ast.Break: "break",
    ast.Continue: "continue",
    ast.Pass: "pass",
    ast.Yield: "yield",
    ast.YieldFrom: "yield from",
}


class Naming:
    """Makes the sites of a file's statements."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = [each.encode() for each in lines]  # the columns of a syntax tree count bytes

    def site(self, node: Any, depth: int) -> Site:
        """Give the site of a statement, or of the header of a compound one."""
        name, end = self._name(node), self._header_end(node)
        source, end_line = self._text(node.lineno, node.col_offset, *end), end[0]
        if end != (node.end_lineno, node.end_col_offset):
            source, end_line = self._with_colon(source, *end)
        return Site(name, node.lineno, end_line, source, depth, _binds(node))

    def _header_end(self, node: Any) -> tuple[int, int]:
        """Give line and column behind the last part of a header; of a simple statement, behind all of it."""
        match node:
            case ast.If() | ast.While():
                last = node.test
            case ast.For() | ast.AsyncFor():
                last = node.iter
            case ast.With() | ast.AsyncWith():
                last = node.items[-1].optional_vars or node.items[-1].context_expr
            case ast.Match():
                last = node.subject
            case ast.ExceptHandler():
                return self._matched_end(_EXCEPT, node.type or node, at_end=node.type is not None)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return self._before(node)
            case _:
                last = node
        return last.end_lineno or 0, last.end_col_offset or 0

    def _matched_end(self, pattern: re.Pattern[bytes], node: Any, *, at_end: bool) -> tuple[int, int]:
        line, column = (node.end_lineno, node.end_col_offset) if at_end else (node.lineno, node.col_offset)
        found = pattern.match(self._rest(line, column)) if line <= len(self._lines) else None
        end = found.group() if found else b""
        if b"\n" in end:
            return line + end.count(b"\n"), len(end) - end.rindex(b"\n") - 1
        return line, column + len(end)

    def _before(self, node: Any) -> tuple[int, int]:
        """Give the end of what comes before the body of a definition."""
        body = min([node.body[0], *getattr(node.body[0], "decorator_list", ())], key=lambda each: each.lineno)
        before = self._lines[node.lineno - 1 : body.lineno]
        before[-1] = before[-1][: body.col_offset - isinstance(body, ast.expr)]
        while len(before) > 1 and (not before[-1].strip() or before[-1].lstrip().startswith(b"#")):
            before.pop()
        return node.lineno + len(before) - 1, len(before[-1].rstrip().rstrip(b":"))

    def _rest(self, line: int, column: int) -> bytes:
        return b"".join([self._lines[line - 1][column:], *self._lines[line : line + 3]])

    def _at(self, node: ast.stmt) -> bytes:
        return self._lines[node.lineno - 1][node.col_offset :] if node.lineno <= len(self._lines) else b""

    def _text(self, line: int, column: int, end_line: int, end_column: int) -> str:
        lines = self._lines[line - 1 : end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][:end_column]
        lines[0] = lines[0][column:]
        return b"".join(lines).decode(errors="replace")

    def _with_colon(self, source: str, line: int, column: int) -> tuple[str, int]:
        colon = _HEADER_END.match(self._rest(line, column)) if line <= len(self._lines) else None
        more = colon.group().decode() if colon else ":"
        return source + more, line + more.count("\n")

    def _name(self, node: Any) -> str:
        if type(node) in _PLAIN:
            return _PLAIN[type(node)]
        if isinstance(node, ast.Assign):
            return " = ".join(map(_target, node.targets))
        if isinstance(node, ast.AugAssign | ast.AnnAssign):
            return _target(node.target)
        if isinstance(node, ast.If) and self._at(node).startswith(b"elif"):
            return f"elif {ast.unparse(node.test)}"
        return _header(node)


def _binds(node: ast.AST) -> bool:
    """Whether it is an assignment that tells what it bound."""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.target, ast.Name)  # of anything else, reading it again might do something
    return isinstance(node, ast.Assign) or (isinstance(node, ast.AnnAssign) and node.value is not None)


def _target(node: ast.expr) -> str:
    return ast.unparse(node).removeprefix("(").removesuffix(")") if isinstance(node, ast.Tuple) else ast.unparse(node)


def _header(node: Any) -> str:
    match node:
        case ast.If(test=test):
            return f"if {ast.unparse(test)}"
        case ast.While(test=test):
            return f"while {ast.unparse(test)}"
        case ast.For() | ast.AsyncFor():
            before = "async " if isinstance(node, ast.AsyncFor) else ""
            return f"{before}for {_target(node.target)} in {ast.unparse(node.iter)}"
        case ast.With() | ast.AsyncWith():
            before = "async " if isinstance(node, ast.AsyncWith) else ""
            return f"{before}with {', '.join(map(ast.unparse, node.items))}"
        case ast.Match():
            return f"match {ast.unparse(node.subject)}"
        case ast.ExceptHandler():
            kind = f" {ast.unparse(node.type)}" if node.type else ""
            return f"except{kind} as {node.name}" if node.name else f"except{kind}"
        case ast.FunctionDef():
            return f"def {node.name}"
        case ast.AsyncFunctionDef():
            return f"async def {node.name}"
        case ast.ClassDef():
            return f"class {node.name}"
    return ast.unparse(node)

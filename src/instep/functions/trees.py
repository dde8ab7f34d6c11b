"""Small operations on syntax trees, which rewriting is made of; none changes a node that was parsed."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterable
from typing import Any, Final, TypeVar

N = TypeVar("N", bound=ast.AST)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_HARMLESS: Final = frozenset(
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)
)


def but(node: N, **changes: Any) -> N:
    """Give a copy of a node with some fields changed."""
    changed = copy.copy(node)
    for field, value in changes.items():
        setattr(changed, field, value)
    return changed


def placed(new: N, near: ast.AST) -> N:
    """Put a new node, and what is new below it, into the place of another node; in place. Gives the new node."""
    waiting: list[Any] = [new]
    while waiting:
        each = waiting.pop()
        if "lineno" in each._attributes and getattr(each, "lineno", None) is None:
            ast.copy_location(each, near)
        elif each is not new:
            continue  # it was there before, and so was what it contains
        waiting += ast.iter_child_nodes(each)
    return new


def read(target: ast.expr) -> ast.expr | None:
    """Give an expression for what an assignment has bound to names; None if something else is among its targets."""
    if isinstance(target, ast.Name):
        return ast.Name(target.id, ast.Load())
    if isinstance(target, ast.Starred):
        return read(target.value)
    if isinstance(target, ast.Tuple | ast.List):
        parts = [read(each) for each in target.elts]
        return ast.Tuple([each for each in parts if each], ast.Load()) if None not in parts else None
    return None


def loaded(names: list[str]) -> ast.expr:
    """Give an expression for the values of some names."""
    loads: list[ast.expr] = [ast.Name(each, ast.Load()) for each in names]
    return loads[0] if len(loads) == 1 else ast.Tuple(loads, ast.Load())


def is_chained(node: ast.If) -> bool:
    """Whether the `else` of an `if` is an `elif`: an `if` inside an `else` would stand further to the right."""
    return bool(node.orelse) and isinstance(node.orelse[0], ast.If) and node.orelse[0].col_offset == node.col_offset


def is_irrefutable(case: ast.match_case) -> bool:
    """Whether a case matches anything, so that none may follow it."""
    return case.guard is None and _matches_all(case.pattern)


def _matches_all(pattern: ast.pattern) -> bool:
    if isinstance(pattern, ast.MatchAs):
        return pattern.pattern is None or _matches_all(pattern.pattern)
    return isinstance(pattern, ast.MatchOr) and _matches_all(pattern.patterns[-1])


def may_stop_closing(kind: ast.expr | None) -> bool:
    """Whether an `except` of that type might catch what isn't an `Exception`."""
    if isinstance(kind, ast.Tuple):
        return any(may_stop_closing(each) for each in kind.elts)
    return not (isinstance(kind, ast.Name) and kind.id in _HARMLESS)


def last_of(block: list[ast.stmt]) -> Iterable[ast.stmt]:
    """Go over the statements after which a block is over: the last one, those at the end of its branches, and so on."""
    if not block:
        return
    last: Any = block[-1]
    yield last
    if isinstance(last, ast.For | ast.AsyncFor | ast.While):
        yield from (each for each in own(last) if isinstance(each, ast.Break))
        inside = [last.orelse]
    elif isinstance(last, _SCOPES):
        inside = []
    else:
        branches = [*getattr(last, "cases", ()), *getattr(last, "handlers", ())]
        inside = [getattr(last, field, []) for field in ("body", "orelse", "finalbody")]
        inside += [each.body for each in branches]
    for each in inside:
        yield from last_of(each)


def blocks(body: list[ast.stmt]) -> int:
    """Give how deep blocks that catch exceptions are nested, as the compiler counts, or one more."""
    return max((_blocks(each) for each in body), default=0)


def _blocks(node: Any) -> int:
    inside = [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]
    fields = [each for name in ("body", "orelse") for each in getattr(node, name, [])]
    deepest = blocks([*fields, *inside])
    if isinstance(node, _SCOPES):
        return 0
    if isinstance(node, ast.With | ast.AsyncWith):
        return len(node.items) + max(deepest, 1)
    if isinstance(node, ast.ExceptHandler):
        return 1 + deepest  # and one that its `try` has counted
    if isinstance(node, ast.Try | ast.TryStar):
        return max(deepest + bool(node.handlers) + bool(node.finalbody), 2 + blocks(node.finalbody))
    return deepest


def own(node: ast.AST) -> Iterable[ast.AST]:
    """Go over what is inside a node, without the functions and classes defined in it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        inside = ast.iter_child_nodes(each)
        waiting += [child for child in inside if not isinstance(child, _SCOPES)]


def own_expressions(node: ast.stmt) -> Iterable[ast.AST]:
    """Go over the expressions of a statement, without those of the statements in it."""
    if isinstance(node, _SCOPES):
        return  # its decorators can't be told from its body here; a yield in one of them has a name all the same
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        yield each
        inside = ast.iter_child_nodes(each)
        waiting += [child for child in inside if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.Lambda)]


def declared(definition: ast.AST) -> frozenset[str]:
    """Give the names that a function declares to be global or another function's."""
    names: set[str] = set()
    for part in ast.iter_child_nodes(definition):
        if isinstance(part, ast.stmt):
            declarations = [each for each in own(part) if isinstance(each, ast.Global | ast.Nonlocal)]
            names.update(name for each in declarations for name in each.names)
    return frozenset(names)

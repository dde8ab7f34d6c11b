"""Turns a recognised function into one that gives its items one by one, in its own frame.

A builder becomes a generator. First it runs to its mark, where it tells what the deferred loop iterates over, and what
the list holds so far; it is sent `added` and the iterator, stops once more, and from there on yields an item wherever
it appended one. Names with a dot are ours: no source can have them.

| the builder            | the generator                                        |
|------------------------|------------------------------------------------------|
| `for x in xs:`         | `.sent = yield (xs, out)`                            |
|                        | `yield`                                              |
|                        | `for x in .sent.pop():`                              |
| `    out.append(f(x))` | `    yield f(x)`                                     |
| `    out.extend(g(x))` | `    for .item in g(x): yield .item`                 |
| `    out += g(x)`      | `    for .item in .sent[0](g(x)): yield .item`       |
| `    out += x, -x`     | `    .item0, .item1 = x, -x`                         |
|                        | `    yield .item0`                                   |
|                        | `    yield .item1`                                   |
| `return out`           | `return`                                             |
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any, TypeVar

from instep.functions.placing import Plan
from instep.functions.recognising import Builder, Expressions
from instep.functions.sequence import LazySequence

N = TypeVar("N", bound=ast.AST)
_SENT, _ITEM = ".sent", ".item"


def to_generator(definition: ast.FunctionDef, builder: Builder, plan: Plan) -> None:
    """Make a generator function of a builder, in place."""
    for branch in plan.ends:
        branch.append(_End())
    body = ast.Module(definition.body, [])
    _Generator(builder, plan).generic_visit(body)
    definition.body = body.body
    ast.fix_missing_locations(definition)


def to_expressions(expressions: Expressions) -> None:
    """Return lazy expressions instead of lists, in place."""
    for leave, value in expressions.replacements.items():
        leave.value = value


class _End(ast.stmt):
    """Stands at the end of a branch where the call ends."""


class _Generator(ast.NodeTransformer):
    def __init__(self, builder: Builder, plan: Plan) -> None:
        self.builder = builder
        self.plan = plan

    def visit(self, node: ast.AST) -> object:
        if isinstance(node, _End):
            return self._mark(self.builder.binding)
        if node in self.plan.early:
            return node
        if isinstance(node, ast.stmt) and node in self.builder.fills:
            return self._yielding(node, self.builder.fills[node])
        if isinstance(node, ast.Return):
            return ast.copy_location(ast.Return(None), node)
        if isinstance(node, ast.For | ast.While) and node in self.plan.loops:
            return self._marked(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return node
        return self.generic_visit(node)

    def _marked(self, loop: ast.For | ast.While) -> list[ast.stmt]:
        self.generic_visit(loop)
        if isinstance(loop, ast.While):
            return [*self._mark(loop), loop]
        over = loop.iter
        loop.iter = at(ast.Call(ast.Attribute(_sent(), "pop", ast.Load()), [], []), over)
        return [*self._mark(over, over), loop]

    def _mark(self, place: ast.AST, over: ast.expr | None = None) -> list[ast.stmt]:
        told: list[ast.expr] = [over or ast.Tuple([], ast.Load()), ast.Name(self.builder.name, ast.Load())]
        keep = ast.Assign([ast.Name(_SENT, ast.Store())], ast.Yield(ast.Tuple(told, ast.Load())))
        return [at(keep, place), at(ast.Expr(ast.Yield(None)), place)]

    def _yielding(self, fill: ast.stmt, value: ast.expr) -> ast.stmt | list[ast.stmt]:
        grows = isinstance(fill, ast.AugAssign)
        if not grows and _method(fill) not in ("extend", "update"):
            return at(ast.Expr(ast.Yield(value)), fill)
        if elements := _elements(value):
            return [at(each, fill) for each in _one_by_one(elements)]
        if grows:
            value = ast.Call(ast.Subscript(_sent(), ast.Constant(0), ast.Load()), [value], [])
        one = ast.Expr(ast.Yield(ast.Name(_ITEM, ast.Load())))
        return at(ast.For(ast.Name(_ITEM, ast.Store()), value, [one], []), fill)


def _elements(value: ast.expr) -> list[ast.expr]:
    """What is written down one by one, as in `out += x, -x`."""
    if not isinstance(value, ast.List | ast.Tuple) or any(isinstance(each, ast.Starred) for each in value.elts):
        return []
    return value.elts


def _one_by_one(elements: list[ast.expr]) -> list[ast.stmt]:
    """Yield each when all of them have been computed."""
    if len(elements) == 1:
        return [ast.Expr(ast.Yield(elements[0]))]
    names = [f"{_ITEM}{index}" for index in range(len(elements))]
    stored: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
    computed = ast.Assign([ast.Tuple(stored, ast.Store())], ast.Tuple(elements, ast.Load()))
    return [computed, *(ast.Expr(ast.Yield(ast.Name(name, ast.Load()))) for name in names)]


def added(value: Iterable[Any]) -> Iterable[Any]:
    """Give what `out += value` puts into a list; what would put something else in the list's place is an error."""
    if type(value) is list:  # as most are: the rest takes long, for a round
        return value
    replaces = hasattr(type(value), "__radd__") and isinstance(value, Iterable)
    if replaces and not isinstance(value, LazySequence):
        kind = type(value).__name__
        raise TypeError(f"a list += {kind} is {kind}'s sum, no longer the list that was to be filled; write extend()")
    return value


def _sent() -> ast.expr:
    return ast.Name(_SENT, ast.Load())


def _method(fill: ast.stmt) -> str:
    assert isinstance(fill, ast.Expr)
    assert isinstance(fill.value, ast.Call)
    assert isinstance(fill.value.func, ast.Attribute)
    return fill.value.func.attr


def at(node: N, place: ast.AST) -> N:
    """Give new nodes a place in the source; those that have one keep it."""
    for each in ast.walk(node):
        if isinstance(each, ast.expr | ast.stmt) and not hasattr(each, "lineno"):
            ast.copy_location(each, place)
    return node

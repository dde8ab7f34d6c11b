"""What binds the names of a function, and what its statements put into what."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from instep.functions import calls
from instep.functions.reading import Reader, Sources, applied, unite, unpacked
from instep.functions.relations import ANY, ELEMENTS, FLAT, INSIDE, SAME, into

TYPE_CHECKING = False
if TYPE_CHECKING:
    from instep.functions.flow import Flow

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Binding(NamedTuple):
    """One place where a name gets its value, and what flows into it."""

    name: str
    place: ast.AST
    value: ast.expr | None
    """What it is bound to, where that is an expression as a whole."""
    sources: Sources
    certain: bool = False
    """Whether it is bound whenever that place is reached."""


class Binder:
    """Finds what binds names in a function's own scope, and what is put into what."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.reader = Reader(flow)

    def all(self, body: list[ast.stmt]) -> Iterator[Binding]:
        """Yield the bindings in the statements; what they store is linked on the way."""
        for statement in body:
            yield from self.binds(statement, statement)

    def binds(self, node: ast.AST, place: ast.AST) -> Iterator[Binding]:
        """Yield the bindings of a node and what is below it; `place` is the statement or case it belongs to."""
        if isinstance(node, ast.stmt | ast.match_case | ast.excepthandler):
            place = node
        yield from self._own(node, place)
        if isinstance(node, FUNCTIONS | ast.ClassDef):
            return
        for child in ast.iter_child_nodes(node):
            yield from self.binds(child, place)

    def _own(self, node: ast.AST, place: ast.AST) -> Iterator[Binding]:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from self._targets(target, value, place, certain=True)
                self._link_each_other(targets, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from self._targets(target, value, place, certain=True)
            case ast.NamedExpr(target=target, value=value):
                yield from self._targets(target, value, place)
            case ast.AugAssign(target=ast.Name(id=name), value=value, op=op):
                changed = ast.copy_location(ast.BinOp(ast.Name(name, ast.Load()), op, value), node)
                sources = unite({name: SAME}, applied(self.reader.sources(value), ELEMENTS))
                yield Binding(name, place, changed, sources)
            case ast.AugAssign(target=target, value=value):
                self._put(target, value)
            # Those of a comprehension are taken for the function's, too: that can only add to what may flow.
            case ast.For(target=target, iter=iterable) | ast.comprehension(target=target, iter=iterable):
                certain = isinstance(node, ast.For)
                for name, sources, number in unpacked(self.reader, target, iterable, True):
                    yield Binding(name, target if certain else place, number, sources, certain)
                self._put_inner(target, iterable)
            case ast.withitem(context_expr=context, optional_vars=ast.expr() as target):
                for name, sources, _ in unpacked(self.reader, target, context):
                    yield Binding(name, place, None, applied(sources, ANY))
            case ast.Match(subject=subject, cases=cases):
                yield from self._captures(subject, cases)
            case ast.ExceptHandler(name=str() as name):
                yield Binding(name, place, None, self._raised())
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                inside = {one.id: INSIDE for one in ast.walk(node) if isinstance(one, ast.Name)}
                yield Binding(name, place, None, inside)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for alias in names:
                    yield Binding((alias.asname or alias.name).partition(".")[0], place, None, {})
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield Binding(target.id, place, None, {})
            case ast.Call():
                self._handed(node)

    def _raised(self) -> Sources:
        """Give what may be in an exception: whatever the function raises."""
        raised = [node for node in ast.walk(self.flow.function) if isinstance(node, ast.Raise)]
        return {each.id: ANY for node in raised for each in ast.walk(node) if isinstance(each, ast.Name)}

    def _targets(self, target: ast.expr, value: ast.expr, place: ast.AST, certain: bool = False) -> Iterator[Binding]:
        for name, sources, whole in unpacked(self.reader, target, value):
            yield Binding(name, place, whole, sources, certain)
        self._put_inner(target, value)

    def _link_each_other(self, targets: list[ast.expr], value: ast.expr) -> None:
        """`a = b = []`, and `a, b = [[]] * 2`: one object for several names."""
        names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
        alike = all(isinstance(target, ast.Name) for target in targets) or isinstance(value, ast.BinOp)
        if len(targets) > 1 or isinstance(value, ast.BinOp):
            for name in names[1:]:
                self.flow.link({names[0]: SAME if alike else ANY}, name)

    def _put_inner(self, target: ast.expr, value: ast.expr) -> None:
        for part in ast.walk(target):
            if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
                self._put(part, value)

    def _put(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Attribute | ast.Subscript):
            self._store(target.value, value)
            if isinstance(target, ast.Subscript):
                self._store(target.value, target.slice)

    def _store(self, owner: ast.expr, value: ast.expr) -> None:
        """Let `value`, and what it holds, be in the names whose objects `owner` may be a part of."""
        held = self.reader.sources(value)
        for name, path in self.reader.sources(owner).items():
            self.flow.link(held, name, into(path))
            self.flow.link(applied(held, FLAT), name, SAME if path == SAME else INSIDE)

    def _captures(self, subject: ast.expr, cases: list[ast.match_case]) -> Iterator[Binding]:
        for case in cases:
            for pattern in ast.walk(case.pattern):
                match pattern:
                    case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                        yield Binding(name, case, None, applied(self.reader.sources(subject), ANY))
                    case ast.MatchMapping(rest=str() as name):
                        yield Binding(name, case, None, applied(self.reader.sources(subject), ANY))

    def _handed(self, call: ast.Call) -> None:
        """Let the arguments of a call be stored in its object, and in each other where nothing is known about it."""
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        name = calls.last_name(call.func)
        if isinstance(call.func, ast.Attribute):
            if name in calls.CHANGING or (name not in calls.SCALAR_METHODS and self.flow.unknown_calls):
                for argument in arguments:
                    self._store(call.func.value, argument)
        elif self.flow.is_builtin(name) or calls.makes_an_instance(call.func):
            return
        if name in calls.CHANGING or name in calls.SCALAR_METHODS or not self.flow.unknown_calls:
            return
        for owner in arguments:
            for argument in arguments:
                if argument is not owner and not isinstance(owner, ast.Starred):
                    self._store(owner, argument)

"""Where the deferred part of a builder begins, and whether what fills the list may run there.

Before the first loop that fills the list everything runs at the call, with the real list. There the call ends (the
*mark*), and what comes later runs when items are asked for. The mark is put so that each statement is either before it
or behind it, on whichever way it is reached.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable

from instep.functions.graph import Loop, completes
from instep.functions.recognising import Builder, Tree
from instep.functions.refusals import Refusal

Resolve = Callable[[str], object]


class Plan:
    """Where marks go in the body of a builder."""

    def __init__(self, tree: Tree, builder: Builder) -> None:
        self.loops: list[Loop] = []
        """The loops at which the call ends."""
        self.ends: list[list[ast.stmt]] = []
        """Branches without such a loop, beside one that has it: there the call ends at their end."""
        self.early: set[ast.AST] = set()
        """What runs at the call."""
        self._filled = {parent for fill in builder.fills for parent, _ in tree.around(fill)}
        self._walk(tree.definition.body)
        if not self.loops:
            raise Refusal(builder.binding, f"no loop fills {builder.name}")
        if builder.binding not in self.early:
            raise Refusal(builder.binding, f"{builder.name} is bound behind a loop that fills it")

    def fills(self, statement: ast.AST) -> bool:
        """Whether the list is filled in a compound statement."""
        return statement in self._filled

    def _walk(self, body: list[ast.stmt]) -> bool:
        """Place the marks in statements that are reached before any; whether their end is behind one."""
        for position, statement in enumerate(body):
            if self._has_loop(statement):
                if self._enter(statement):
                    return True
            else:
                self.early.update(ast.walk(statement))
            if not completes(body[: position + 1]):
                return True
        return False

    def _has_loop(self, statement: ast.AST) -> bool:
        if isinstance(statement, Loop):
            return self.fills(statement)
        return self.fills(statement) and any(map(self._has_loop, ast.iter_child_nodes(statement)))

    def _enter(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.For() | ast.While():
                self.loops.append(statement)
                return True
            case ast.If():
                return self._join([statement.body, statement.orelse])
            case ast.Try():
                return self._try(statement)
        raise Refusal(statement, f"the loop that fills it stands in a {type(statement).__name__.lower()}")

    def _try(self, statement: ast.Try) -> bool:
        if any(map(self._has_loop, statement.handlers)):
            raise Refusal(statement, "a handler has a loop that fills it")
        if self._walk(statement.body) and completes(statement.body):
            if any(completes(handler.body) for handler in statement.handlers):
                raise Refusal(statement.handlers[0], "the handler goes on behind the loop")
            return True
        for handler in statement.handlers:
            self._walk(handler.body)
        return self._join([statement.orelse, *(handler.body for handler in statement.handlers)], walked=1)

    def _join(self, branches: list[list[ast.stmt]], walked: int | None = None) -> bool:
        walk = branches if walked is None else branches[:walked]
        marked = [self._walk(branch) for branch in walk] + [False] * (len(branches) - len(walk))
        open_ends = [(branch, done) for branch, done in zip(branches, marked, strict=True) if completes(branch)]
        if not any(done for _, done in open_ends):
            return not open_ends
        self.ends += [branch for branch, done in open_ends if not done]
        return True


def refuse_places(tree: Tree, builder: Builder, resolve: Resolve) -> None:
    """Refuse what fills the list where it can't be deferred."""
    for fill in builder.fills:
        for parent, part in tree.around(fill):
            _refuse_place(builder.name, fill, parent, part, resolve)


def refuse_exits(tree: Tree, builder: Builder, plan: Plan) -> None:
    """Refuse exits without the list, or from where something is held or goes on."""
    for node in tree.own:
        if isinstance(node, ast.Return):
            _refuse_exit(tree, builder, plan, node)
    if completes(tree.definition.body):
        raise Refusal(tree.definition.body[-1], f"it may end here without returning {builder.name}")


def _refuse_place(name: str, fill: ast.AST, parent: ast.AST, part: ast.AST, resolve: Resolve) -> None:
    match parent:
        case ast.With():
            raise Refusal(fill, f"{name} is filled under a with: it would be held between the items")
        case ast.Try() if part in parent.finalbody:
            raise Refusal(fill, f"{name} is filled in a finally")
        case ast.Try():
            _refuse_jumps(parent)
            if part in parent.body:
                for handler in parent.handlers:
                    _refuse_handler(name, handler, resolve)


def _refuse_jumps(statement: ast.Try) -> None:
    for line in statement.finalbody:
        for node in ast.walk(line):
            if isinstance(node, ast.Return | ast.Break | ast.Continue):
                raise Refusal(node, "the finally may swallow an exception")


def _refuse_handler(name: str, handler: ast.ExceptHandler, resolve: Resolve) -> None:
    leaves = [node for node in ast.walk(handler) if isinstance(node, ast.Return | ast.Break | ast.Continue)]
    if completes(handler.body) or leaves:
        raise Refusal(handler, f"{name} is filled in a try whose handler discards the exception")
    if not _spares_closing(handler.type, resolve):
        raise Refusal(handler, f"{name} is filled in a try whose handler may catch what closes a generator")


def _spares_closing(caught: ast.expr | None, resolve: Resolve) -> bool:
    """Whether a handler certainly lets `GeneratorExit` pass."""
    if isinstance(caught, ast.Tuple):
        return all(_spares_closing(one, resolve) for one in caught.elts)
    found = resolve(caught.id) if isinstance(caught, ast.Name) else None
    if isinstance(caught, ast.Attribute) and isinstance(caught.value, ast.Name):
        found = getattr(resolve(caught.value.id), caught.attr, None)
    return isinstance(found, type) and not issubclass(builtins.GeneratorExit, found)


def _refuse_exit(tree: Tree, builder: Builder, plan: Plan, leave: ast.Return) -> None:
    for parent, part in tree.around(leave):
        if isinstance(parent, ast.Try) and part in parent.finalbody:
            raise Refusal(leave, "it returns in a finally")
        if isinstance(parent, ast.With) and leave not in plan.early:
            raise Refusal(leave, "it returns from under a with")
    if not isinstance(leave.value, ast.Name) and leave not in plan.early:
        raise Refusal(leave, f"it returns here without {builder.name}")

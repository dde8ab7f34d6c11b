"""The control flow of a function: which statement may run after which.

Where it can't be told exactly (`finally`, exceptions) there is rather an edge too many, which leads to a refusal.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

Loop = ast.For | ast.While
_Ends = set[int]
"""Nodes behind which control goes on; of one that goes on there because it failed, the complement."""


class Graph:
    """The statements of a body as nodes; of a compound statement, its header, as often as that is evaluated."""

    def __init__(self, body: list[ast.stmt]) -> None:
        self.nodes: list[ast.AST] = []
        self.after: list[set[int]] = []
        self.failing: list[set[int]] = []
        """What may run after a node that raised an exception before it was through."""
        self._loops: list[tuple[_Ends, _Ends]] = []  # where each loop's `break`s and `continue`s stand
        self._index: dict[ast.AST, int] = {}
        self._block(body, set())

    def index(self, node: ast.AST) -> int:
        """Which node a statement, or a case of a `match`, is."""
        return self._index[node]

    def reached(self, begin: Iterable[int], unless: Collection[int] = ()) -> Iterator[int]:
        """Walk what may run after `begin`, but not after a node of `unless` that came through; these are given, too."""
        waiting = [later for node in begin for later in self.after[node] | self.failing[node]]
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                yield node
                waiting.extend(self.failing[node])
                if node not in unless:
                    waiting.extend(self.after[node])

    def _add(self, node: ast.AST, before: _Ends) -> int:
        self._index[node] = index = len(self.nodes)
        self.nodes.append(node)
        self.after.append(set())
        self.failing.append(set())
        self._link(before, index)
        return index

    def _link(self, before: Iterable[int], index: int) -> None:
        for node in before:
            if node < 0:
                self.failing[~node].add(index)
            else:
                self.after[node].add(index)

    def _block(self, statements: list[ast.stmt], ends: _Ends) -> _Ends:
        for statement in statements:
            ends = self._statement(statement, ends)
        return ends

    def _statement(self, statement: ast.stmt, before: _Ends) -> _Ends:
        match statement:
            case ast.Try() | ast.TryStar():
                return self._try(statement, before)
            case ast.While() | ast.For():
                return self._loop(statement, self._add(statement, before))
            case ast.If():
                test = {self._add(statement, before)}
                return self._block(statement.body, test) | self._block(statement.orelse, test)
            case ast.With():
                # What leaves the body by an exception may go on behind it.
                node = self._add(statement, before)
                ends = self._block(statement.body, {node})
                return ends | self._failed(node)
            case ast.Match():
                return self._match(statement, self._add(statement, before))
        node = self._add(statement, before)
        if isinstance(statement, ast.Break | ast.Continue):
            self._loops[-1][isinstance(statement, ast.Continue)].add(node)
        return set() if isinstance(statement, ast.Return | ast.Raise | ast.Break | ast.Continue) else {node}

    def _loop(self, loop: Loop, header: int) -> _Ends:
        breaks: _Ends = set()
        continues: _Ends = set()
        self._loops.append((breaks, continues))
        # What a `for` binds is bound where a round begins, not where the loop ends.
        begin = header if isinstance(loop, ast.While) else self._add(loop.target, {header})
        ends = self._block(loop.body, {begin})
        self._loops.pop()
        self._link(ends | continues, header)
        left = set() if isinstance(loop, ast.While) and forever(loop) else {header}
        return self._block(loop.orelse, left) | breaks

    def _match(self, statement: ast.Match, subject: int) -> _Ends:
        ends = {subject}
        for case in statement.cases:
            ends |= self._block(case.body, {self._add(case, {subject})})
        return ends

    def _try(self, statement: ast.Try | ast.TryStar, before: _Ends) -> _Ends:
        first = len(self.nodes)
        ends = self._block(statement.body, before)
        raising = before | self._failed(first)
        ends = self._block(statement.orelse, ends)
        for handler in statement.handlers:
            ends |= self._block(handler.body, {self._add(handler, raising)})
        if not statement.finalbody:
            return ends
        return self._block(statement.finalbody, ends | before | self._failed(first))

    def _failed(self, first: int) -> _Ends:
        return {~node for node in range(first, len(self.nodes))}


def forever(loop: ast.While) -> bool:
    """Whether the loop's test is a constant that is true."""
    return isinstance(loop.test, ast.Constant) and bool(loop.test.value)


def completes(body: list[ast.stmt]) -> bool:
    """Whether control may leave the statements at their end."""
    return all(_completes(statement) for statement in body)


def _completes(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
            return False
        case ast.If():
            return completes(statement.body) or completes(statement.orelse)
        case ast.While() if forever(statement):
            return breaks(statement)
        case ast.While() | ast.For():
            return breaks(statement) or completes(statement.orelse)
        case ast.Try() | ast.TryStar():
            parts = [statement.body + statement.orelse, *(handler.body for handler in statement.handlers)]
            return completes(statement.finalbody) and any(map(completes, parts))
    return True  # a `with` may swallow what its body raises, and a `match` may find no case


def breaks(loop: Loop) -> bool:
    """Whether a `break` of this loop stands in its body."""

    def within(node: ast.AST) -> bool:
        if isinstance(node, ast.Break):
            return True
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.AsyncFunctionDef):
            return False
        inner = node.orelse if isinstance(node, Loop) else list(ast.iter_child_nodes(node))
        return any(map(within, inner))

    return any(map(within, loop.body))

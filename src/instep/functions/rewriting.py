"""The body of a function with a pause after each statement, in its own frame: what the statement grain compiles.

| statement                        | where it pauses                                    | what the pause carries      |
|----------------------------------|----------------------------------------------------|-----------------------------|
| assignment, import, `def`, ...   | after it                                           | what was bound              |
| expression                       | after it                                           | its value                   |
| `return`                         | before it leaves                                   | the result                  |
| `raise`, `break`, `continue`     | before it leaves; the exception is there           |                             |
| `if`, `while`                    | first in the branch taken                          | whether the condition holds |
| `for`                            | when an item is bound, and when there is none left | the item                    |
| `with`                           | when it is entered                                 | what `as` bound             |
| `match`                          | first in the case that matches, or when none does  |                             |
| `except`                         | first in the handler                               | what `as` bound             |
| `global`, `nonlocal`, docstrings | nowhere: nothing runs                              |                             |

Conditions stay where they are, so that each is asked for its truth as often as before; nothing is moved into another
function. A pause is a `yield`. Which one it is, is told by where it stands: its column is `PAUSES` and its number.

A value that can't be read back from a name is kept in a variable, `KEPT`, that no source can name. It is unbound again
when the body's own code goes on: before the next statement, and first of all in a `finally` that follows a `return`.

Thrown into a pause, `Closing` ends the function. No handler of the body's own may stop it: before those that might, a
handler lets it pass.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CodeType
from typing import Any, Final, NamedTuple, TypeAlias

from instep.functions.grains import Site
from instep.functions.sites import Naming
from instep.functions.trees import (
    but,
    declared,
    is_chained,
    is_irrefutable,
    last_of,
    loaded,
    may_stop_closing,
    own,
    own_expressions,
    placed,
    read,
)

PAUSES: Final = 1 << 20
"""The column of the first pause; no line of source is that long."""
KEPT: Final = ".kept"

Body: TypeAlias = list[ast.stmt]
FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_MARKS: dict[str, Any] = {}


class Closing(GeneratorExit):
    """Thrown into a paused function to end it."""


class Pause(NamedTuple):
    """One place at which a rewritten body pauses."""

    site: Site
    valued: bool
    """Whether it carries a value."""
    cleaning: bool
    """Whether more of a `finally` is to come, which is completed even when the function is closed."""


class Held(NamedTuple):
    """An object that a constant of a code object holds. It can be hashed, as a function's code always can."""

    of: Any


def mark(name: str, value: object) -> ast.Constant:
    """Make a node that stands for an object; `finished` puts it there once the tree is compiled."""
    _MARKS[f"=instep {name}"] = value
    return ast.Constant(f"=instep {name}")


def finished(code: CodeType) -> CodeType:
    """Put the objects into compiled code that its marks stand for."""
    constants = tuple(_finished(each) for each in code.co_consts)
    return code.replace(co_consts=constants)


def _finished(constant: Any) -> Any:
    if isinstance(constant, CodeType):
        return finished(constant)
    return _MARKS.get(constant, constant) if type(constant) is str else constant


def rewritten(definition: FunctionNode, naming: Naming) -> tuple[FunctionNode, Rewriting]:
    """Give a function's definition with pauses, and what is known of them."""
    kind = AsyncRewriting if isinstance(definition, ast.AsyncFunctionDef) else Rewriting
    rewriting = kind(naming, declared(definition))
    body, docstring = definition.body, ast.get_docstring(definition, clean=False) is not None
    new = body[:docstring] + rewriting.block(body[docstring:], 0)
    if not rewriting.pauses and kind is Rewriting:  # still a generator's
        new += [placed(ast.Return(), definition), placed(ast.Expr(ast.Yield()), definition)]
    return but(definition, body=new), rewriting


class EveryFunction(ast.NodeTransformer):
    """Rewrites all functions of a module, in place."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._naming = Naming(lines)

    def visit_FunctionDef(self, node: FunctionNode) -> ast.AST:  # called by this name
        """Rewrite what is inside, then the function itself."""
        self.generic_visit(node)
        return rewritten(node, self._naming)[0]

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815


def is_pause(code: CodeType) -> Iterator[tuple[int, int]]:
    """Give the offsets of the instructions of a rewritten body at which it pauses, and the numbers of their pauses."""
    for index, (_, _, column, _) in enumerate(code.co_positions()):
        if column is not None and column >= PAUSES:
            yield 2 * index, column - PAUSES


class Rewriting:
    """The rewriting of one function's body."""

    def __init__(self, naming: Naming, declared: frozenset[str]) -> None:
        self.pauses: list[Pause] = []
        self.yields: dict[tuple[int | None, ...], Site] = {}
        """The function's own yields, by their place: line, end line, column, end column."""
        self._naming = naming
        self._declared = declared  # global or nonlocal: another thread may unbind those
        self._cleaning = 0
        self._last: set[int] = set()

    def block(self, statements: Iterable[ast.stmt], depth: int) -> Body:
        """Rewrite statements that follow each other."""
        return [new for each in statements for new in self._statement(each, depth)]

    def _statement(self, node: Any, depth: int) -> Body:
        rewrite: Callable[[Any, int], Body] = getattr(self, f"_{type(node).__name__.lower()}", self._simple)
        for each in own_expressions(node):
            if isinstance(each, ast.Yield | ast.YieldFrom):
                place = each.lineno, each.end_lineno, each.col_offset, each.end_col_offset
                self.yields[place] = self._naming.site(each, depth)
        return rewrite(node, depth)

    # --- pauses ---

    def _pause(self, node: ast.AST, depth: int, value: ast.expr | None = None, *, first: bool = False) -> ast.Expr:
        """Make the pause of a statement or a header, which carries the value of an expression if one is given.

        `first`: there is more of the statement to come.
        """
        return placed(ast.Expr(self._suspension(node, depth, value, first=first)), node)

    def _suspension(self, node: ast.AST, depth: int, value: ast.expr | None = None, *, first: bool = False) -> ast.expr:
        site = self._naming.site(node, depth)
        column = PAUSES + len(self.pauses)
        first = first or isinstance(node, ast.Raise)  # its pause comes before it
        cleaning = self._cleaning > 0 and (first or id(node) not in self._last)
        self.pauses.append(Pause(site, value is not None, cleaning))
        made = self._suspend(value)
        made.lineno = made.end_lineno = site.line
        made.col_offset, made.end_col_offset = column, column + 1
        return placed(made, node)

    def _suspend(self, value: ast.expr | None) -> ast.expr:
        return ast.Yield(value)

    def _pause_keeping(self, node: ast.AST, depth: int) -> Body:
        return [self._pause(node, depth, _kept(ast.Load())), placed(ast.Delete([_kept(ast.Del())]), node)]

    # --- simple statements ---

    def _simple(self, node: ast.stmt, depth: int) -> Body:
        return [node, self._pause(node, depth)]

    def _global(self, node: ast.Global, depth: int) -> Body:
        return [node]

    def _nonlocal(self, node: ast.Nonlocal, depth: int) -> Body:
        return [node]

    def _expr(self, node: ast.Expr, depth: int) -> Body:
        return [self._pause(node, depth, node.value)]

    def _assign(self, node: ast.Assign, depth: int) -> Body:
        for target in node.targets:
            if (bound := read(target)) is not None and not self._is_declared(target):
                return [node, self._pause(node, depth, bound)]
        kept = placed(_kept(ast.Store()), node)
        return [but(node, targets=[*node.targets, kept]), *self._pause_keeping(node, depth)]

    def _augassign(self, node: ast.AugAssign, depth: int) -> Body:
        return [node, self._pause(node, depth, read(node.target))]

    def _annassign(self, node: ast.AnnAssign, depth: int) -> Body:
        if node.value is None:
            return self._simple(node, depth)
        if isinstance(node.target, ast.Name):
            return [node, self._pause(node, depth, read(node.target))]
        value = placed(ast.NamedExpr(_kept(ast.Store()), node.value), node.value)
        return [but(node, value=value), *self._pause_keeping(node, depth)]

    def _import(self, node: ast.Import | ast.ImportFrom, depth: int) -> Body:
        names = [each.asname or each.name.partition(".")[0] for each in node.names]
        return [node, self._pause(node, depth, loaded(names))]

    _importfrom = _import

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, depth: int) -> Body:
        return [node, self._pause(node, depth, ast.Name(node.name, ast.Load()))]

    _asyncfunctiondef = _classdef = _functiondef

    def _typealias(self, node: Any, depth: int) -> Body:
        return [node, self._pause(node, depth, read(node.name))]

    # --- statements that leave ---

    def _return(self, node: ast.Return, depth: int) -> Body:
        if node.value is None or isinstance(node.value, ast.Constant):
            return [self._pause(node, depth, node.value or ast.Constant(None)), node]
        keep = placed(ast.Assign([_kept(ast.Store())], node.value), node)
        leave = but(node, value=placed(_kept(ast.Load()), node))
        return [keep, self._pause(node, depth, _kept(ast.Load())), leave]

    def _raise(self, node: ast.Raise, depth: int) -> Body:
        # The exception is evaluated, waits on the interpreter's stack, and is raised. A variable that kept it would
        # make a cycle: exception, traceback, frame, variable.
        if node.exc is None:
            return [self._pause(node, depth), node]
        field, last = ("exc", node.exc) if node.cause is None else ("cause", node.cause)
        both = ast.Tuple([last, self._suspension(node, depth)], ast.Load())
        first = placed(ast.Subscript(both, ast.Constant(0), ast.Load()), last)
        return [but(node, **{field: first})]

    def _break(self, node: ast.stmt, depth: int) -> Body:
        return [self._pause(node, depth), node]

    _continue = _break

    # --- compound statements ---

    def _if(self, node: ast.If, depth: int) -> Body:
        held = self._pause(node, depth, ast.Constant(True), first=True)
        failed = self._pause(node, depth, ast.Constant(False), first=bool(node.orelse))
        body = [held, *self.block(node.body, depth + 1)]
        orelse = self.block(node.orelse, depth + (not is_chained(node)))
        return [but(node, body=body, orelse=[failed, *orelse])]

    def _while(self, node: ast.While, depth: int) -> Body:
        held = self._pause(node, depth, ast.Constant(True), first=True)
        # Else a tracer would see the header's line twice: the compiler asks the condition again at the body's end.
        for each in ast.walk(held):
            if isinstance(each, ast.expr | ast.stmt):
                each.lineno = each.end_lineno = node.body[0].lineno
        failed = self._pause(node, depth, ast.Constant(False), first=bool(node.orelse))
        body = [held, *self.block(node.body, depth + 1)]
        return [but(node, body=body, orelse=[failed, *self.block(node.orelse, depth + 1)])]

    def _for(self, node: ast.For | ast.AsyncFor, depth: int) -> Body:
        bound = self._pause(node, depth, read(node.target), first=True)
        over = self._pause(node, depth, first=bool(node.orelse))
        body = [bound, *self.block(node.body, depth + 1)]
        return [but(node, body=body, orelse=[over, *self.block(node.orelse, depth + 1)])]

    _asyncfor = _for

    def _with(self, node: ast.With | ast.AsyncWith, depth: int) -> Body:
        targets = [read(each.optional_vars) for each in node.items if each.optional_vars is not None]
        bound = [each for each in targets if each is not None]
        value = None if not bound else bound[0] if len(bound) == 1 else ast.Tuple(bound, ast.Load())
        entered = self._pause(node, depth, value, first=True)
        return [but(node, body=[entered, *self.block(node.body, depth + 1)])]

    _asyncwith = _with

    def _match(self, node: ast.Match, depth: int) -> Body:
        cases = []
        for each in node.cases:
            chosen = self._pause(node, depth, first=True)
            cases.append(but(each, body=[chosen, *self.block(each.body, depth + 1)]))
        if not is_irrefutable(node.cases[-1]):
            cases.append(placed(ast.match_case(ast.MatchAs(), None, [self._pause(node, depth)]), node))
        return [but(node, cases=cases)]

    def _try(self, node: ast.Try | ast.TryStar, depth: int) -> Body:
        body = self.block(node.body, depth + 1)
        handlers = [self._handler(each, depth) for each in node.handlers]
        if any(may_stop_closing(each.type) for each in node.handlers):
            handlers.insert(0, placed(ast.ExceptHandler(mark("closing", Closing), None, [ast.Raise()]), handlers[0]))
        orelse = self.block(node.orelse, depth + 1)
        if not self._cleaning:
            self._last = {id(each) for each in last_of(node.finalbody)}
        self._cleaning += 1
        final = self.block(node.finalbody, depth + 1)
        self._cleaning -= 1
        if final and any(isinstance(each, ast.Return) for each in own(node)):
            final = [*_unkeep(node.finalbody[0]), *final]
        return [but(node, body=body, handlers=handlers, orelse=orelse, finalbody=final)]

    _trystar = _try

    def _handler(self, node: ast.ExceptHandler, depth: int) -> ast.ExceptHandler:
        caught = self._pause(node, depth, ast.Name(node.name, ast.Load()) if node.name else None, first=True)
        return but(node, body=[caught, *self.block(node.body, depth + 1)])

    def _is_declared(self, target: ast.expr) -> bool:
        return any(isinstance(each, ast.Name) and each.id in self._declared for each in ast.walk(target))


class AsyncRewriting(Rewriting):
    """The rewriting of an `async def`, in which a `yield` would mean something else: a pause awaits its value."""

    def _suspend(self, value: ast.expr | None) -> ast.expr:
        if value is None:
            return ast.Await(mark("nothing", _Awaited((None,))))
        wrap = ast.Attribute(mark("awaited", Held(_Awaited)), "of", ast.Load())
        return ast.Await(ast.Call(wrap, [ast.Tuple([value], ast.Load())], []))


class _Awaited(tuple[Any]):
    """Hands its one item to whoever drives the coroutine that awaits it."""

    __slots__ = ()
    __await__ = tuple.__iter__


def _kept(context: ast.expr_context) -> ast.Name:
    return ast.Name(KEPT, context)


def _unkeep(near: ast.AST) -> Body:
    bind: ast.stmt = ast.Assign([_kept(ast.Store())], ast.Constant(None))
    return [placed(bind, near), placed(ast.Delete([_kept(ast.Del())]), near)]

"""Which pattern a function is: a list that loops fill, or a list that is written at its `return`.

| pattern         | how it is known                                                              |
|-----------------|------------------------------------------------------------------------------|
| `Builder`       | each `return` gives one local name, bound once, to a new list or set          |
| `Expressions`   | each `return` gives a comprehension, `list(map(...))` and the like, or `[]`   |
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple, NoReturn

from instep.functions import calls
from instep.functions.refusals import Refusal

IsBuiltin = Callable[[str], bool]
FILLS = {"list": ("append", "extend"), "set": ("add", "update")}
_LOOKS_AT_FRAMES = frozenset(("locals", "vars", "dir", "eval", "exec", "_getframe", "currentframe", "exc_info"))
_HOLDS = frozenset(("acquire", "acquire_lock", "__enter__", "enter_context", "flock", "lockf"))


class Builder(NamedTuple):
    """A container that is bound once to a new one, filled, and returned."""

    name: str
    kind: str
    binding: ast.Assign | ast.AnnAssign
    fills: dict[ast.stmt, ast.expr]
    """Each statement that fills it, with what it puts in: an item, or for `extend` and `+=` an iterable of items."""


class Expressions(NamedTuple):
    """Returned expressions that can be replaced by lazy ones."""

    kind: str
    replacements: dict[ast.Return, ast.expr]


class Tree:
    """A definition with, of each node, its parents."""

    def __init__(self, definition: ast.FunctionDef) -> None:
        self.definition = definition
        self.parents: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(definition):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
        self.own = [node for statement in definition.body for node in _own(statement)]
        """What runs in the function's own frame, comprehensions included."""

    def around(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Yield what is around a node inside the definition, from the inside out, each with the part it is in."""
        while node is not self.definition:
            parent = self.parents[node]
            if parent is not self.definition:
                yield parent, node
            node = parent

    def is_own(self, node: ast.AST) -> bool:
        """Whether a node is not inside a nested function or class."""
        return not any(isinstance(parent, _NESTED) for parent, _ in self.around(node))


_NESTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def recognise(tree: Tree, is_builtin: IsBuiltin) -> Builder | Expressions:
    """Say which pattern a function is, or refuse it."""
    _refuse_outright(tree)
    returns = [node for node in tree.own if isinstance(node, ast.Return)]
    if not returns:
        raise Refusal(tree.definition, "it returns no list")
    for node in returns:
        if node.value is None:
            raise Refusal(node, "it returns here without the list")
    names = {node.value.id for node in returns if isinstance(node.value, ast.Name)}
    if len(names) > 1:
        raise Refusal(returns[-1], f"it returns different things: {', '.join(sorted(names))}")
    if names:
        return _builder(tree, names.pop(), returns, is_builtin)
    return _expressions(returns, is_builtin)


def empty_display(value: ast.expr | None) -> bool:
    """Whether it is `[]`."""
    return isinstance(value, ast.List) and not value.elts


def _own(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, _NESTED):
        for child in ast.iter_child_nodes(node):
            yield from _own(child)


def _refuse_outright(tree: Tree) -> None:
    for node in ast.walk(tree.definition):
        if isinstance(node, ast.Global | ast.Nonlocal):
            kind = type(node).__name__.lower()
            raise Refusal(node, f"it says {kind} {', '.join(node.names)}: others see when that changes")
    for node in tree.own:
        match node:
            case ast.Yield() | ast.YieldFrom():
                raise Refusal(node, "it is a generator, and lazy already")
            case ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                raise Refusal(node, "it is asynchronous")
            case ast.TryStar():
                raise Refusal(node, "it has an except*")
            case ast.Name() | ast.Attribute() if (name := calls.last_name(node)) in _LOOKS_AT_FRAMES:
                raise Refusal(node, f"{name}() may read the list, or see who called")
            case ast.Attribute(attr=method) if method in _HOLDS:
                raise Refusal(
                    node, f"its {method}() may hold a lock or the like, which would be held between the items"
                )


def _refuse_dict(place: ast.AST) -> NoReturn:
    raise Refusal(place, "a dict can't be deferred: a later item may replace the value of an earlier one")


def _builder(tree: Tree, name: str, returns: list[ast.Return], is_builtin: IsBuiltin) -> Builder:
    binding, kind = _binding(tree, name, is_builtin)
    if kind == "dict":
        _refuse_dict(binding)
    fills: dict[ast.stmt, ast.expr] = {}
    for node in ast.walk(tree.definition):
        if isinstance(node, ast.arg) and node.arg == name:
            own = tree.parents[node] is tree.definition.args
            raise Refusal(node, f"{name} is {'a parameter' if own else 'a parameter of a nested function, too'}")
        if isinstance(node, ast.Name) and node.id == name and tree.parents[node] is not binding:
            _use(tree, node, kind, fills)
    for leave in returns:
        if not isinstance(leave.value, ast.Name) and not empty_display(leave.value):
            raise Refusal(leave, f"it returns here without {name}")
    if not fills:
        raise Refusal(binding, f"nothing fills {name}")
    return Builder(name, kind, binding, fills)


def _binding(tree: Tree, name: str, is_builtin: IsBuiltin) -> tuple[ast.Assign | ast.AnnAssign, str]:
    stores = [
        node
        for node in ast.walk(tree.definition)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    bindings = [parent for node in stores if isinstance(parent := tree.parents[node], ast.Assign | ast.AnnAssign)]
    if not bindings:
        raise Refusal(tree.definition, f"{name}, which it returns, is not a list made here")
    first = bindings[0]
    kind = _new(first.value, is_builtin)
    if kind is None:
        raise Refusal(first, f"{name}, which it returns, is not bound to a new list here")
    if isinstance(first, ast.Assign) and len(first.targets) > 1:
        raise Refusal(first, f"{name} has another name here")
    again = [node for node in stores if tree.parents[node] is not first and not _is_fill_target(tree, node)]
    if again:
        raise Refusal(again[0], f"{name} is bound again")
    if tree.parents[first] is not tree.definition:
        raise Refusal(first, f"{name} is not bound at the function's top level")
    return first, kind


def _is_fill_target(tree: Tree, node: ast.AST) -> bool:
    return isinstance(tree.parents[node], ast.AugAssign)


def _new(value: ast.expr | None, is_builtin: IsBuiltin) -> str | None:
    """Which kind of new container it is, if any."""
    match value:
        case ast.List(elts=items) if not any(isinstance(item, ast.Starred) for item in items):
            return "list"
        case ast.Dict(keys=[]):
            return "dict"
        case ast.Call(func=ast.Name(id="list" | "set" | "dict" as kind), args=[], keywords=[]) if is_builtin(kind):
            return kind
    return None


def _use(tree: Tree, node: ast.Name, kind: str, fills: dict[ast.stmt, ast.expr]) -> None:
    """Note a use that fills the container, pass over a `return` of it, refuse all others."""
    name, parent = node.id, tree.parents[node]
    if not tree.is_own(node):
        raise Refusal(node, f"{name} is captured by a nested function")
    match parent:
        case ast.Return():
            return
        case ast.AugAssign(op=ast.Add(), target=target, value=value) if target is node and kind == "list":
            fills[parent] = value
        case ast.Attribute(attr=method):
            call = tree.parents[parent]
            statement = tree.parents.get(call)
            match call, statement:
                case ast.Call(func=function, args=[argument], keywords=[]), ast.Expr() if (
                    function is parent and method in FILLS[kind] and not isinstance(argument, ast.Starred)
                ):
                    fills[statement] = argument
                case _:
                    raise Refusal(
                        node, f"{name}.{method} is used: only {' and '.join(FILLS[kind])}, as statements, fill it"
                    )
        case _:
            raise Refusal(node, _misuse(name, parent))


def _misuse(name: str, parent: ast.AST) -> str:
    match parent:
        case ast.Subscript():
            return f"{name} is indexed"
        case ast.Call() | ast.keyword() | ast.Starred():
            return f"{name} is passed on"
        case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
            return f"{name} gets another name"
        case ast.Delete():
            return f"{name} is deleted"
        case ast.AugAssign():
            return f"{name} is changed by an operator that doesn't just fill it"
    return f"{name} is read"


def _expressions(returns: list[ast.Return], is_builtin: IsBuiltin) -> Expressions:
    replacements: dict[ast.Return, ast.expr] = {}
    kinds = set()
    for node in returns:
        assert node.value is not None
        if empty_display(node.value):
            continue
        kind, replacement = _deferred(node.value, is_builtin)
        if replacement is None:
            raise Refusal(node, kind)
        kinds.add(kind)
        replacements[node] = ast.copy_location(replacement, node.value)
    if not replacements:
        raise Refusal(returns[0], "there is nothing to defer in []")
    if len(kinds) > 1 or (kinds == {"set"} and len(replacements) < len(returns)):
        raise Refusal(returns[-1], "it returns lists and sets")
    return Expressions(kinds.pop(), replacements)


def _deferred(value: ast.expr, is_builtin: IsBuiltin) -> tuple[str, ast.expr | None]:
    """Give the kind of an expression and the iterator that replaces it; or the reason why there is none."""
    match value:
        case ast.ListComp(elt=elt, generators=generators):
            return "list", ast.GeneratorExp(elt, generators)
        case ast.SetComp(elt=elt, generators=generators):
            return "set", ast.GeneratorExp(elt, generators)
        case ast.DictComp():
            _refuse_dict(value)
        case ast.Call(func=ast.Name(id="list" | "set" as kind), args=[inner], keywords=[]) if is_builtin(kind):
            return (
                (kind, inner)
                if _is_lazy(inner, is_builtin)
                else (f"{kind}() of it may be a copy made on purpose", None)
            )
        case ast.Call(func=ast.Name(id="sorted")):
            return "what is sorted needs its last item first", None
        case ast.Call(func=ast.Name(id=name)) if name in calls.CONTAINERS | {"tuple", "frozenset"}:
            return f"it returns {name}(...), which is no list that can be deferred", None
    return "it returns something else than a list made here", None


def _is_lazy(value: ast.expr, is_builtin: IsBuiltin) -> bool:
    match value:
        case ast.GeneratorExp():
            return True
        case ast.Call(func=ast.Name(id="map" | "filter" | "zip" as name)):
            return is_builtin(name)
    return False

"""What a statement or an expression changes, by what is known of names and operators."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from instep.functions import calls
from instep.functions.again import reuses
from instep.functions.binding import FUNCTIONS
from instep.functions.flow import Flow

Changed = tuple[ast.expr, ast.AST, bool]
"""What is changed, where, and whether that is certain."""


def changes_within(flow: Flow, value: ast.AST) -> Iterator[Changed]:
    """Yield what an expression changes, or a statement's own part."""
    for node in own_nodes(value):
        yield from _of(flow, node)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs when `node` does: nothing of nested functions, and of compound statements the header only."""
    yield node
    if isinstance(node, FUNCTIONS | ast.ClassDef):
        return
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from own_nodes(child)


def _of(flow: Flow, node: ast.AST) -> Iterator[Changed]:
    match node:
        case (
            ast.Attribute(ctx=ast.Store() | ast.Del(), value=owner)
            | ast.Subscript(ctx=ast.Store() | ast.Del(), value=owner)
        ):
            yield owner, node, True
        case ast.AugAssign(target=target, value=value) if not flow.scalar(value):
            if not (isinstance(target, ast.Name) and flow.scalar(ast.Name(target.id, ast.Load()))):
                yield _loaded(target), node, True
        case ast.AugAssign(target=ast.Name(id=name)) if not flow.scalar(ast.Name(name, ast.Load())):
            yield ast.copy_location(ast.Name(name, ast.Load()), node), node, False
        case ast.Expr(value=ast.BinOp(left=left, right=right)):  # an operator used for what it does: `stream << x`
            yield left, node, False
            yield right, node, False
        case ast.withitem(context_expr=ast.Name() | ast.Attribute() as context):
            yield context, context, False
        case ast.Assign(targets=[ast.Tuple() | ast.List(), *_], value=ast.Name() as value):
            yield value, node, False  # as everything that is walked here, it may be an iterator
        case ast.Starred(ctx=ast.Load(), value=ast.Name() as value):
            yield value, node, False
        case ast.Call():
            yield from _of_call(flow, node)
        case ast.For(target=target, iter=iterable) | ast.comprehension(target=target, iter=iterable):
            if isinstance(iterable, ast.Name):
                yield iterable, node, False
            if reuses(flow, iterable):
                names = [each for each in ast.walk(target) if isinstance(each, ast.Name)]
                yield from ((_loaded(each), iterable, False) for each in names)


def _of_call(flow: Flow, call: ast.Call) -> Iterator[Changed]:
    yield from ((keyword.value, call, True) for keyword in call.keywords if keyword.arg == "out")
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    yield from _of_passed(flow, _called(flow, call))
    name = calls.last_name(call.func)
    match call.func:
        case _ if name in calls.CHANGING_FUNCTIONS and call.args:
            yield call.args[0], call, True
            return
        case ast.Attribute(value=owner) if name in calls.CHANGING:
            of_type = isinstance(owner, ast.Name) and flow.is_type(owner.id)
            yield (call.args[0] if of_type and call.args else owner), call, True
            if not (isinstance(owner, ast.Name) and flow.is_foreign(owner.id)):
                return  # else it may be a module's function: `numpy.add`
        case ast.Attribute() if name in calls.SCALAR_METHODS or name in calls.EXTRACTING:
            return
        case ast.Attribute(value=owner):
            yield owner, call, False
        case ast.Name():
            yield from _of_named(flow, call, name)
            if flow.is_builtin(name) and name in calls.UNCHANGING:
                return
        case _:  # a method looked up in another way
            inside = [each for each in ast.walk(call.func) if isinstance(each, ast.Name)]
            yield from ((each, call, False) for each in inside)
    if not calls.makes_an_instance(call.func):
        yield from ((argument, call, False) for argument in arguments if not flow.scalar(argument))


def _called(flow: Flow, call: ast.Call) -> list[ast.expr]:
    """Give the arguments that a call may call in its turn."""
    named = [each.value for each in call.keywords]
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if not flow.is_builtin(name):
        return [*call.args, *named]
    return [*(call.args[:1] if name in ("filter", "map") else ()), *named]


def _of_passed(flow: Flow, passed: list[ast.expr]) -> Iterator[Changed]:
    """Yield the objects whose methods are passed on, to be called perhaps."""
    for one in passed:
        values = [one]
        if isinstance(one, ast.Name):
            values = [bound.value for bound in flow.bindings.get(one.id, ()) if bound.value is not None]
        for value in values:
            if isinstance(value, ast.Attribute):
                yield value.value, one, value.attr in calls.CHANGING


def _of_named(flow: Flow, call: ast.Call, name: str) -> Iterator[Changed]:
    """Yield what the call of a plain name changes besides its arguments."""
    if flow.is_builtin(name):
        if name in calls.WALKING:
            yield from ((each, call, False) for each in call.args if isinstance(each, ast.Name))
        yield from ((each, each, False) for each in _called(flow, call))
        return
    if name in flow.bindings:
        yield call.func, call, False
    for value in (binding.value for binding in flow.bindings.get(name, ())):
        if isinstance(value, ast.Attribute):
            yield value.value, call, value.attr in calls.CHANGING


def _loaded(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case ast.Attribute(value=value, attr=name):
            return ast.copy_location(ast.Attribute(value, name, ast.Load()), target)
        case ast.Subscript(value=value, slice=part):
            return ast.copy_location(ast.Subscript(value, part, ast.Load()), target)
    return target

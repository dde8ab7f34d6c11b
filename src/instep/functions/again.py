"""Which objects of a function's own may come again: by a name that is bound anew, though not to another object."""

from __future__ import annotations

import ast

from instep.functions import calls
from instep.functions.binding import Binding
from instep.functions.flow import Flow
from instep.functions.graph import Loop


def reuses(flow: Flow, iterable: ast.expr) -> bool:
    """Whether what an iterable gives ends, or may change, when it goes on: groups, or a local generator's row."""
    if not isinstance(iterable, ast.Call):
        return False
    name = calls.last_name(iterable.func)
    places = [one.place for one in flow.bindings.get(name, ())]
    return name == "groupby" or any(isinstance(one, ast.FunctionDef) and _changes_something(one) for one in places)


def repeats(flow: Flow, iterable: ast.expr) -> bool:
    """Whether one object is seen to come twice: `[a] * 2`, `(a, a)`."""
    match iterable:
        case ast.BinOp(op=ast.Mult()):
            return True
        case ast.List(elts=items) | ast.Tuple(elts=items):
            names = [item.id for item in items if isinstance(item, ast.Name)]
            return len(names) > len(set(names))
        case ast.Name(id=name):
            values = [one.value for one in flow.bindings.get(name, ())]
            return any(
                value is not None and not isinstance(value, ast.Name) and repeats(flow, value) for value in values
            )
    return False


def same_again(flow: Flow, binding: Binding) -> bool:
    """Whether a name may be bound there to an object of this function's that it was bound to before."""
    value = binding.value
    if isinstance(binding.place, ast.Name | ast.Tuple | ast.List):  # of a `for`
        return _walked_again(flow, binding.place)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in calls.EXTRACTING:
        value = value.func
    return isinstance(value, ast.Attribute | ast.Subscript) and made_here(flow, value)


def made_here(flow: Flow, value: ast.expr) -> bool:
    """Whether it is, or is part of, what a name is bound to that is bound to a new object here."""
    while isinstance(value, ast.Attribute | ast.Subscript):
        value = value.value
    return isinstance(value, ast.Name) and flow.makes(value.id)


def _walked_again(flow: Flow, target: ast.expr) -> bool:
    """Whether a `for` walks something of this function's in each round of an outer loop, or one object twice."""
    loops = [node for node in ast.walk(flow.function) if isinstance(node, Loop)]
    walk = next(loop for loop in loops if isinstance(loop, ast.For) and loop.target is target)
    if repeats(flow, walk.iter):
        return True
    names = {node.id for node in ast.walk(walk.iter) if isinstance(node, ast.Name)}
    bound = {one.place for name in names for one in flow.bindings.get(name, ())}
    around = [{*ast.walk(loop)} for loop in loops if loop is not walk]
    return made_here(flow, walk.iter) and any(walk in inside and not bound & inside for inside in around)


def _changes_something(function: ast.FunctionDef) -> bool:
    for node in ast.walk(function):
        match node:
            case ast.AugAssign() | ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store()):
                return True
            case ast.Attribute(attr=name) if name in calls.CHANGING:
                return True
    return False

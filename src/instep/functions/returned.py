"""What keeps a returned expression from being deferred: its items may differ when they are looked at one by one."""

from __future__ import annotations

import ast
import itertools

from instep.functions import calls
from instep.functions.again import made_here, repeats, reuses
from instep.functions.changing import only_walks, refuse_change_of_arguments, shared
from instep.functions.flow import Flow
from instep.functions.hazards import flows, refuse_capture, refuse_nested_changes
from instep.functions.mutations import changes_within
from instep.functions.recognising import Expressions, IsBuiltin, Tree
from instep.functions.refusals import Refusal


def refuse_expression_hazards(tree: Tree, expressions: Expressions, is_builtin: IsBuiltin) -> None:
    """Refuse returned expressions whose items may differ when they are looked at before all are there."""
    flow, sure = flows(tree, is_builtin)
    refuse_nested_changes(tree, flow, is_builtin)
    for leave, value in expressions.replacements.items():
        for parent, _ in tree.around(leave):
            if isinstance(parent, ast.With | ast.Try):
                raise Refusal(leave, f"it returns from under a {type(parent).__name__.lower()}")
        _refuse_super(value)
        _refuse_captures(tree, value, is_builtin)
        _refuse_changes(flow, sure, value)


def _refuse_captures(tree: Tree, value: ast.expr, is_builtin: IsBuiltin) -> None:
    bound = {node.id for node in ast.walk(value) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(value):
        if node is not value and isinstance(node, ast.Lambda | ast.GeneratorExp):
            refuse_capture(tree, node, bound, is_builtin)


def _refuse_changes(flow: Flow, sure: Flow, value: ast.expr) -> None:
    arguments = [flow.reaches(name, 7) for name in sorted(flow.parameters)]
    written, item = _item(value)
    parts = [value] if isinstance(value, ast.GeneratorExp) else [value, item]
    for owner, place, certain in itertools.chain(*(changes_within(flow, part) for part in parts)):
        refuse_change_of_arguments(flow, arguments, owner, place, certain)
        if only_walks(flow, place, owner, item if written else None):
            continue
        anew = not certain and _is_its_variable(flow, value, owner)
        if not anew and shared(flow, sure, owner, item, certain):
            raise Refusal(place, f"{ast.unparse(owner)} may be changed after it was handed out")


def _item(value: ast.expr) -> tuple[bool, ast.expr]:
    """Give an expression that holds what an item does, and whether it is evaluated as it is written for each item."""
    match value:
        case ast.GeneratorExp(elt=element):
            return True, element
        case ast.Call(func=ast.Name(id="map"), args=[ast.Lambda(body=body), *_]):
            return True, body
        case ast.Call(func=ast.Name(id="map"), args=[function, *others]):
            return False, ast.copy_location(ast.Call(function, others, []), value)
    return False, value


def _refuse_super(value: ast.expr) -> None:
    """From 3.12 on a comprehension is part of its function's frame, in which `super()` looks; a generator is not."""
    if isinstance(value, ast.GeneratorExp):
        first, *others = value.generators
        for part in (value.elt, first.target, *first.ifs, *others):
            for node in ast.walk(part):
                if isinstance(node, ast.Call) and calls.last_name(node.func) == "super" and not node.args:
                    raise Refusal(node, "super() in a comprehension needs the function's frame: write a loop")


def _is_its_variable(flow: Flow, value: ast.expr, owner: ast.expr) -> bool:
    """Whether it is what a generator expression binds to another object for each item."""
    generators = value.generators if isinstance(value, ast.GeneratorExp) else []
    for position, generator in enumerate(generators):
        again = reuses(flow, generator.iter) or repeats(flow, generator.iter)
        again = again or (position > 0 and made_here(flow, generator.iter))
        bound = {node.id for node in ast.walk(generator.target) if isinstance(node, ast.Name)}
        if not again and isinstance(owner, ast.Name) and owner.id in bound:
            return True
    return False

"""What else keeps a function from being deferred: effects that come too late, names that are read too early."""

from __future__ import annotations

import ast

from instep.functions import calls
from instep.functions.changing import Item, refuse_changes
from instep.functions.flow import Flow
from instep.functions.graph import Graph
from instep.functions.mutations import own_nodes
from instep.functions.placing import Plan
from instep.functions.recognising import Builder, IsBuiltin, Tree
from instep.functions.refusals import Refusal

_NESTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.GeneratorExp


def refuse_builder_hazards(tree: Tree, builder: Builder, plan: Plan, is_builtin: IsBuiltin) -> None:
    """Refuse a builder whose items may differ when they are looked at before it is through."""
    graph = Graph(tree.definition.body)
    flow, sure = flows(tree, is_builtin, builder.name)
    begin = {graph.index(loop) for loop in plan.loops}
    deferred = begin | set(graph.reached(begin))
    assert isinstance(builder.binding.value, ast.expr)
    items = [Item(graph.index(builder.binding), builder.binding.value)]
    items += [Item(graph.index(fill), _appended(fill, value)) for fill, value in builder.fills.items()]
    bound = {
        name
        for name, bindings in flow.bindings.items()
        if any(graph.index(binding.place) in deferred for binding in bindings)
    }
    _refuse_late_binding(tree, bound, is_builtin)
    refuse_nested_changes(tree, flow, is_builtin)
    refuse_changes(flow, sure, graph, items, deferred, builder.name)
    _refuse_late_effects(tree, builder, plan, graph, deferred, is_builtin)


def flows(tree: Tree, is_builtin: IsBuiltin, builder: str = "") -> tuple[Flow, Flow]:
    """Give the flow with whatever unknown calls may do, and the one without."""
    definition = tree.definition
    return Flow(definition, is_builtin, builder), Flow(definition, is_builtin, builder, unknown_calls=False)


def _appended(fill: ast.stmt, value: ast.expr) -> ast.expr:
    """Give an expression whose value holds what a statement appends."""
    single = isinstance(fill, ast.Expr) and calls.last_name(_function(fill)) in ("append", "add")
    return ast.copy_location(ast.List([value], ast.Load()), value) if single else value


def _function(fill: ast.Expr) -> ast.expr:
    assert isinstance(fill.value, ast.Call)
    return fill.value.func


def _refuse_late_binding(tree: Tree, bound: set[str], is_builtin: IsBuiltin) -> None:
    """A function sees what its variables are when it is called: read earlier, an item would act differently."""
    for node in tree.own:
        if isinstance(node, _NESTED):
            refuse_capture(tree, node, bound, is_builtin)


def refuse_capture(tree: Tree, node: ast.AST, bound: set[str], is_builtin: IsBuiltin) -> None:
    """Refuse a nested function or generator expression that sees a variable which is bound anew before it runs."""
    captured = bound & {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} - _own_names(node)
    if captured and not _through_at_once(tree, node, is_builtin):
        raise Refusal(node, f"{min(captured)} is captured here and bound anew later")


def _own_names(node: ast.AST) -> set[str]:
    """Give the parameters of a function, or the variables of a comprehension."""
    match node:
        case ast.FunctionDef(args=arguments) | ast.Lambda(args=arguments):
            return {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        case ast.GeneratorExp(generators=generators):
            targets = [each for generator in generators for each in ast.walk(generator.target)]
            return {each.id for each in targets if isinstance(each, ast.Name)}
    return set()


def _through_at_once(tree: Tree, node: ast.AST, is_builtin: IsBuiltin) -> bool:
    """Whether a lambda or generator expression is certainly no longer used when its statement is over."""
    parent = tree.parents[node]
    if isinstance(parent, ast.keyword) and parent.arg == "key":
        parent = tree.parents[parent]
    elif isinstance(node, ast.Lambda):
        return False
    match parent:
        case ast.Call(func=ast.Name(id=name)):
            return name in calls.AT_ONCE and is_builtin(name)
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in ("join", "extend", "update", "sort")
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
            return iterable is node
    return False


def refuse_nested_changes(tree: Tree, flow: Flow, is_builtin: IsBuiltin) -> None:
    """Refuse what may change an object at a time that can't be told: in a function that is called later."""
    for node in ast.walk(tree.definition):
        match node:
            case (
                ast.Attribute(value=owner, ctx=ast.Store() | ast.Del())
                | ast.Subscript(value=owner, ctx=ast.Store() | ast.Del())
            ):
                how = "changed by a nested function"
            case ast.Attribute(value=owner, attr=method) if method in calls.CHANGING:
                how = "changed by a nested function"
                if not isinstance(tree.parents[node], ast.Call) or node in getattr(tree.parents[node], "args", ()):
                    how = f"changed by its {method}, which is passed on"
            case ast.AugAssign(target=ast.Name() as owner):
                how = "changed by a nested function"
            case _:
                continue
        name = _root(owner)
        known = name in flow.bindings or name in flow.parameters
        if known and (_runs_later(tree, node, is_builtin) or (how.endswith("passed on") and not _is_alias(tree, node))):
            raise Refusal(node, f"{name} is {how}")


def _root(owner: ast.expr) -> str:
    while isinstance(owner, ast.Attribute | ast.Subscript):
        owner = owner.value
    return owner.id if isinstance(owner, ast.Name) else ""


def _is_alias(tree: Tree, node: ast.AST) -> bool:
    """Whether a method gets a name, by whose calls its changes are known."""
    match tree.parents[node]:
        case ast.Call(func=function):
            return function is node
        case ast.Assign(targets=[ast.Name()]):
            return True
        case ast.Attribute() | ast.Subscript():
            return True
    return False


def _runs_later(tree: Tree, node: ast.AST, is_builtin: IsBuiltin) -> bool:
    """Whether a node is in a nested function, or in a generator expression that outlives its statement."""
    parents = [parent for parent, _ in tree.around(node)]
    return any(isinstance(each, _NESTED) and not _generator_at_once(tree, each, is_builtin) for each in parents)


def _generator_at_once(tree: Tree, node: ast.AST, is_builtin: IsBuiltin) -> bool:
    return isinstance(node, ast.GeneratorExp) and _through_at_once(tree, node, is_builtin)


def _refuse_late_effects(
    tree: Tree, builder: Builder, plan: Plan, graph: Graph, deferred: set[int], is_builtin: IsBuiltin
) -> None:
    """Refuse what would happen behind the last item, where a consumer that has enough never comes."""
    fills = {graph.index(fill) for fill in builder.fills}
    for index in sorted(deferred):
        node = graph.nodes[index]
        if node in builder.fills or _is_in_loop_or_cleanup(tree, plan, node) or fills & set(graph.reached([index])):
            continue
        if _has_an_effect(node, is_builtin):
            raise Refusal(node, "this would run only if the last item is asked for")


def _has_an_effect(statement: ast.AST, is_builtin: IsBuiltin) -> bool:
    """Whether others may see that a statement was run, but for closing something, or raising an exception."""
    match statement:
        case ast.Raise() | ast.Expr(value=ast.Call(func=ast.Attribute(attr="close"), args=[])):
            return False
        case ast.With() | ast.Import() | ast.ImportFrom():
            return True
    for node in own_nodes(statement):
        match node:
            case ast.Call(func=ast.Name(id=name)) if is_builtin(name) and name in calls.UNCHANGING - {"print"}:
                continue
            case ast.Call(func=ast.Attribute(attr=name)) if name in calls.SCALAR_METHODS - calls.CHANGING:
                continue
            case ast.Call():
                return True
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                return True
    return False


def _is_in_loop_or_cleanup(tree: Tree, plan: Plan, node: ast.AST) -> bool:
    if plan.fills(node):
        return True
    for parent, part in tree.around(node):
        if isinstance(parent, ast.For | ast.While) and plan.fills(parent) and part not in parent.orelse:
            return True
        if isinstance(parent, ast.ExceptHandler) or (isinstance(parent, ast.Try) and part in parent.finalbody):
            return True
    return False

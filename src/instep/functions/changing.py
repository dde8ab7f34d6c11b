"""What may change an object after it was appended, or what the caller holds: then a list read early differs.

| found in what is deferred                                     | then                                               |
|---------------------------------------------------------------|----------------------------------------------------|
| a store or a changing method, on what an earlier item may hold | refused, unless the object was made since          |
| the same, on what an argument may hold                        | refused: the caller sees when it happens           |
| an unknown call, on an object that is an earlier item         | refused, unless its name was bound anew since      |
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from instep.functions import calls
from instep.functions.again import same_again
from instep.functions.flow import Flow
from instep.functions.graph import Graph
from instep.functions.mutations import changes_within
from instep.functions.reading import Sources
from instep.functions.refusals import Refusal
from instep.functions.relations import image

_WALKED_AT_ONCE = calls.AT_ONCE | calls.SCALAR_FUNCTIONS | {"next"}


class Change(NamedTuple):
    """Something that changes an object, or may do so."""

    node: int
    owner: ast.expr
    """What it changes."""
    place: ast.AST
    certain: bool


class Item(NamedTuple):
    """Something appended to the list: what its value may hold, and where."""

    node: int
    value: ast.expr


def refuse_changes(flow: Flow, sure: Flow, graph: Graph, items: list[Item], deferred: set[int], builder: str) -> None:
    """Refuse a function whose items, or whose arguments, may be changed by what is deferred.

    `flow` takes unknown calls into account, `sure` doesn't: what may be changed is asked of that, or there would be no
    end of it.
    """
    arguments = [flow.reaches(name, 7) for name in sorted(flow.parameters)]
    for change in _changes(flow, graph):
        if change.node not in deferred or _is_name(change.owner, builder):
            continue
        refuse_change_of_arguments(flow, arguments, change.owner, change.place, change.certain)
        for item in items:
            if only_walks(flow, change.place, change.owner, item.value):
                continue
            names = shared(flow, sure, change.owner, item.value, change.certain)
            if names and _lasts(flow, graph, item, change, names):
                raise Refusal(change.place, _reason(change))


def shared(flow: Flow, sure: Flow, owner: ast.expr, item: ast.expr, certain: bool) -> set[str]:
    """Name what a change of the owner, or a call that may change it, may change in an item."""
    certainly = certain or (isinstance(owner, ast.Name) and flow.makes(owner.id))
    judge = flow if certainly else sure
    names = _seeds(judge, judge.sources(owner), judge.sources(item))
    return names if certain else names | _given_away(flow, sure, owner, item)


def refuse_change_of_arguments(
    flow: Flow, arguments: list[dict[str, int]], owner: ast.expr, place: ast.AST, certain: bool
) -> None:
    """Refuse a change of what an argument may hold; an unknown call's is not seen."""
    sources = flow.sources(owner)
    if (certain or isinstance(place, ast.AugAssign)) and any(_levels(sources, reached) & 1 for reached in arguments):
        if certain:
            raise Refusal(place, f"{_text(owner)} is changed, which the caller may hold by an argument")
        raise Refusal(
            place, f"{_text(owner)}, which the caller may hold, may be changed in place here: {_advice(owner)}"
        )


def _changes(flow: Flow, graph: Graph) -> Iterator[Change]:
    for index, node in enumerate(graph.nodes):
        for owner, place, certain in changes_within(flow, node):
            yield Change(index, owner, place, certain)


def _seeds(flow: Flow, owner: Sources, item: Sources) -> set[str]:
    """Give the names by whose objects the changed one may be in the item."""
    found = set()
    for name in _names(flow, owner, item):
        for level in (1, 2, 4):
            reached = flow.reaches(name, level)
            if _levels(owner, reached) & 1 and _levels(item, reached):
                found.add(name)
    return found


def _names(flow: Flow, *sources: Sources) -> set[str]:
    names = {name for some in sources for name in some}
    return names | flow.edges.keys() | flow.parameters


def _levels(sources: Sources, reached: dict[str, int]) -> int:
    levels = 0
    for name, relation in sources.items():
        levels |= image(relation, reached.get(name, 0))
    return levels


def _lasts(flow: Flow, graph: Graph, item: Item, change: Change, names: set[str]) -> bool:
    """Whether the changed object can be one from before the item was appended."""
    root = change.owner
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    made: set[int] = set()
    if isinstance(root, ast.Name):
        bindings = [one for one in flow.bindings.get(root.id, []) if not isinstance(one.place, ast.AugAssign)]
        new = root.id not in flow.parameters and all(map(flow.new, bindings))
        alone = root is change.owner or names == {root.id}
        if alone and (new or not change.certain):
            made = {graph.index(one.place) for one in bindings if one.certain and not same_again(flow, one)}
    return change.node in graph.reached([item.node], made)


def _given_away(flow: Flow, sure: Flow, owner: ast.expr, item: ast.expr) -> set[str]:
    """Name what was made here, and is in the item, and what the owner may have got hold of: a call may change it."""
    held, mine = sure.sources(item), flow.sources(owner)
    made = filter(flow.makes, flow.bindings)
    return {name for name in made if _levels(held, sure.reaches(name, 7)) and _levels(mine, flow.reaches(name, 1))}


def only_walks(flow: Flow, place: ast.AST, owner: ast.expr, item: ast.expr | None) -> bool:
    """Whether the owner just goes on as an iterator: what it gave is not changed by that, only what is itself in it.

    Where the item is what a walk gives, it is `None`: the iterator is not in it.
    """
    return _is_walk(place) and (item is None or flow.container(owner) or not _names_itself(item, owner))


def _is_walk(place: ast.AST) -> bool:
    match place:
        case ast.Call(func=ast.Name(id=name)):
            return name == "next" or name in calls.WALKING
    return isinstance(place, ast.For | ast.comprehension | ast.Starred | ast.Assign)


def _names_itself(value: ast.AST, owner: ast.expr) -> bool:
    """Whether the expression has the owner in it, other than as what is walked there and then."""
    match value:
        case ast.Call(func=ast.Name(id=name)) if name in _WALKED_AT_ONCE:
            return False
        case ast.Subscript(value=ast.Name(), slice=part):  # an iterator has no items to index
            return _names_itself(part, owner)
        case ast.Starred(value=ast.Name()):
            return False
    same = isinstance(value, ast.expr) and ast.dump(value) == ast.dump(owner)
    return same or any(_names_itself(child, owner) for child in ast.iter_child_nodes(value))


def _reason(change: Change) -> str:
    owner = _text(change.owner)
    if isinstance(change.place, ast.AugAssign) and isinstance(change.owner, ast.Name):
        return f"{owner}, which was appended, may be changed in place here: {_advice(change.owner)}"
    return f"{owner} {'is' if change.certain else 'may be'} changed after it was appended"


def _advice(owner: ast.expr) -> str:
    return f"for a number write {_text(owner)} = {_text(owner)} ..."


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _text(owner: ast.expr) -> str:
    text = ast.unparse(owner)
    return text if len(text) <= 40 else f"{text[:37]}..."

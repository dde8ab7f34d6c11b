"""What is in the value of an expression, read from its syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from instep.functions import calls
from instep.functions.relations import (
    ANY,
    ELEMENTS,
    HELD,
    INSIDE,
    METHOD,
    PART,
    SAME,
    VIEW,
    Relation,
    either,
    then,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from instep.functions.flow import Flow

Sources = dict[str, Relation]
"""Which names' objects may be in a value, and where in it."""


class Reader:
    """Reads expressions."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def sources(self, value: ast.expr) -> Sources:
        """Give what may be in a value."""
        if self.flow.scalar(value):
            return {}
        match value:
            case ast.Name(id=name):
                return {name: SAME}
            case ast.NamedExpr(target=ast.Name(id=name), value=inner):
                return unite(self.sources(inner), {name: SAME})
            case ast.Starred(value=inner):
                return self.sources(inner)
            case ast.BoolOp(values=values):
                return self._union(values)
            case ast.IfExp(body=body, orelse=orelse):
                return self._union([body, orelse])
            case ast.BinOp(left=left, right=right):
                return applied(self._union([left, right]), ELEMENTS)
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
                return self._display(value)
            case ast.Subscript() | ast.Attribute():
                return self._part(value)
            case ast.Call():
                return self._call(value)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._comprehension(value)
            case ast.Compare():
                return {}
            case ast.Lambda():
                return applied(self._everything(value), INSIDE)
        return applied(self._everything(value), ANY)

    def _everything(self, value: ast.AST) -> Sources:
        names = [node for node in ast.walk(value) if isinstance(node, ast.Name)]
        return self._union(names)

    def _union(self, values: list[ast.expr] | list[ast.Name]) -> Sources:
        return unite(*map(self.sources, values))

    def _display(self, value: ast.List | ast.Tuple | ast.Set | ast.Dict) -> Sources:
        if isinstance(value, ast.Dict):
            merged = [one for key, one in zip(value.keys, value.values, strict=True) if key is None]
            plain = [one for key, one in zip(value.keys, value.values, strict=True) if key is not None]
            plain += [key for key in value.keys if key is not None]
        else:
            merged = [one for one in value.elts if isinstance(one, ast.Starred)]
            plain = [one for one in value.elts if not isinstance(one, ast.Starred)]
        return unite(applied(self._union(plain), HELD), applied(self._union(merged), ELEMENTS))

    def _part(self, value: ast.Subscript | ast.Attribute) -> Sources:
        whole = self.sources(value.value)
        if isinstance(value, ast.Attribute):
            # What the function stores is a value; of anything else it may be a method, which holds its object.
            part = PART if value.attr in self.flow.stored else METHOD
            return applied(whole, VIEW if calls.is_array_view(value.attr) else part)
        known = self.flow.container(value.value)
        if isinstance(value.slice, ast.Slice):
            return applied(whole, ELEMENTS if known else SAME)
        return applied(whole, PART if known else VIEW)

    def _comprehension(self, value: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Sources:
        elements = [value.key, value.value] if isinstance(value, ast.DictComp) else [value.elt]
        held = applied(self._union(elements), HELD)
        if isinstance(value, ast.GeneratorExp):  # not run yet: it holds what it will look at
            return unite(held, applied(self._everything(value), INSIDE))
        return held

    def _call(self, call: ast.Call) -> Sources:
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        function, name = call.func, calls.last_name(call.func)
        if isinstance(function, ast.Name) and self.flow.is_builtin(name):
            if name in calls.SCALAR_FUNCTIONS:
                return {}
            if name == "super" and not arguments:
                return {one.arg: SAME for one in self.flow.function.args.args[:1]}
            if name in calls.ITERATING:
                named = [keyword.value for keyword in call.keywords]
                return unite(applied(self._union(call.args), calls.ITERATING[name]), applied(self._union(named), HELD))
        if isinstance(function, ast.Attribute) and name in calls.SCALAR_METHODS:
            foreign = isinstance(function.value, ast.Name) and self.flow.is_foreign(function.value.id)
            return applied(self._union(arguments), ANY) if foreign else {}  # a module's function may do anything
        if calls.makes_an_instance(function):
            return applied(self._union(arguments), INSIDE)
        if isinstance(function, ast.Attribute) and name in calls.EXTRACTING:
            return unite(applied(self.sources(function.value), calls.EXTRACTING[name]), self._union(arguments))
        kept = self.flow.kept(name) if isinstance(function, ast.Name) else None
        if kept is not None:
            return applied(unite(kept, self._union(arguments)), ANY)
        if not self.flow.unknown_calls:
            return {}
        owner = function.value if isinstance(function, ast.Attribute) else function
        return applied(self._union([owner, *arguments]), ANY)


def unpacked(
    reader: Reader, target: ast.expr, value: ast.expr, iterating: bool = False
) -> Iterator[tuple[str, Sources, ast.expr | None]]:
    """Yield each name that a target binds, with what flows into it and, where it has one, the expression."""
    match target:
        case ast.Name(id=name):
            sources = reader.sources(value)
            if not iterating:
                yield name, sources, value
            else:
                numbers = isinstance(value, ast.Call) and calls.last_name(value.func) == "range"
                number = ast.Constant(0) if numbers and reader.flow.is_builtin("range") else None
                yield name, _items(reader, value, sources), number
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            match value:
                case ast.Tuple(elts=values) if not iterating and _pair(targets, values):
                    for one, its in zip(targets, values, strict=True):
                        yield from unpacked(reader, one, its)
                    return
            numbered = iterating and isinstance(value, ast.Call) and calls.last_name(value.func) == "enumerate"
            whole = reader.sources(value)
            whole = _items(reader, value, whole) if iterating else whole
            for position, one in enumerate(targets):
                if numbered and position == 0 and isinstance(one, ast.Name) and reader.flow.is_builtin("enumerate"):
                    yield one.id, {}, ast.Constant(0)
                else:
                    yield from _parts(one, whole)
        case ast.Starred():
            yield from _parts(target, reader.sources(value))


def _items(reader: Reader, value: ast.expr, sources: Sources) -> Sources:
    direct = isinstance(value, ast.Call) or reader.flow.container(value)
    return applied(sources, PART if direct and not _unknown_call(reader, value) else VIEW)


def _unknown_call(reader: Reader, value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return False
    name = calls.last_name(value.func)
    return name not in calls.ITERATING and name not in calls.EXTRACTING


def _parts(target: ast.expr, whole: Sources) -> Iterator[tuple[str, Sources, None]]:
    match target:
        case ast.Name(id=name):
            yield name, applied(whole, VIEW), None
        case ast.Starred(value=ast.Name(id=name)):
            yield name, applied(whole, ELEMENTS), None
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            for one in targets:
                yield from _parts(one, applied(whole, VIEW))


def _pair(targets: list[ast.expr], values: list[ast.expr]) -> bool:
    return len(targets) == len(values) and not any(isinstance(one, ast.Starred) for one in (*targets, *values))


def unite(*many: Sources) -> Sources:
    """Take whatever one of several values may hold."""
    result: Sources = {}
    for sources in many:
        for name, relation in sources.items():
            result[name] = either(result[name], relation) if name in result else relation
    return result


def applied(sources: Sources, relation: Relation) -> Sources:
    """Follow what is in a value one step further."""
    return {name: then(first, relation) for name, first in sources.items()}

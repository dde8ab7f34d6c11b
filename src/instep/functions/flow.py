"""What may be in what: how objects flow between the names of one function.

Names are those of the function, and the global and captured ones it uses. It counts without regard to the order of
statements; only whether a name is bound anew between two of them is asked of the graph.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from instep.functions import calls
from instep.functions.binding import Binder, Binding
from instep.functions.reading import Reader, Sources, unite
from instep.functions.relations import (
    SAME,
    Relation,
    converse,
    either,
    image,
    then,
)


class Flow:
    """The flow of objects in one function; without `unknown_calls`, only what is certain of it."""

    def __init__(
        self,
        function: ast.FunctionDef,
        is_builtin: Callable[[str], bool],
        builder: str = "",
        *,
        unknown_calls: bool = True,
    ) -> None:
        self.function = function
        self.unknown_calls = unknown_calls
        self._builder = builder  # what is in it can't come out again
        self.is_builtin = is_builtin
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self.parameters = {argument.arg for argument in every if argument is not None}
        attributes = [node for node in ast.walk(function) if isinstance(node, ast.Attribute)]
        self.stored = {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}
        self.bindings: dict[str, list[Binding]] = {}
        self.edges: dict[str, dict[str, Relation]] = {}
        self._reached: dict[tuple[str, int], dict[str, int]] = {}
        self._scalars: set[str] = set()
        self._containers: set[str] = set()
        self._gather()

    def sources(self, value: ast.expr) -> Sources:
        """What may be in the value of an expression."""
        return Reader(self).sources(value)

    def scalar(self, value: ast.expr) -> bool:
        """Whether a value is certainly a number, text, or nothing: what can't be changed."""
        match value:
            case ast.Constant() | ast.JoinedStr():
                return True
            case ast.Compare(left=left, ops=operators, comparators=others):  # of arrays it is one, too
                truth = all(isinstance(each, ast.Is | ast.IsNot | ast.In | ast.NotIn) for each in operators)
                return truth or all(map(self.scalar, [left, *others]))
            case ast.UnaryOp(operand=operand):
                return isinstance(value.op, ast.Not) or self.scalar(operand)
            case ast.BinOp(left=ast.Constant(value=str()) | ast.JoinedStr(), op=ast.Mod()):
                return True
            case ast.BinOp(left=left, right=right):
                return self.scalar(left) and self.scalar(right)
            case ast.IfExp(body=body, orelse=orelse):
                return self.scalar(body) and self.scalar(orelse)
            case ast.Name(id=name):
                return name in self._scalars
            case ast.Call(func=ast.Name(id=name)):
                return name in calls.SCALAR_FUNCTIONS - {"abs", "divmod", "pow", "round", "type"} and self.is_builtin(
                    name
                )
        return False

    def is_type(self, name: str) -> bool:
        """Whether a name is by its looks that of a class: then its method changes what it is given."""
        return self.is_builtin(name) or (name not in self.bindings and name[:1].isupper())

    def is_foreign(self, name: str) -> bool:
        """Whether a name is not the function's own: a module's, say."""
        return name not in self.bindings and name not in self.parameters

    def container(self, value: ast.expr) -> bool:
        """Whether a value is certainly a new builtin container, made here."""
        match value:
            case ast.List() | ast.Set() | ast.Dict() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                return True
            case ast.BinOp(left=left, op=ast.Mult() | ast.Add()):
                return isinstance(left, ast.List)
            case ast.Call(func=ast.Name(id=name)):
                return name in calls.COLLECTIONS or (name in calls.CONTAINERS and self.is_builtin(name))
            case ast.Call(func=ast.Attribute(attr=name)):
                return name in calls.COLLECTIONS
            case ast.Name(id=name):
                return name in self._containers
        return False

    def new(self, binding: Binding) -> bool:
        """Whether what a name is bound to there was made there, and is nobody else's."""
        value = binding.value
        if value is None:
            return any(map(self.container, _state(binding.place)))
        if isinstance(value, ast.Name):
            return False
        return self.container(value) or (isinstance(value, ast.Call) and calls.makes_an_instance(value.func))

    def kept(self, name: str) -> Sources | None:
        """Give what a function that is defined here holds of others, or keeps itself; None for any other function."""
        bindings = self.bindings.get(name, ())
        if not any(isinstance(one.place, ast.FunctionDef) or isinstance(one.value, ast.Lambda) for one in bindings):
            return None
        own = {name: SAME} if self.makes(name) else {}
        return unite(own, *(one.sources for one in bindings))

    def makes(self, name: str) -> bool:
        """Whether a name is bound to a new object somewhere here."""
        return any(map(self.new, self.bindings.get(name, ())))

    def reaches(self, name: str, levels: int) -> dict[str, int]:
        """At which levels of which names an object of `name` may be that is at `levels` of it."""
        if (name, levels) not in self._reached:
            self._reached[name, levels] = self._reach(name, levels)
        return self._reached[name, levels]

    def _reach(self, name: str, levels: int) -> dict[str, int]:
        found = {name: levels}
        waiting = [name]
        while waiting:
            here = waiting.pop()
            for other, relation in self.edges.get(here, {}).items():
                there = found.get(other, 0) | image(relation, found[here])
                if there != found.get(other, 0):
                    found[other] = there
                    waiting.append(other)
        return found

    def _gather(self) -> None:
        bindings = [*Binder(self).all(self.function.body)]
        by_name: dict[str, list[Binding]] = {}
        for binding in bindings:
            by_name.setdefault(binding.name, []).append(binding)
        self._settle(self._scalars, by_name, self.scalar)
        self._settle(self._containers, by_name, self.container)
        self.edges.clear()  # once more, now that it is known which names matter
        for binding in Binder(self).all(self.function.body):
            self.bindings.setdefault(binding.name, []).append(binding)
            self.link(binding.sources, binding.name)

    def _settle(self, found: set[str], by_name: dict[str, list[Binding]], test: Callable[[ast.expr], bool]) -> None:
        found |= by_name.keys() - self.parameters
        before = -1
        while before != len(found):
            before = len(found)
            kept = {name for name in found if all(one.value is not None and test(one.value) for one in by_name[name])}
            found &= kept

    def link(self, sources: Sources, name: str, by: Relation = SAME) -> None:
        """Let what is in a value flow into `name`."""
        if name == self._builder:
            return
        for source, relation in sources.items():
            whole = then(relation, by)
            self._edge(source, name, whole)
            self._edge(name, source, converse(whole))

    def _edge(self, source: str, name: str, relation: Relation) -> None:
        edges = self.edges.setdefault(source, {})
        edges[name] = either(edges[name], relation) if name in edges else relation


def _state(place: ast.AST) -> list[ast.expr]:
    """Give what a function or class that is defined here keeps: its defaults, or its class attributes."""
    match place:
        case ast.FunctionDef(args=arguments):
            return [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        case ast.ClassDef(body=body):
            return [each.value for each in body if isinstance(each, ast.Assign | ast.AnnAssign) and each.value]
    return []

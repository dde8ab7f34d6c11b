"""What is known about functions and methods by their names alone: who changes what, and what comes out."""

from __future__ import annotations

import ast

from instep.functions.relations import ELEMENTS, FLAT, PAIRS, PART, SAME, Relation


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SCALAR_FUNCTIONS = _words(
    "abs all any ascii bin bool bytes callable chr complex divmod float format hasattr hash hex id int isinstance "
    "issubclass len oct ord pow print range repr round str type"
)
"""Builtins that neither change their arguments nor give back what could be changed."""

SCALARS = SCALAR_FUNCTIONS - {"abs", "divmod", "pow", "print", "range", "round", "type"}
"""Those that give numbers, text or a truth value."""

ITERATING: dict[str, Relation] = {
    **dict.fromkeys(("list", "tuple", "set", "frozenset", "sorted"), ELEMENTS),
    "dict": FLAT,
    **dict.fromkeys(("iter", "reversed"), SAME),
    **dict.fromkeys(("enumerate", "zip"), PAIRS),
    "next": PART,
}
"""Builtins by how what they are given is in what they give."""

UNCHANGING = (
    SCALAR_FUNCTIONS | (ITERATING.keys() - {"next"}) | {"filter", "map", "max", "min", "sum", "getattr", "super"}
)
"""Builtins that don't change what they are given; what they call may."""

AT_ONCE = frozenset(("all", "any", "dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"))
"""Builtins that are through with a generator expression or a `key=` when they return."""

WALKING = AT_ONCE | {"enumerate", "filter", "map", "zip"}
"""Builtins that walk what they are given."""

CONTAINERS = frozenset(("bytearray", "dict", "list", "set", "sorted"))
"""Builtins that make a new container."""

COLLECTIONS = frozenset(("Counter", "OrderedDict", "defaultdict", "deque"))
"""Containers of `collections`, whose items are no views of them."""

CHANGING = _words(
    "add append appendleft clear difference_update discard extend extendleft insert intersection_update move_to_end "
    "pop popitem popleft remove reverse rotate setdefault sort subtract symmetric_difference_update update "
    "fill resize"
)
"""Methods that change their object."""

CHANGING_FUNCTIONS = _words(
    "delattr heapify heappop heappush heappushpop heapreplace insort insort_left insort_right setattr shuffle "
    "setitem delitem"
)
"""Functions that change their first argument."""

EXTRACTING: dict[str, Relation] = {
    **dict.fromkeys(("get", "heappop", "pop", "popleft", "setdefault"), PART),
    **dict.fromkeys(("copy", "popitem"), ELEMENTS),
    **dict.fromkeys(("keys", "values"), SAME),
    "items": PAIRS,
}
"""Methods by how their object is in what they give."""

SCALAR_METHODS = _words(
    "append add extend insert remove clear discard update sort "
    "capitalize casefold center count decode encode endswith expandtabs format format_map index isalnum isalpha "
    "isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower "
    "lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines "
    "startswith strip swapcase title translate upper zfill search match fullmatch span start end groups"
)
"""Methods that give what holds nothing of their object: text, numbers, `None`. Those that change it are in CHANGING."""

_ARRAY_VIEWS = frozenset(("T", "mT", "real", "imag", "flat", "base"))


def is_array_view(attribute: str) -> bool:
    """Whether an attribute may be a view of its object, as an array's transpose is."""
    return attribute in _ARRAY_VIEWS


def last_name(function: ast.expr) -> str:
    """`sleep` of `time.sleep`; empty for what has no name."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def makes_an_instance(function: ast.expr) -> bool:
    """Whether a call is by its name that of a class: `Thing`, `_Thing`, `module.Thing`."""
    name = last_name(function).lstrip("_")
    return name[:1].isupper() and not (name.isupper() and len(name) > 1)

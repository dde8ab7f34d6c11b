"""Import hook: every function of the named packages is imported in stepped form.

A module is compiled twice, as it is and with the body of each function rewritten as the statement grain rewrites it.
Then, inside the rewritten module's code, each function's code is replaced by code that is called as the plain one is
and drives the rewritten body through every pause to its end. So methods, closures, decorated functions, generator
functions, `async def` and functions that are made at run time are all stepped, and nothing of ours runs where a
function is made. Lambdas, comprehensions and the bodies of classes are no functions that are stepped: they run as they
are, as part of the statement that they are in.

What the harness concedes:

- The interpreter's recursion limit is three times the one that the package sees and sets. A driven call takes more
  frames than a plain one: that of its body and the one that drives it; a generator's takes three.
- `types.coroutine` marks the code of a function that is made already, too late for its body: a generator function under
  a decorator of this name is marked from the start.
- Modules are not loaded from a cache: what is cached is the plain code.
- Where tests assert how long something takes, `time.perf_counter` moves by the same little time whenever it is read, in
  both runs (`recording`).
"""

from __future__ import annotations

import ast
import importlib.abc
import inspect
import io
import itertools
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import decode_source
from types import CodeType, ModuleType
from typing import Any

from instep.functions.passing import kind_of, passing
from instep.functions.rewriting import EveryFunction, finished, is_pause
from instep.functions.source import first_line
from instep.functions.unseen import driving

LEVELS = 3
MARKING = frozenset(("coroutine", "types.coroutine"))

_pauses = itertools.count(1)
_functions = itertools.count(1)


def taken() -> tuple[int, int]:
    """Give how many pauses were passed, and how many functions were made ready for it. To be asked once, at the end."""
    return next(_pauses) - 1, next(_functions) - 1


def install(packages: Iterable[str]) -> None:
    """From now on, import these packages and all below them in stepped form."""
    packages = frozenset(packages)
    too_late = packages & sys.modules.keys()
    if too_late:
        raise RuntimeError(f"imported before the hook was installed: {', '.join(too_late)}")
    sys.meta_path.insert(0, Finder(packages))
    scale_recursion()


def scale_recursion() -> None:
    """Let the interpreter's recursion limit be a multiple of the one that programs see and set."""
    get, put = sys.getrecursionlimit, sys.setrecursionlimit
    put(get() * LEVELS)
    sys.getrecursionlimit = lambda: get() // LEVELS
    sys.setrecursionlimit = lambda limit: put(limit * LEVELS)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of some packages where they would be found anyway, and has them loaded in stepped form."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find one module; None where it is none of ours."""
        if fullname.partition(".")[0] not in self.packages:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


class Loader(SourceFileLoader):
    """Loads a module whose functions are stepped."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the module, whatever is cached."""
        path = self.get_filename(fullname)
        return stepped_module(self.get_data(path), path)


def stepped_module(source: bytes, path: str) -> CodeType:
    """Compile a module so that each of its functions drives its steps to the end."""
    plain = compile(source, path, "exec", dont_inherit=True)
    tree = EveryFunction(list(io.StringIO(decode_source(source)))).visit(ast.parse(source, path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were given when it was compiled as it is
        rewritten = finished(compile(tree, path, "exec", dont_inherit=True))
    return joined(plain, rewritten, frozenset(marked(tree)))


def marked(tree: ast.AST) -> Iterator[int]:
    """Give the first lines of the generator functions that `types.coroutine` makes ones that can be awaited."""
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef) and MARKING.intersection(map(ast.unparse, each.decorator_list)):
            yield first_line(each)


def joined(plain: CodeType, rewritten: CodeType, awaitable: frozenset[int]) -> CodeType:
    """Give `rewritten`, where it is a function's code, as code that drives it and is called as `plain` is."""
    inner = {key(each): each for each in plain.co_consts if isinstance(each, CodeType)}
    constants = [
        joined(inner[key(each)], each, awaitable) if isinstance(each, CodeType) else each
        for each in rewritten.co_consts
    ]
    body = rewritten.replace(co_consts=tuple(constants))
    if kind_of(body) == kind_of(plain) and not any(is_pause(body)):
        return body
    next(_functions)
    if kind_of(plain) == inspect.CO_GENERATOR and plain.co_firstlineno in awaitable:
        plain, body = (each.replace(co_flags=each.co_flags | inspect.CO_ITERABLE_COROUTINE) for each in (plain, body))
    return (passing if kind_of(plain) else driving)(plain, body, _pauses.__next__)


def key(code: CodeType) -> tuple[Any, ...]:
    """Give what tells a code object from the others in the same place, and is the same when it is rewritten."""
    return code.co_name, code.co_firstlineno, code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

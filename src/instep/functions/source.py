"""The source of a function: found as a syntax tree, and compiled again in its place after a change.

The module's tree is parsed from the lines that `linecache` has (a file, a notebook's cell, an `exec` that left them
there), the definition is looked up by qualified name and first line, and what is found is believed only if it compiles
to the function's own code object. To compile a changed definition, it is put where the old one was: the same classes
and functions around it give the same `__class__` cell, private names and free variables.
"""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
import linecache
import warnings
from _thread import RLock
from collections.abc import Iterator
from functools import lru_cache
from io import StringIO
from types import CodeType, FunctionType
from typing import Any, NamedTuple, TypeAlias

from instep.errors import InstepError
from instep.monitor import locks

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Path: TypeAlias = tuple[ast.AST, ...]

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag

_warnings_lock = RLock()  # a signal handler may come while we hold it
locks.append(_warnings_lock)


class NoSource(InstepError):
    """The source of a function can't be had; the text is the reason."""


class Found(NamedTuple):
    """A function's definition, and where in its module's tree it is."""

    function: FunctionType
    definition: Definition
    parents: _Path
    """From the module down to the node that holds the definition."""
    lines: tuple[str, ...]
    """Of the whole file."""
    alone: bool = True
    """Whether it compiles to the same without the rest of its module."""

    @property
    def module(self) -> ast.Module:
        """The tree of the whole file. It is shared: change copies only."""
        module = self.parents[0]
        assert isinstance(module, ast.Module)
        return module

    @property
    def filename(self) -> str:
        """As the function's code names it."""
        return self.function.__code__.co_filename


def find(function: FunctionType) -> Found:
    """Find the definition of a Python function; `NoSource` where there is none, or where it says something else."""
    code = function.__code__
    filename = _filename(function)
    for refresh in (False, True):
        # A file that was edited since may still be known as it was when the function was made.
        if refresh:
            linecache.checkcache(filename)
        # Split anew: who puts a text there mostly has it split by `splitlines`, at form feeds, too.
        lines = tuple(StringIO("".join(linecache.getlines(filename, function.__globals__))))
        if lines and (found := _find_in(function, lines)):
            return found
    if not lines:
        raise NoSource(f"its source is not to be had ({code.co_filename})")
    raise NoSource(f"its source ({code.co_filename}) says something else than the code that runs: changed since?")


def _filename(function: FunctionType) -> str:
    """The file that its code names; of a module frozen into the interpreter, as `posixpath` is, the one beside it."""
    named = function.__code__.co_filename
    file = function.__globals__.get("__file__") if named.startswith("<frozen ") else None
    return file if isinstance(file, str) else named


def compile_like(found: Found, definition: Definition) -> CodeType:
    """Compile a changed definition where the found one is; gives the code object of that function."""
    path = [*found.parents, found.definition]
    module = _with_replaced(path, definition, alone=found.alone)
    code = found.function.__code__
    flags = (code.co_flags & _FUTURES) | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were given when the module was compiled
        whole = compile(module, code.co_filename, "exec", flags=flags, dont_inherit=True)
    awaitable = code.co_flags & inspect.CO_ITERABLE_COROUTINE  # no compiler's: `types.coroutine` has set it
    made = [each.replace(co_flags=each.co_flags | awaitable) for each in _codes_in(whole) if _is_of(each, definition)]
    # The same definition twice: in a `finally`, whose body the compiler copies. Lambdas: several on one line.
    return next((each for each in made if each == code), made[0])


def function_like(function: FunctionType, code: CodeType) -> FunctionType:
    """Make a function of other code, with the globals, closure cells, defaults and attributes of the given one."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    closure = tuple(cells[name] for name in code.co_freevars)
    made = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    return dressed(made, function)


def dressed(made: FunctionType, function: FunctionType) -> FunctionType:
    """Give a function the name, signature and attributes of another one."""
    made.__name__ = function.__name__
    made.__qualname__ = function.__qualname__
    made.__module__ = function.__module__
    made.__doc__ = function.__doc__
    made.__defaults__ = function.__defaults__
    made.__kwdefaults__ = function.__kwdefaults__
    made.__annotations__ = function.__annotations__
    made.__dict__.update(function.__dict__)
    if hasattr(function, "__type_params__"):  # from 3.12 on
        setattr(made, "__type_params__", function.__type_params__)  # noqa: B010  # not known to 3.11's types
    return made


def _find_in(function: FunctionType, lines: tuple[str, ...]) -> Found | None:
    code = function.__code__
    index = _index("".join(lines))
    for path in index.get((code.co_name, code.co_firstlineno), ()):
        for alone in (True, False):
            found = Found(function, _definition(path[-1]), path[:-1], lines, alone)
            if _agree(code, compile_like(found, found.definition)):
                return found
    return None


def _definition(node: ast.AST) -> Definition:
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    return node


def _agree(code: CodeType, compiled: CodeType) -> bool:
    """Whether the code that runs is what the source says."""
    if code == compiled and code.co_qualname == compiled.co_qualname:
        return True
    # pytest rewrites the asserts of test modules: the same function, with variables of pytest's beside its own.
    return (
        any(name.startswith("@py_") for name in code.co_varnames)
        and set(compiled.co_varnames) <= set(code.co_varnames)
        and compiled.co_freevars == code.co_freevars
        and {line for *_, line in compiled.co_lines()} <= {line for *_, line in code.co_lines()}
    )


@lru_cache(maxsize=32)
def _index(text: str) -> dict[tuple[str, int], list[_Path]]:
    """Where the definitions of a module are: by name and first line, as a code object gives them."""
    try:
        module = _parse(text)
    except (SyntaxError, ValueError):
        return {}
    index: dict[tuple[str, int], list[_Path]] = {}
    for path in _definitions((module,)):
        node = _definition(path[-1])
        name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        index.setdefault((name, first_line(node)), []).append(path)
    return index


def _parse(text: str) -> ast.Module:
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _definitions(path: _Path) -> Iterator[_Path]:
    # Not recursive: a long chain of `elif`, or a long sum, is a deep tree.
    waiting = [path]
    while waiting:
        path = waiting.pop()
        for child in ast.iter_child_nodes(path[-1]):
            below = (*path, child)
            if isinstance(child, Definition):
                yield below
            waiting.append(below)


def first_line(definition: Definition) -> int:
    """The line at which the code object of a definition begins: that of the first decorator, if there is one."""
    decorators: list[ast.expr] = getattr(definition, "decorator_list", [])
    return min([definition.lineno, *(each.lineno for each in decorators)])


def _with_replaced(path: list[ast.AST], definition: Definition, *, alone: bool) -> ast.Module:
    """Give a module with the changed definition; alone, with what is around it, as far as it has a meaning for it.

    The names of a module, and those of a class, are no variables of the functions inside. But the compiler takes notice
    of the names that a module imports: it makes another instruction of `module.function()` than of a method's call.
    """
    new: Any = definition
    for parent, old in zip(path[-2::-1], path[:0:-1], strict=True):
        changed: Any = copy.copy(parent)
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(changed, field, new)
            elif isinstance(value, list) and any(each is old for each in value):
                lone = alone and field == "body" and isinstance(parent, ast.Module | ast.ClassDef)
                setattr(changed, field, [new] if lone else [new if each is old else each for each in value])
        new = changed
    assert isinstance(new, ast.Module)
    imported = _imported(path[0]) if alone else None
    return ast.Module([imported, *new.body] if imported else new.body, [])


def _imported(module: ast.AST) -> ast.Import | None:
    """Everything that a module imports, in one statement, for the compiler."""
    names = {}
    waiting = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update(dict.fromkeys(each.asname or each.name.partition(".")[0] for each in node.names))
        elif isinstance(node, ast.Module | ast.If | ast.Try | ast.TryStar | ast.ExceptHandler | ast.With):
            waiting += ast.iter_child_nodes(node)
    names.pop("*", None)
    aliases = [ast.alias("_", name, lineno=1, col_offset=0, end_lineno=1, end_col_offset=0) for name in names]
    return ast.Import(aliases, lineno=1, col_offset=0, end_lineno=1, end_col_offset=0) if aliases else None


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes_in(constant)


def _is_of(code: CodeType, definition: Definition) -> bool:
    name = "<lambda>" if isinstance(definition, ast.Lambda) else definition.name
    return code.co_name == name and code.co_firstlineno == first_line(definition)

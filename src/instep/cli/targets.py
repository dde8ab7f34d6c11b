"""What a command line names: a function, in a module or a file, and its arguments."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from instep.cli.failures import TRACEBACK, Failure

_FUNCTIONS = FunctionType, classmethod, staticmethod, property
_FORM = "write module:function, or file.py:function"


class Target(NamedTuple):
    """What was named, and of what it needs an object."""

    function: Any
    needs: str
    """The class of which it needs an object, where it was reached without one."""


def find(where: str) -> Target:
    """The function that is named so. Importing its module runs it."""
    module_name, colon, path = where.rpartition(":")
    if not colon or not module_name or not path:
        raise Failure(f"{where!r} names no function", _FORM)
    is_file = module_name.endswith(".py") or Path(module_name).is_file()
    module = _loaded(Path(module_name)) if is_file else _imported(module_name)
    found: Any = module
    owner: Any = None
    for name in path.split("."):
        owner, found = found, _member(found, name, module_name)
    if isinstance(found, type):
        functions = [name for name, member in vars(found).items() if isinstance(member, _FUNCTIONS)]
        raise Failure(f"{where} is a class", f"its functions: {_listed(f'{path}.{name}' for name in functions)}")
    if not callable(found) and not isinstance(found, property):
        raise Failure(f"{where} is no function, but of type {type(found).__name__}", _FORM)
    is_plain = isinstance(owner, type) and isinstance(vars(owner).get(path.rpartition(".")[2]), FunctionType | property)
    return Target(found, owner.__qualname__ if is_plain else "")


def _imported(name: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        sys.path.insert(0, folder)  # as `python -m` does
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise Failure(
                f"no module named {error.name!r}", f"a file is written {name.replace('.', '/')}.py:..."
            ) from error
        raise _unimportable(name, error) from error
    except (Exception, SystemExit) as error:
        raise _unimportable(name, error) from error


def _loaded(path: Path) -> ModuleType:
    """Import a file as the module of its name, with its folder on the path as for a script."""
    if not path.is_file():
        raise Failure(f"there is no file {str(path)!r}", _FORM)
    sys.path.insert(0, str(path.resolve().parent))
    name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else f"_dissected_{abs(hash(path))}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Failure(f"{str(path)!r} is no Python file", _FORM)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _unimportable(str(path), error) from error
    return module


def _unimportable(name: str, error: BaseException) -> Failure:
    return Failure(f"importing {name} failed: {type(error).__name__}: {error}", TRACEBACK, 1)


def _member(thing: Any, name: str, where: str) -> Any:
    if isinstance(thing, type) and isinstance(found := vars(thing).get(name), property):
        return found
    try:
        return getattr(thing, name)
    except AttributeError as error:
        what = thing.__qualname__ if isinstance(thing, type) else where
        known = [each for each in dir(thing) if not each.startswith("__")]
        close = get_close_matches(name, known, 3)
        here = [each for each in known if isinstance(getattr(thing, each, None), FunctionType)]
        hint = f"did you mean {_listed(close)}?" if close else f"there are {_listed(here)}" if here else ""
        raise Failure(f"there is no {name!r} in {what}", hint) from error


def _listed(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(some[:8]) + (", ..." if len(some) > 8 else "") if some else "none"


def arguments(words: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments that words stand for: Python literals, or else the words themselves; `key=value` by keyword."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key.isidentifier():
            if key in kwargs:
                raise Failure(f"{key}= is given twice")
            kwargs[key] = literal(value)
        else:
            args.append(literal(word))
    return args, kwargs


def literal(word: str) -> Any:
    """The value of a Python literal; any other word is itself."""
    try:
        return ast.literal_eval(word.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return word

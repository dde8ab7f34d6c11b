"""A function's source is found where it is, believed only if it is what runs, and compiled again in its place."""

import ast
import copy
import importlib.util
import linecache
import os
import sys

import pytest

from children import python, quiet
from functions.making import functions_of, made
from instep.functions.source import NoSource, compile_like, find, function_like


def again(function):
    """Find a function's source, compile it as it is, and make a function of that."""
    found = find(function)
    code = compile_like(found, found.definition)
    return function_like(function, code)


def decorator(function):
    """Do nothing."""
    return function


class Outer:
    """Has a class inside."""

    class Inner:
        """Is inside."""

        __private = 7

        @staticmethod
        @decorator
        def static(x=1):
            return x

        def method(self):
            def local():
                return self.__private, __class__

            return local


def one():
    """Give one."""
    return 1


if one():

    def chosen():
        """Say which."""
        return "first"

else:

    def chosen():
        """Say which."""
        return "second"


@pytest.mark.parametrize(
    "function",
    [one, chosen, Outer.Inner.static, Outer.Inner.method, Outer().Inner().method(), again, decorator],
    ids=lambda function: function.__qualname__,
)
def test_what_is_found_compiles_to_the_same(function):
    """Whatever it is nested in."""
    assert again(function).__code__ == function.__code__


def test_a_changed_definition_is_compiled_in_its_place():
    """It has the class cell, the private names and the free variables of the original, and its globals."""
    function = Outer.Inner().method()
    found = find(function)
    definition = copy.deepcopy(found.definition)
    definition.body[0].value.elts.append(ast.copy_location(ast.Constant("more"), definition))
    changed = function_like(function, compile_like(found, ast.fix_missing_locations(definition)))
    assert changed() == (7, Outer.Inner, "more")
    assert changed.__qualname__ == function.__qualname__ == changed.__code__.co_qualname
    assert changed.__globals__ is function.__globals__


def test_the_tree_is_left_as_it_was():
    """Compiling a changed definition doesn't change what is found next."""
    before = ast.dump(find(one).module)
    definition = copy.deepcopy(find(one).definition)
    definition.body = [ast.copy_location(ast.Pass(), definition)]
    assert compile_like(find(one), definition) != one.__code__
    assert ast.dump(find(one).module) == before
    assert again(one)() == 1


def test_lambdas_on_one_line_are_told_apart():
    """By their code."""
    first, second = lambda x: x + 1, lambda x: x + 2
    assert isinstance(find(first).definition, ast.Lambda)
    assert (again(first)(1), again(second)(1)) == (2, 3)


def test_definitions_of_one_name_are_told_apart():
    """By their lines."""
    text = "def f():\n    return 1\nfirst = f\ndef f():\n    return 2\n"
    second = made(text, "f")
    assert again(second.__globals__["first"])() == 1
    assert again(second)() == 2


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no type parameters")
def test_type_parameters_are_kept():
    """Of a function, and of a class around it."""
    text = "class C[T]:\n    def f[S: int](self, x: S) -> T:\n        return S, T\n"
    kind = made(text, "C")
    same = again(kind.f)
    assert same(None, 1) == (*kind.f.__type_params__, *kind.__type_params__)
    assert same.__type_params__ == kind.f.__type_params__


def test_a_file_with_a_coding_line_and_a_form_feed():
    """Is read as Python reads it."""
    assert again(made("# coding: latin-1\n\x0c\ndef f():\n    return 'é'\n"))() == "é"


def test_a_cell_of_a_notebook():
    """Is where `linecache` was told."""
    name = "<ipython-input-1-abc>"
    text = "x = 1\ndef cell():\n    return x\n"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    namespace = {}
    exec(compile(text, name, "exec"), namespace)
    assert again(namespace["cell"])() == 1


def test_a_cell_with_a_form_feed():
    """Its lines are those that Python counts, not those of `splitlines`."""
    name = "<a cell with a form feed>"
    text = "\x0c\ndef cell():\n    a = '\x0c'\n    return a\n"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    namespace = {}
    exec(compile(text, name, "exec"), namespace)
    assert find(namespace["cell"]).lines == ("\x0c\n", "def cell():\n", "    a = '\x0c'\n", "    return a\n")


def test_no_source_is_an_error():
    """It says which file it was looked for in."""
    namespace = {}
    exec("def f(): pass", namespace)
    with pytest.raises(NoSource, match="<string>"):
        find(namespace["f"])


def test_a_module_frozen_into_the_interpreter_is_found_beside_it():
    """The code of `os.path.join` names no file, but the module does."""
    join = os.path.join
    assert join.__code__.co_filename.startswith("<frozen ")
    assert find(join).definition.name == "join"
    assert again(join).__code__.co_filename == join.__code__.co_filename
    assert again(join)("a", "b") == join("a", "b")


def loaded(path):
    """Import a file."""
    spec = importlib.util.spec_from_file_location("edited", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_file_edited_since_is_refused(tmp_path):
    """What it says is not what runs; a change elsewhere in the file is one of lines, and refused as well."""
    path = tmp_path / "edited.py"
    path.write_text("def f():\n    return 1\n")
    function = loaded(path).f
    for text in ("def f():\n    return 2\n", "\ndef f():\n    return 1\n", "def f(:\n", "", "x = 1\n"):
        path.write_text(text)
        linecache.checkcache()
        with pytest.raises(NoSource):
            find(function)


def test_a_file_that_was_known_before_it_was_edited(tmp_path):
    """Is taken as it was: that is what runs."""
    path = tmp_path / "edited.py"
    path.write_text("def f():\n    return 1\n")
    function = loaded(path).f
    find(function)
    path.write_text("def f():\n    return 2\n")
    assert again(function)() == 1


def test_a_file_edited_and_loaded_again(tmp_path):
    """The newer text is read, even if the older one is known."""
    path = tmp_path / "edited.py"
    path.write_text("def f():\n    return 1\n")
    find(loaded(path).f)
    path.write_text("def f():\n    return 1 + 20\n")
    os.utime(path, (1, 1))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        assert again(loaded(path).f)() == 21
    finally:
        sys.dont_write_bytecode = before


def test_code_that_was_replaced_is_refused():
    """Another tool's instrumentation would be lost."""

    def function():
        return 1

    function.__code__ = function.__code__.replace(co_consts=(None, 2))
    with pytest.raises(NoSource, match="something else"):
        find(function)


def test_a_function_with_asserts_in_a_test_module():
    """Pytest rewrites its asserts; it is still the function that the source says."""

    def function(x):
        assert x == 1, "no"
        return x

    assert again(function)(1) == 1
    with pytest.raises(AssertionError, match="no"):
        again(function)(2)


BUSY = """
    import builtins, os, signal, threading
    from colorsys import rgb_to_yiq
    from instep import steps
    from instep.functions import source

    def compile_and(what):
        def compiled(*given, **more):
            del source.compile
            what()
            return builtins.compile(*given, **more)
        source.compile = compiled

    def taken():
        return len(list(steps(rgb_to_yiq)(0, 0, 0)))
"""


def test_a_signal_handler_while_a_function_is_compiled():
    """May compile one itself."""
    handling = """
    signal.signal(signal.SIGINT, lambda *_: print(taken()))
    compile_and(lambda: signal.raise_signal(signal.SIGINT))
    print(taken())
    """
    assert quiet(BUSY + handling) == "4\n4\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_while_another_thread_compiles():
    """Compiles as ever."""
    forking = """
    begun, forked = threading.Event(), threading.Event()
    compile_and(lambda: (begun.set(), forked.wait()))
    other = threading.Thread(target=taken)
    other.start()
    begun.wait()
    child = os.fork()
    if not child:
        signal.alarm(50)
        print(taken(), flush=True)
        os._exit(0)
    forked.set()
    other.join()
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    done = python(BUSY + forking)
    assert (done.stdout, done.returncode) == ("4\n", 0)


def test_attributes_are_those_of_the_function():
    """Names, defaults, annotations and what was set on it."""

    def function(a: int, b=2, *, c=3) -> str:
        """Say."""

    function.mark = "mine"
    same = again(function)
    for name in (
        "__name__",
        "__qualname__",
        "__doc__",
        "__defaults__",
        "__kwdefaults__",
        "__annotations__",
        "__module__",
    ):
        assert getattr(same, name) == getattr(function, name)
    assert same.mark == "mine"


def test_the_standard_library_is_found():
    """All functions of some modules, whatever is in them."""
    import argparse
    import textwrap
    import unittest.mock

    for module in (argparse, textwrap, unittest.mock):
        for function in functions_of(vars(module), module.__name__):
            assert find(function).definition.lineno >= function.__code__.co_firstlineno

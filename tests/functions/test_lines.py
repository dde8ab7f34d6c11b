"""A call taken line by line: what a line is, what it is called, and what it bound."""
# ruff: noqa: B007, F401, F841, RET504

import importlib
import inspect
import itertools
import linecache
import sys

import pytest

from functions.driving import taken
from functions.making import functions_of
from instep.functions.grains import ABSENT
from instep.functions.instructions import prepare
from instep.functions.listing import sites


def lines(function, *arguments):
    """The steps: line within the function, name, value, whether it is an assignment."""
    steps, result = taken(prepare(function, "line")(*arguments))
    first = function.__code__.co_firstlineno
    return [(step.site.line - first, step.site.name, step.value, step.site.binds) for step in steps], result


def test_lines_that_assign_are_named_by_what_they_bind():
    """One name, several as a tuple of their values; what doesn't bind is named by its text and has no value."""

    def f(x):
        a = x + 1
        b, c = a, a * 2
        b += 1
        print(end="")
        return b + c

    assert lines(f, 1) == (
        [
            (1, "a", 2, True),
            (2, "b, c", (2, 4), True),
            (3, "b", 3, True),
            (4, 'print(end="")', ABSENT, False),
            (5, "return", 7, False),
        ],
        7,
    )


def test_values_of_three_lines():
    """As with the generator written by hand."""

    def f(x):
        a = x + 1
        b = a * 2
        c = b - 3
        return c

    steps, _ = lines(f, 123)
    assert [value for _, _, value, binds in steps if binds] == [124, 248, 245]


def test_headers_and_other_lines_that_bind_are_no_assignments():
    """`with`, `import` and `for` have the value that they bind, where they do, but are named by their text."""

    class Manager:
        def __enter__(self):
            return 5

        def __exit__(self, *_):
            pass

    def f():
        import sys as system

        with Manager() as five:
            pass
        for i in range(1):
            pass
        return five

    steps, result = lines(f)
    assert result == 5
    found = [(name, value) for _, name, value, binds in steps if not binds]
    assert ("import sys as system", sys) in found
    assert ("with Manager() as five:", 5) in found
    assert [value for name, value in found if name == "for i in range(1):"] == [0, ABSENT]


def test_a_name_that_may_not_be_bound_is_not_claimed():
    """On a line that assigns on one way through only, no value is given, be there an older one."""

    def f(x):
        a = 0
        if x: a = 1  # fmt: skip  # noqa: E701
        b = 2 if x else 3
        return a + b

    assert [value for _, _, value, _ in lines(f, True)[0]] == [0, ABSENT, 2, 3]
    assert [value for _, _, value, _ in lines(f, False)[0]] == [0, ABSENT, 3, 3]


def test_a_line_that_raises_binds_nothing():
    """Even if the name has an older value."""

    def f():
        a = 1
        try:
            a = 1 // 0
        except ZeroDivisionError:
            b = 2
        return a + b

    steps, result = lines(f)
    assert result == 3
    assert [value for line, _, value, _ in steps if line == 3] == [ABSENT]


def test_a_statement_of_several_lines_is_several_steps():
    """It is bound in the step in which it is bound, and not before."""

    def f(x):
        a = max(
            x,
            x + 1,
        )
        return a

    steps, result = lines(f, 1)
    assert result == 2
    assert [(line, value) for line, name, value, _ in steps if name == "a"] == [(1, 2)]
    assert [line for line, *_ in steps] == [1, 2, 3, 1, 5]


def test_a_line_that_begins_again_is_a_step_again():
    """A loop on one line is a step each time round, as to a tracer."""

    def f():
        total = 0
        for i in range(3): total += i  # fmt: skip  # noqa: E701
        return total

    steps, result = lines(f)
    assert result == 3
    assert [line for line, *_ in steps].count(2) == 4


def test_comprehension_variables_are_not_what_a_line_binds():
    """Where a comprehension is inlined its variable belongs to nobody else."""

    def f(n):
        squares = [i * i for i in range(n)]
        return squares

    steps, result = lines(f, 2)
    assert result == [0, 1]
    assert "i" not in {name for _, name, _, _ in steps}
    bound = [value for _, name, value, _ in steps if name == "squares" and value is not ABSENT]
    assert bound[-1:] == [[0, 1]]


def test_a_function_that_ends_without_return():
    """Its last line has no value but what it bound; the result is `None`."""

    def f():
        a = 1
        print(end="")

    assert lines(f) == ([(1, "a", 1, True), (2, 'print(end="")', ABSENT, False)], None)

    def g():
        a = 1

    assert lines(g) == ([(1, "a", 1, True)], None)


def test_return_in_a_try():
    """The line of the `return` comes again after the `finally` block, as to a tracer; the last step has the result."""

    def f():
        try:
            return 1
        finally:
            x = 2

    steps, result = lines(f)
    assert result == 1
    assert (4, "x", 2, True) in steps


def test_depth():
    """How deep in compound statements each line is; a nested function is one statement."""

    def f(n):
        for i in range(n):
            try:
                if i:
                    a = i
            finally:
                b = 0

        def g():
            return 1

        match g():
            case 1:
                c = 2
        return c

    steps, _ = taken(prepare(f, "line")(2))
    found = {step.site.source: step.site.depth for step in steps}
    assert found["for i in range(n):"] == found["def g():"] == found["return c"] == found["match g():"] == 0
    assert found["if i:"] == found["b = 0"] == 2
    assert found["a = i"] == 3
    assert found["c = 2"] == 1


@pytest.mark.parametrize("module", ["argparse", "difflib", "fractions", "textwrap"])
def test_a_line_is_as_deep_as_the_first_statement_in_it(module):
    """In any function: an `elif` is as deep as its `if`, and a header with its block behind it as a header."""
    compared = 0
    functions = functions_of(vars(importlib.import_module(module)), module)
    for function in itertools.filterfalse(inspect.isgeneratorfunction, functions):
        depths = {}
        for site in sites(function, "statement"):
            depths.setdefault(site.line, site.depth)
        lines = {site.line: site.depth for site in sites(function, "line") if site.line in depths}
        assert lines == {line: depths[line] for line in lines}
        compared += len(lines)
    assert compared > 100


def test_source_that_only_linecache_has():
    """As a notebook's cells."""
    source = "def f():\n    if True:\n        a = 1\n    return a\n"
    name = "<a cell>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    variables = {}
    exec(compile(source, name, "exec"), variables)
    steps, _ = taken(prepare(variables["f"], "line")())
    assert [(step.site.name, step.site.source, step.site.depth) for step in steps][-2:] == [
        ("a", "a = 1", 1),
        ("return", "return a", 0),
    ]


@pytest.mark.parametrize("value", [None, 0, ABSENT, StopIteration(3)])
def test_values_are_the_objects_themselves(value):
    """Whatever is bound or returned: nothing stands for something else."""

    def f():
        a = value
        return a

    steps, result = taken(prepare(f, "line")())
    assert [step.value for step in steps] == [value, value]
    assert result is value

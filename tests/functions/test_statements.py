"""What the steps of the statement grain are, and what they say of themselves."""

import asyncio
import contextlib
import functools

import pytest

from functions.making import made, taken
from instep.functions.grains import ABSENT, CannotStep
from instep.functions.statements import prepare, stepped


def steps_of(source, *args, **names):
    """Take all steps of a function; give name and value of each."""
    return [(step.site.name, step.value) for step in taken(prepare(made(source, **names))(*args))[0]]


def test_each_next_runs_exactly_one_step():
    """After k steps exactly k have had their effects; nothing runs before the first."""
    seen = []
    call = prepare(made("def f():\n    seen.append(1)\n    seen.append(2)\n    return seen.append(3)\n", seen=seen))()
    for count in range(3):
        assert seen == list(range(1, count + 1))
        call.step()
    assert seen == [1, 2, 3]


def test_the_result_comes_at_the_end():
    """The last step is the `return`, its value the result, with which the end then comes."""
    steps, result = taken(prepare(made("def f(x):\n    y = x + 1\n    return y * 2\n"))(3))
    assert [(step.site.name, step.value) for step in steps] == [("y", 4), ("return", 8)]
    assert result == 8


@pytest.mark.parametrize(
    ("statement", "name", "value"),
    [
        ("x = a", "x", 1),
        ("x, *y = [a, 2, 3]", "x, *y", (1, [2, 3])),
        ("[x, (y, z)] = 1, (2, 3)", "[x, (y, z)]", (1, (2, 3))),
        ("x = y = a", "x = y", 1),
        ("a += 1", "a", 2),
        ("d['k'] = a", "d['k']", 1),
        ("d['k'], x = a, 2", "d['k'], x", (1, 2)),
        ("d['n'] += 1", "d['n']", ABSENT),
        ("x: int = a", "x", 1),
        ("d['k']: int = a", "d['k']", 1),
        ("x: int", "x", ABSENT),
        ("d.get('n')", "d.get('n')", 5),
        ("...", "...", ...),
        ("(x := 3)", "(x := 3)", 3),
        ("pass", "pass", ABSENT),
        ("del a", "del a", ABSENT),
        ("assert a, 'no'", "assert a, 'no'", ABSENT),
        ("raise KeyError", "raise", ABSENT),
        ("return", "return", None),
        ("return a", "return", 1),
        ("if a: pass", "if a", True),
        ("if not a: pass", "if not a", False),
        ("while not a: pass", "while not a", False),
        ("for x in [7]: pass", "for x in [7]", 7),
        ("for x in []: pass", "for x in []", ABSENT),
        ("for d['k'] in [7]: pass", "for d['k'] in [7]", ABSENT),
        ("match a:\n        case 1: pass", "match a", ABSENT),
        ("match a:\n        case 2: pass", "match a", ABSENT),
    ],
)
def test_every_statement_is_a_step(statement, name, value):
    """It is called by what it binds or does, and has as value what it bound, or gave."""
    source = f"def f(a, d):\n    {statement}\n"
    step = prepare(made(source))(1, {"n": 5}).step()
    assert (step.site.name, step.value) == (name, value)
    assert step.site.line == 2
    assert step.site.depth == 0
    assigns = "= " in statement and "match" not in statement and statement[0] not in "('"
    assert step.site.binds == (assigns and value is not ABSENT)


def test_definitions_and_imports_are_steps():
    """Their values are what they bound; what a nested function or class does is no step of this one."""
    (function, kind, module, two) = (
        step
        for step in taken(
            prepare(
                made(
                    "def f():\n    def g(): pass\n    class C:\n        x = 1\n        y = 2\n"
                    "    import os.path\n    from os import path, sep as s\n"
                )
            )()
        )[0]
    )
    import os

    assert (function.site.name, function.value.__name__) == ("def g", "g")
    assert (kind.site.name, kind.value.y) == ("class C", 2)
    assert (module.site.name, module.value) == ("import os.path", os)
    assert (two.site.name, two.value) == ("from os import path, sep as s", (os.path, os.sep))


def test_headers_are_steps_each_time_they_are_evaluated():
    """Also the time that ends a loop; `else`, `try` and `finally` are none, nor are declarations."""
    source = """
        def f(n):
            global g
            g = 0
            while n > 0:
                n -= 1
            else:
                g = 1
            for i in range(2):
                pass
            try:
                g = 2
            finally:
                pass
            if n:
                pass
            elif not n:
                pass
        """
    loops = "g", "while n > 0", "n", "while n > 0", "g", *["for i in range(2)", "pass"] * 2, "for i in range(2)"
    assert [name for name, _ in steps_of(source, 1)] == [*loops, "g", "pass", "if n", "elif not n", "pass"]


def test_an_except_is_a_step():
    """A statement that raises gives no step of its own: the `except` that catches it does, with the exception."""
    source = """
        def f():
            try:
                1 / 0
            except ValueError:
                pass
            except (ZeroDivisionError, KeyError) as error:
                pass
        """
    (name, value), (after, _) = steps_of(source)
    assert name == "except (ZeroDivisionError, KeyError) as error"
    assert type(value) is ZeroDivisionError
    assert after == "pass"


def test_a_with_gives_what_as_bound():
    """For several, a tuple."""

    class Manager:
        def __init__(self, value):
            self.value = value

        def __enter__(self):
            return self.value

        def __exit__(self, *_):
            return None

    source = "def f():\n    with m(1): pass\n    with m(1) as a: pass\n    with m(1) as a, m(2) as b: pass\n"
    values = [value for name, value in steps_of(source, m=Manager) if name != "pass"]
    assert values == [ABSENT, 1, (1, 2)]


def test_none_is_a_value():
    """A step that bound None is told from one that bound nothing."""
    assert steps_of("def f():\n    x = None\n    pass\n") == [("x", None), ("pass", ABSENT)]


def test_a_step_says_where_it_is():
    """Line, end line, source text and depth; of a header, the header's."""
    source = '''\
def f(x):
    if (x and
            x > 0):  # yes
        for é, y in [(1, 2)]:
            z = [
                é,
            ]; y = "ü"
    with (open("/dev/null")
          as file):
        pass
    try:
        raise ValueError
    except (ValueError,
            KeyError) as error:
        def g(
            a=1,
        ):
            """Say."""
'''
    steps = taken(prepare(made(source))(1))[0]
    assert [(step.site.line, step.site.end_line, step.site.source, step.site.depth) for step in steps] == [
        (2, 3, "if (x and\n            x > 0):", 0),
        (4, 4, "for é, y in [(1, 2)]:", 1),
        (5, 7, "z = [\n                é,\n            ]", 2),
        (7, 7, 'y = "ü"', 2),
        (4, 4, "for é, y in [(1, 2)]:", 1),
        (8, 9, 'with (open("/dev/null")\n          as file):', 0),
        (10, 10, "pass", 1),
        (12, 12, "raise ValueError", 1),
        (13, 14, "except (ValueError,\n            KeyError) as error:", 0),
        (15, 17, "def g(\n            a=1,\n        ):", 1),
    ]


def test_an_elif_is_as_deep_as_its_if():
    """And an `if` inside an `else` is deeper."""
    source = "def f(x):\n    if x: pass\n    elif not x: pass\n    else: pass\n"
    assert [step.site.depth for step in taken(prepare(made(source))(0))[0]] == [0, 0, 1]
    source = "def f(x):\n    if x: pass\n    else:\n        if not x: pass\n"
    assert [step.site.depth for step in taken(prepare(made(source))(0))[0]] == [0, 1, 2]


def test_locals_are_a_copy():
    """They show the paused frame; changing them changes nothing; after the end there are none."""
    call = prepare(made("def f(a):\n    b = a\n    c.x = b\n    return b\n", c=lambda: None))(1)
    assert call.locals == {"a": 1}
    call.step()
    call.locals["b"] = 5
    assert call.locals == {"a": 1, "b": 1}
    call.step()
    assert call.locals == {"a": 1, "b": 1}
    assert call.run() == 1
    assert call.locals == {}


def test_run_goes_on_from_where_it_is():
    """And so can steps and `run` be mixed."""
    seen = []
    call = prepare(made("def f():\n    seen.append(1)\n    seen.append(2)\n    return 3\n", seen=seen))()
    call.step()
    assert seen == [1]
    assert call.run() == 3
    assert seen == [1, 2]


def test_closing_before_the_first_step_runs_nothing():
    """And closing what is over does nothing."""
    seen = []
    function = made("def f():\n    try:\n        seen.append(1)\n    finally:\n        seen.append(2)\n", seen=seen)
    call = prepare(function)()
    call.close()
    assert seen == []
    call = prepare(function)()
    call.run()
    call.close()
    assert seen == [1, 2]


def test_a_call_can_not_be_entered_twice():
    """A step taken from inside the body is an error, as for a generator."""
    call = prepare(made("def f():\n    me[0].step()\n", me=(me := [])))()
    me.append(call)
    with pytest.raises(ValueError, match="already executing"):
        call.step()


def test_defaults_are_looked_up_at_the_call():
    """A function's defaults may be replaced."""
    function = made("def f(a=1, *, b=2):\n    return a, b\n")
    begin = prepare(function)
    function.__defaults__, function.__kwdefaults__ = (3,), {"b": 4}
    assert begin().run() == (3, 4)


def test_two_calls_do_not_disturb_each_other():
    """Interleaved, each keeps its own variables."""
    begin = prepare(made("def f(x):\n    y = x\n    return y\n"))
    one, two = begin(1), begin(2)
    assert [one.step().value, two.step().value, one.run(), two.run()] == [1, 2, 1, 2]


def test_the_values_of_assignments_can_be_told():
    """Three assignments, three values: as from a generator written by hand."""
    source = "def f(x):\n    a = x + 1\n    b = a * 2\n    c = b - 3\n    return c\n"
    a, b, c = (step.value for step in taken(prepare(made(source))(123))[0] if step.site.binds)
    assert (a, b, c) == (124, 248, 245)


# --- what can't be stepped ---


def refused(function):
    """Give the reason for which a function can't be stepped."""
    with pytest.raises(CannotStep) as caught:
        prepare(function)
    with pytest.raises(CannotStep):
        stepped(function)
    return caught.value


def test_what_is_no_python_function_is_refused():
    """Builtins, classes, callable objects."""
    for function in (len, int, functools.partial(int), [].append):
        assert "no Python function" in str(refused(function))


def test_a_lambda_is_refused():
    """It is one expression; another grain can."""
    error = refused(lambda: 1)
    assert error.instead == "bytecode"
    assert 'write steps(..., grain="bytecode")' in str(error)


def test_no_source_is_refused():
    """What `exec` made can be stepped by instructions."""
    namespace = {}
    exec("def f(): pass", namespace)
    error = refused(namespace["f"])
    assert "source" in error.reason
    assert (error.line, error.instead) == (1, "bytecode")


def test_an_asynchronous_generator_is_refused():
    """At once, with the reason."""

    async def function():
        yield 1

    with pytest.raises(CannotStep, match="asynchronous generator"):
        prepare(function)


def test_what_is_stepped_already_is_refused():
    """Its code is no longer what its source says."""
    assert "something else" in str(refused(stepped(steps_of)))


@pytest.mark.parametrize("block", ["with m:", "try:", "if 1:"])
@pytest.mark.parametrize("depth", range(15, 21))
def test_deep_nesting_works_or_is_refused(block, depth):
    """Nearly as many blocks as Python allows can be nested; more are refused (3.12 would crash compiling them)."""
    lines = ["def f():"] + ["    " * (level + 1) + block for level in range(depth)]
    lines.append("    " * (depth + 1) + "x = 1")
    if block == "try:":
        lines += ["    " * level + "finally: y = 2" for level in range(depth, 0, -1)]
    lines.append("    return x")
    function = made("\n".join(lines) + "\n", m=contextlib.nullcontext())
    try:
        begin = prepare(function)
    except CannotStep as error:
        assert depth > 17
        assert "nested" in error.reason  # noqa: PT017
    else:
        assert begin().run() == stepped(function)() == 1


def test_a_coroutine_functions_call_is_awaited():
    """Its steps are asynchronous."""

    async def function(x):
        await asyncio.sleep(0)
        return x

    async def main():
        call = prepare(function)(5)
        first = await call.step()
        return first.site.name, await call.run()

    assert asyncio.run(main()) == ("await asyncio.sleep(0)", 5)

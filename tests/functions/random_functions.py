"""Functions made at random, and what comes of a call of one: result or exception, effects, lines of the traceback."""

import itertools
import linecache
import textwrap
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

_numbers = itertools.count()


class Boom(Exception):
    """Raised by generated functions."""


class Held:
    """A context manager that tells, and catches what it is told to."""

    def __init__(self, log, name, catches):
        self.log, self.name, self.catches = log, name, catches

    def __enter__(self):
        self.log.append(("enter", self.name))
        return self.name

    def __exit__(self, kind, error, traceback):
        self.log.append(("exit", self.name, kind and kind.__name__))
        return self.catches and kind is not None and issubclass(kind, Exception)


@dataclass
class Outcome:
    """What came of a call."""

    kind: str
    value: Any
    lines: list[int]
    log: list[Any]


def outcome(function, drive):
    """Drive a call of `function`, and tell what came of it; `drive` is given the log, to which effects go."""
    log: list[Any] = []
    try:
        return Outcome("returned", drive(log), [], log)
    except BaseException as error:
        lines = []
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == function.__code__.co_filename:
                lines.append(traceback.tb_lineno)
            traceback = traceback.tb_next
        return Outcome(type(error).__name__, error.args, lines, log)


def made(source):
    """Make the function `f` of a source, which tracebacks and `inspect` find."""
    filename = f"<random function {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    variables: dict[str, Any] = {"__name__": "random_functions", "Boom": Boom, "Held": Held}
    exec(compile(source, filename, "exec"), variables)
    return variables["f"]


_names = st.sampled_from("abc")
_atoms = st.one_of(_names, st.integers(0, 3).map(str))
_values = st.one_of(
    _atoms,
    st.builds("{} + {}".format, _atoms, _atoms),
    st.builds("{} // {}".format, _atoms, _atoms),
    st.builds("[{0} + i for i in range({1})][-1]".format, _atoms, st.integers(0, 2)),
    st.builds("({} := {})".format, _names, _atoms),
    st.builds("({} if {} else {})".format, _atoms, _atoms, _atoms),
    st.builds("(lambda: {} + 1)()".format, _atoms),
    st.builds("max({},\n        {},\n    )".format, _atoms, _atoms),
)
_simple = st.one_of(
    st.builds("{} = {}".format, _names, _values),
    st.builds("{} += {}".format, _names, _values),
    st.builds("{}, *{} = [{}, 1]".format, _names, st.just("rest"), _values),
    st.builds("log.append({})".format, _values),
    st.builds("log.append({}); log.append({})".format, _atoms, _values),
    st.builds("del {}".format, _names),
    st.just("raise Boom(a)"),
    st.just("raise Boom(b) from None"),
    st.just("raise"),
    st.builds("return {}".format, _values),
    st.just("break"),
    st.just("continue"),
    st.just("pass"),
    st.builds("assert {}, {}".format, _atoms, _atoms),
)


def _indented(block):
    return textwrap.indent("\n".join(block), "    ")


def _compound(blocks):
    block = blocks.map(_indented)
    handlers = st.sampled_from(["Boom", "Exception", "(Boom, NameError) as error", "ZeroDivisionError as a", ""])
    return st.one_of(
        st.builds("if {}:\n{}\nelse:\n{}".format, _values, block, block),
        st.builds("for {} in range({}):\n{}\nelse:\n{}".format, _names, st.integers(0, 3), block, block),
        st.builds("while len(log) < {}:\n    log.append('w')\n{}".format, st.integers(1, 6), block),
        st.builds("try:\n{}\nexcept {}:\n{}".format, block, handlers, block),
        st.builds("try:\n{}\nfinally:\n{}".format, block, block),
        st.builds("try:\n{}\nexcept Boom:\n{}\nelse:\n{}\nfinally:\n{}".format, block, block, block, block),
        st.builds("with Held(log, {}, {}) as {}:\n{}".format, _atoms, st.booleans(), _names, block),
        st.builds("match {}:\n    case 1 | 2:\n{}\n    case c:\n{}".format, _values, *[block.map(_twice)] * 2),
        st.builds(
            "def inner():\n    nonlocal {0}\n    {0} = {1}\n    return {0}\nlog.append(inner())".format, _names, _atoms
        ),
    )


def _twice(block):
    return textwrap.indent(block, "    ")


_blocks = st.recursive(
    st.lists(_simple, min_size=1, max_size=3),
    lambda inner: st.lists(st.one_of(_simple, _compound(inner)), min_size=1, max_size=4),
    max_leaves=12,
)


def _compiled(block):
    source = "def f(log, a, b=2, *, c=1):\n" + _indented(block) + "\n"
    try:
        compile(source, "<source>", "exec")
    except SyntaxError:  # a `break` outside of a loop, say
        return None
    return source


sources = _blocks.map(_compiled).filter(bool)
"""Sources of a function `f(log, a, b=2, *, c=1)`."""

"""Programs that Hypothesis writes: functions in which anything may be nested in anything."""

import contextlib
import sys
import traceback

from hypothesis import strategies as st

NAMES = "abc"
KINDS = ("ValueError", "(ValueError, KeyError)", "Exception", "BaseException", "", "LookupError", "GeneratorExit")
RAISED = (
    "ValueError",
    "KeyError",
    "StopIteration",
    "GeneratorExit",
    "RuntimeError",
    "ValueError({0})",
    "KeyError({0})",
)


class Writer:
    """Writes the body of one function, line by line."""

    def __init__(self, draw, simple, compound):
        self.draw, self.simple, self.compound = draw, simple, compound
        self.lines = []

    def pick(self, *options):
        """Choose one."""
        return self.draw(st.sampled_from(options))

    def expression(self):
        """Give an expression: it may fail, have an effect or bind a name."""
        a, b = self.pick(*NAMES), self.pick(*NAMES)
        number = self.draw(st.integers(-1, 3))
        return self.pick(
            str(number),
            a,
            f"{a} + {number}",
            f"note({b})",
            f"note({number}) or {a}",
            f"1 // {number}",
            f"({a} := {number})",
            f"[{a} for {b} in range(2)]",
            f"(lambda: {a})()",
            f"box.x + {number}",
            f"{a} and note({b}) and {number}",
        )

    def block(self, indent, depth, *, loop, leave=True):
        """Write some statements."""
        for _ in range(self.draw(st.integers(1, 3))):
            self.statement(indent, depth, loop=loop, leave=leave)

    def statement(self, indent, depth, *, loop, leave):
        """Write one statement, at most so deep."""
        options = self.simple + (self.compound if depth else ())
        kind = self.pick(*options)
        if (kind in ("break", "continue") and not (loop and leave)) or (kind == "return" and not leave):
            kind = "note"
        getattr(self, f"write_{kind}")(indent, depth, loop, leave)

    def put(self, indent, text):
        """Write a line."""
        self.lines.append("    " * indent + text)

    def write_assign(self, indent, depth, loop, leave):
        a, b, value, other = self.pick(*NAMES), self.pick(*NAMES), self.expression(), self.expression()
        self.put(
            indent,
            self.pick(
                f"{a} = {value}",
                f"{a}, {b} = {value}, {other}",
                f"{a}, *{b} = [{value}, {other}]",
                f"[{a}, ({b}, _)] = {value}, ({other}, 0)",
                f"{a} = {b} = {value}",
                f"box.x = {value}",
                f"box.x = {a} = {value}",
                f"box.x, {a} = {value}, {other}",
                f"note({value}, box).x = {other}",
                f"items[{value}] = {other}",
                f"items[{value}] += 1",
                f"{a} += {value}",
                f"box.x += {value}",
                f"{a}: int = {value}",
                f"box.x: int = {value}",
                f"{a}: int",
                "import os.path, sys as c",
            ),
        )

    def write_note(self, indent, depth, loop, leave):
        self.put(
            indent,
            self.pick(f"note({self.expression()})", self.expression(), "note(sorted(locals()))", "note(exc_info())"),
        )

    def write_other(self, indent, depth, loop, leave):
        self.put(indent, self.pick("pass", f"del {self.pick(*NAMES)}", f"assert {self.expression()}, 'no'"))

    def write_return(self, indent, depth, loop, leave):
        self.put(indent, self.pick("return", f"return {self.expression()}"))

    def write_break(self, indent, depth, loop, leave):
        self.put(indent, "break")

    def write_continue(self, indent, depth, loop, leave):
        self.put(indent, "continue")

    def write_raise(self, indent, depth, loop, leave):
        kind = self.pick(*RAISED).format(self.expression())
        self.put(indent, self.pick(f"raise {kind}", f"raise {kind} from KeyError(1)", "raise"))

    def write_if(self, indent, depth, loop, leave):
        self.put(indent, f"if {self.expression()}:")
        self.block(indent + 1, depth - 1, loop=loop, leave=leave)
        if self.pick(True, False):
            self.put(indent, f"elif {self.expression()}:")
            self.block(indent + 1, depth - 1, loop=loop, leave=leave)
        if self.pick(True, False):
            self.put(indent, "else:")
            self.block(indent + 1, depth - 1, loop=loop, leave=leave)

    def write_loop(self, indent, depth, loop, leave):
        a = self.pick(*NAMES)
        heads = "while tick():", f"for {a} in range(2):", f"for {a}, box.x in [(1, 2), (2, 1)]:"
        self.put(indent, self.pick(*heads, f"for {a} in ({self.expression()},):"))
        self.block(indent + 1, depth - 1, loop=True, leave=leave)
        if self.pick(True, False):
            self.put(indent, "else:")
            self.block(indent + 1, depth - 1, loop=loop, leave=leave)

    def write_with(self, indent, depth, loop, leave):
        a = self.pick(*NAMES)
        self.put(
            indent, self.pick("with manager(1):", f"with manager(2) as {a}:", f"with manager(3) as {a}, manager(1):")
        )
        self.block(indent + 1, depth - 1, loop=loop, leave=leave)

    def write_try(self, indent, depth, loop, leave):
        star = self.pick("", "", "", "*")
        self.put(indent, "try:")
        self.block(indent + 1, depth - 1, loop=loop, leave=leave)
        count = self.draw(st.integers(1 if star else 0, 2))
        kinds = [self.pick(*(kind for kind in KINDS if kind or not star)) for _ in range(count)]
        if "" in kinds:
            kinds = [*(kind for kind in kinds if kind), ""]
        for kind in kinds:
            name = self.pick("", f" as {self.pick(*NAMES)}") if kind else ""
            self.put(indent, f"except{star} {kind}{name}:")
            inside = leave and not star
            self.block(indent + 1, depth - 1, loop=loop and inside, leave=inside)
        if count and self.pick(True, False):
            self.put(indent, "else:")
            self.block(indent + 1, depth - 1, loop=loop, leave=leave)
        if not count or self.pick(True, False):
            self.put(indent, "finally:")
            self.block(indent + 1, depth - 1, loop=loop, leave=leave)

    def write_match(self, indent, depth, loop, leave):
        self.put(indent, f"match {self.expression()}, {self.expression()}:")
        for case in ("case 1, _:", f"case [{self.pick(*NAMES)}, 2]:", f"case _ if {self.expression()}:", "case _:"):
            if self.pick(True, False) or case == "case 1, _:":
                self.put(indent + 1, case)
                self.block(indent + 2, depth - 1, loop=loop, leave=leave)

    def write_closure(self, indent, depth, loop, leave):
        a = self.pick(*NAMES)
        self.put(indent, f"def inner(x={self.expression()}):")
        self.put(indent + 1, self.pick(f"nonlocal {a}", "global shared"))
        self.put(indent + 1, self.pick(f"{a} = x", f"note({a})", "shared = x"))
        self.put(indent, "inner()")


SIMPLE = ("assign", "assign", "note", "other", "return", "break", "continue", "raise")
COMPOUND = ("if", "loop", "with", "try", "try", "match", "closure")


@st.composite
def programs(draw, simple=SIMPLE, compound=COMPOUND, head="def program(a, b=2, *, c=3):"):
    """Write a module with one function, `program`."""
    writer = Writer(draw, simple, compound)
    writer.put(0, head)
    writer.put(1, '"A docstring."')
    writer.block(1, 3, loop=False)
    return "\n".join(writer.lines) + "\n"


class Box:
    """Has one attribute."""

    x = 0


class World:
    """What a program acts upon: it remembers everything that happened."""

    def __init__(self):
        self.seen, self.items, self.box, self.fuel = [], {}, Box(), 4

    def note(self, value=None, result=None):
        """Remember a value, and give it back, or something else."""
        self.seen.append(repr(value))
        return value if result is None else result

    def tick(self):
        """Whether there is fuel for another round."""
        self.fuel -= 1
        return self.fuel > 0

    def exc_info(self):
        """Give the type of the exception that is being handled."""
        return sys.exc_info()[0]

    @contextlib.contextmanager
    def manager(self, number):
        """Remember entering and leaving; those of an odd number swallow a ValueError."""
        self.seen.append(f"enter {number}")
        try:
            yield number
        except ValueError:
            if number % 2 == 0:
                raise
        finally:
            self.seen.append(f"leave {number}")

    def names(self):
        """What a program finds in its module."""
        names = ("note", "tick", "manager", "exc_info", "items", "box")
        return {"shared": 0} | {name: getattr(self, name) for name in names}


def outcome(world, run, filename):
    """Say everything that can be observed of a run."""
    try:
        ending = ("result", repr(run()))
    except BaseException as error:
        ending = ("raised", *described(error, filename))
    return ending, world.seen, repr(world.items), repr(world.box.x)


def described(error, filename):
    """Say what an exception is, where it passed, and what it came from."""
    if error is None:
        return None
    places = [(each.lineno, each.name, each.colno) for each in traceback.extract_tb(error.__traceback__)]
    files = [each.filename for each in traceback.extract_tb(error.__traceback__)]
    mine = [place for place, file in zip(places, files, strict=True) if file == filename]
    parts = [described(each, filename) for each in getattr(error, "exceptions", ())]
    came = described(error.__cause__, filename), described(error.__context__, filename), error.__suppress_context__
    return type(error), parts or repr(error.args), mine, came

"""`steps` and `Steps`: a function taken step by step, by whatever grain."""
# ruff: noqa: RET504  # an assignment before the `return` is one step more

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import gc
import inspect
import pickle
import signal
import sys
import threading
import traceback
import weakref
from collections import deque
from contextvars import ContextVar, copy_context

import pytest

from instep import InstepError, note, report, stage, track
from instep.current import current
from instep.functions import running
from instep.functions.grains import CannotStep
from instep.functions.run import GRAINS, Stepped, steps
from instep.functions.running import FunctionRun
from instep.model import Note, Step
from watching import Shown, watched


@pytest.fixture(params=GRAINS)
def grain(request):
    """Each grain."""
    return request.param


def seed(x):
    """The three lines."""
    a = x + 1
    b = a * 2
    c = b - 3
    return c


def named(walk, name):
    """Take steps up to the first one of this name."""
    return next(step for step in walk if step.name == name)


class Shape:
    """Functions of all the kinds that a class has."""

    def __init__(self, side):
        self.side = side

    def area(self, times=1, /, *, more=0):
        squared = self.side**2
        return squared * times + more

    @steps
    def stepped(self, times):
        """It is stepped."""
        return self.side * times

    @classmethod
    def unit(cls, side=1):
        made = cls(side)
        return made

    @staticmethod
    def double(x):
        y = 2 * x
        return y

    @property
    def half(self):
        value = self.side / 2
        return value

    @steps
    @property
    def third(self):
        value = self.side / 3
        return value

    @steps
    @classmethod
    def made(cls, side):
        return cls(side)

    @steps
    @staticmethod
    def tripled(x):
        return 3 * x

    @property
    @steps
    def quarter(self):
        return self.side / 4

    @classmethod
    @steps
    def above(cls, x):
        return cls, x

    @staticmethod
    @steps
    def beside(x):
        return x

    def __call__(self, x):
        y = self.side + x
        return y


@steps
def decorated(x, y=2, *rest, z: int = 3, **more):
    """Add."""
    total = x + y + z
    return total


# One step at a time


def test_nothing_runs_at_the_call(grain):
    """Arguments are bound; the body waits for the first step."""
    seen = []
    walk = steps(effects, grain=grain)(seen)
    assert (seen, walk.status, walk.position) == ([], "pending", 0)


def effects(seen):
    """Four steps."""
    seen.append(1)
    seen.append(2)
    seen.append(3)
    return seen


@pytest.mark.parametrize("grain", ["statement", "line"])
def test_after_k_steps_exactly_k_have_had_their_effects(grain):
    """None runs ahead, none is done again."""
    seen = []
    walk = steps(effects, grain=grain)(seen)
    for k in range(1, 4):
        step = next(walk)
        assert (step.index, len(seen), walk.position, walk.finished) == (k - 1, k, k, k)
    assert next(walk).value is seen
    assert list(walk) == []
    assert (walk.result, walk.status, walk.position) == (seen, "finished", 4)


def test_instructions_have_their_effects_one_by_one():
    """By bytecode, the effect of a call is there when its instruction was taken."""
    seen = []
    walk = steps(effects, grain="bytecode")(seen)
    counts = [(step.name.split()[0], len(seen)) for step in walk]
    assert [count for name, count in counts if name.startswith("CALL")] == [1, 2, 3]
    assert [count for name, count in counts if name.startswith("POP_TOP")] == [1, 2, 3]


def test_a_step_tells_what_it_did():
    """Name, value, lines, source text and depth; `None` is a value like any other."""

    def function(n):
        nothing = None
        if n > 1:
            total = sum(
                range(n),
            )
        del nothing
        return total

    first = function.__code__.co_firstlineno
    nothing, test, total, gone, end = steps(function)(4)
    assert (nothing.name, nothing.value, nothing.has_value, nothing.binds) == ("nothing", None, True, True)
    assert (test.line - first, test.binds, test.depth) == (2, False, 0)
    assert (total.name, total.value, total.depth) == ("total", 6, 1)
    assert (total.line - first, total.end_line - first) == (3, 5)
    assert total.source.startswith("total = sum(")
    assert (gone.has_value, gone.value) == (False, None)
    assert (end.value, end.has_value, end.binds, end.index) == (6, True, False, 4)
    assert isinstance(end, Step)
    assert end.seconds >= 0


@pytest.mark.parametrize("grain", ["statement", "line"])
def test_the_values_of_the_seeds_three_lines(grain):
    """As from the generator written by hand."""
    a, b, c = steps(seed, grain=grain).values(123)
    assert (a, b, c) == (124, 248, 245)


def test_values_are_only_those_that_can_be_told():
    """What `+=` has put into an attribute or an item is not read again, and `None` not given in its stead."""
    read = []

    class Counting:
        def __getattr__(self, name):
            read.append(name)
            return 0

    def count(counting, items):
        counting.n += 1
        items[0] += 1
        n = None
        n = 0
        n += 1

    assert list(steps(count).values(Counting(), [1])) == [None, 0, 1]
    assert read == ["n"]


def test_values_are_taken_one_by_one():
    """No further than asked for; closing stops the function."""
    seen = []

    def function():
        try:
            a = seen.append("a")
            b = seen.append("b")
            return a, b
        finally:
            seen.append("closed")

    values = steps(function).values()
    assert (next(values), seen) == (None, ["a"])
    values.close()
    assert seen == ["a", "closed"]


def test_the_end_has_the_result():
    """As a generator's: `yield from` gives it."""

    def delegating():
        return (yield from steps(seed)(1))

    walk = delegating()
    end = None
    while end is None:
        try:
            next(walk)
        except StopIteration as stop:
            end = stop
    assert end.value == 1


# Its end


def test_run_takes_the_rest(grain):
    """From wherever it is; a second `run` gives the result again."""
    walk = steps(seed, grain=grain)(5)
    next(walk)
    assert (walk.run(), walk.run(), walk.result, walk.status) == (9, 9, 9, "finished")
    with pytest.raises(StopIteration):
        next(walk)
    assert steps(seed, grain=grain)(5).run() == 9


@pytest.mark.parametrize("taken", [0, 2])
def test_run_counts_the_steps(grain, taken):
    """All of them were steps, and they are counted as such."""
    walk = steps(seed, grain=grain)(5)
    for _ in range(taken):
        next(walk)
    walk.run()
    whole = len(list(steps(seed, grain=grain)(5)))
    assert (walk.position, walk.finished, walk.timer.count) == (whole, whole, whole)


def test_no_result_before_the_end(grain):
    """`InstepError` says what to write."""
    walk = steps(seed, grain=grain)(5)
    with pytest.raises(InstepError, match=r"seed: no result before its end \(no step was taken yet\): write .run\(\)"):
        _ = walk.result
    next(walk)
    with pytest.raises(InstepError, match="1 of its steps were taken"):
        _ = walk.result
    walk.close()
    with pytest.raises(InstepError, match="seed: no result: it was stopped after 1 step"):
        walk.run()


def cleaned(seen):
    """Has a `finally`."""
    try:
        seen.append("begun")
        seen.append("more")
    finally:
        seen.append("cleaned")


def test_close_runs_finally_blocks(grain):
    """The function is left where it stands."""
    seen = []
    walk = steps(cleaned, grain=grain)(seen)
    while not seen:
        next(walk)
    walk.close()
    walk.close()
    assert (seen, walk.status) == (["begun", "cleaned"], "stopped")
    assert list(walk) == []


def test_close_before_the_first_step(grain):
    """Nothing runs."""
    seen = []
    walk = steps(cleaned, grain=grain)(seen)
    walk.close()
    assert (seen, walk.status, list(walk)) == ([], "stopped", [])


def test_dropped_in_the_middle(grain):
    """It is stopped at once, and its `finally` blocks run."""
    seen, shown = [], []
    for _ in (walk := steps(cleaned, grain=grain)(seen)):
        if seen:
            shown.append(walk._run)
            break
    del walk
    assert (seen, shown[0].status) == (["begun", "cleaned"], "stopped")


def test_ctrl_c_while_it_is_dropped(monkeypatch):
    """It isn't lost in the finalizer, and the function is stopped."""
    end, owing = FunctionRun.end, []

    def interrupted(*arguments):
        monkeypatch.setattr(FunctionRun, "end", end)
        raise KeyboardInterrupt

    monkeypatch.setattr(FunctionRun, "end", interrupted)
    monkeypatch.setattr(running, "owe", owing.append)
    walk = steps(seed)(1)
    next(walk)
    run = walk._run
    del walk
    assert [type(error) for error in owing] == [KeyboardInterrupt]
    assert run.status == "stopped"


def test_a_with_closes():
    """Left early it is stopped, or interrupted by Ctrl-C; after the end it is what it was."""
    seen = []
    with steps(cleaned)(seen) as walk:
        next(walk)
    assert (seen[-1], walk.status) == ("cleaned", "stopped")
    with contextlib.suppress(KeyboardInterrupt), steps(cleaned)([]) as walk:
        next(walk)
        raise KeyboardInterrupt
    assert walk.status == "interrupted"
    with steps(cleaned)([]) as walk:
        walk.run()
    assert walk.status == "finished"


def test_a_finally_block_that_raises_at_close():
    """What it raises comes out of `close`, as of a generator's."""

    def function():
        try:
            x = 1
            return x
        finally:
            raise LookupError("in the end")

    walk = steps(function)()
    next(walk)
    with pytest.raises(LookupError, match="in the end"):
        walk.close()
    assert walk.status == "failed"


# Exceptions


def failing(error):
    """Raise."""
    x = error
    raise x


@pytest.mark.parametrize("way", ["next", "run", "values"])
def test_an_exception_comes_out_as_it_is(grain, way):
    """The very object, with the function's lines and no frame of ours between it and its consumer."""
    error = ValueError("x")
    stepped = steps(failing, grain=grain)
    walk = stepped(error)
    drive = {"next": lambda: deque(walk), "run": walk.run, "values": lambda: list(walk.values())}[way]
    with pytest.raises(ValueError, match="x") as caught:
        drive()
    assert caught.value is error
    assert error.__cause__ is None
    frames = list(traceback.extract_tb(error.__traceback__))
    assert [entry.name for entry in frames if entry.name != "<lambda>"] == [
        "test_an_exception_comes_out_as_it_is",
        "failing",
    ]
    assert frames[-1].lineno == failing.__code__.co_firstlineno + 3
    assert frames[-1].line == "raise x"
    assert walk.status == "failed"
    assert list(walk) == []
    with pytest.raises(InstepError, match="failing: no result: it raised ValueError: x"):
        _ = walk.result


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError(), "failed"),
        (KeyboardInterrupt(), "interrupted"),
        (GeneratorExit(), "stopped"),
        (SystemExit(3), "failed"),
        (asyncio.CancelledError(), "stopped"),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_the_status_of_what_an_exception_has_left(grain, error, status, whole):
    """As for any computation."""
    walk = steps(failing, grain=grain)(error)
    with pytest.raises(type(error)):
        walk.run() if whole else list(walk)
    assert walk.status == status


def test_a_stop_iteration_of_the_function(grain):
    """`run` gives it as it is; from `next` it would be taken for the end of the steps, so that it is a RuntimeError."""
    error = StopIteration(5)
    walk = steps(failing, grain=grain)(error)
    with pytest.raises(StopIteration) as caught:
        walk.run()
    assert caught.value is error
    walk = steps(failing, grain=grain)(error)
    with pytest.raises(RuntimeError, match="failing raised StopIteration") as wrapped:
        list(walk)
    assert wrapped.value.__cause__ is error
    assert walk.status == "failed"


def test_wrong_arguments_fail_at_the_call(grain):
    """With what the plain call says."""
    for arguments in ((), (1, 2), ()):
        with pytest.raises(TypeError) as plain:
            seed(*arguments)
        with pytest.raises(TypeError) as stepped:
            steps(seed, grain=grain)(*arguments)
        assert str(stepped.value) == str(plain.value)


def test_an_argument_of_any_name():
    """`self` too."""

    def function(self, *, name):
        both = self, name
        return both

    assert steps(function)(self=1, name=2).run() == (1, 2)
    assert list(steps(function).values(self=1, name=2)) == [(1, 2)]


# What may be stepped


def test_methods_and_their_like(grain):
    """Each as the class, or the instance, gives it."""
    shape = Shape(4)
    assert steps(shape.area, grain=grain)(2, more=1).run() == 33
    assert steps(Shape.area, grain=grain)(shape, 2).run() == 32
    assert steps(Shape.unit, grain=grain)().run().side == 1
    assert steps(Shape.double, grain=grain)(5).run() == 10
    assert steps(Shape.half, grain=grain)(shape).run() == 2
    assert steps(shape, grain=grain)(3).run() == 7
    assert steps(vars(Shape)["unit"], grain=grain)(Shape, 3).run().side == 3
    assert steps(vars(Shape)["double"], grain=grain)(5).run() == 10


def test_decorators_in_a_class():
    """Above and below those of the language, on the instance and on the class."""
    shape = Shape(12)
    assert (shape.stepped(2).run(), Shape.stepped(shape, 2).run()) == (24, 24)
    assert (shape.third.run(), shape.quarter.run()) == (4, 3)
    assert isinstance(Shape.third, Stepped)
    assert (Shape.made(3).run().side, shape.made(3).run().side) == (3, 3)
    assert (Shape.tripled(3).run(), shape.tripled(3).run()) == (9, 9)
    assert (Shape.above(3).run(), shape.above(3).run()) == ((Shape, 3), (Shape, 3))
    assert (Shape.beside(3).run(), shape.beside(3).run()) == (3, 3)
    value, *_ = shape.third
    assert value.value == 4


def test_values_of_a_bound_method():
    """The instance is known."""
    assert list(steps(Shape(3).area).values()) == [9]

    class Bound:
        @steps
        def method(self, x):
            y = x, type(self).__name__
            return y

    assert list(Bound().method.values(1)) == [(1, "Bound")]


def test_partial_functions(grain):
    """Nested ones too; what the call gives comes later, and wins."""
    partial = functools.partial(functools.partial(keywords, 1, b=2), c=3)
    assert steps(partial, grain=grain)(c=4, d=5).run() == (1, 2, 4, {"d": 5})


def keywords(a, *, b, c, **more):
    """Give them back."""
    return a, b, c, more


def test_a_stepped_function_by_another_grain():
    """The function below is taken, with what it is bound to."""
    walk = steps(decorated, grain="bytecode")(1)
    assert next(walk).name.split()[0].isupper()
    assert walk.run() == 6
    assert steps(Shape(2).stepped, grain="line")(3).run() == 6


def test_what_cannot_be_stepped():
    """`CannotStep` at once, with the reason and what to write; what is no function is a `TypeError`."""
    with pytest.raises(CannotStep, match="len: it is not written in Python"):
        steps(len)
    with pytest.raises(CannotStep, match=r"Shape.*it is a class.*Shape\.__init__"):
        steps(Shape)

    @functools.lru_cache
    def cached(x):
        return x

    with pytest.raises(CannotStep, match=r"cached.*write steps\(cached.__wrapped__\)"):
        steps(cached)
    assert steps(cached.__wrapped__)(1).run() == 1
    with pytest.raises(TypeError, match=r"expected a function; got 5: write steps\(f\)\(...\)"):
        steps(5)
    with pytest.raises(TypeError, match="expected a function; got None"):
        steps(None)
    with pytest.raises(TypeError, match=r'write steps\(f, grain="line"\)'):
        steps("line")


def test_a_wrong_grain():
    """`ValueError` that lists them."""
    for wrong in ("lines", None, []):
        with pytest.raises(ValueError, match="'statement', 'line', 'bytecode'; got"):
            steps(seed, grain=wrong)


# The stepped function


def test_it_looks_like_the_function():
    """Name, documentation, signature and source are the function's; so are the bound method's."""
    assert (decorated.__name__, decorated.__doc__, decorated.__module__) == ("decorated", "Add.", __name__)
    assert str(inspect.signature(decorated)) == "(x, y=2, *rest, z: 'int' = 3, **more)"
    assert inspect.getsource(decorated).startswith("@steps\ndef decorated(x")
    assert str(inspect.signature(Shape(1).stepped)) == "(times)"
    assert Shape.stepped.__doc__ == "It is stepped."
    assert repr(steps(seed, grain="line")) == "<steps of seed, by line>"
    assert steps(seed).__wrapped__ is seed


def test_it_is_pickled_by_name():
    """A decorated function as itself, another one as the function that it was made of; a bound one with its object."""
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert copy.deepcopy(decorated) is decorated
    again = pickle.loads(pickle.dumps(steps(seed, grain="line")))
    assert (again.__wrapped__, again.grain) == (seed, "line")
    bound = pickle.loads(pickle.dumps(Shape(5).stepped))
    assert bound(2).run() == 10


def test_the_function_stays_as_it_was():
    """Called plainly it gives its result, whatever was made of it."""
    steps(seed)(1).run()
    assert seed(1) == 1


# The steps as a computation


def test_what_the_function_says_and_begins_is_its_own(grain):
    """Notes belong to the current step; loops and stages inside are children; outside, it is as if it weren't there."""

    def function():
        note("one")
        with stage("inner") as inner:
            mine.append((current().name, inner._run.parent))
            for _ in track([1, 2], name="loop"):
                mine.append(current())  # noqa: PERF401
        note(x=2)
        mine.append(current())

    mine = []
    with stage("outer"):
        walk = steps(function, grain=grain)()
        for _ in walk:
            assert current().name == "outer"
        assert walk._run.parent is None  # it has ended
        assert current().name == "outer"
    run = walk._run
    assert mine[0] == ("inner", run)
    assert [each.name for each in mine[1:]] == ["loop", "loop", run.name]
    assert mine[3] is run
    assert run.kind == "function"
    assert [(each.value, each.fields) for each in walk.notes] == [("one", {}), (None, {"x": 2})]
    assert run.sum is not None or run.parent_id is None


def test_a_note_belongs_to_its_step():
    """From inside to the step under way; from outside to the one taken last; before and after, to the whole."""

    def function():
        x = 1
        note("inside")
        return x

    walk = steps(function)()
    walk.send("before")
    taken = []
    for step in walk:
        taken.append(step)
        walk.note(k=step.index)
    walk.send(None)
    assert walk.notes == [
        Note(None, "before", {}),
        Note(0, None, {"k": 0}),
        Note(1, "inside", {}),
        Note(1, None, {"k": 1}),
        Note(2, None, {"k": 2}),
        Note(None, None, {}),
    ]
    assert [step.note and step.note.value for step in taken] == [None, "inside", None]


def test_it_is_a_child_of_where_it_is_consumed(grain):
    """Whether by `next`, by `run`, or by a loop."""
    for way in (next, lambda walk: walk.run()):
        with stage("outer") as outer:
            walk = steps(parented, grain=grain)(seen := [])
            way(walk)
            walk.run()
            assert seen == [outer._run]


def parented(seen):
    """Say whose child it is."""
    seen.append(current().parent)


def test_two_interleaved(grain):
    """Each one's notes and children are its own, in one frame too; they are siblings."""
    first, second = steps(speaking, grain=grain)("a"), steps(speaking, grain=grain)("b")
    for _ in zip(first, second, strict=True):
        pass
    assert first.result == second.result == None  # noqa: E711
    for walk, name in ((first, "a"), (second, "b")):
        assert [each.value for each in walk.notes] == [f"{name} before", f"{name} after"]
        assert walk.snapshot().inner[0].name == f"loop of {name}"


def speaking(name):
    """Notes around a loop, and in it."""
    note(f"{name} before")
    for k in track(range(3), name=f"loop of {name}"):
        note(k)
    note(f"{name} after")


def test_interleaved_in_threads(grain):
    """Each thread steps its own; notes find their way."""
    walks, gate = [], threading.Barrier(4)

    def work(name):
        walk = steps(speaking, grain=grain)(name)
        gate.wait()
        list(walk)
        walks.append((name, [each.value for each in walk.notes], walk.status))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(walks) == [(name, [f"{name} before", f"{name} after"], "finished") for name in "abcd"]


def test_taken_from_inside(grain):
    """A step that asks for the next one is refused, as a generator's; the function goes on."""
    refused = []

    def function():
        for act in (next, lambda walk: walk.run(), lambda walk: walk.close()):
            try:
                act(walk)
            except ValueError as error:
                refused.append(str(error))
        return len(refused)

    walk = steps(function, grain=grain)()
    list(walk)
    assert (walk.result, walk.status) == (3, "finished")
    assert all("already executing" in text for text in refused)
    refused.clear()
    walk = steps(function, grain=grain)()
    assert walk.run() == 3
    assert all("already executing" in text for text in refused)


def test_the_stepped_one_inside_a_stepped_one(grain):
    """Recursion through `steps` is a tree of computations."""
    parents = []

    def factorial(n):
        parents.append(current().parent and current().parent.name)
        if n <= 1:
            return 1
        below = stepped(n - 1).run()
        return n * below

    stepped = steps(factorial, grain=grain)
    assert stepped(4).run() == 24
    assert parents == [None, "factorial", "factorial", "factorial"]
    walk = stepped(4)
    list(walk)
    assert walk.result == 24


def test_plain_recursion_runs_whole(grain):
    """Only the outermost call is stepped."""

    def fibonacci(n):
        if n < 2:
            return n
        return fibonacci(n - 1) + fibonacci(n - 2)

    walk = steps(fibonacci, grain=grain)(10)
    count = len(list(walk))
    assert (walk.result, count < 60) == (55, True)


def test_recursion_as_deep_as_the_plain_one(grain):
    """A function that calls itself plainly goes as deep as it does without."""

    def deep(n):
        return n and 1 + deep(n - 1)

    n = sys.getrecursionlimit() - len(inspect.stack(0)) - 60
    assert deep(n) == n
    assert steps(deep, grain=grain)(n).run() == n
    walk = steps(deep, grain=grain)(n)
    list(walk)
    assert walk.result == n


def test_locals_are_a_copy(grain):
    """The paused frame's variables; changing what is given changes nothing."""
    walk = steps(seed, grain=grain)(5)
    while "b" not in walk.locals:
        next(walk)
    variables = walk.locals
    assert (variables["x"], variables["a"], variables["b"]) == (5, 6, 12)
    variables["b"] = 0
    assert walk.run() == 9


def test_context_variables_are_the_consumers(grain):
    """What the function sets is set outside, and the other way round."""
    variable = ContextVar("variable", default=0)

    def function():
        variable.set(variable.get() + 1)
        return variable.get()

    def consume():
        variable.set(10)
        walk = steps(function, grain=grain)()
        for _ in walk:
            pass
        return walk.result, variable.get()

    assert copy_context().run(consume) == (11, 11)


def test_a_thread_with_the_functions_context(grain):
    """What it says goes to the function that has begun it, as from any computation."""

    def function():
        thread = threading.Thread(target=copy_context().run, args=(note, "from the thread"))
        thread.start()
        thread.join()

    walk = steps(function, grain=grain)()
    list(walk)
    assert [each.value for each in walk.notes] == ["from the thread"]
    walk = steps(function, grain=grain)()
    walk.run()
    assert [each.value for each in walk.notes] == ["from the thread"]


def test_the_first_steps_in_another_thread():
    """By statement a call may change threads between two steps; notes still find it."""
    walk = steps(speaking)("a")
    next(walk)
    thread = threading.Thread(target=lambda: [next(walk) for _ in range(3)])
    thread.start()
    thread.join()
    walk.run()
    assert [each.value for each in walk.notes] == ["a before", "a after"]


def test_ctrl_c_in_a_step(grain):
    """A true signal: the function ends as *interrupted*."""

    def function():
        signal.raise_signal(signal.SIGINT)
        return 1

    for way in (list, lambda walk: walk.run()):
        walk = steps(function, grain=grain)()
        with pytest.raises(KeyboardInterrupt):
            way(walk)
        assert walk.status == "interrupted"


def test_the_position_is_seen_while_it_runs():
    """`run` counts as it goes."""
    seen = []

    def function():
        for _ in range(3):
            seen.append(walk.position)  # noqa: PERF401

    walk = steps(function)()
    walk.run()
    assert seen == [1, 3, 5]


def test_the_view_sees_it(grain):
    """A snapshot while it runs, and one at its end; kind, unit, place; the report has a line for it."""
    before = {row.name: row.steps for row in report()}.get("seed", 0)
    with watched(Shown()) as hand:
        walk = steps(seed, grain=grain)(1)
        next(walk)
        hand.move(1)
        hand.look()
        (shot,) = hand.show()
        assert (shot.kind, shot.name, shot.status, shot.unit, shot.finished) == (
            "function",
            "seed",
            "running",
            "step",
            1,
        )
        assert shot.total is None
        assert (shot.place.line, shot.place.function) == (seed.__code__.co_firstlineno, "seed")
    walk.run()
    assert walk.snapshot().timing.count == walk.position
    (row,) = [row for row in report() if row.name == "seed"]
    assert (row.kind, row.steps - before) == ("function", walk.position)


def test_many_calls_are_one_line_of_the_report():
    """However often it is stepped, and by how many `steps(f)`."""
    for _ in range(3):
        steps(seed)(1).run()
    (row,) = [row for row in report() if row.name == "seed" and row.passes >= 3]
    assert set(row.statuses) <= {"finished", "stopped"}


def test_a_dropped_one_leaves_nothing_behind(grain):
    """No cycle: it is gone without the garbage collector, and so is what the function held."""

    class Thing:
        pass

    gc.collect()
    gc.disable()
    try:
        thing = Thing()
        gone = weakref.ref(thing)
        walk = steps(holding, grain=grain)(thing)
        next(walk)
        del thing, walk
        assert gone() is None
        thing = Thing()
        gone = weakref.ref(thing)
        assert steps(holding, grain=grain)(thing).run() is None
        del thing
        assert gone() is None
    finally:
        gc.enable()


def give_back(thing):
    """Return the argument."""
    return thing


async def give_back_later(thing):
    """Return the argument, to who awaits it."""
    return thing


@pytest.mark.parametrize("whole", [False, True])
def test_a_result_lives_no_longer_than_its_handle(grain, whole):
    """The tables of what has run know of the call, and keep nothing of what it gave."""
    thing = {0}
    gone = weakref.ref(thing)
    walk = steps(give_back, grain=grain)(thing)
    assert walk.run() is thing if whole else len(list(walk)) > 0
    assert walk.result is thing
    del walk, thing
    assert gone() is None


def test_the_result_of_an_async_function_lives_no_longer_than_its_handle():
    """As a plain function's."""

    async def go():
        thing = {0}
        gone = weakref.ref(thing)
        walk = steps(give_back_later)(thing)
        assert await walk.run() is thing
        del walk, thing
        assert gone() is None

    asyncio.run(go())


def holding(thing):
    """Hold it for a while."""
    x = [thing]
    del x


# Times


def test_the_seconds_of_a_step_are_the_functions_own(monkeypatch):
    """What the consumer does between two steps doesn't count; the slowest have names."""
    from instep.functions import driving

    now = [0]
    monkeypatch.setattr(driving, "perf_counter_ns", lambda: now[0])

    def function():
        now[0] += 1_000_000_000
        x = now.__setitem__(0, now[0] + 3_000_000_000)
        return x

    walk = steps(function)()
    seconds = []
    for step in walk:
        now[0] += 50_000_000_000
        seconds.append(step.seconds)
    assert seconds == [1, 3, 0]
    assert walk.timer.max == 3
    assert [(step.name, step.seconds) for step in walk.timer.slowest[:2]] == [("x", 3), ("now[0]", 1)]


def test_the_table_adds_up_by_name():
    """Count, time, mean and slowest for each name, in the order of the source; as text, a table."""

    def function(n):
        total = 0
        for k in range(n):
            total += k
        return total

    walk = steps(function)(1000)
    list(walk)
    table = walk.table()
    counts = {(row.name, row.line - function.__code__.co_firstlineno): row.count for row in table}
    assert counts["total", 1] == 1
    assert counts["total", 3] == 1000
    assert sum(counts.values()) == walk.position
    assert sum(row.seconds for row in table) == pytest.approx(walk.timer.elapsed)
    row = max(table, key=lambda row: row.count)
    assert row.mean <= row.max <= row.seconds
    lines = str(table).splitlines()
    assert lines[0].split() == ["line", "step", "count", "time", "mean", "slowest", "share"]
    assert len(lines) == 2 + len(table)


def test_memory_does_not_grow_with_the_steps():
    """What is kept of a long run is bounded."""

    def function(n):
        for _ in range(n):
            pass

    walk = steps(function)(2000)
    for _ in walk:
        assert len(walk._run.took) <= 300
    assert len(walk.table()) <= 3


def test_by_hand_is_refused():
    """A function's steps are taken by `next`, not counted by hand."""
    with pytest.raises(InstepError, match="write next"):
        steps(seed)(1).advance()


# async def


async def waiting(seen, n=2):
    """Wait."""
    a = n + 1
    note("waiting")
    await asyncio.sleep(0)
    seen.append(current().name)
    b = a * 2
    return b


def test_an_async_function():
    """`async for` takes the steps, `await run()` the rest; the result, notes and status are as for any function."""

    async def main():
        seen = []
        walk = steps(waiting)(seen)
        assert seen == []
        taken = [step async for step in walk]
        assert taken[0].value == 3
        assert taken[-1].value == 6
        assert (walk.result, walk.status, seen, walk.position) == (6, "finished", ["waiting"], len(taken))
        assert [each.value for each in walk.notes] == ["waiting"]
        assert walk.notes[0].index == 1
        assert current() is None
        walk = steps(waiting)([], n=5)
        await anext(walk)
        assert walk.locals["a"] == 6
        assert await walk.run() == 12
        assert walk.position == len(taken)
        assert [step async for step in walk] == []
        assert [value async for value in steps(waiting).values([])] == [3, 6]

    asyncio.run(main())


def test_async_functions_at_once():
    """Tasks step their own, and what they say is their own."""

    async def one(k):
        walk = steps(waiting)([], n=k)
        async for _ in walk:
            await asyncio.sleep(0)
        return walk.result, len(walk.notes)

    async def main():
        return await asyncio.gather(*map(one, range(20)))

    assert asyncio.run(main()) == [((k + 1) * 2, 1) for k in range(20)]


def test_an_async_function_that_fails_or_is_left():
    """The exception comes out as it is; `aclose` and `async with` run its `finally` blocks."""

    async def function(seen):
        try:
            await asyncio.sleep(0)
            raise LookupError("x")
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned")

    async def main():
        seen = []
        walk = steps(function)(seen)
        with pytest.raises(LookupError) as caught:
            await walk.run()
        names = [entry.name for entry in traceback.extract_tb(caught.value.__traceback__)]
        assert names == ["main", "function"]
        assert (walk.status, seen) == ("failed", ["cleaned"])
        walk = steps(function)(seen)
        await anext(walk)
        await walk.aclose()
        assert (walk.status, seen) == ("stopped", ["cleaned"] * 2)
        async with steps(function)(seen) as walk:
            await anext(walk)
        assert (walk.status, seen) == ("stopped", ["cleaned"] * 3)
        with pytest.raises(InstepError):
            _ = walk.result

    asyncio.run(main())


def test_an_async_function_in_the_plain_way_is_refused():
    """`for`, `with` and `close` say what to write."""

    async def main():
        walk = steps(waiting)([])
        with pytest.raises(TypeError, match="write async for"):
            iter(walk)
        with pytest.raises(TypeError, match="write async with"), walk:
            pass
        with pytest.raises(TypeError, match=r"await steps\.aclose"):
            walk.close()

    asyncio.run(main())

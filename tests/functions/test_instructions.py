"""A call taken an instruction at a time; and what holds for lines as well: begin, end, close, drop, context."""
# What the functions here do is looked at, not what they are for.
# ruff: noqa: B012, D103, F841, PT012, PT017, RET504

import contextlib
import contextvars
import functools
import gc
import sys
import threading
import traceback
import warnings
import weakref

import pytest

from children import quiet
from functions.driving import is_raised, steps_of, taken
from instep.errors import InstepError
from instep.functions.grains import ABSENT, CannotStep
from instep.functions.instructions import prepare

GRAINS = pytest.mark.parametrize("grain", ["bytecode", "line"])
HERE = __name__


def total(numbers):
    found = 0
    for number in numbers:
        found += number
    return found


def names(steps):
    return [step.site.name for step in steps]


# --- one step ---


def test_a_step_is_one_instruction_that_has_run():
    """After k steps k instructions have had their effect, and nothing of the next one."""
    shared = []

    def two():
        shared.append(1)
        shared.append(2)

    call = prepare(two, "bytecode")()
    seen = []
    with pytest.raises(StopIteration):
        while True:
            seen.append((call.step().site.name, len(shared)))
    effects = [name for (name, after), (_, before) in zip(seen[1:], seen, strict=False) if after > before]
    assert effects == ["CALL 1", "CALL 1"]
    assert seen[-1][1] == 2


def test_values_of_assignments_and_of_the_return():
    """A STORE to a name gives the value bound, the return the result, another instruction nothing."""
    steps, result = taken(prepare(total, "bytecode")([3, 4]))
    stored = [(step.site.name, step.value) for step in steps if step.site.binds]
    assert stored == [
        ("STORE_FAST found", 0),
        ("STORE_FAST number", 3),
        ("STORE_FAST found", 3),
        ("STORE_FAST number", 4),
        ("STORE_FAST found", 7),
    ]
    assert steps[-1].value == result == 7
    assert steps[0].value is ABSENT
    assert all(step.stack is None for step in steps)  # there is no safe way to see it


def test_values_of_cells_globals_and_none():
    """Names of enclosing functions and of the module are read as well; `None` is a value."""
    cell = 1

    def binds():
        nonlocal cell
        global a_global
        cell = None
        a_global = "g"
        a_global, cell = 5, 6

    steps, _ = taken(prepare(binds, "bytecode")())
    assert [step.value for step in steps if step.site.binds] == [None, "g", 5, 6]
    del globals()["a_global"]


def test_places():
    """A step has its line, the line's text and its depth in compound statements."""
    steps, _ = taken(prepare(total, "bytecode")([1]))
    first = total.__code__.co_firstlineno
    places = dict.fromkeys((step.site.line - first, step.site.source, step.site.depth) for step in steps)
    assert list(places) == [
        (1, "found = 0", 0),
        (2, "for number in numbers:", 0),
        (3, "found += number", 1),
        (4, "return found", 0),
    ]


def test_long_arguments():
    """An EXTENDED_ARG is a step of its own, as it is an event; on 3.11 it is one with its instruction."""
    body = "\n".join(f"    x{n} = {n}" for n in range(300))
    variables = {}
    exec(f"def long():\n{body}\n    return x299", variables)
    steps, result = taken(prepare(variables["long"], "bytecode")())
    assert result == 299
    shown = names(steps)
    assert "STORE_FAST x299" in shown
    assert any(name.startswith("EXTENDED_ARG") for name in shown) == (sys.version_info >= (3, 12))
    assert [step.value for step in steps if step.site.binds] == list(range(300))


def test_specialised_instructions_are_shown_plain():
    """What the interpreter made of hot code, and what tools made of it, isn't seen."""
    cold = names(taken(prepare(total, "bytecode")([1, 2]))[0])
    for _ in range(100):
        total([1, 2, 3])
    assert names(taken(prepare(total, "bytecode")([1, 2]))[0]) == cold


# --- without source ---


@GRAINS
def test_without_source(grain):
    """What came from `exec`, and lambdas, are stepped as well; the text is empty where there is none."""
    variables = {}
    exec("def f(n):\n    m = n + 1\n    return m", variables)
    steps, result = taken(prepare(variables["f"], grain)(1))
    assert result == 2
    assert {step.site.source for step in steps} == {""}
    assert {step.site.line for step in steps} == {2, 3}
    assert [step.value for step in steps if step.site.binds] == [2]
    assert steps[-1].value == 2


@GRAINS
def test_lambdas(grain):
    """A lambda's value is that of its last step."""
    steps, result = taken(prepare(lambda n: n * 2, grain)(4))
    assert result == steps[-1].value == 8


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="inlined from Python 3.12 on")
@GRAINS
def test_a_comprehension_is_a_callee(grain):
    """It runs whole within a step, as any function that is called."""

    def squares(n):
        return [i * i for i in range(n)]

    assert len(taken(prepare(squares, grain)(3))[0]) == len(taken(prepare(squares, grain)(9))[0])


# --- begin and end ---


@GRAINS
@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [((), {}), ((1,), {}), ((1, 2, 3), {}), ((1, 2), {"e": 1}), ((1,), {"a": 2}), ((1, 2), {})],
)
def test_wrong_arguments_fail_at_the_call(grain, arguments, keywords):
    """With the interpreter's own words, and nothing has run."""
    ran = []

    def function(a, /, b, *, c, d=4):
        ran.append((a, b, c, d))

    with pytest.raises(TypeError) as plain:
        function(*arguments, **keywords)
    with pytest.raises(TypeError) as stepped:
        prepare(function, grain)(*arguments, **keywords)
    assert str(stepped.value) == str(plain.value)
    assert ran == []


@GRAINS
def test_nothing_runs_before_the_first_step(grain):
    """Beginning binds the arguments only; so does a look at the variables."""
    ran = []

    def function(n=3, *more, **named):
        ran.append(n)

    call = prepare(function, grain)(1, 2, x=3)
    assert call.locals == {"n": 1, "more": (2,), "named": {"x": 3}, "ran": ran}
    assert ran == []


@GRAINS
def test_the_original_code_runs(grain):
    """The frame's code is the function's own object."""

    def function():
        code = sys._getframe().f_code
        return code

    assert prepare(function, grain)().run() is function.__code__


@GRAINS
def test_after_the_end(grain):
    """`StopIteration` with the result, as often as it is asked for."""
    call = prepare(total, grain)([1, 2])
    assert steps_of(call) == 3
    assert steps_of(call) == 3
    assert call.run() == 3
    assert call.locals == {}
    call.close()


@GRAINS
def test_exceptions_come_out_as_they_are(grain):
    """The very object, with the lines of the function and no frame of ours in between; then it is over."""
    error = ValueError("x")

    def fails(n):
        m = n
        raise error

    for drive in (steps_of, lambda call: call.run()):
        call = prepare(fails, grain)(1)
        with pytest.raises(ValueError, match="x") as caught:
            drive(call)
        assert caught.value is error
        frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert frames[-1] == "fails"
        assert not {"step", "run", "_enter", "resume", "_call"} & set(frames)
        with pytest.raises(StopIteration):
            call.step()


@GRAINS
def test_a_stop_iteration_of_the_function_comes_out(grain):
    """Also by `run`, whose loop it would end silently."""

    def stops():
        raise StopIteration(5)

    call = prepare(stops, grain)()
    with pytest.raises(StopIteration) as caught:
        steps_of(call)
    assert is_raised(caught.value)
    with pytest.raises(StopIteration) as caught:
        prepare(stops, grain)().run()
    assert is_raised(caught.value)
    assert caught.value.value == 5


@GRAINS
def test_run_goes_on_from_where_it_is(grain):
    """Some steps, then the rest."""
    call = prepare(total, grain)([1, 2, 3])
    for _ in range(5):
        call.step()
    assert call.run() == 6


@GRAINS
def test_the_steps_are_counted(grain):
    """Those of `run` too; one that raises is none."""
    begin = prepare(total, grain)
    count = len(taken(begin([1, 2]))[0])
    call = begin([1, 2])
    assert call.taken == 0
    call.step()
    assert call.taken == 1
    call.run()
    assert call.taken == count
    call = begin([1, "2"])
    with pytest.raises(TypeError):
        call.run()
    stepped, steps = begin([1, "2"]), []
    with pytest.raises(TypeError):
        steps_of(stepped, steps)
    assert call.taken == stepped.taken == len(steps)


@GRAINS
def test_from_its_own_body(grain):
    """Neither step, run nor close of a call that is running: it is already executing."""
    errors = []

    def body():
        for act in call.step, call.run, call.close:
            try:
                act()
            except ValueError as error:
                errors.append(str(error))

    call = prepare(body, grain)()
    steps_of(call)
    assert len(errors) == 3
    assert all(error.endswith("body() is already executing") for error in errors)


@pytest.mark.parametrize("kind", ["generator", "coroutine", "asynchronous generator", "builtin", "class"])
@GRAINS
def test_what_cannot_be_stepped_is_refused_at_once(grain, kind):
    """With the reason, and the grain that can, where one can."""

    def generator():
        yield 1

    async def coroutine():
        pass

    async def asynchronous():
        yield 1

    what = {
        "generator": generator,
        "coroutine": coroutine,
        "asynchronous generator": asynchronous,
        "builtin": len,
        "class": int,
    }
    with pytest.raises(CannotStep) as caught:
        prepare(what[kind], grain)
    if kind in ("builtin", "class"):
        assert "not a function written in Python" in str(caught.value)
    else:
        assert kind in str(caught.value)
        assert caught.value.instead == "statement"
        assert caught.value.line == what[kind].__code__.co_firstlineno


# --- closing ---


def guarded(log, k):
    try:
        log.append("a")
        log.append("b")
        with contextlib.closing(Closed(log)):
            log.append("c")
    finally:
        log.append("finally")
        log.append("over")
    log.append("after")


class Closed:
    def __init__(self, log):
        self.log = log

    def close(self):
        self.log.append("closed")


@GRAINS
def test_closing_at_any_step_runs_the_cleanups_that_are_due(grain):
    """Once a `try` or `with` is entered, its cleanup runs once and whole, wherever the call is left."""
    count = len(taken(prepare(guarded, grain)([], 0))[0])
    for k in range(count):
        log = []
        call = prepare(guarded, grain)(log, 0)
        for _ in range(k):
            call.step()
        call.close()
        assert log.count("finally") == log.count("over") == ("a" in log or "finally" in log)
        assert log.count("closed") == ("c" in log or "closed" in log)
        assert call.locals == {}
        with pytest.raises(StopIteration):
            call.step()


@GRAINS
def test_closing_passes_except_exception(grain):
    """It is a `GeneratorExit`, as for a generator."""
    caught = []

    def body():
        while True:
            try:
                caught.append(0)
            except Exception:
                caught.append("Exception")
            except GeneratorExit as error:
                caught.append(type(error))
                raise

    call = prepare(body, grain)()
    for _ in range(6):
        call.step()
    call.close()
    assert "Exception" not in caught


def swallows_and_goes_on(log):
    while True:
        try:
            log.append("again")
            log.append("and again")
        except:  # noqa: E722
            log.append("swallowed")


def swallows_on_one_line(log):
    while True:
        try: log.append("x")  # fmt: skip  # noqa: E701
        except: pass  # fmt: skip  # noqa: E701, E722


def swallows_in_a_context_manager(log):
    while True:
        with contextlib.suppress(BaseException):
            log.append("x")
            log.append("y")


def swallows_in_finally(log):
    while True:
        try:
            log.append("x")
            log.append("y")
        finally:
            continue


@GRAINS
@pytest.mark.parametrize(
    "function", [swallows_and_goes_on, swallows_on_one_line, swallows_in_a_context_manager, swallows_in_finally]
)
def test_a_body_that_catches_everything_is_ended_all_the_same(grain, function):
    """Wherever it is closed it ends, and where it caught what ended it and went on, a `RuntimeError` says so."""
    told = 0
    for k in range(1, 16):
        log = []
        call = prepare(function, grain)(log)
        for _ in range(k):
            call.step()
        before = len(log)
        try:
            call.close()
        except RuntimeError as error:
            assert str(error) == f"{function.__name__}() ignored GeneratorExit"
            told += 1
        assert len(log) < before + 5
        with pytest.raises(StopIteration):
            call.step()
    assert told > 0


@GRAINS
def test_a_handler_may_return_when_closed(grain):
    """As in a generator: catching the end and ending is no offence."""

    def body(log):
        try:
            log.append(1)
            log.append(2)
        except BaseException:
            log.append("caught")
            return log

    log = []
    call = prepare(body, grain)(log)
    while not log:
        call.step()
    call.close()
    assert log in ([1, "caught"], [1])


@GRAINS
def test_what_a_finally_block_raises_comes_out_of_close(grain):
    """As for a generator."""

    def body():
        try:
            a = 1
            b = 2
        finally:
            raise KeyError("finally")

    call = prepare(body, grain)()
    while "a" not in call.locals:
        call.step()
    with pytest.raises(KeyError, match="finally"):
        call.close()


@GRAINS
def test_closed_before_it_began(grain):
    """Nothing ever runs."""
    log = []
    call = prepare(guarded, grain)(log, 0)
    call.close()
    with pytest.raises(StopIteration):
        call.step()
    assert log == []


@GRAINS
def test_a_dropped_call_is_closed(grain):
    """At once, by counting references, with its `finally` blocks."""
    log = []
    call = prepare(guarded, grain)(log, 0)
    while "a" not in log:
        call.step()
    del call
    assert log == ["a", "finally", "over"]


@GRAINS
def test_nothing_is_kept_after_the_end(grain):
    """Arguments and variables are freed when the call is over, or dropped."""

    class Thing:
        pass

    def body(thing):
        other = thing
        return 1

    for leave in "run", "close", "drop":
        thing = Thing()
        gone = weakref.ref(thing)
        call = prepare(body, grain)(thing)
        call.step()
        if leave != "drop":
            getattr(call, leave)()
        del call, thing
        gc.collect()
        assert gone() is None


@GRAINS
def test_dropped_in_another_thread(grain):
    """It is unwound in its own thread, when that is at it next; silently."""
    log = []
    box = [prepare(guarded, grain)(log, 0)]
    while "a" not in log:
        box[0].step()
    thread = threading.Thread(target=box.clear)
    thread.start()
    thread.join()
    prepare(total, grain)([1]).run()  # any switch will do
    assert log == ["a", "finally", "over"]


@GRAINS
def test_its_thread_has_ended(grain):
    """It can't go on: an error says so. Dropping it is silent, and its `finally` blocks never run."""
    log, box = [], []

    def work():
        box.append(prepare(guarded, grain)(log, 0))
        while "a" not in log:
            box[0].step()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    refused = []

    def try_it():
        for act in box[0].step, box[0].close:
            with pytest.raises(InstepError, match="another thread"):
                act()
            refused.append(act)

    try_it()
    later = threading.Thread(target=try_it)  # which may get the number of the one that has ended
    later.start()
    later.join()
    assert len(refused) == 4
    refused.clear()
    dropping = threading.Thread(target=box.clear)
    dropping.start()
    dropping.join()
    gc.collect()
    assert log == ["a"]


@GRAINS
def test_the_interpreter_ends_with_a_paused_call(grain):
    """Silently and well: in the main thread, in one that has ended, and in one that has not."""
    quiet(f"""
        import threading
        from instep.functions.instructions import prepare

        def body():
            try:
                a = 1
                b = 2
            finally:
                c = 3

        def paused(calls=[]):
            call = prepare(body, {grain!r})()
            call.step()
            call.step()
            calls.append(call)
            return call

        call = paused()
        thread = threading.Thread(target=paused)
        thread.start()
        thread.join()
        held = threading.Event()
        ready = threading.Event()
        def hold():
            here = paused()
            ready.set()
            held.wait()
        threading.Thread(target=hold, daemon=True).start()
        ready.wait()
    """)


# --- where it runs ---

variable = contextvars.ContextVar("variable", default="nothing")


@GRAINS
def test_it_runs_in_the_context_of_whoever_takes_the_step(grain):
    """As a generator does: what is set is seen outside, and each step sees the context that it is taken in."""

    def body():
        before = variable.get()
        variable.set("by the body")
        after = variable.get()
        return before, after

    def drive():
        call = prepare(body, grain)()
        while "before" not in call.locals:
            call.step()
        variable.set("outside")
        while "after" not in call.locals:
            call.step()
        assert variable.get() == "by the body"
        other = contextvars.copy_context()
        other.run(variable.set, "elsewhere")
        return other.run(call.run), variable.get()

    assert contextvars.Context().run(drive) == (("nothing", "by the body"), "by the body")


@GRAINS
def test_exceptions_being_handled_are_its_own(grain):
    """Paused in a handler it does not show outside, nor does what is handled outside show in it."""

    def body():
        first = sys.exc_info()[1]
        try:
            raise KeyError
        except KeyError:
            inside = sys.exc_info()[0]
            inside = sys.exc_info()[0]
        return first, inside

    call = prepare(body, grain)()
    try:
        raise OSError
    except OSError:
        while "inside" not in call.locals:
            call.step()
        assert sys.exc_info()[0] is OSError
    assert sys.exc_info()[0] is None
    assert call.run() == (None, KeyError)


@GRAINS
def test_what_looks_at_its_caller_finds_who_began_the_call(grain):
    """One frame stands in for the caller: its module, function, file and line; there is none below."""

    def body():
        frame = sys._getframe(1)
        below = frame.f_back
        return frame.f_globals["__name__"], frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno, below

    call, line = prepare(body, grain)(), sys._getframe().f_lineno
    name = sys._getframe().f_code.co_name
    assert call.run() == (HERE, name, __file__, line, None)


@GRAINS
def test_warnings_are_told_of_the_caller(grain):
    """`warnings.warn(..., stacklevel=2)` names the line where the call was begun."""

    def body():
        warnings.warn("careful", stacklevel=2)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call, line = prepare(body, grain)(), sys._getframe().f_lineno
        call.run()
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


@GRAINS
def test_recursion_is_as_deep_as_in_a_plain_call(grain):
    """Within a few frames of the limit."""

    def down(n):
        return 0 if n == 0 else 1 + down(n - 1)

    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    room = sys.getrecursionlimit() - depth - 20
    assert down(room) == room
    assert prepare(down, grain)(room).run() == room
    with pytest.raises(RecursionError):
        prepare(down, grain)(room + 40).run()


@GRAINS
def test_steppers_within_steppers(grain):
    """A function that steps itself goes deeper with each."""

    def down(n):
        return 0 if n == 0 else 1 + prepare(down, grain)(n - 1).run()

    assert steps_of(prepare(down, grain)(15)) == 15


@GRAINS
def test_methods_and_closures(grain):
    """The function keeps its cells and defaults."""
    factor = 3

    class Scale:
        def __init__(self, n):
            super().__init__()
            self.n = n

        def times(self, *more, by=2):
            return __class__, self.n * by * factor, more

    scale = Scale(5)
    assert prepare(Scale.times, grain)(scale, 7, by=4).run() == (Scale, 60, (7,))
    call = prepare(Scale.__init__, grain)(made := Scale.__new__(Scale), 9)
    assert steps_of(call) is None
    assert made.n == 9


@GRAINS
def test_reading_the_variables_leaves_no_trace(grain):
    """What they are at each step, as a copy: changing it changes nothing."""

    def body():
        a = 1
        b = a + 1
        return a, b

    call = prepare(body, grain)()
    seen = []
    with pytest.raises(StopIteration) as end:
        while True:
            call.step()
            variables = call.locals
            if variables not in seen[-1:]:
                seen.append(dict(variables))
            variables["a"] = 100
    assert seen in ([{}, {"a": 1}, {"a": 1, "b": 2}, {}], [{"a": 1}, {"a": 1, "b": 2}, {}])
    assert end.value.value == (1, 2)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a tracer refreshes that dictionary at each event")
@GRAINS
def test_a_dictionary_of_locals_stays_as_it_was_given_out(grain):
    """Neither the steps nor a look at the variables change what a `locals()` in the body has returned."""

    def body():
        a = 1
        found = locals()
        b = 2
        return found

    call = prepare(body, grain)()
    while "b" not in call.locals:
        call.step()
    assert call.run() == {"a": 1}


@GRAINS
def test_an_object_dies_when_the_plain_call_would_let_it(grain):
    """A value that was seen is not kept."""
    if sys.version_info < (3, 12):
        pytest.skip("on 3.11 a traced frame keeps what it held until the next event")
    died = []

    class Thing:
        def __del__(self):
            died.append(True)

    def body():
        thing = Thing()
        thing = None
        return list(died)

    call = prepare(body, grain)()
    assert steps_of(call) == [True]


@GRAINS
def test_partial_arguments_reach_it_by_name(grain):
    """Keywords named like our own parameters pass."""

    def body(self, function, call, **keywords):
        return self, function, call, keywords

    begin = prepare(body, grain)
    assert functools.partial(begin, 1)(function=2, call=3, result=4, over=5).run() == (
        1,
        2,
        3,
        {"result": 4, "over": 5},
    )

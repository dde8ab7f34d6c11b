"""Where a naive rewriting of a function into a generator changes what the function does: one test each."""

import collections
import contextlib
import gc
import inspect
import pickle
import sys
import traceback
import warnings
import weakref

import pytest

from functions.making import made, taken
from instep.functions.statements import prepare, stepped

WAYS = pytest.mark.parametrize(
    "way", [stepped, lambda function: lambda *args: prepare(function)(*args).run()], ids=["stepped", "run"]
)


def names(steps):
    """Give the names of steps."""
    return [step.site.name for step in steps]


# --- StopIteration ---


def stops():
    """Raise what ends an iteration."""
    raise StopIteration("mine")


def does_nothing():
    """Do nothing."""


def stopped_inside():
    """Have a generator inside raise it."""
    return list(stops() for _ in [1])  # noqa: C400


@WAYS
def test_a_stop_iteration_that_leaves_the_body_is_the_original(way):
    """What a generator would make a RuntimeError of comes out as it was raised, cause and context untouched."""
    with pytest.raises(StopIteration) as caught:
        way(stops)()
    assert caught.value.value == "mine"
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "stops"


def test_a_stop_iteration_of_the_body_is_told_from_the_end():
    """`step` raises either; `failed` says which it was."""
    call = prepare(stops)()
    assert call.step().site.name == "raise"
    with pytest.raises(StopIteration):
        call.step()
    assert call.failed
    over = prepare(does_nothing)()
    with pytest.raises(StopIteration):
        over.step()
    assert not over.failed


@WAYS
def test_the_runtime_error_of_a_generator_inside_stays_one(way):
    """Only our own generator's is undone."""
    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        way(stopped_inside)()


@WAYS
def test_a_stop_iteration_keeps_its_context(way):
    """One raised while another exception is handled still says so, even if the caller is handling one too."""

    def function():
        try:
            raise KeyError
        except KeyError:
            raise StopIteration  # noqa: B904

    try:
        raise ValueError
    except ValueError:
        with pytest.raises(StopIteration) as caught:
            way(function)()
    assert type(caught.value.__context__) is KeyError
    assert type(caught.value.__context__.__context__) is ValueError


# --- the depth of the stack ---


@WAYS
def test_the_body_sees_its_real_caller(way):
    """`sys._getframe(1)` and `f_back` are the frame that called, as if nothing were in between."""

    def function():
        frame = sys._getframe(1)
        return frame.f_code.co_name, sys._getframe().f_back is frame

    function = way(function)
    assert (lambda: function())() == ("<lambda>", True) or way is not stepped
    if way is stepped:
        assert function() == ("test_the_body_sees_its_real_caller", True)


def test_a_step_sees_who_takes_it():
    """What a function sees as its caller, step by step, is whoever called `step`."""

    def function():
        caller = sys._getframe(1).f_code.co_name
        return caller  # noqa: RET504

    call = prepare(function)()
    assert call.step().value == "test_a_step_sees_who_takes_it"
    assert prepare(function)().run() == "test_a_step_sees_who_takes_it"


def test_a_warning_is_the_callers():
    """`warnings.warn(stacklevel=2)` names the line that called."""

    def function():
        warnings.warn("look", stacklevel=2)

    function = stepped(function)
    with pytest.warns(UserWarning, match="look") as caught:
        function()
    line = sys._getframe().f_lineno - 1
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_a_named_tuple_finds_its_module():
    """`namedtuple` looks at the frame that calls it."""

    def function():
        return collections.namedtuple("Point", "x y")

    assert stepped(function)().__module__ == __name__


# --- the end of a call ---


def test_close_is_not_stopped_by_a_bare_except():
    """Closing passes `except:` and `except BaseException:`; `finally` runs to its end."""
    seen = []

    def function():
        while True:
            try:
                try:
                    seen.append("body")
                except:  # noqa: E722
                    seen.append("bare")
                finally:
                    seen.append("finally 1")
                    seen.append("finally 2")
            except (ValueError, BaseException):
                seen.append("base")

    call = prepare(function)()
    call.step(), call.step()
    call.close()
    assert seen == ["body", "finally 1", "finally 2"]


def test_close_passes_an_except_star():
    """An `except*` puts what passes into a group; closing ends the function all the same."""
    seen = []

    def function():
        try:
            try:
                seen.append("body")
            except* BaseException:
                seen.append("star")
        except:  # noqa: E722
            seen.append("bare")
        seen.append("after")

    call = prepare(function)()
    call.step()
    call.close()
    assert "star" not in seen
    assert "after" not in seen


def test_a_generator_exit_of_the_bodys_own_is_caught():
    """Only ours passes."""

    def function():
        try:
            raise GeneratorExit
        except GeneratorExit:
            return "caught"

    assert prepare(function)().run() == "caught"


def test_close_in_a_finally_completes_it():
    """A function that is closed while it is cleaning up, cleans up; then it ends."""
    seen = []

    def function():
        try:
            pass
        finally:
            seen.append(1)
            seen.append(2)
        seen.append(3)

    call = prepare(function)()
    call.step(), call.step()
    assert seen == [1]
    call.close()
    assert seen == [1, 2]


def test_close_ends_a_body_that_swallows_everything():
    """A `with` that swallows the closing once, or ten times, doesn't keep the function alive."""
    seen = []

    class Swallow:
        def __enter__(self):
            return None

        def __exit__(self, *_):
            return True

    def function():
        for _ in range(10):
            with Swallow():
                seen.append("step")
        seen.append("after")

    call = prepare(function)()
    call.step(), call.step()
    call.close()
    assert "after" not in seen


def test_close_completes_whatever_ends_a_finally():
    """The last statement of a `finally` may be a loop, a branch or a block: all of it runs, and nothing behind it."""
    for last in (
        "if a: seen.append(2)",
        "if not a: pass\n        else: seen.append(2)",
        "for _ in [1, 2]: seen.append(2)",
        "while True:\n            seen.append(2)\n            break",
        "with a: seen.append(2)",
        "try: seen.append(2)\n        finally: seen.append(3)",
        "try: 1 / 0\n        except ZeroDivisionError: seen.append(2)",
        "match a:\n            case _: seen.append(2)",
        "def g(): seen.append(9)",
        "class C: seen.append(2)",
        "seen.append(2)",
    ):
        source = f"def f(a):\n    try: pass\n    finally:\n        seen.append(1)\n        {last}\n    seen.append(0)\n"
        for count in (1, 2, 3):
            seen, plain = [], []
            call = prepare(made(source, "f", seen=seen))(contextlib.nullcontext())
            made(source, "f", seen=plain)(contextlib.nullcontext())
            for _ in range(count):
                call.step()
            call.close()
            assert seen == plain[:-1], (last, count)


def test_what_a_finally_raises_comes_out_of_close():
    """As for a generator."""

    def function():
        try:
            pass
        finally:
            1 / 0  # noqa: B018

    call = prepare(function)()
    call.step()
    with pytest.raises(ZeroDivisionError):
        call.close()


def test_a_dropped_call_is_closed():
    """Its `finally` blocks run when nobody refers to it any more, and no bare `except` of its body is reached."""
    seen = []

    def function():
        try:
            seen.append("body")
        except:  # noqa: E722
            seen.append("bare")
        finally:
            seen.append("finally")

    call = prepare(function)()
    call.step()
    del call
    gc.collect()
    assert seen == ["body", "finally"]


def test_return_in_a_finally_takes_precedence():
    """It replaces the result, and swallows the exception."""

    def function(fail):
        try:
            if fail:
                raise ValueError
            return "try"
        finally:
            return "finally"  # noqa: B012, SIM107

    for fail in (False, True):
        assert (
            stepped(function)(fail) == prepare(function)(fail).run() == taken(prepare(function)(fail))[1] == "finally"
        )


def test_a_finally_after_a_return_sees_only_the_bodys_variables():
    """The result that waits is in none that `locals()` shows."""

    def function():
        a = 1
        try:
            return a + 1
        finally:
            seen.update(locals())

    seen = {}
    assert stepped(function)() == 2
    assert set(seen) == {"a", "seen"}


def test_nothing_follows_what_leaves():
    """`return`, `raise`, `break` and `continue` are steps, and there is none after them."""

    def function():
        for i in range(3):
            if i == 1:
                continue
            if i == 2:
                break
        try:
            raise ValueError
        except ValueError:
            return "done"

    steps, result = taken(prepare(function)())
    rounds = [["if i == 1", "if i == 2"], ["if i == 1", "continue"], ["if i == 1", "if i == 2", "break"]]
    looped = [name for each in rounds for name in ["for i in range(3)", *each]]
    assert names(steps) == [*looped, "raise", "except ValueError", "return"]
    assert steps[-1].value == result == "done"


# --- tracebacks ---


def fails():
    """Divide by zero in its second line."""
    before = 1
    return before / 0


@WAYS
def test_a_traceback_has_the_original_lines_and_no_frames_of_ours(way):
    """Line, caret and function are the plain function's, directly below the caller's."""

    def lines(function):
        try:
            function()
        except ZeroDivisionError as error:
            return [(each.name, each.lineno, each.colno, each.end_colno) for each in places(error)[-1:]], places(error)

    assert lines(way(fails))[0] == lines(fails)[0]
    ours = {each.filename for each in lines(way(fails))[1]}
    assert ours == {__file__}


def places(error):
    """Give where an exception passed."""
    return list(traceback.extract_tb(error.__traceback__))


def test_a_traceback_of_a_step_has_no_frames_of_ours():
    """It goes from whoever took the step to the body."""
    call = prepare(fails)()
    call.step()
    with pytest.raises(ZeroDivisionError) as caught:
        call.step()
    assert [each.name for each in places(caught.value)] == [
        "test_a_traceback_of_a_step_has_no_frames_of_ours",
        "fails",
    ]


def test_an_exception_makes_no_cycle():
    """What a function raises is gone as soon as nobody handles it, without the garbage collector."""

    class Mine(Exception):
        pass

    def function():
        error = Mine
        raise error("x") from None

    for run in (stepped(function), prepare(function)().run):
        gc.disable()
        try:
            try:
                run()
            except Mine as error:
                reference = weakref.ref(error)
            assert reference() is None
        finally:
            gc.enable()


def loops(n):
    """Loop, and call."""
    x = 0
    for i in range(n):
        x += i
        if x > 5:
            break
    while x:
        x -= 1
    return str(x)


@WAYS
def test_a_tracer_sees_the_plain_functions_lines(way):
    """The sequence of lines is the same, and no event is of a frame that only drives."""

    def lines(function):
        seen = []

        def trace(frame, event, arg):
            if frame.f_code.co_name == "loops" and event == "line":
                seen.append((frame.f_lineno, frame.f_back.f_code.co_name))
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            result = function(5)
        finally:
            sys.settrace(before)
        return result, [line for line, _ in seen], {name for _, name in seen} <= {"lines", "<lambda>"}

    assert lines(way(loops)) == lines(loops)


# --- what a body may contain ---


def test_a_docstring_stays_first():
    """It is no step, and still the docstring."""

    def function():
        """Say so."""

    assert taken(prepare(function)()) == ([], None)
    assert stepped(function).__doc__ == "Say so."


def test_future_statements_hold():
    """A module's `from __future__` means what it meant."""
    function = made(
        '"Doc."\nfrom __future__ import annotations\ndef f():\n    def g(x: no_such_name): pass\n    return g\n', "f"
    )
    assert stepped(function)().__annotations__ == {"x": "no_such_name"}


class Base:
    def hello(self):
        return "base"


class Derived(Base):
    __secret = "secret"

    def hello(self):
        first = super().hello()
        return first, __class__, self.__secret


def test_super_class_and_private_names_work():
    """A method is compiled in its class."""
    expected = "base", Derived, "secret"
    assert stepped(Derived.hello)(Derived()) == expected
    assert taken(prepare(Derived.hello)(Derived()))[1] == expected


def test_locals_are_the_bodys_own():
    """`locals()` shows what it would, at each place."""

    def function(a):
        b = a
        box.x = b
        first = sorted(locals())
        del b
        return first, sorted(locals())

    class box:  # noqa: N801
        pass

    assert stepped(function)(1) == prepare(function)(1).run() == (["a", "b", "box"], ["a", "box", "first"])


def test_a_condition_is_asked_once():
    """`if`, `while`, `and` and `assert` take the truth of a value as often as before."""

    class Truth:
        def __init__(self):
            self.asked = 0

        def __bool__(self):
            self.asked += 1
            return self.asked == 1

    def function(truth, other):
        while truth and other:
            pass
        if not truth:
            return truth.asked, other.asked
        return None

    assert stepped(function)(Truth(), Truth()) == function(Truth(), Truth())


def test_targets_are_evaluated_once():
    """What an attribute or a subscript is set on is not looked up again for the step's value."""
    seen = []

    def find(thing):
        seen.append("found")
        return thing

    def function(things):
        find(things)["a"] = 1
        find(things)["a"] += 1
        find(things)["b"]: int = 3
        return things

    steps, result = taken(prepare(function)({}))
    assert result == {"a": 2, "b": 3}
    assert seen == ["found"] * 3
    assert [step.value for step in steps[::2]] == [1, 3]


def test_arguments_live_no_longer_than_before():
    """A function that drops its argument drops the last reference to it."""

    class Thing:
        pass

    def function(thing):
        reference = weakref.ref(thing)
        del thing
        return reference()

    left = [stepped(function)(Thing()), prepare(function)(Thing()).run()]
    assert left == [None, None]


def test_variables_live_no_longer_than_before():
    """What a statement gave or bound is not kept by us."""

    class Thing:
        pass

    def function():
        thing = Thing()
        reference = weakref.ref(thing)
        thing = None
        first = reference()
        box = Thing()
        box.x = Thing()
        reference = weakref.ref(box.x)
        box.x = None
        return first, reference()

    assert stepped(function)() == prepare(function)().run() == (None, None)


def test_a_bare_raise_reraises_what_the_caller_handles():
    """An exception that is being handled where a function is called is handled inside, too."""

    def function():
        kind = sys.exc_info()[0]
        assert kind is KeyError
        raise

    for run in (stepped(function), prepare(function)().run):
        with contextlib.suppress(KeyError):
            try:
                raise KeyError
            except KeyError:
                run()
                pytest.fail("it was raised")


# --- what a function is ---


def described(a, /, b: int = 2, *rest, c=3, **more) -> str:
    """Describe."""
    return f"{a}{b}{rest}{c}{more}"


described.mark = "mine"


def test_a_stepped_function_looks_like_the_plain_one():
    """Signature, source, names, defaults, annotations, attributes and flags are the same."""
    same = stepped(described)
    assert inspect.signature(same) == inspect.signature(described)
    assert inspect.getsource(same) == inspect.getsource(described)
    for name in (
        "__name__",
        "__qualname__",
        "__module__",
        "__doc__",
        "__defaults__",
        "__kwdefaults__",
        "__annotations__",
    ):
        assert getattr(same, name) == getattr(described, name)
    assert same.mark == "mine"
    assert same.__globals__ is described.__globals__
    for name in ("co_flags", "co_firstlineno", "co_filename", "co_argcount", "co_name", "co_qualname", "co_freevars"):
        assert getattr(same.__code__, name) == getattr(described.__code__, name)
    assert same(1, 5, 6, c=7, d=8) == described(1, 5, 6, c=7, d=8)


@stepped
def pickled(x):
    """Add one."""
    result = x + 1
    return result  # noqa: RET504


def test_a_stepped_function_is_pickled_by_name():
    """It is found in its module like any function."""
    assert pickle.loads(pickle.dumps(pickled)) is pickled


def test_wrong_arguments_fail_at_the_call():
    """With the plain call's error, and nothing run."""
    for call in (prepare(described), stepped(described)):
        with pytest.raises(TypeError) as plain:
            described()
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == str(plain.value)


def test_cells_and_globals_are_the_functions_own():
    """What a step binds in a closure or a module, the function's other users see."""

    def outer():
        count = 0

        def add():
            nonlocal count
            count += 1
            return count

        return add, lambda: count

    add, read = outer()
    call = prepare(add)()
    assert call.step().value == 1
    assert read() == 1
    assert stepped(add)() == read() == 2
    assert stepped(add).__closure__ == add.__closure__


# --- recursion ---


def down(n):
    """Go down, and count on the way up."""
    if n == 0:
        return 0
    return down(n - 1) + 1


def room():
    """Give how many frames still fit."""
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return sys.getrecursionlimit() - depth


def test_recursion_goes_as_deep():
    """A call that fits plain fits when its own frame alone is stepped."""
    deep = room() - 30
    assert prepare(down)(deep).run() == down(deep) == deep


def test_recursion_in_steps_goes_as_deep():
    """A function whose every call is stepped goes as deep as the plain one, and the limit is afterwards what it was."""
    function = made("def down(n):\n    if n == 0:\n        return 0\n    return down(n - 1) + 1\n")
    plain = function.__globals__["down"]
    deep, limit = room() - 30, sys.getrecursionlimit()
    assert plain(deep) == deep
    function.__globals__["down"] = stepped(function)
    assert function.__globals__["down"](deep) == deep
    assert sys.getrecursionlimit() == limit


def test_endless_recursion_ends():
    """It is a RecursionError, and the limit is afterwards what it was."""
    function = made("def endless():\n    x = 1\n    return endless()\n")
    function.__globals__["endless"] = stepped(function)
    limit = sys.getrecursionlimit()
    with pytest.raises(RecursionError):
        function.__globals__["endless"]()
    assert sys.getrecursionlimit() == limit

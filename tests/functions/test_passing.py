"""Generator functions and `async def` in steps: their own yields and awaits pass through, our pauses do not."""

import asyncio
import contextlib
import gc
import inspect
import sys
import traceback
import types
import warnings
import weakref
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.making import made, taken
from functions.programs import COMPOUND, SIMPLE, World, Writer, described, programs
from instep.functions.statements import prepare, stepped


def echo(n):
    """Give back what is sent."""
    got = []
    for i in range(n):
        got.append((yield i))  # noqa: PERF401
    more = yield from inner()
    return got, more


def inner():
    """Yield once."""
    one = yield "inner"
    return one


class Yielding(Writer):
    """Writes bodies that yield."""

    def write_yield(self, indent, depth, loop, leave):
        a = self.pick(*"abc")
        self.put(
            indent, self.pick("yield", f"yield {a}", f"{a} = yield", "note((yield 5))", f"{a} = yield from [1, 2]")
        )


@st.composite
def yielding(draw):
    """Write a generator function."""
    writer = Yielding(draw, ("yield", "yield", *SIMPLE), COMPOUND)
    writer.put(0, "def program(a, b=2, *, c=3):")
    writer.block(1, 3, loop=False)
    writer.put(1, "yield 'last'")
    return "\n".join(writer.lines) + "\n"


def conversation(source, make, moves):
    """Drive a generator by some moves; say everything that can be observed."""
    world, seen = World(), []
    function = made(source, "program", **world.names())
    generator = make(function)(1)
    for move, value in moves:
        try:
            if move == "send":
                seen.append(generator.send(value if seen else None))
            elif move == "throw":
                seen.append(generator.throw(value))
            else:
                seen.append(generator.close())
        except BaseException as error:
            seen.append(described(error, function.__code__.co_filename))
    for _ in range(100):  # it may go on when it is closed; what it raised when it is dropped would be a warning
        with contextlib.suppress(BaseException):
            generator.close()
    return repr((seen, world.seen, world.items, world.box.x))


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from([None, 1, "x"])),
        st.tuples(st.just("send"), st.just(None)),
        st.tuples(st.just("throw"), st.sampled_from([ValueError, KeyError, GeneratorExit, StopIteration])),
        st.tuples(st.just("close"), st.none()),
    ),
    max_size=8,
)


@given(yielding(), MOVES)
@settings(max_examples=60, deadline=None)
def test_a_generator_behaves_as_the_plain_one(source, moves):
    """`next`, `send`, `throw`, `close`: the same items, results, exceptions and effects."""
    if moves and moves[0][0] != "send":
        moves = [("send", None), *moves]  # thrown in before the start, an exception has another line
    assert conversation(source, stepped, moves) == conversation(source, lambda function: function, moves)


def test_a_stepped_generator_function_is_one():
    """And what it gives is a generator, of that name."""
    same = stepped(echo)
    assert inspect.isgeneratorfunction(same)
    assert inspect.signature(same) == inspect.signature(echo)
    generator = same(1)
    assert type(generator) is types.GeneratorType
    assert (generator.__name__, generator.__qualname__) == ("echo", "echo")
    assert inspect.getgeneratorstate(generator) == "GEN_CREATED"


def test_items_messages_and_the_return_value_pass():
    """As through `yield from`."""

    def outer():
        return (yield from stepped(echo)(2))

    generator = outer()
    assert [next(generator), generator.send("a"), generator.send("b")] == [0, 1, "inner"]
    with pytest.raises(StopIteration) as end:
        generator.send("c")
    assert end.value.value == (["a", "b"], "c")


def test_wrong_arguments_fail_at_the_call():
    """Before the first item."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'n'"):
        stepped(echo)()


def test_items_and_messages_live_no_longer_than_before():
    """Nothing that passes is kept."""

    class Thing:
        pass

    @stepped
    def function():
        got = yield Thing()
        reference = weakref.ref(got)
        del got
        yield reference

    generator = function()
    item = weakref.ref(next(generator))
    assert item() is None
    reference = generator.send(Thing())
    assert reference() is None


def test_a_context_manager_made_of_a_stepped_generator():
    """Exceptions are thrown in and come out as before."""
    seen = []

    @contextlib.contextmanager
    @stepped
    def manager():
        try:
            yield 5
        except KeyError:
            seen.append("caught")
        finally:
            seen.append("left")

    with manager() as value:
        assert value == 5
        raise KeyError
    with pytest.raises(ValueError, match="mine"), manager():
        raise ValueError("mine")
    assert seen == ["caught", "left", "left"]


def test_a_dropped_generator_is_closed():
    """Its `finally` runs through its pauses."""
    seen = []

    @stepped
    def function():
        try:
            yield 1
        finally:
            seen.append(1)
            seen.append(2)

    next(function())
    gc.collect()
    assert seen == [1, 2]


def test_a_traceback_has_no_frames_of_ours():
    """It goes from whoever took the item to the body."""

    def function():
        yield 1
        raise KeyError

    generator = stepped(function)()
    next(generator)
    with pytest.raises(KeyError) as caught:
        next(generator)
    assert [each.name for each in traceback.extract_tb(caught.value.__traceback__)] == [
        "test_a_traceback_has_no_frames_of_ours",
        "function",
    ]


def test_a_stop_iteration_in_a_generator_is_an_error():
    """As in any generator."""

    def function():
        yield 1
        raise StopIteration

    for run in (lambda: list(stepped(function)()), prepare(function)().run):
        with pytest.raises(RuntimeError, match="generator raised StopIteration"):
            run()


def test_what_a_generators_body_sees_as_its_caller():
    """One frame more, of the same name and file as its own: that of the generator that stands for it."""

    def function():
        frame = sys._getframe(1)
        yield frame.f_code.co_name, frame.f_code.co_filename, frame.f_back.f_code.co_name

    assert next(stepped(function)()) == (
        "function",
        __file__,
        "test_what_a_generators_body_sees_as_its_caller",
    )


# --- its steps ---


def test_a_yield_is_a_step_and_the_rest_of_its_statement_another():
    """The very object yielded is its value; it receives None."""
    thing = object()

    def function():
        x = yield thing
        yield
        return x

    steps, result = taken(prepare(function)())
    assert [(step.site.name, step.value) for step in steps] == [
        ("yield", thing),
        ("x", None),
        ("yield", None),
        ("yield", None),
        ("return", None),
    ]
    assert result is None
    assert steps[0].site.source == "yield thing"


def test_running_a_generator_function_takes_all_its_items():
    """And gives its return value."""
    assert prepare(echo)(3).run() == ([None] * 3, None)


def test_closing_at_a_yield_is_the_generators_own_business():
    """There, its handlers are those of a generator; elsewhere, none stops it."""
    seen = []

    def function():
        try:
            yield 1
        except GeneratorExit:
            seen.append("exit")
            raise
        finally:
            seen.append("finally")

    call = prepare(function)()
    call.step()
    call.close()
    assert seen == ["exit", "finally"]


def test_a_generator_that_goes_on_when_it_is_closed_is_an_error():
    """As in Python."""

    def function():
        with contextlib.suppress(GeneratorExit):
            yield 1
        yield 2

    call = prepare(function)()
    call.step(), call.step()
    with pytest.raises(RuntimeError, match="generator ignored GeneratorExit"):
        call.close()
    call.close()


# --- async def ---


class Ready:
    """Can be awaited: hands over a value, and gives what it is sent."""

    def __init__(self, value):
        self.value = value

    def __await__(self):
        return (yield self.value)


async def waits(x):
    """Await twice."""
    first = await Ready(x)
    try:
        second = await Ready(first)
    finally:
        await asyncio.sleep(0)
    return first, second


def test_a_stepped_coroutine_function_is_one():
    """And what it gives is a coroutine; what it awaits is handed to whoever drives it."""
    same = stepped(waits)
    assert inspect.iscoroutinefunction(same)
    coroutine = same(1)
    assert type(coroutine) is types.CoroutineType
    assert [coroutine.send(None), coroutine.send("a"), coroutine.send("b")] == [1, "a", None]
    with pytest.raises(StopIteration) as end:
        coroutine.send(None)
    assert end.value.value == ("a", "b")


def test_a_stepped_coroutine_function_runs_in_a_loop():
    """With tasks, cancellation and time-outs."""
    seen = []

    @stepped
    async def sleeps():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned")

    async def main():
        task = asyncio.create_task(sleeps())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.gather(*(stepped(comprehends)(n) for n in range(3)))

    assert asyncio.run(main()) == [[], [0], [0, 1]]
    assert seen == ["cancelled", "cleaned"]


async def counts(n):
    """Count asynchronously."""
    for i in range(n):
        await asyncio.sleep(0)
        got = yield i
        if got:
            yield got


async def comprehends(n):
    """Use what is asynchronous."""
    async with asyncio.Lock():
        found = [i async for i in stepped(counts)(n)]
    result = []
    async for i in counts(n):
        result.append(i)  # noqa: PERF401
    assert found == result
    return result


def test_a_stepped_asynchronous_generator_is_one():
    """Items, messages, exceptions and its closing pass."""
    assert inspect.isasyncgenfunction(stepped(counts))

    async def main():
        generator = stepped(counts)(3)
        assert type(generator) is types.AsyncGeneratorType
        items = [await anext(generator), await generator.asend("sent"), await anext(generator)]
        with pytest.raises(KeyError):
            await generator.athrow(KeyError)
        closed = stepped(counts)(3)
        await anext(closed)
        await closed.aclose()
        return items

    assert asyncio.run(main()) == [0, "sent", 1]


def test_a_coroutine_that_is_never_awaited_warns_once():
    """As the plain one does."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stepped(waits)(1)
        gc.collect()
    assert [str(each.message) for each in caught] == ["coroutine 'waits' was never awaited"]


@pytest.mark.parametrize("head", ["async def f():\n    raise StopIteration(1)\n", "async def f():\n    1 / 0\n"])
def test_an_exception_of_a_coroutine_is_the_plain_one(head):
    """Its type, arguments and lines."""
    function = made(head)

    def failed(run):
        with pytest.raises((RuntimeError, ZeroDivisionError)) as caught:
            run().send(None)
        return described(caught.value, function.__code__.co_filename)

    assert failed(stepped(function)) == failed(function) == failed(prepare(function)().run)


def test_the_steps_of_a_coroutine_function():
    """Its awaits pass to the loop; they are no steps of their own."""

    async def main():
        call = prepare(waits)(3)
        steps = [await call.step() for _ in range(4)]
        with pytest.raises(StopAsyncIteration) as end:
            await call.step()
        return [step.site.name for step in steps], end.value.args

    driver = main()
    assert [driver.send(None), driver.send("a"), driver.send("b")] == [3, "a", None]
    with pytest.raises(StopIteration) as end:
        driver.send(None)
    names = ["first", "second", "await asyncio.sleep(0)", "return"]
    assert end.value.value == (names, (("a", "b"),))


def test_closing_an_asynchronous_call():
    """Its `finally` may await; no handler of its body stops it."""
    seen = []

    async def function():
        try:
            seen.append("body")
        except BaseException:
            seen.append("caught")
        finally:
            await asyncio.sleep(0)
            seen.append("finally")
        seen.append("after")

    async def main():
        call = prepare(function)()
        await call.step()
        assert set(call.locals) == {"seen"}
        await call.close()
        return call.locals

    assert asyncio.run(main()) == {}
    assert seen == ["body", "finally"]


def began(function):
    """Take the first step of an asynchronous call, in a loop of its own."""
    call = prepare(function)()
    asyncio.run(call.step())
    return call


def test_a_dropped_asynchronous_call_is_closed():
    """The whole of its `finally` runs, up to an `await`; no bare `except` of its body is reached."""
    seen = []

    async def function():
        try:
            seen.append("body")
        except:  # noqa: E722
            seen.append("bare")
        finally:
            seen.append("one")
            seen.append("two")
            await asyncio.sleep(0)
            seen.append("behind it")

    began(function)
    assert seen == ["body", "one", "two"]


def test_a_dropped_asynchronous_call_that_can_not_be_closed():
    """Its `finally` awaits again and again, and swallows whatever it gets there: that ends."""
    seen = []

    async def function():
        try:
            seen.append("body")
        finally:
            while True:
                with contextlib.suppress(BaseException):
                    await asyncio.sleep(0)

    began(function)
    assert seen == ["body"]


def test_what_a_finally_of_a_dropped_asynchronous_call_raises_is_told(monkeypatch):
    """As of anything that raises where nobody can catch it."""
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_type))

    async def function():
        try:
            return 1
        finally:
            raise ValueError

    began(function)
    assert told == [ValueError]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_call_that_its_own_body_refers_to_is_closed(kind, monkeypatch):
    """The garbage collector finds the two; what is closed is the call, not its body as a generator."""
    told, seen, owner = [], [], SimpleNamespace()
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_value))
    source = f"""
        {kind} function(owner):
            try:
                seen.append("body")
            except BaseException:
                seen.append("caught")
            finally:
                seen.append("one")
                seen.append("two")
    """
    owner.call = prepare(made(source, seen=seen))(owner)
    first = owner.call.step()
    if kind == "async def":
        asyncio.run(first)
    del owner, first
    gc.collect()
    assert (seen, told) == (["body", "one", "two"], [])


@given(programs(head="async def program(a, b=2, *, c=3):"))
@settings(max_examples=40, deadline=None)
def test_a_coroutine_does_the_same_in_steps(source):
    """Result, exceptions and effects of any body."""

    def observed(run):
        world = World()
        function = made(source, "program", **world.names())
        try:
            run(function).send(None)
        except StopIteration as end:
            ending = repr(end.value)
        except BaseException as error:
            ending = described(error, function.__code__.co_filename)
        return repr((ending, world.seen, world.items, world.box.x))

    plain = observed(lambda function: function(1))
    assert observed(lambda function: stepped(function)(1)) == plain
    assert observed(lambda function: prepare(function)(1).run()) == plain

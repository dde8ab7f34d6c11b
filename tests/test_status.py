"""Seventy-seven ways to leave a loop, and the status that each gives; also under a tracer and a monitoring tool."""

import asyncio
import contextlib
import gc
import inspect
import itertools
import signal
import sys

import pytest

from instep import track

# The cases are odd on purpose.
# ruff: noqa: B007, B012, B015, B018, B905, C400, C416, C417, D103, F401, F821, F841, PT015, RET503, RUF059, UP028


CASES = {}
KEPT = []


def leaving(status, *, rather=None):
    """A way to leave a loop that gives this status; `rather` is the one it had better give, could CPython tell."""
    assert rather != status

    def register(function):
        assert function.__name__ not in CASES
        CASES[function.__name__] = status, function
        return function

    return register


@leaving("finished")
def exhausted(track_some):
    for x in track_some():
        pass


@leaving("stopped")
def break_it(track_some):
    for x in track_some():
        if x == 2:
            break


@leaving("stopped")
def break_first(track_some):
    for x in track_some():
        break


@leaving("stopped")
def return_const(track_some):
    for x in track_some():
        return 1


@leaving("stopped")
def return_var(track_some):
    for x in track_some():
        return x


@leaving("stopped")
def return_call(track_some):
    for x in track_some():
        return str(x)


@leaving("stopped")
def return_in_with(track_some):
    with contextlib.nullcontext():
        for x in track_some():
            return str(x)


@leaving("stopped")
def return_in_inner_with(track_some):
    for x in track_some():
        with contextlib.nullcontext():
            return str(x)


@leaving("stopped")
def break_in_inner_with(track_some):
    for x in track_some():
        with contextlib.nullcontext():
            break


@leaving("stopped")
def break_in_try_finally(track_some):
    for x in track_some():
        try:
            break
        finally:
            str(x)


@leaving("stopped")
def return_in_try_finally(track_some):
    for x in track_some():
        try:
            return x
        finally:
            str(x)


@leaving("stopped")
def break_in_except(track_some):
    for x in track_some():
        try:
            1 / 0
        except ZeroDivisionError:
            break


@leaving("stopped")
def return_in_except(track_some):
    for x in track_some():
        try:
            1 / 0
        except ZeroDivisionError as e:
            return str(e)


@leaving("stopped")
def return_in_finally(track_some):
    for x in track_some():
        try:
            1 / 0
        finally:
            return 3


@leaving("stopped")
def break_nested(track_some):
    for y in [1]:
        for x in track_some():
            break


@leaving("stopped")
def return_from_two(track_some):
    for y in [1]:
        for x in track_some():
            return y


@leaving("stopped")
def break_match(track_some):
    for x in track_some():
        match x:
            case 1:
                break


@leaving("failed")
def raise_it(track_some):
    for x in track_some():
        raise ValueError


@leaving("failed")
def raise_call(track_some):
    for x in track_some():
        int("x")


@leaving("failed")
def raise_attr(track_some):
    for x in track_some():
        x.foo


@leaving("failed")
def raise_binop(track_some):
    for x in track_some():
        x + "a"


@leaving("failed")
def raise_name(track_some):
    for x in track_some():
        foo


@leaving("failed")
def raise_unpack(track_some):
    for a, b in track_some():
        pass


@leaving("failed")
def raise_caught_outside_same_frame(track_some):
    try:
        for x in track_some():
            1 / 0
    except ZeroDivisionError:
        pass


@leaving("failed")
def raise_in_with(track_some):
    for x in track_some():
        with contextlib.nullcontext():
            1 / 0


@leaving("failed")
def raise_outer_with(track_some):
    with contextlib.suppress(ZeroDivisionError):
        for x in track_some():
            1 / 0


@leaving("failed")
def raise_try_finally(track_some):
    for x in track_some():
        try:
            1 / 0
        finally:
            str(x)


@leaving("failed")
def raise_reraise(track_some):
    for x in track_some():
        try:
            1 / 0
        except ZeroDivisionError:
            raise


@leaving("failed")
def raise_from(track_some):
    for x in track_some():
        try:
            1 / 0
        except ZeroDivisionError as e:
            raise KeyError from e


@leaving("failed")
def raise_assert(track_some):
    for x in track_some():
        assert 0


@leaving("stopped", rather="failed")
def raise_del(track_some):
    for x in track_some():
        del x
        del x


@leaving("failed")
def raise_store_attr(track_some):
    for x in track_some():
        x.a = 1


@leaving("failed")
def raise_store_sub(track_some):
    for x in track_some():
        x[0] = 1


@leaving("failed")
def raise_import(track_some):
    for x in track_some():
        import nosuchmod


@leaving("failed")
def source_raises(track_some):
    def g():
        yield 1
        1 / 0

    for x in track_some(g()):
        pass


@leaving("failed")
def source_raises_first(track_some):
    def g():
        1 / 0
        yield 1

    for x in track_some(g()):
        pass


@leaving("failed")
def raise_two_levels(track_some):
    for y in [1]:
        for x in track_some():
            1 / 0


@leaving("finished")
def tolist(track_some):
    list(track_some())


@leaving("finished")
def listcomp(track_some):
    [x for x in track_some()]


@leaving("failed")
def listcomp_raises(track_some):
    [1 / 0 for x in track_some()]


@leaving("stopped", rather="failed")
def genexp_raises(track_some):
    list(1 / 0 for x in track_some())


@leaving("stopped")
def genexp_any(track_some):
    any(x == 2 for x in track_some())


@leaving("stopped")
def any_direct(track_some):
    any(track_some())


@leaving("stopped")
def contains(track_some):
    2 in track_some()


@leaving("finished")
def setcomp(track_some):
    {x for x in track_some()}


@leaving("stopped")
def islice_(track_some):
    list(itertools.islice(track_some(), 2))


@leaving("stopped")
def zip_shorter(track_some):
    list(zip(track_some(), [1]))


@leaving("finished")
def zip_longer(track_some):
    list(zip(track_some(), range(10)))


@leaving("stopped")
def next_drop(track_some):
    i = iter(track_some())
    next(i)
    del i


@leaving("stopped")
def next_ret(track_some):
    i = iter(track_some())
    next(i)


@leaving("stopped")
def unpack_star(track_some):
    a, *b = itertools.islice(track_some(), 2)


@leaving("finished")
def unpack_star_all(track_some):
    a, *b = track_some()


@leaving("stopped")
def unpack_too_many(track_some):
    a, b = track_some()


@leaving("finished")
def yieldfrom(track_some):
    def g():
        yield from track_some()

    list(g())


@leaving("stopped")
def yieldfrom_closed(track_some):
    def g():
        yield from track_some()

    for x in g():
        break


@leaving("stopped")
def gen_closed(track_some):
    def g():
        for x in track_some():
            yield x

    for x in g():
        break


@leaving("stopped")
def gen_close_explicit(track_some):
    def g():
        for x in track_some():
            yield x

    i = g()
    next(i)
    i.close()


@leaving("stopped", rather="failed")
def gen_throw(track_some):
    def g():
        for x in track_some():
            yield x

    i = g()
    next(i)
    i.throw(ValueError)


@leaving("failed")
def gen_body_raises(track_some):
    def g():
        for x in track_some():
            yield x
            1 / 0

    list(g())


@leaving("stopped")
def gen_cycle(track_some):
    def g():
        me = i
        for x in track_some():
            yield x

    i = g()
    next(i)
    del i
    gc.collect()


@leaving("failed")
async def await_raises(track_some):
    async def f():
        await asyncio.sleep(0)
        1 / 0

    for x in track_some():
        await f()


@leaving("failed")
async def await_raises_direct(track_some):
    async def f():
        1 / 0

    for x in track_some():
        await f()


@leaving("failed")
async def await_future_raises(track_some):
    for x in track_some():
        fut = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(fut.set_exception, ValueError())
        await fut


@leaving("failed", rather="stopped")
async def cancelled(track_some):
    async def w():
        for x in track_some():
            await asyncio.sleep(10)

    t = asyncio.create_task(w())
    await asyncio.sleep(0)
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        pass


@leaving("stopped")
async def async_break(track_some):
    for x in track_some():
        await asyncio.sleep(0)
        break


@leaving("stopped")
async def async_ret_with(track_some):
    async with asyncio.timeout(None):
        for x in track_some():
            await asyncio.sleep(0)
            return x


@leaving("stopped")
async def asyncgen_break(track_some):
    async def ag():
        for x in track_some():
            yield x

    a = ag()
    async for y in a:
        break
    await a.aclose()


@leaving("failed")
def sysexit(track_some):
    for x in track_some():
        sys.exit()


@leaving("failed", rather="interrupted")
def ctrl_c(track_some):
    pass
    for x in track_some():
        signal.raise_signal(signal.SIGINT)
        str(x)


@leaving("stopped")
def var_held_break_del(track_some):
    it = iter(track_some())
    for x in it:
        break
    del it


@leaving("running")
def var_held_break(track_some):
    it = iter(track_some())
    KEPT.append(it)
    for x in it:
        break


@leaving("stopped")
def break_once_more(track_some):
    for x in track_some():
        break


@leaving("stopped")
def class_body(track_some):
    class A:
        for x in track_some():
            break


@leaving("failed")
def deep_ext(track_some):
    exec(
        compile("for x in t:\n " + "\n ".join(f"a{i}=1" for i in range(400)) + "\n 1/0", "<s>", "exec"),
        {"t": track_some()},
    )


@leaving("stopped")
def deep_ext_break(track_some):
    exec(
        compile("for x in t:\n " + "\n ".join(f"a{i}=1" for i in range(400)) + "\n break", "<s>", "exec"),
        {"t": track_some()},
    )


@leaving("stopped")
def reduce_map(track_some):
    for a in map(lambda x: x, track_some()):
        break


@leaving("stopped")
def while_next(track_some):
    t = track_some()
    while True:
        if next(t) == 2:
            break
    t.close()


def status_after(function):
    """Leave a loop that way; gives the status, though the Track lives on."""
    tracks = []

    def track_some(items=(1, 2, 3, 4)):
        tracks.append(track(list(items) if isinstance(items, tuple) else items))
        return tracks[-1]

    try:
        result = function(track_some)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except BaseException:  # whatever it was: it has left the loop
        pass
    return tracks[0].status


@pytest.fixture(autouse=True)
def _nothing_kept():
    """What a case keeps is let go after its test."""
    yield
    KEPT.clear()


@pytest.mark.parametrize("name", CASES)
def test_the_status_tells_how_a_loop_was_left(name):
    """At once, while the Track itself lives on; wrong only where CPython doesn't tell."""
    status, function = CASES[name]
    assert status_after(function) == status


@pytest.mark.parametrize("name", CASES)
def test_the_status_is_right_under_a_tracer(name):
    """A debugger or coverage tool that traces every line and opcode changes nothing."""

    def trace(frame, event, argument):
        frame.f_trace_opcodes = True
        return trace

    status, function = CASES[name]
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        found = status_after(function)
    finally:
        sys.settrace(before)
    assert found == status


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize("name", CASES)
def test_the_status_is_right_under_a_monitoring_tool(name):
    """sys.monitoring rewrites the opcodes of what runs; the status is read right nevertheless."""
    monitoring = sys.monitoring
    events = monitoring.events
    watched = (
        events.LINE
        | events.BRANCH
        | events.CALL
        | events.JUMP
        | events.INSTRUCTION
        | events.PY_RETURN
        | events.PY_YIELD
    )
    tool = next(number for number in (3, 4) if monitoring.get_tool(number) is None)
    monitoring.use_tool_id(tool, "test")
    for event in (getattr(events, name) for name in dir(events) if name.isupper()):
        if event & watched:
            monitoring.register_callback(tool, event, lambda *_: None)
    monitoring.set_events(tool, watched)
    status, function = CASES[name]
    try:
        found = status_after(function)
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    assert found == status

"""Steppers beside and inside each other, and beside debuggers, coverage tools, profilers: nobody disturbs anybody."""
# ruff: noqa: D103, RET504

import bdb
import sys
import threading

import pytest

from functions.driving import steps_of, taken
from instep.errors import InstepError
from instep.functions.instructions import prepare

GRAINS = ["bytecode", "line"]
monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring begins with Python 3.12")


def total(numbers):
    found = 0
    for number in numbers:
        found += number
    return found


def countdown(n):
    if n == 0:
        return 0
    below = countdown(n - 1)
    return below + 1


def outer(numbers):
    inner = prepare(total, "bytecode")(numbers)
    first = [inner.step().site.name for _ in range(3)]
    rest = inner.run()
    return first, rest


def names(steps):
    return [(step.site.name, step.site.line) for step in steps]


@pytest.mark.parametrize("grain", GRAINS)
def test_two_calls_of_one_function_taken_alternately(grain):
    """Each has the steps and the result that it has alone."""
    begin = prepare(total, grain)
    alone = [taken(begin([1, 2, 3])), taken(begin([4, 5]))]
    calls = [begin([1, 2, 3]), begin([4, 5])]
    steps, results = [[], []], [None, None]
    while None in results:
        for which, call in enumerate(calls):
            if results[which] is None:
                try:
                    steps[which].append(call.step())
                except StopIteration as end:
                    results[which] = end.value
    assert [(names(got), result) for got, result in zip(steps, results, strict=True)] == [
        (names(got), result) for got, result in alone
    ]


@pytest.mark.parametrize("grain", GRAINS)
def test_calls_of_both_grains_of_one_function(grain):
    """One by lines and one by instructions: neither pauses at the other's steps."""
    other = "line" if grain == "bytecode" else "bytecode"
    alone = [names(taken(prepare(total, each)([1, 2]))[0]) for each in (grain, other)]
    first, second = prepare(total, grain)([1, 2]), prepare(total, other)([1, 2])
    begun = [first.step(), first.step()]
    between = taken(second)[0]
    assert [names(begun + taken(first)[0]), names(between)] == alone


@pytest.mark.parametrize("grain", GRAINS)
def test_plain_calls_between_the_steps_are_plain(grain):
    """The same function, called as it is while a stepper of it is paused, runs through."""
    call = prepare(total, grain)([1, 2])
    call.step()
    assert total([3, 4]) == 7
    call.step()
    assert [total([n]) for n in range(3)] == [0, 1, 2]
    assert call.run() == 3


@pytest.mark.parametrize("grain", GRAINS)
def test_a_recursive_call_is_part_of_a_step(grain):
    """Only the outermost call is stepped."""
    steps, result = taken(prepare(countdown, grain)(5))
    assert result == 5
    once = taken(prepare(countdown, grain)(1))[0]
    assert names(steps) == names(once)


@pytest.mark.parametrize("grain", GRAINS)
def test_a_stepper_inside_a_stepped_function(grain):
    """The inner one's steps pause the inner call only."""
    first = names(taken(prepare(total, "bytecode")([1, 2]))[0])[:3]
    steps, result = taken(prepare(outer, grain)([1, 2]))
    assert result == ([name for name, _ in first], 3)
    assert len(steps) > 3


def test_a_paused_call_is_taken_on_by_another_stepped_function():
    """A call that was begun outside is stepped inside of another one's body, and again outside."""
    begin = prepare(total, "line")
    call = begin([1, 2, 3])
    seen = [call.step()]

    def go_on():
        seen.append(call.step())
        seen.append(call.step())

    steps_of(prepare(go_on, "bytecode")())
    rest, result = taken(call)
    assert result == 6
    assert names(seen + rest) == names(taken(begin([1, 2, 3]))[0])


@pytest.mark.parametrize("grain", GRAINS)
def test_many_threads_step_the_same_function(grain):
    """Each thread sees the steps of its own call only."""
    expected = [names(taken(prepare(total, grain)(range(n)))[0]) for n in range(8)]
    found = {}
    ready = threading.Barrier(8)

    def work(n):
        call = prepare(total, grain)(range(n))
        ready.wait()
        steps, result = taken(call)
        found[n] = names(steps), result

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n] for n in range(8)] == [(expected[n], sum(range(n))) for n in range(8)]


@pytest.mark.parametrize("grain", GRAINS)
def test_a_paused_call_stays_in_its_thread(grain):
    """Taking or closing it in another thread is an error that says so; it goes on in its own."""
    call = prepare(total, grain)([1, 2])
    call.step()
    errors = []

    def elsewhere():
        for act in call.step, call.run, call.close:
            with pytest.raises(InstepError) as caught:
                act()
            errors.append(str(caught.value))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(errors) == 3
    assert all("total() is paused in another thread" in error for error in errors)
    assert call.run() == 3


def recorded(events):
    """A tracer that writes down what it is told about `total` and `double`."""

    def trace(frame, event, argument):
        if frame.f_code.co_name not in ("total", "double", "twice"):
            return None
        events.append((frame.f_code.co_name, event, frame.f_lineno))
        return trace

    return trace


def double(n):
    return n * 2


def twice(numbers):
    found = 0
    for number in numbers:
        found += double(number)
    return found


@pytest.mark.parametrize("grain", GRAINS)
def test_a_tracer_sees_the_lines_of_a_stepped_function(grain):
    """A `sys.settrace` tracer sees each line as often as in a plain call, callees as well, and it stays set."""
    plain, stepped = [], []
    sys.settrace(recorded(plain))
    twice([1, 2])
    sys.settrace(tracer := recorded(stepped))
    try:
        steps, result = taken(prepare(twice, grain)([1, 2]))
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(None)
    assert result == 6
    assert names(steps) == names(taken(prepare(twice, grain)([1, 2]))[0])
    assert [each for each in stepped if each[1] == "line"] == [each for each in plain if each[1] == "line"]
    assert [each for each in stepped if each[0] == "double"] == [each for each in plain if each[0] == "double"]


@pytest.mark.parametrize("grain", GRAINS)
def test_to_a_tracer_a_pause_looks_like_a_yield(grain):
    """It is told `return` when a call is left and `call` when it goes on, so that what counts on pairs stays right."""
    depth = 0
    depths = []

    def trace(frame, event, _):
        nonlocal depth
        if frame.f_code is total.__code__:
            depth += {"call": 1, "return": -1}.get(event, 0)
        return trace

    call = prepare(total, grain)([1, 2])
    sys.settrace(trace)
    try:
        for _ in range(4):
            call.step()
            depths.append(depth)
        call.run()
        depths.append(depth)
    finally:
        sys.settrace(None)
    assert depths == [0] * 5


@pytest.mark.parametrize("grain", GRAINS)
def test_a_tracer_set_between_two_steps_sees_what_comes_then(grain):
    """Lines before are not told, lines after are; and a tracer that is taken away is told no more."""
    events = []
    call = prepare(total, grain)([1, 2])
    call.step()
    call.step()
    sys.settrace(recorded(events))
    try:
        call.step()
    finally:
        sys.settrace(None)
    during = len(events)
    assert during > 0
    assert call.run() == 3
    assert len(events) == during


class Pushy:
    """A tracer that puts itself in the place of whoever calls it, as one written in C does."""

    def __init__(self):
        self.lines = []

    def __call__(self, frame, event, _):
        if event == "call":
            sys.settrace(self)
            frame.f_trace = self
        if event == "line" and frame.f_code in (twice.__code__, double.__code__):
            self.lines.append((frame.f_code.co_name, frame.f_lineno))
        return self


@pytest.mark.parametrize("grain", GRAINS)
def test_a_tracer_that_pushes_itself_forward(grain):
    """It sees all lines of two calls that are taken alternately, and both are still paused at each step."""
    plain, pushy = Pushy(), Pushy()
    begin = prepare(twice, grain)
    expected = names(taken(begin([1, 2]))[0])
    sys.settrace(plain)
    twice([1, 2])
    sys.settrace(pushy)
    try:
        first, second = begin([1, 2]), begin([1, 2])
        steps = [call.step() for _ in expected for call in (first, second)]
    finally:
        sys.settrace(None)
    assert names(steps[::2]) == names(steps[1::2]) == expected
    assert sorted(pushy.lines) == sorted(plain.lines * 2)


def sets_a_tracer(tracer, act=sys.settrace):
    a = 1
    act(tracer)
    b = 2
    c = a + b
    return c


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_tracer_set_inside(grain, everywhere):
    """Each step all the same, or an error that says from where on there were none; `run` needs none."""

    def tracer(frame, event, _):
        return tracer

    def invasive(frame, event, _):
        frame.f_back.f_trace = tracer  # as `breakpoint()` does
        return tracer

    expected = names(taken(prepare(sets_a_tracer, grain)(None, id))[0])
    call, steps = prepare(sets_a_tracer, grain)(invasive if everywhere else tracer), []
    try:
        result = steps_of(call, steps)
        assert names(steps) == expected
    except InstepError as error:
        assert "without pausing after line" in str(error)  # noqa: PT017
        assert names(steps) == expected[: len(steps)]
        result = call.run()
    finally:
        sys.settrace(None)
    assert result == 3
    try:
        assert prepare(sets_a_tracer, grain)(tracer).run() == 3
    finally:
        sys.settrace(None)


class Recorder(bdb.Bdb):
    """A debugger that stops at each line of `total`, without a person."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def user_line(self, frame):
        if frame.f_code is total.__code__:
            self.lines.append(frame.f_lineno)
        self.set_step()


@pytest.mark.parametrize("grain", GRAINS)
def test_under_a_debugger(grain):
    """A debugger that steps through all that happens sees the lines of the stepped function; the steps stay right."""
    expected = names(taken(prepare(total, grain)([1, 2]))[0])
    debugger, plain = Recorder(), Recorder()
    plain.runcall(total, [1, 2])
    steps, result = debugger.runcall(taken, prepare(total, grain)([1, 2]))
    assert (names(steps), result) == (expected, 3)
    assert debugger.lines == plain.lines


@pytest.mark.parametrize("grain", GRAINS)
def test_from_within_a_tracer(grain):
    """A tracer that takes steps itself gets them, although events are dropped while it runs."""
    expected = names(taken(prepare(total, grain)([1, 2]))[0])
    got = []

    def trace(frame, event, _):
        if frame.f_code is double.__code__ and not got:
            got.append(names(taken(prepare(total, grain)([1, 2]))[0]))
        return trace

    sys.settrace(trace)
    try:
        double(1)
        double(2)
    finally:
        sys.settrace(None)
    assert got == [expected]


@monitoring
@pytest.mark.parametrize("grain", GRAINS)
def test_another_monitoring_tool_sees_what_it_sees_without_us(grain):
    """A tool of `sys.monitoring` that asks for the same events of the same code gets them, and keeps its place."""
    events = sys.monitoring.events
    lines = []
    sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "a coverage tool")
    try:
        sys.monitoring.register_callback(
            sys.monitoring.COVERAGE_ID, events.LINE, lambda code, line: lines.append((code.co_name, line))
        )
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, events.LINE)
        twice([1, 2])
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, 0)
        plain, lines[:] = [each for each in lines if each[0] in ("twice", "double")], []
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, events.LINE)
        steps, result = taken(prepare(twice, grain)([1, 2]))
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, 0)
        assert sys.monitoring.get_tool(sys.monitoring.COVERAGE_ID) == "a coverage tool"
    finally:
        sys.monitoring.free_tool_id(sys.monitoring.COVERAGE_ID)
    assert [each for each in lines if each[0] in ("twice", "double")] == plain
    assert names(steps) == names(taken(prepare(twice, grain)([1, 2]))[0])
    assert result == 6


@monitoring
def test_our_place_among_the_tools_is_given_back():
    """It is taken with the first stepper that is under way, and free after the last: ended, closed or dropped."""

    def ours():
        return [n for n in range(6) if sys.monitoring.get_tool(n) == "instep"]

    begin = prepare(total, "line")
    first, second, third = begin([1]), begin([1]), begin([1])
    assert ours() == []
    for call in first, second, third:
        call.step()
        assert len(ours()) == 1
    first.run()
    second.close()
    assert len(ours()) == 1
    del third, call
    assert ours() == []


@monitoring
def test_where_all_places_are_taken_that_is_said():
    """An `InstepError` at the first step names who has them; no place that is a debugger's or profiler's is taken."""
    taken_ids = [n for n in range(6) if sys.monitoring.get_tool(n) is None and n > 2]
    for n in taken_ids:
        sys.monitoring.use_tool_id(n, f"tool {n}")
    try:
        with pytest.raises(InstepError, match="tool 3"):
            prepare(total, "line")([1]).step()
    finally:
        for n in taken_ids:
            sys.monitoring.free_tool_id(n)
    assert prepare(total, "line")([1]).run() == 1


@pytest.mark.parametrize("grain", GRAINS)
def test_a_profiler_stays_set(grain):
    """A `sys.setprofile` function sees the call begin and end, and is still there."""
    events = []

    def profile(frame, event, _):
        if frame.f_code is total.__code__:
            events.append(event)

    sys.setprofile(profile)
    try:
        steps, result = taken(prepare(total, grain)([1, 2]))
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(None)
    assert result == 3
    assert events == ["call", "return"]
    assert names(steps) == names(taken(prepare(total, grain)([1, 2]))[0])


@pytest.mark.parametrize("grain", GRAINS)
def test_tracing_is_as_it_was_afterwards(grain):
    """After steps, an end, a close and a drop, events reach whoever asks for them next."""
    begin = prepare(total, grain)
    begin([1]).run()
    call = begin([1])
    call.step()
    call.close()
    call = begin([1])
    call.step()
    del call
    assert sys.gettrace() is None
    events = []
    sys.settrace(recorded(events))
    total([1])
    sys.settrace(None)
    assert [event for _, event, _ in events] == ["call", "line", "line", "line", "line", "line", "return"]

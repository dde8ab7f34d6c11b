"""Whatever a function does, it does the same when it is stepped by lines or instructions as when it is called."""
# ruff: noqa: PT017

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.driving import steps_of
from functions.random_functions import made, outcome, sources
from instep.functions.grains import ABSENT
from instep.functions.instructions import prepare

GRAINS = ["bytecode", "line"]
arguments = st.integers(-1, 3)


@pytest.mark.parametrize("grain", GRAINS)
@settings(max_examples=60, deadline=None)
@given(source=sources, a=arguments, b=arguments)
def test_a_stepped_call_does_what_the_plain_one_does(grain, source, a, b):
    """Taken step by step: the same result or exception, effects in the same order, the same lines in the traceback."""
    function = made(source)
    begin = prepare(function, grain)
    plain = outcome(function, lambda log: function(log, a, b))
    assert outcome(function, lambda log: steps_of(begin(log, a, b))) == plain
    assert outcome(function, lambda log: begin(log, a, b).run()) == plain


@pytest.mark.parametrize("grain", GRAINS)
@settings(max_examples=60, deadline=None)
@given(source=sources, a=arguments, data=st.data())
def test_after_k_steps_k_steps_have_had_their_effects(grain, source, a, data):
    """Left at any step, the effects are a beginning of the plain call's; closing ends it."""
    function = made(source)
    plain = outcome(function, lambda log: function(log, a))
    log = []
    call = prepare(function, grain)(log, a)
    for _ in range(data.draw(st.integers(0, 40))):
        before = len(log)
        assert log == plain.log[:before]
        try:
            call.step()
        except BaseException as error:
            assert plain.kind == ("returned" if type(error) is StopIteration else type(error).__name__)
            break
    assert log == plain.log[: len(log)]
    try:
        call.close()
    except BaseException as error:
        # What catches everything is told, and what a handler or a `finally` block raises comes out.
        assert type(error) is not GeneratorExit
    assert call.locals == {}
    with pytest.raises(StopIteration):
        call.step()


@settings(max_examples=60, deadline=None)
@given(source=sources, a=arguments)
def test_values_are_those_that_the_variables_have_after_the_step(source, a):
    """A step that binds names gives what the paused call's variables show under them."""
    call = prepare(made(source), "bytecode")([], a)
    while True:
        try:
            site, value, _ = call.step()
        except BaseException:
            return
        if site.binds and site.name.startswith("STORE_FAST ") and value is not ABSENT and call.locals:
            assert call.locals.get(site.name.split()[1], ABSENT) is value

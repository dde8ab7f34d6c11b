"""Whatever a function does, it does the same when its statements are taken one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.making import made, taken
from functions.programs import World, outcome, programs
from instep.functions.statements import prepare, stepped


def observed(source, run):
    """Run a program in a world of its own, some way; say everything that can be observed."""
    world = World()
    function = made(source, "program", **world.names())
    return outcome(world, lambda: run(function), function.__code__.co_filename), function.__globals__["shared"]


def relative(seen):
    """Leave out the name of the file, which differs."""
    return repr(seen)


def stepwise(function):
    """Take each step."""
    return taken(prepare(function)(1))[1]


def partly(count):
    """Take some steps, then run the rest."""

    def run(function):
        call = prepare(function)(1)
        for _ in range(count):
            try:
                call.step()
            except StopIteration as end:
                if call.failed:
                    raise
                return end.value
        return call.run()

    return run


@given(programs(), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_a_program_does_the_same_in_steps(source, count):
    """Result, exception with its traceback's lines and columns, and side effects are those of the plain function."""
    plain = relative(observed(source, lambda function: function(1)))
    assert relative(observed(source, lambda function: prepare(function)(1).run())) == plain
    assert relative(observed(source, lambda function: stepped(function)(1))) == plain
    assert relative(observed(source, stepwise)) == plain
    assert relative(observed(source, partly(count))) == plain


@given(programs(), st.integers(0, 12))
@settings(max_examples=40, deadline=None)
def test_closing_a_program_leaves_it_at_once(source, count):
    """Wherever it is paused, `close` leaves it for good."""
    world = World()
    call = prepare(made(source, "program", **world.names()))(1)
    try:
        for _ in range(count):
            call.step()
        call.close()
    except BaseException:  # of the program
        call.close()
    assert call.locals == {}

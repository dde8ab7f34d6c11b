"""What stepping changed in packages that nobody here wrote: each cause, as small as it gets."""

import contextlib
import inspect
import sys
import types

import pytest

from functions.making import taken
from instep.functions.statements import prepare, stepped


async def three():
    """Give a number."""
    return 3


@types.coroutine
def hands_over(value):
    """Be a generator function whose generators can be awaited, and may await."""
    got = yield value
    more = yield from three()
    return got, more


def usual(coroutine):
    """Be a generator function of the usual kind."""
    yield from coroutine


async def awaits(function):
    """Await what it gives."""
    return await function("value")


def looks():
    """Look at its own frame."""
    mine = 1
    return sys._getframe(), mine


def driven(coroutine):
    """Drive a coroutine that awaits once; give what it hands over, and its result."""
    handed = coroutine.send(None)
    try:
        coroutine.send("sent")
    except StopIteration as end:
        return handed, end.value
    raise AssertionError("it goes on")


def test_a_generator_function_under_types_coroutine_can_be_awaited():
    """Trio's, for one: the decorator marks the code of the function, which no compiler does."""
    assert driven(awaits(stepped(hands_over))) == driven(awaits(hands_over)) == ("value", ("sent", 3))
    assert inspect.isawaitable(stepped(hands_over)("value"))


def test_a_generator_function_under_types_coroutine_has_steps():
    """Its source is found, and what it awaits runs."""
    call = prepare(hands_over)("value")
    found, result = taken(call)
    assert [step.site.name for step in found] == ["yield", "got", "more", "return"]
    assert result == (None, 3)


def test_any_other_generator_function_may_not_await():
    """It gets the error that it gets unstepped."""
    assert not inspect.isawaitable(stepped(usual)(()))
    for function in usual, stepped(usual):
        with (
            contextlib.closing(three()) as coroutine,
            pytest.raises(TypeError, match="a coroutine object in a non-coroutine"),
        ):
            list(function(coroutine))


@pytest.mark.parametrize("way", [lambda: stepped(looks)(), lambda: prepare(looks)().run()], ids=["stepped", "run"])
def test_only_its_code_object_tells_a_stepped_functions_frame_from_a_plain_ones(way):
    """Jinja finds its functions in a traceback by their code objects, which can't work."""
    frame, _ = way()
    plain = looks.__code__
    assert (frame.f_code.co_qualname, frame.f_code.co_filename) == (plain.co_qualname, plain.co_filename)
    assert (frame.f_lineno, frame.f_globals) == (plain.co_firstlineno + 3, globals())
    assert frame.f_locals["mine"] == 1
    assert frame.f_code is not plain

"""The two doors of a `coroutine`: `next` gives items, `send` takes messages, and neither does the other's work."""

import collections.abc
import contextlib
import copy
import functools
import gc
import inspect
import pickle
import subprocess
import sys
import weakref

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from instep.coroutines import NEXT, Next, Sent, TwoDoorGenerator, UnansweredSend, coroutine
from instep.errors import InstepError


class Skip(Exception):
    """Thrown into bodies; those that catch it go on with the next item."""


def attentive(items, heard):
    """Answer all that is sent, as a body should; `heard` tells what arrived."""
    for item in items:
        message = yield item
        while message is not NEXT:
            heard.append(message.value)
            message = yield message
    return "over"


logger = coroutine(attentive)


@coroutine
def forgetful(items):
    """Never answer."""
    for item in items:  # noqa: UP028 (`yield from` would send the message on to the iterator)
        yield item
    return "over"


def begun(generator):
    """Hand back a generator of which the first item was taken."""
    next(generator)
    return generator


def drain(generator):
    """Take all that is left, and the return value."""
    items = []
    while True:
        try:
            items.append(next(generator))
        except StopIteration as end:
            return items, end.value


# --- the two doors ---


def test_next_gives_the_items_and_the_return_value():
    """Without a `send`, the items and the return value are those of the body."""
    assert drain(logger([1, None, 3], [])) == ([1, None, 3], "over")


@pytest.mark.parametrize("value", ["hello", None, 0, NEXT, Sent("inner")])
def test_send_takes_no_item_and_returns_none(value):
    """Whatever is sent arrives at once, as it is, and costs no item: be it `None`, `NEXT` or a `Sent`."""
    heard = []
    generator = begun(logger([1, 2, 3], heard))
    assert generator.send(value) is None
    assert heard[0] is value
    assert drain(generator) == ([2, 3], "over")


def test_several_sends_in_a_row():
    """Each of several messages on one item is answered, also on the last item."""
    heard = []
    generator = logger("ab", heard)
    for letter in generator:
        for number in range(3):
            generator.send((letter, number))
    assert heard == [(letter, number) for letter in "ab" for number in range(3)]


def test_the_body_may_answer_first():
    """A body may answer before it acts on the message, or look at the message with `match`, or by its truth."""
    heard = []

    @coroutine
    def body():
        message = yield 1
        while message:
            message, before = (yield message), message
            match before:
                case Sent(value):
                    heard.append(value)
        yield 2

    generator = begun(body())
    generator.send(False)
    generator.send("x")
    assert heard == [False]
    assert next(generator) == 2
    assert heard == [False, "x"]


def test_items_are_handed_out_as_they_are():
    """Nothing of ours is in band: a `Sent`, `NEXT` or `None` among the items is an item."""
    items = [NEXT, Sent(1), None, UnansweredSend, StopIteration(3)]
    out, _ = drain(logger(items, []))
    assert all(given is taken for given, taken in zip(items, out, strict=True))


# --- no answer ---


def test_an_unanswered_send_is_an_error_and_loses_nothing():
    """A body that forgets to answer gets the error at its first `send`; what it yielded comes at the next `next`."""
    generator = begun(forgetful([1, 2, 3]))
    with pytest.raises(UnansweredSend):
        generator.send("hello")
    assert drain(generator) == ([2, 3], "over")


def test_unanswered_sends_in_a_row_keep_the_order():
    """Several items are kept, in their order, and the end behind them."""
    generator = begun(forgetful([1, 2, 3]))
    for _ in range(3):
        with pytest.raises(UnansweredSend):
            generator.send(None)
    with pytest.raises(StopIteration) as caught:
        generator.send(None)
    assert caught.value.value is None
    assert drain(generator) == ([2, 3], "over")
    assert drain(generator) == ([], None)


def test_another_sent_is_no_answer():
    """The very `Sent` that came answers; an equal one is an item."""

    @coroutine
    def body():
        message = yield 1
        yield Sent(message.value)

    generator = begun(body())
    with pytest.raises(UnansweredSend):
        generator.send("x")
    assert next(generator).value == "x"


def test_a_body_that_returns_at_a_send():
    """To return is no answer either; `StopIteration` isn't let into the loop's body, and ends it at its `next`."""
    generator = begun(forgetful([1]))
    with pytest.raises(UnansweredSend, match="returned instead"):
        generator.send("x")
    assert drain(generator) == ([], "over")


@pytest.mark.parametrize("result", [(1, 2), (), ValueError("x"), StopIteration(1)])
def test_a_kept_return_value_is_not_taken_apart(result):
    """A return value is the same object, kept or not, whatever it is."""

    @coroutine
    def body():
        yield
        return result

    generator = begun(body())
    with pytest.raises(UnansweredSend):
        generator.send("x")
    assert drain(generator)[1] is result


def test_a_body_that_raises_at_a_send():
    """What the body raises comes out of the `send`, and the generator is over."""

    @coroutine
    def body():
        message = yield 1
        raise LookupError(message.value)

    generator = begun(body())
    with pytest.raises(LookupError, match="x"):
        generator.send("x")
    assert drain(generator) == ([], None)
    with pytest.raises(StopIteration):
        generator.send("x")


def test_what_was_kept_survives_a_body_that_raises():
    """An item kept before the body failed is handed out nevertheless."""

    @coroutine
    def body():
        yield 1
        yield 2
        raise LookupError

    generator = begun(body())
    with pytest.raises(UnansweredSend):
        generator.send("x")
    with pytest.raises(LookupError):
        generator.send("y")
    assert drain(generator) == ([2], None)


def test_the_error_shows_the_wrong_form_beside_the_right_one():
    """The text names the function, the place where it yielded, what came and what went, and how to write it."""

    @coroutine
    def naive():
        yield 1
        yield 2

    generator = begun(naive())
    with pytest.raises(UnansweredSend) as caught:
        generator.send("hello")
    text = str(caught.value)
    line = naive.__wrapped__.__code__.co_firstlineno + 3
    assert "naive() was sent 'hello' and yielded 2 instead" in text
    assert f'File "{__file__}", line {line}' in text
    wrong, right = text.index("wrong"), text.index("right")
    assert wrong < right < text.index("message = yield message")
    assert isinstance(caught.value, InstepError)
    assert isinstance(caught.value, RuntimeError)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_error_names_the_line_of_the_innermost_helper():
    """Where a body delegates, the place is in what it delegates to; at an end, it is the function itself."""

    def helper():
        yield 1
        yield 2

    @coroutine
    def inner():
        return (yield from helper())

    @coroutine
    def outer():
        yield from inner()

    generator = begun(outer())
    with pytest.raises(UnansweredSend, match=f"line {helper.__code__.co_firstlineno + 2}\\)"):
        generator.send("x")
    with pytest.raises(UnansweredSend, match=f"returned .* line {outer.__wrapped__.__code__.co_firstlineno}\\)"):
        generator.send("x")


def test_the_error_lives_with_objects_that_have_no_repr():
    """The text of the error is made even where `repr` fails, and is short where `repr` is long."""

    class Rude:
        def __repr__(self):
            raise LookupError

    generator = begun(forgetful([1, Rude(), "x" * 10_000]))
    with pytest.raises(UnansweredSend) as first:
        generator.send(Rude())
    with pytest.raises(UnansweredSend) as second:
        generator.send("y" * 10_000)
    assert "Rude" in str(first.value)
    assert len(str(second.value)) < 1_500


# --- before, after and within ---


@pytest.mark.parametrize("value", ["hello", None])
def test_send_before_the_first_next(value):
    """It is a `TypeError`, for `None` too, and the body has not begun: the loop can be run."""
    heard = []
    generator = logger([1, 2], heard)
    with pytest.raises(TypeError, match=r"can't send to attentive\(\) before its first item"):
        generator.send(value)
    assert drain(generator) == ([1, 2], "over")
    assert heard == []


@pytest.mark.parametrize("value", ["hello", None])
@pytest.mark.parametrize("end", [drain, TwoDoorGenerator.close])
def test_send_after_the_end(value, end):
    """It is a `StopIteration`, as in Python, for `None` too."""
    generator = begun(logger([1, 2], []))
    end(generator)
    with pytest.raises(StopIteration):
        generator.send(value)
    assert drain(generator) == ([], None)


@pytest.mark.parametrize(
    "use",
    [next, lambda g: g.send(1), lambda g: g.throw(Skip), lambda g: g.close()],
    ids=["next", "send", "throw", "close"],
)
@pytest.mark.parametrize("kept", [0, 1])
def test_use_from_within_the_body(use, kept):
    """To use a generator from within its own body is a `ValueError`, as in Python, and harms nothing."""
    seen = []

    @coroutine
    def body():
        yield 1
        for _ in range(kept):
            yield "kept"
        with pytest.raises(ValueError, match="already executing"):
            use(generator)
        seen.append(use)
        yield 2

    generator = begun(body())
    for _ in range(1 + kept):
        with pytest.raises(UnansweredSend):
            generator.send("x")
    assert seen == [use]
    assert drain(generator) == (["kept"] * kept + [2], None)


def test_a_refusal_within_a_delegate_leaves_no_trace():
    """An outer generator that is used from within the inner one refuses, and the inner still knows its two doors."""
    heard = []

    @coroutine
    def inner():
        message = yield 1
        for use in (next, lambda g: g.send(1)):
            with pytest.raises(ValueError, match="already executing"):
                use(outer_generator)
        while message is not NEXT:
            heard.append(message.value)
            message = yield message
        yield 2

    @coroutine
    def outer(inner_generator):
        yield from inner_generator

    inner_generator = inner()
    outer_generator = begun(outer(inner_generator))
    outer_generator.send("by the outer")
    assert inner_generator.send("by itself") is None
    assert heard == ["by the outer", "by itself"]
    assert drain(outer_generator) == ([2], None)


# --- throw and close ---


@coroutine
def skipping(items):
    """Answer all, and take `Skip` as a wish for the next item."""
    for item in items:
        with contextlib.suppress(Skip):
            message = yield item
            while message is not NEXT:
                message = yield message
    return "over"


def test_throw_gives_the_next_item():
    """`throw` raises in the body, and gives what it yields next, or its end, as for any generator."""
    generator = begun(skipping([1, 2]))
    generator.send("x")
    assert generator.throw(Skip) == 2
    with pytest.raises(StopIteration) as caught:
        generator.throw(Skip())
    assert caught.value.value == "over"
    with pytest.raises(Skip):
        generator.throw(Skip)


def test_throw_that_the_body_does_not_catch():
    """The exception comes out, the very object, and the generator is over; also before the first `next`."""
    for generator in (logger([1, 2], []), begun(logger([1, 2], []))):
        error = Skip()
        with pytest.raises(Skip) as caught:
            generator.throw(error)
        assert caught.value is error
        assert drain(generator) == ([], None)


def test_throw_behind_a_kept_item():
    """`throw` acts at once, but gives the kept item first, and what the body then yields or returns after it."""
    generator = begun(recovering([1, 2, 3]))
    with pytest.raises(UnansweredSend):
        generator.send("x")
    assert generator.throw(Skip) == 2
    assert drain(generator) == ([3], "over")

    generator = begun(recovering([1, 2]))
    with pytest.raises(UnansweredSend):
        generator.send("x")
    assert generator.throw(Skip) == 2
    assert drain(generator) == ([], "over")


@coroutine
def recovering(items):
    """Never answer, but catch `Skip`."""
    for item in items:
        with contextlib.suppress(Skip):
            yield item
    return "over"


def test_throw_of_stop_iteration_is_no_end():
    """A `StopIteration` thrown in is a `RuntimeError`, as in Python, and after the end it comes back itself."""
    generator = begun(forgetful([1, 2]))
    with pytest.raises(UnansweredSend):
        generator.send("x")
    with pytest.raises(RuntimeError):
        generator.throw(StopIteration(5))
    with pytest.raises(StopIteration):
        generator.throw(StopIteration(6))
    assert drain(generator) == ([2], None)


def test_what_a_body_yields_at_a_throw_is_an_item():
    """Nothing was sent, so nothing is answered: even an old `Sent` yielded at a `throw` is handed out as an item."""

    @coroutine
    def body():
        message = yield 1
        with contextlib.suppress(Skip):
            yield message
        yield message

    generator = begun(body())
    generator.send("x")
    assert generator.throw(Skip).value == "x"


def test_close_runs_the_cleanup_and_drops_what_is_kept():
    """`close` closes the body, once, and no item comes after it."""
    events = []

    @coroutine
    def body():
        try:
            yield 1
            yield 2
        finally:
            events.append("closed")

    generator = begun(body())
    with pytest.raises(UnansweredSend):
        generator.send("x")
    generator.close()
    generator.close()
    assert events == ["closed"]
    assert drain(generator) == ([], None)


def test_close_before_the_first_next():
    """A generator that never began is closed without running its body."""
    generator = logger([1], [])
    generator.close()
    assert drain(generator) == ([], None)


def test_close_that_the_body_ignores():
    """A body that yields at `close` is a `RuntimeError`, as in Python."""

    @coroutine
    def body():
        with contextlib.suppress(GeneratorExit):
            yield 1
        yield 2

    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        begun(body()).close()


def test_close_returns_what_the_body_returns():
    """`close` hands on the return value where Python does: from 3.13 on."""

    @coroutine
    def body():
        try:
            yield 1
        except GeneratorExit:
            return 7

    assert begun(body()).close() == begun(body.__wrapped__()).close()


def test_a_context_manager_may_be_made_of_one():
    """What drives generators by `next`, `throw` and `close` drives these."""
    events = []

    @contextlib.contextmanager
    @coroutine
    def managed():
        try:
            yield "in"
        except Skip:
            events.append("skipped")

    with managed() as value:
        assert value == "in"
        raise Skip
    assert events == ["skipped"]


# --- delegation ---


def test_a_body_that_delegates_to_a_plain_helper():
    """By `yield from` a helper gives items, takes messages and answers them, and its return value comes back."""
    heard = []

    @coroutine
    def body():
        result = yield from attentive([1, 2], heard)
        yield from attentive([3], heard)
        return result

    generator = body()
    for item in generator:
        generator.send(item)
        generator.send(None)
    assert heard == [1, None, 2, None, 3, None]
    assert drain(body()) == ([1, 2, 3], "over")


def test_a_helper_that_answers():
    """A helper may do the listening for the body: it yields the item, answers, and returns at `NEXT`."""
    heard = []

    def offer(item):
        message = yield item
        while message is not NEXT:
            heard.append((item, message.value))
            message = yield message

    @coroutine
    def body(items):
        for item in items:
            yield from offer(item)

    generator = body("ab")
    out = []
    for item in generator:
        generator.send(1)
        generator.send(2)
        out.append(item)
    assert out == ["a", "b"]
    assert heard == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


@pytest.mark.parametrize("depth", [1, 3])
def test_a_body_that_delegates_to_another_coroutine(depth):
    """Coroutines compose by `yield from`: message, answer and return value pass, also by way of plain helpers."""
    heard = []

    def helper(inner):
        return (yield from inner)

    @coroutine
    def outer(inner):
        return (yield from helper(inner))

    generator = logger([1, 2], heard)
    for _ in range(depth):
        generator = outer(generator)
    out = []
    for item in generator:
        out.append(item)
        assert generator.send(item) is None
        assert generator.send(None) is None
    assert out == [1, 2]
    assert heard == [1, None, 2, None]


def test_a_delegate_that_forgets_to_answer():
    """The outermost `send` raises, what the delegate yielded is kept there, and its return value goes on."""

    @coroutine
    def outer():
        return (yield from forgetful([1, 2]))

    generator = begun(outer())
    with pytest.raises(UnansweredSend):
        generator.send("x")
    assert drain(generator) == ([2], "over")


def test_a_delegate_that_had_an_item_kept():
    """What a delegate kept earlier comes first, in order, however it is driven then."""
    inner = begun(forgetful([1, 2, 3, 4]))
    with pytest.raises(UnansweredSend):
        inner.send("x")
    with pytest.raises(UnansweredSend):
        inner.send("x")

    @coroutine
    def outer():
        return (yield from inner)

    generator = outer()
    assert next(generator) == 2
    with pytest.raises(UnansweredSend):
        generator.send("y")
    assert drain(generator) == ([3, 4], "over")


def test_a_delegate_that_refuses():
    """What the delegate may not be sent is refused in the outer body, where it can be caught."""

    @coroutine(sends=str)
    def inner():
        message = yield 1
        while message is not NEXT:
            message = yield message

    @coroutine
    def outer():
        yield from inner()

    generator = begun(outer())
    generator.send("x")
    with pytest.raises(TypeError, match="may not be sent 5"):
        generator.send(5)


def test_a_plain_generator_that_delegates_to_a_coroutine():
    """From a plain generator, `yield from` gives items and return value; `send` and `throw` reach the coroutine."""
    heard = []

    def plain():
        return (yield from logger([1, 2], heard))

    assert drain(plain()) == ([1, 2], "over")
    generator = begun(plain())
    assert generator.send("x") is None
    assert heard == ["x"]
    assert next(generator) == 2
    with pytest.raises(Skip):
        generator.throw(Skip)


# --- what may be sent ---


@pytest.mark.parametrize(
    ("sends", "good", "bad"),
    [
        (str, "x", None),
        ((str, int), 1, None),
        (str | int, 1, 1.5),
        (str | None, None, 1),
        (type(None), None, 1),
        (lambda value: value is not None, 0, None),
        (callable, print, 3),
    ],
)
def test_what_may_be_sent_can_be_restricted(sends, good, bad):
    """A type, a tuple or union of types or a predicate: the rest is a `TypeError` at the `send`, unseen by the body."""
    heard = []
    generator = begun(coroutine(sends=sends)(attentive)([1, 2], heard))
    generator.send(good)
    with pytest.raises(TypeError, match=r"attentive\(\) may not be sent .*sends is"):
        generator.send(bad)
    assert heard == [good]
    assert drain(generator) == ([2], "over")


@pytest.mark.parametrize("sends", [list[int], 5, "str", (str, 5), (list[int],), list[int] | str])
def test_a_restriction_that_cannot_be_checked(sends):
    """It is a `TypeError` at the decoration; `list[int]` isn't taken for a predicate."""
    with pytest.raises(TypeError, match="sends must be a type, a tuple of types or a predicate"):
        coroutine(sends=sends)


def test_without_a_restriction_anything_may_be_sent():
    """`coroutine()` and `coroutine(sends=None)` are `coroutine`."""
    for decorate in (coroutine(), coroutine(sends=None)):
        begun(decorate(attentive)([1], [])).send(None)


# --- decoration ---


def plain_function():
    """Return something."""


async def async_function():
    """Await nothing."""


async def async_generator():
    """Yield asynchronously."""
    yield


@pytest.mark.parametrize(
    ("thing", "what"),
    [
        (plain_function, "plain_function, which has no yield"),
        (async_function, "async_function, which is an async def"),
        (async_generator, "async_generator, which is an async def"),
        (attentive([], []), "an object of type generator"),
        (staticmethod(attentive), "write @coroutine below @staticmethod"),
        (classmethod(attentive), "write @coroutine below @classmethod"),
        (5, "an object of type int"),
        (print, "an object of type builtin"),
        (functools.partial(plain_function), "plain_function, which has no yield"),
        (coroutine(attentive), "attentive, which has no yield"),
    ],
)
def test_what_is_no_generator_function_is_refused(thing, what):
    """It is a `TypeError` at the decoration, which says what came and what was expected."""
    with pytest.raises(TypeError, match="expects a generator function") as caught:
        coroutine(thing)
    assert what in str(caught.value)


def test_the_function_keeps_its_name_signature_and_attributes():
    """`inspect` and `help` see the generator function."""
    assert logger.__name__ == "attentive"
    assert logger.__doc__ == attentive.__doc__
    assert logger.__module__ == attentive.__module__
    assert logger.__wrapped__ is attentive
    assert inspect.signature(logger) == inspect.signature(attentive)
    with pytest.raises(TypeError, match="missing 1 required"):
        logger([])


def test_a_partial_and_a_bound_method_will_do():
    """A `partial` of a generator function makes generators, and so does a bound method."""

    class Holder:
        def walk(self):
            yield self

    holder = Holder()
    assert list(coroutine(holder.walk)()) == [holder]
    assert list(coroutine(functools.partial(attentive, heard=[]))([1])) == [1]


def test_methods():
    """A coroutine is a method, a class method or a static method like any function, and may call its `super`."""

    class Base:
        items = (1, 2)

        @coroutine
        def walk(self):
            for item in self.items:
                message = yield item
                while message is not NEXT:
                    self.heard = message.value
                    message = yield message

        @classmethod
        @coroutine
        def of_class(cls):
            yield cls

        @staticmethod
        @coroutine
        def static(item):
            yield item

    class Derived(Base):
        @coroutine
        def walk(self):
            yield 0
            yield from super().walk()

    derived = Derived()
    out = []
    for item in (walk := derived.walk()):
        out.append(item)
        if item:
            walk.send(item)
    assert out == [0, 1, 2]
    assert derived.heard == 2
    assert list(Derived.of_class()) == [Derived]
    assert list(Base.static(5)) == [5]


def test_the_generator_has_a_name_and_all_methods_of_one():
    """It is its own iterator, has the names of its function, and by its methods is a `collections.abc.Generator`."""
    generator = logger([1], [])
    assert iter(generator) is generator
    assert generator.__name__ == generator.__qualname__ == "attentive"
    assert repr(generator).startswith("<coroutine generator attentive at 0x")
    assert isinstance(generator, collections.abc.Generator)
    assert isinstance(generator, TwoDoorGenerator)


# --- NEXT and Sent ---


def test_next_is_one_and_the_same():
    """`NEXT` is a singleton: copied, pickled, constructed; it is false, so that `while message:` works."""
    assert repr(NEXT) == "NEXT"
    assert not NEXT
    assert copy.copy(NEXT) is copy.deepcopy(NEXT) is Next() is NEXT
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(NEXT, protocol)) is NEXT


def test_sent_is_immutable():
    """A `Sent` shows its value, is always true, equals only itself, and cannot be changed."""
    sent = Sent(None)
    assert repr(sent) == "Sent(None)"
    assert sent
    assert sent != Sent(None)
    assert Sent.__match_args__ == ("value",)
    with pytest.raises(AttributeError, match="immutable"):
        sent.value = 1
    with pytest.raises(AttributeError, match="immutable"):
        sent.other = 1
    with pytest.raises(AttributeError, match="immutable"):
        del sent.value
    assert sent.value is None
    assert not hasattr(sent, "__dict__")


def test_sent_can_be_copied_and_pickled():
    """Copies are other messages with the same value."""
    sent = Sent([1])
    assert copy.copy(sent).value is sent.value
    assert copy.deepcopy(sent).value == pickle.loads(pickle.dumps(sent)).value == [1]


def test_annotations_can_be_evaluated():
    """`Sent[str] | Next` and `TwoDoorGenerator[int, str, None]` work in annotations that are evaluated."""
    assert Sent[str] | Next
    assert TwoDoorGenerator[int, str, None]


def test_the_import_is_light():
    """The module pulls in none of the usual heavy ones, so that `import instep` stays quick."""
    heavy = {"typing", "enum", "dataclasses", "inspect", "re"}
    code = "import sys; from instep import coroutines; print(*sys.modules)"
    path = coroutine.__code__.co_filename.rpartition("instep")[0]
    answer = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": path}
    )
    assert "instep.coroutines" in answer.stdout.split()
    assert heavy.isdisjoint(answer.stdout.split())


# --- lifetimes ---


class Item:
    """Something whose death can be seen."""


@pytest.fixture
def _no_collector():
    """Leave reference counting alone at work."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
def test_a_dropped_generator_is_closed_at_once():
    """Without the garbage collector: the body's `finally` runs when the last reference goes, also after errors."""
    events = []

    @coroutine
    def body(name):
        try:
            yield 1
            yield 2
        finally:
            events.append(name)

    generator = begun(body("plain"))
    gone = weakref.ref(generator)
    del generator
    assert events == ["plain"]
    assert gone() is None

    generator = begun(body("unanswered"))
    with contextlib.suppress(UnansweredSend):
        generator.send("x")
    del generator
    assert events == ["plain", "unanswered"]

    for _ in body("for"):
        break
    assert events == ["plain", "unanswered", "for"]


@pytest.mark.usefixtures("_no_collector")
def test_no_item_or_message_is_kept_alive():
    """What was handed out or answered belongs to consumer and body alone."""

    @coroutine
    def body():
        message = yield Item()
        while message is not NEXT:
            message = yield message
        yield Item()

    generator = body()
    item = weakref.ref(next(generator))
    assert item() is None
    value = Item()
    gone = weakref.ref(value)
    generator.send(value)
    del value
    assert gone() is not None  # the body still holds the message, as it would any other local
    item = weakref.ref(next(generator))
    assert item() is None
    assert gone() is None


@pytest.mark.usefixtures("_no_collector")
def test_a_kept_item_lives_until_it_is_handed_out():
    """The queue of kept items lets go of what it hands out."""
    generator = begun(forgetful(iter([1, Item()])))
    with contextlib.suppress(UnansweredSend):
        generator.send("x")
    kept = weakref.ref(next(generator))
    drain(generator)
    assert kept() is None


# --- the question that it all began with ---


class Ticker:
    """A timer that writes down what it is told at the end of each step."""

    def __init__(self):
        self.said = []

    def __call__(self, info=None):
        self.said.append(info)


@coroutine
def track2(iterable, timer):
    """Time each step; whoever wants to say something about it may."""
    for item in iterable:
        info = None
        message = yield item
        while message is not NEXT:
            info = message.value
            message = yield message
        timer(info)


EVERY, NO, SOME = [True] * 5, [False] * 5, [True, False, False, True, False]


@pytest.mark.parametrize("when", [EVERY, NO, SOME], ids=["every", "no", "some"])
@pytest.mark.parametrize("what", [None, "my info"])
def test_track2_gives_its_five_items(when, what):
    """With something or `None` sent in every, no and some steps: five items, in order, and five steps timed."""
    timer, out = Ticker(), []
    for item in (tracker := track2([1, 2, 3, 4, 5], timer)):
        if when[item - 1]:
            tracker.send(what)
        out.append(item)
    assert out == [1, 2, 3, 4, 5]
    assert timer.said == [what if sent else None for sent in when]


# --- against a model ---


@coroutine
def listening(items, heard):
    """Answer all."""
    for item in items:
        with contextlib.suppress(Skip):
            message = yield item
            while message is not NEXT:
                heard.append(message.value)
                message = yield message
    return "over"


@coroutine
def listening_once(items, heard):
    """Answer one message an item."""
    for item in items:
        with contextlib.suppress(Skip):
            message = yield item
            if message is not NEXT:
                heard.append(message.value)
                yield message
    return "over"


@coroutine
def deaf(items, heard):
    """Answer none."""
    for item in items:
        with contextlib.suppress(Skip):
            yield item
    return "over"


@coroutine
def by_helper(items, heard):
    """Answer all, by a plain helper."""

    def offer(item):
        message = yield item
        while message is not NEXT:
            heard.append(message.value)
            message = yield message

    for item in items:
        with contextlib.suppress(Skip):
            yield from offer(item)
    return "over"


@coroutine
def by_coroutine(items, heard):
    """Leave it all to another coroutine."""
    return (yield from listening(items, heard))


@coroutine
def by_deaf_coroutine(items, heard):
    """Leave it all to one that doesn't listen."""
    return (yield from deaf(items, heard))


ANSWERS = {listening: 99, listening_once: 1, deaf: 0, by_helper: 99, by_coroutine: 99, by_deaf_coroutine: 0}


class TwoDoors(RuleBasedStateMachine):
    """Any order of next, send, throw and close, against a model that knows how many messages an item is answered."""

    @initialize(body=st.sampled_from(list(ANSWERS)), count=st.integers(0, 6))
    def begin(self, body, count):
        """Choose a style of body."""
        self.heard, self.expected, self.out = [], [], []
        self.generator = body(range(count), self.heard)
        self.limit, self.count = ANSWERS[body], count
        self.kept, self.produced, self.answered = [], 0, 0
        self.begun = self.over = self.closed = False

    def proceed(self):
        """Say what the body does when it goes on: an item, its end, or nothing any more."""
        self.answered = 0
        if self.over:
            return ("end", None)
        if self.produced == self.count:
            self.over = True
            return ("end", "over")
        self.produced += 1
        return ("item", self.produced - 1)

    def outcome(self, call):
        """Do it and say what came."""
        try:
            item = call()
        except StopIteration as end:
            return ("end", end.value)
        except Skip:
            return ("skip", None)
        self.out.append(item)
        return ("item", item)

    @rule()
    def next(self):
        """`next` gives what is kept, or what the body does next."""
        expected = self.kept.pop(0) if self.kept else self.proceed()
        self.begun = True
        assert self.outcome(lambda: next(self.generator)) == expected

    @rule(value=st.sampled_from([None, 1, "x"]))
    @precondition(lambda self: not self.begun and not self.over)
    def send_too_early(self, value):
        """`send` before the first `next` is refused."""
        with pytest.raises(TypeError):
            self.generator.send(value)

    @rule(value=st.sampled_from([None, 1, "x"]))
    @precondition(lambda self: self.over)
    def send_too_late(self, value):
        """`send` after the end is refused."""
        with pytest.raises(StopIteration):
            self.generator.send(value)

    @rule(value=st.sampled_from([None, 1, "x"]))
    @precondition(lambda self: self.begun and not self.over)
    def send(self, value):
        """`send` is answered, or what came instead is kept."""
        if self.answered < self.limit:
            self.answered += 1
            self.expected.append(value)
            assert self.generator.send(value) is None
        else:
            self.kept.append(self.proceed())
            with pytest.raises(UnansweredSend):
                self.generator.send(value)

    @rule()
    def throw(self):
        """`throw` makes these bodies go on, unless they stand nowhere."""
        if self.over or not self.begun:
            expected = ("skip", None)
            self.over = True
        else:
            self.kept.append(self.proceed())
            expected = self.kept.pop(0)
        assert self.outcome(lambda: self.generator.throw(Skip)) == expected

    @rule()
    @precondition(lambda self: self.produced > 2)
    def close(self):
        """`close` ends it all."""
        self.kept, self.over, self.closed = [], True, True
        self.generator.close()

    @invariant()
    def nothing_is_lost_or_doubled(self):
        """The items handed out are the first ones, in order; what is missing is kept; what was answered was heard."""
        if hasattr(self, "generator"):
            kept = [value for kind, value in self.kept if kind == "item"]
            got = self.out + kept
            assert got == list(range(len(got)))
            assert self.closed or len(got) == self.produced
            assert self.heard == self.expected


TestTwoDoors = TwoDoors.TestCase
TestTwoDoors.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)

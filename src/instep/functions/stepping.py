"""The calls of the statement grain: a rewritten body, paused, and whoever takes its steps."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from itertools import compress, repeat
from operator import length_hint
from types import coroutine
from typing import Any, Final, NamedTuple, Self, TypeAlias

from instep.functions.draining import drain, exhaust, passed_over, raise_original
from instep.functions.grains import ABSENT, Site, Taken
from instep.functions.rewriting import KEPT, Closing, Pause
from instep.functions.unseen import mended
from instep.functions.variables import variables

Body: TypeAlias = Any
"""A generator; to type checkers `Any`, since its frame is there as long as it is suspended, which they can't know."""


_MANY: Final = 1 << 62
_made: Final[Any] = tuple.__new__  # a named tuple's own costs as much as the rest of a step


class Rewritten(NamedTuple):
    """What a rewritten body's pauses mean, by the offset of the instruction at which its frame then stands."""

    pauses: Mapping[int, Pause]
    yields: Mapping[int, Site]
    """Where it stands at a `yield` or `yield from` of its own."""


class _Left:
    """As a context manager, lets a body that is being closed end in any of the ways in which that ends it."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if isinstance(error, BaseExceptionGroup):  # what an `except*` makes of an exception that it lets pass
            return error.split(Closing)[1] is None
        return isinstance(error, StopIteration | StopAsyncIteration | GeneratorExit)


_left: Final = _Left()


class StatementCall:
    """One call of a plain function."""

    __slots__ = ("_body", "_left", "_pauses", "_singly", "_yields", "failed")

    def __init__(self, places: Rewritten) -> None:
        self.failed = False
        """Whether the body raised; a `StopIteration` of its own can thus be told from the end."""
        self._pauses, self._yields = places
        self._singly = 0
        self._left = repeat(True, _MANY)

    def begin(self, body: Body) -> Self:
        """Take this body's steps.

        The garbage collector finalizes in the order in which objects were made: the call, which closes its body, has to
        be made before that. Else the body would be closed as a generator, which it is not.
        """
        self._body = body
        return self

    @property
    def taken(self) -> int:
        """How many steps were run, those of `run` included, also while it goes on."""
        return self._singly + _MANY - length_hint(self._left)

    def _counted(self) -> Any:
        """The body's pauses as they come, counted in C; its result passes."""
        return compress(self._body, self._left)

    @passed_over
    def step(self) -> Taken:
        """Run exactly one step."""
        body = self._body
        try:
            value = next(body)
        except StopIteration:
            raise
        except BaseException as error:
            self.failed = True
            self._mend(error)
            raise
        self._singly += 1
        place = self._pauses.get(body.gi_frame.f_lasti)
        if place is None:
            return self._at_yield(value)
        taken: Taken = _made(Taken, (place[0], value if place[1] else ABSENT, None))
        return taken

    @passed_over
    def run(self) -> Any:
        """Run all steps that are left; gives the function's result."""
        try:
            return drain(self._counted())
        except BaseException:
            self.failed = True
            raise

    def close(self) -> None:
        """Leave the body where it is paused; `finally` blocks run, through their pauses, to their end."""
        body = self._body
        if not body.gi_suspended:
            body.close()  # it is over, or is running, which is an error
            return
        with _left:
            self._end(body)

    def __del__(self) -> None:
        body = getattr(self, "_body", None)  # none where its arguments were wrong, or Ctrl-C came before
        if body is not None and body.gi_suspended:
            self.close()

    @property
    def locals(self) -> Mapping[str, Any]:
        """A copy of the paused frame's variables; empty once it is over."""
        return variables_of(self._body)

    def _at_yield(self, value: Any) -> Taken:
        frame = self._body.gi_frame
        site = self._yields.get(frame.f_lasti) or Site("yield", frame.f_lineno, frame.f_lineno, "", 0)
        return Taken(site, value)

    @passed_over
    def _mend(self, error: BaseException) -> None:
        if isinstance(error, RuntimeError):
            raise_original(error)

    def _end(self, body: Body) -> None:
        # What swallows the closing is left at the next pause: every loop has one that no block inside it surrounds.
        while True:
            place = self._pauses.get(body.gi_frame.f_lasti)
            if place is None:
                self._end_at_yield(body)
            elif place.cleaning:
                next(body)
            else:
                body.throw(Closing())

    def _end_at_yield(self, body: Body) -> None:
        # Its own handlers may expect this there, as any generator's.
        body.throw(GeneratorExit())
        while body.gi_frame.f_lasti in self._pauses:
            next(body)
        raise RuntimeError("generator ignored GeneratorExit")


class GeneratorCall(StatementCall):
    """One call of a generator function: its own yields are steps too, and nothing is sent to them."""

    __slots__ = ()

    @passed_over
    def run(self) -> Any:
        """Run all steps that are left, and all of its items; gives the generator's return value."""
        try:
            return exhaust(self._counted())
        except BaseException:
            self.failed = True
            raise

    @passed_over
    def _mend(self, error: BaseException) -> None:
        """Leave it: a generator may not raise `StopIteration` anyway."""


class AsyncCall:
    """One call of a coroutine function; what it awaits passes through to whoever awaits the step."""

    __slots__ = ("_body", "_pauses", "failed", "taken")

    def __init__(self, places: Rewritten) -> None:
        self.taken = 0
        """How many steps were run, those of `run` included."""
        self.failed = False
        """Whether the body raised."""
        self._pauses = places.pauses

    def begin(self, body: Body) -> Self:
        """Take this body's steps; made before it, as a `StatementCall`."""
        self._body = body
        return self

    async def step(self) -> Taken:
        """Run exactly one step; `StopAsyncIteration`, whose one argument is the result, once there is none left."""
        try:
            value = await self._advance(self._body.send, None, self._pauses)
        except BaseException as error:
            shorten(error)
            raise
        self.taken += 1
        place = self._pauses[self._body.gi_frame.f_lasti]
        return Taken(place.site, value if place.valued else ABSENT)

    async def run(self) -> Any:
        """Run all steps that are left; gives the function's result."""
        try:
            while True:
                await self._advance(self._body.send, None, self._pauses)
                self.taken += 1
        except BaseException as error:
            if isinstance(error, StopAsyncIteration) and not self.failed:
                return error.args[0]
            shorten(error)
            raise

    async def close(self) -> None:
        """Leave the body where it is paused; `finally` blocks run, through their pauses and awaits, to their end."""
        if not self._body.gi_suspended:
            self._body.close()  # it is over, or is running, which is an error
            return
        with _left:
            await self._end()

    @property
    def locals(self) -> Mapping[str, Any]:
        """A copy of the paused frame's variables; empty once it is over."""
        return variables_of(self._body)

    def __del__(self) -> None:
        with _left:
            self._drop()

    def _drop(self) -> None:
        # Nobody can await any more: a `finally` that awaits gets no further than there. One that goes on after that, in
        # a loop maybe, isn't let to.
        body, awaits = getattr(self, "_body", None), 0
        while body is not None and body.gi_suspended:
            place = self._pauses.get(body.gi_frame.f_lasti)
            awaits += place is None
            if place is not None and place.cleaning and awaits < 2:
                next(body)
            else:
                body.throw(Closing())

    async def _end(self) -> None:
        body = self._body
        while True:
            while self._pauses[body.gi_frame.f_lasti].cleaning:
                await self._advance(body.send, None, self._pauses)
            await self._advance(body.throw, Closing(), self._pauses)

    @coroutine
    def _advance(
        self, resume: Callable[[Any], Any], given: Any, stops: Mapping[int, object]
    ) -> Generator[Any, Any, Any]:
        """Go on until the body is at a pause; hand on what it awaits until then, and what comes back."""
        body = self._body
        while True:
            try:
                value = resume(given)
            except StopIteration as end:
                raise StopAsyncIteration(end.value) from None
            except BaseException as error:
                self.failed = True
                shorten(error)
                said_of("coroutine", error)
                raise
            if body.gi_frame.f_lasti in stops:
                return value
            try:
                given = yield value
                resume = body.send
            except BaseException as error:
                given = error
                resume = body.throw


def variables_of(body: Body) -> dict[str, Any]:
    """Give the variables of a paused body; none once it is over."""
    frame = body.gi_frame
    return {} if frame is None else {name: each for name, each in variables(frame).items() if name != KEPT}


def shorten(error: BaseException) -> None:
    """Take the frame that has just caught an exception, one of ours, out of its traceback."""
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next


def said_of(kind: str, error: BaseException) -> None:
    """Let the interpreter's error about a `StopIteration` that left a body name what the body stands for."""
    if type(error) is RuntimeError and mended(error) and error.args == ("generator raised StopIteration",):
        error.args = (f"{kind} raised StopIteration",)

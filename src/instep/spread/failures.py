"""What is said when a step fails: which step it was, on what, and what happened where it ran."""

from __future__ import annotations

from reprlib import Repr
from typing import Any, NamedTuple

from instep.errors import InstepError

_LONGEST = 100


class _Brief(Repr):
    """Of bytes, as of text, no more is looked at than is shown."""

    def repr_bytes(self, thing: bytes | bytearray, level: int) -> str:
        """At most `maxstring` of them."""
        most = self.maxstring
        return repr(thing[:most]) + self.fillvalue if len(thing) > most else repr(thing)

    repr_bytearray = repr_bytes


_brief = _Brief()
_brief.maxstring = _brief.maxother = _brief.maxlong = 60


class WorkerDied(InstepError):
    """The process that computed a step is gone: it was killed, or it crashed."""


class CannotSend(InstepError):
    """Something can't be sent to where a step is to run, or back: the text says what."""


class Refused(InstepError):
    """An engine takes no more steps: the loop ends with this."""


class Failure(NamedTuple):
    """What `each(..., errors="yield")` hands out in place of a result."""

    index: int  # type: ignore[assignment]  # shadows tuple.index, which nobody needs here
    """The step's index, from 0, in the order of the input."""
    arguments: tuple[Any, ...]
    """What the function was given."""
    error: BaseException
    """What it raised."""
    attempts: int = 1
    """How often it was tried."""


class RemoteTraceback(Exception):
    """The cause of an exception that was raised in another process: its text is the traceback there."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def brief(thing: object) -> str:
    """Its `repr`, of bounded length, and harmless on a terminal; of containers, no more is asked than is shown."""
    from instep.views.text import plain  # not on the way of a worker's start

    try:
        return plain(_brief.repr(thing), _LONGEST)
    except Exception:
        return plain(object.__repr__(thing), _LONGEST)


def shown(arguments: tuple[Any, ...]) -> str:
    """What a function was given, in short."""
    return brief(arguments[0]) if len(arguments) == 1 else f"({', '.join(map(brief, arguments))})"


def noted(error: BaseException, index: int, arguments: tuple[Any, ...], attempts: int) -> BaseException:
    """The error, with a note that says in which step it was raised."""
    tried = f", tried {attempts} times" if attempts > 1 else ""
    note = f"each: step {index}, given {shown(arguments)}{tried}"
    try:
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
    except Exception:  # of a class that takes no notes
        pass
    return error


def too_long(seconds: float) -> TimeoutError:
    """What a step fails with that takes longer than it may."""
    return TimeoutError(f"it took longer than timeout={seconds:g} seconds")


def of_stop(error: BaseException) -> BaseException:
    """A StopIteration would end the loop without a word: as in a generator (PEP 479) it becomes a RuntimeError."""
    if not isinstance(error, StopIteration):
        return error
    other = RuntimeError("the function raised StopIteration")
    other.__cause__ = error
    return other

"""What travels to another process and back: functions, arguments and results as bytes, and errors that keep their type.

cloudpickle sends what pickle can't: lambdas, closures, whatever the main program defines. Objects' own methods run when
they are pickled, so that any `Exception` may come up.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from typing import Any

from instep.spread.failures import CannotSend, RemoteTraceback, brief
from instep.spread.work import Outcome, StepRun, compute

Packed = tuple[bytes, str]
_functions: dict[bytes, Callable[..., Any]] = {}
"""The functions that were received lately, by the key they came with."""
_KEPT = 8
_here = threading.local()


def is_reading() -> bool:
    """Whether this thread, of a worker, reads what it was sent, and imports modules for it."""
    return getattr(_here, "reading", False)


def packed_function(function: Callable[..., Any]) -> bytes:
    """The function as bytes; `CannotSend` where that can't be."""
    try:
        return dumps(function)
    except Exception as error:
        raise CannotSend(f"the function {brief(function)} can't be sent: {_reason(error)}") from error


def packed_items(start: int, items: Sequence[Any], single: bool) -> bytes:
    """Arguments as bytes; `CannotSend` names the first that can't be."""
    try:
        return dumps(items)
    except Exception as error:
        raise CannotSend(_unsendable(start, items, single) or _reason(error)) from error


def _unsendable(start: int, items: Sequence[Any], single: bool) -> str:
    for index, item in enumerate(items, start):
        for place, argument in enumerate((item,) if single else item):
            try:
                dumps(argument)
            except Exception as error:
                which = "argument" if single else f"argument {place + 1}"
                return f"step {index}: its {which}, {brief(argument)}, can't be sent: {_reason(error)}"
    return ""


def _reason(error: BaseException) -> str:
    from instep.views.text import plain

    return f"{type(error).__name__}: {plain(error, 300)}"


def dumps(thing: object) -> bytes:
    """As bytes, what the main program defines by value."""
    import cloudpickle  # takes long, and a worker may do without

    made: bytes = cloudpickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
    return made


# Where it arrives


def read(blob: bytes, what: str) -> Any:
    """What was sent; `CannotSend` where it can't be made again, its module missing perhaps."""
    _here.reading = True
    try:
        return pickle.loads(blob)
    except Exception as error:
        raise CannotSend(f"{what} can't be read in the process that is to compute it: {_reason(error)}") from error
    finally:
        _here.reading = False


def received(key: bytes, blob: bytes) -> Callable[..., Any]:
    """The function that came under this key: the same for all chunks that come to this process."""
    function = _functions.get(key)
    if function is None:
        function = read(blob, "the function")
        while len(_functions) >= _KEPT:
            _functions.pop(next(iter(_functions)), None)
        _functions[key] = function
    return function


def computed(function: Callable[..., Any], start: int, blob: bytes, single: bool, retries: int, exact: bool) -> bytes:
    """Compute a chunk that has arrived; gives its outcome as bytes."""
    from contextvars import copy_context

    items = read(blob, "the arguments")
    notes: list[tuple[int, Any, dict[str, Any]]] = []

    def tell(index: int, value: Any, fields: dict[str, Any]) -> None:
        notes.append((index, value, fields))

    step = StepRun(start, tell, None)
    outcome = copy_context().run(compute, function, items, single, retries, exact, step)
    return _packed(outcome._replace(notes=notes), start)


def _packed(outcome: Outcome, start: int) -> bytes:
    failures = {at: (*_packed_error(error), attempts) for at, (error, attempts) in outcome.failures.items()}
    for dump in (_plainly, dumps):
        try:
            return dump((outcome._replace(failures={}), failures))
        except Exception:
            continue
    results, notes = list(outcome.results), [_sendable_note(note) for note in outcome.notes]
    for at, result in enumerate(results):
        try:
            dumps(result)
        except Exception as error:
            what = f"step {start + at}: its result, {brief(result)}, can't be sent back: {_reason(error)}"
            failures[at] = (*_packed_error(CannotSend(what)), 1)
            results[at] = None
    return dumps((outcome._replace(results=results, notes=notes, failures={}), failures))


def _plainly(thing: object) -> bytes:
    return pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)


def _sendable_note(note: tuple[int, Any, dict[str, Any]]) -> tuple[int, Any, dict[str, Any]]:
    try:
        dumps(note)
    except Exception:
        index, value, fields = note
        return index, None if value is None else brief(value), {name: brief(one) for name, one in fields.items()}
    return note


def _packed_error(error: BaseException) -> Packed:
    """An error as bytes that are sure to be read, and its traceback as text."""
    import traceback

    text = "".join(traceback.format_exception(error))
    for thing in (error, _Parts(error)):
        try:
            blob = dumps(thing)
            if _name(pickle.loads(blob)) == _name(error):
                return blob, text
        except Exception:
            continue
    return dumps(CannotSend(f"it raised {_name(error)}, {brief(error)}, which can't be sent itself")), text


def _name(error: object) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


class _Parts:
    """An error whose class can't be called with its `args` alone: it is put together again without calling it."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (type(self.error), self.error.args, dict(self.error.__dict__))


def rebuilt(kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> BaseException:
    """An error, made without calling its class."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


# Back again


def unpacked(blob: bytes) -> Outcome:
    """The outcome, whose errors have the traceback of where they were raised for a cause."""
    try:
        outcome, packed = pickle.loads(blob)
    except Exception as error:
        raise CannotSend(f"its result can't be read here: {_reason(error)}") from error
    failures = {at: (_unpacked_error(error, text), attempts) for at, (error, text, attempts) in packed.items()}
    made: Outcome = outcome._replace(failures=failures)
    return made


def _unpacked_error(blob: bytes, text: str) -> BaseException:
    try:
        error: BaseException = pickle.loads(blob)
    except Exception as reason:
        error = CannotSend(f"the error that was raised can't be read here: {_reason(reason)}")
    error.__cause__ = RemoteTraceback(text)
    return error

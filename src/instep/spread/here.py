"""Calls in this thread, each when its result is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from instep.spread.failures import Failure, noted, of_stop
from instep.spread.run import HereRun
from instep.spread.work import again


def results(
    run: HereRun, function: Callable[..., Any], iterables: tuple[Iterable[Any], ...], retries: int, yielding: bool
) -> Iterator[Any]:
    """The results, by the builtin `map`: where one call raises, the next can still be asked for.

    With `yielding`, a `Failure` stands for a call that failed.
    """

    def closed() -> bool:
        """Whether nothing more is to be handed out; what is in hand when another thread finds the end, is."""
        return not run.cut and run.status != "finished"

    def failed(error: BaseException, arguments: tuple[Any, ...]) -> Any:
        """A result or a failure; or else `error` is to be raised."""
        index = run.index()
        result, last, attempts = again(function, arguments, of_stop(error), retries)
        if last is None:
            return result
        try:
            noted(last, index, arguments, attempts)
            if yielding and isinstance(last, Exception):
                return Failure(index, arguments, last, attempts)
            run.raised += 1
            raise last
        finally:
            del error, last  # which have us, by their tracebacks

    def call(argument: Any) -> Any:
        if run.ended and closed():
            raise StopIteration
        run.computing = True
        try:
            result = function(argument)
        except BaseException as error:
            result = failed(error, (argument,))
        finally:
            run.computing = False
        if run.ended and closed():  # it was closed meanwhile, and its count is final
            raise StopIteration
        return result

    def call_with(*arguments: Any) -> Any:
        if run.ended and closed():
            raise StopIteration
        run.computing = True
        try:
            result = function(*arguments)
        except BaseException as error:
            result = failed(error, arguments)
        finally:
            run.computing = False
        if run.ended and closed():  # it was closed meanwhile, and its count is final
            raise StopIteration
        return result

    return map(call, *iterables) if len(iterables) == 1 else map(call_with, *iterables)

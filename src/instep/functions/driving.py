"""`Steps`: one call of a function, taken step by step.

Steps are taken by a generator of ours, `_taking`, for three reasons: what it needs is at hand in its locals; it refuses
to be entered twice, from inside the function or from another thread, as any generator; and its frame stays the same, so
that it is the place to which what happens inside the function belongs. It doesn't know the `Steps`, and ends when that
is dropped.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Generator, Iterator
from operator import attrgetter
from sys import _getframe
from time import perf_counter_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar
from weakref import ref

from instep.computation import Computation
from instep.current import latest
from instep.functions.grains import ABSENT, Call
from instep.functions.handles import FunctionHandle
from instep.functions.running import FOLD, FunctionRun, is_end, stripped
from instep.model import Note, Status, Step

R = TypeVar("R")
_over = iter(()).__next__
_new: Any = tuple.__new__  # half the time of calling the class


class Steps(FunctionHandle[R]):
    """One call of a function as an iterator of its steps; see `steps`. Each `next` runs exactly one.

    What it tells about itself is what a `Track` tells: `position`, `status`, `timer`, `notes`, `snapshot()`. It serves
    one thread at a time (`ValueError` else, as for a generator), and is stopped when it is dropped.
    """

    if TYPE_CHECKING:
        __slots__ = ("_taking",)

        def __next__(self) -> Step:
            """Run one step."""
    else:
        # Filled with the generator's own `__next__`, so that no frame of ours is between it and the consumer: that
        # saves a third of what a step costs here. The type's slot finds it as it would find a method.
        __slots__ = ("__next__", "_taking")

    def __init__(self, run: FunctionRun, call: Call) -> None:
        super().__init__(run, call)
        self._taking = _taking(run, call, self._returned)
        run.alive = ref(self._taking)
        self._set_next(self._taking.__next__)

    def _set_next(self, function: Any) -> None:
        self.__next__ = function  # type: ignore[method-assign]

    def __iter__(self) -> Self:
        return self

    def run(self) -> R:
        """Take all the steps that are left, quickly, and give the function's result. They are timed together."""
        run = self._run
        if run.is_over:
            return self.result
        self._hold()
        call, began = self._call, perf_counter_ns()
        try:
            run.start(_getframe(), _getframe().f_back)
            run.read = lambda: call.taken  # seen from outside, while it goes on
            self._returned.append(call.run())
            run.drained(perf_counter_ns() - began)
            run.finish()
        except BaseException as error:
            run.drained(perf_counter_ns() - began)
            run.fail(error)
            error.__traceback__ = stripped(error.__traceback__)
            raise
        finally:
            self._set_next(_over)
        return self._returned[0]

    def close(self) -> None:
        """Stop here: the function's `finally` blocks run. Does nothing after the end."""
        self._close("stopped")

    def _close(self, status: Status) -> None:
        run = self._run
        if run.is_over:
            return
        self._hold()
        try:
            if run.status == "running":
                run.enter(_getframe())
            self._call.close()
        except BaseException as error:
            run.fail(error)
            error.__traceback__ = stripped(error.__traceback__)
            raise
        finally:
            self._set_next(_over)
            run.stop(status)

    def _hold(self) -> None:
        """Nobody else takes a step from now on."""
        if not self._run.between:
            self._refuse()
        self._run.held = True
        self._set_next(self._refuse)

    def _refuse(self) -> NoReturn:
        raise ValueError(f"{self._run.name}: already executing")

    def values(self) -> Iterator[Any]:
        """Take the steps, and give the values of those that are assignments. Closing it closes the steps."""
        return values_of(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._close("interrupted" if kind is not None and issubclass(kind, KeyboardInterrupt) else "stopped")


def _taking(run: FunctionRun, call: Call, returned: list[Any]) -> Generator[Step, None, Any]:
    """Take the steps, as they are asked for; its value is the function's result, which goes to `returned`, too."""
    innermost, enter, clock, absent = latest.get, latest.set, perf_counter_ns, ABSENT
    take, site_of, took_by = call.step, run.sites.append, run.took.append
    current: Computation = run
    run.start(_getframe(), _getframe().f_back)  # not by a name, which would make a cycle of the frame
    index = 0
    try:
        while True:
            if innermost() is not current:  # another one's step was taken since, or this is another thread
                enter(current)
            try:
                began = clock()
                site, value, stack = take()
                took = clock() - began
            except StopIteration as end:
                if not is_end(end):  # it would be taken for the end of the steps
                    raise RuntimeError(f"{run.name} raised StopIteration") from end
                returned.append(end.value)
                run.finish()
                return end.value
            current = innermost() or run
            run.done = index + 1
            site_of(site)
            took_by(took)
            if not index & FOLD:
                run.fold()
            name, line, end_line, source, depth, binds = site
            note = None if run._notes is None else _note(run, index)
            has_value = value is not absent
            if not has_value:
                value = None
            yield _new(
                Step,
                (index, took / 1e9, name, note, 1, value, has_value, binds, line, end_line, source, depth, stack),
            )
            index += 1
    except GeneratorExit:
        run.drop()
        raise
    except BaseException as error:
        run.fail(error)
        error.__traceback__ = stripped(error.__traceback__)
        raise  # a bare `raise` adds no frame of ours


def _note(run: FunctionRun, index: int) -> Note | None:
    said = run.said(index)
    return None if said is None else Note(*said)


def values_of(steps: Steps[Any]) -> Generator[Any, None, None]:
    """The values of the steps that are assignments."""
    try:
        for step in filter(attrgetter("binds"), steps):
            yield step.value
    except GeneratorExit:
        if get_ident() == steps._run.thread:  # else it was dropped by another one, which mustn't run the function
            steps.close()
        raise
    except BaseException as error:
        error.__traceback__ = stripped(error.__traceback__)
        raise

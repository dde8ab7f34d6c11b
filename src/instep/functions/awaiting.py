"""`AsyncSteps`: one call of an `async def`, taken step by step; what a step awaits, its consumer awaits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from sys import _getframe
from time import perf_counter_ns
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self, TypeVar
from weakref import ref

from instep.functions.grains import ABSENT, Taken
from instep.functions.handles import FunctionHandle
from instep.functions.running import FunctionRun, is_end, stripped
from instep.model import Note, Status, Step

R = TypeVar("R")


class AsyncSteps(FunctionHandle[R]):
    """One call of an `async def` as an asynchronous iterator of its steps; see `steps`.

    `async for` runs exactly one step a turn. Where a step waits for something, other tasks run meanwhile, and its time
    includes that. It serves one task at a time (`ValueError` else), and is stopped when it is dropped.
    """

    __slots__ = ()

    def __init__(self, run: FunctionRun, call: Any) -> None:
        super().__init__(run, call)
        run.alive = ref(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Step:
        """Run one step."""
        run = self._run
        if run.is_over:
            raise StopAsyncIteration
        self._hold(_getframe())
        began = perf_counter_ns()
        try:
            taken = await self._call.step()
        except StopAsyncIteration as end:
            if not is_end(end):  # it would be taken for the end of the steps
                run.fail(end)
                raise RuntimeError(f"{run.name} raised StopAsyncIteration") from end
            self._returned.append(end.args[0])
            run.finish()
            raise StopAsyncIteration from None
        except BaseException as error:
            self._fail(error)
            raise  # a bare `raise` adds no frame of ours
        finally:
            run.leave()
        return _told(run, taken, perf_counter_ns() - began)

    async def run(self) -> R:
        """Take all the steps that are left, quickly, and give the function's result. They are timed together."""
        run = self._run
        if run.is_over:
            return self._returned[0]
        self._hold(_getframe())
        call, began = self._call, perf_counter_ns()
        try:
            run.read = lambda: call.taken
            self._returned.append(await call.run())
            run.drained(perf_counter_ns() - began)
            run.finish()
        except BaseException as error:
            run.drained(perf_counter_ns() - began)
            self._fail(error)
            raise
        finally:
            run.leave()
        return self._returned[0]

    async def aclose(self) -> None:
        """Stop here: the function's `finally` blocks run. Does nothing after the end."""
        await self._close("stopped")

    async def _close(self, status: Status) -> None:
        run = self._run
        if run.status == "running":
            self._hold(_getframe())
            try:
                await self._call.close()
            except BaseException as error:
                self._fail(error)
                raise
            finally:
                run.leave()
        run.stop(status)

    async def values(self) -> AsyncGenerator[Any, None]:
        """Take the steps, and give the values of those that are assignments. Closing it closes the steps."""
        try:
            async for step in self:
                if step.binds:
                    yield step.value
        except GeneratorExit:
            await self.aclose()
            raise
        except BaseException as error:
            error.__traceback__ = stripped(error.__traceback__)
            raise

    def close(self) -> NoReturn:
        """Not here: `TypeError`. An `async def` is closed by `await steps.aclose()`."""
        raise TypeError(f"{self._run.name} is an async def: write await steps.aclose()")

    def __enter__(self) -> NoReturn:
        raise TypeError(f"{self._run.name} is an async def: write async with")

    def __iter__(self) -> NoReturn:
        raise TypeError(f"{self._run.name} is an async def: write async for, or await steps.run()")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._close("interrupted" if kind is not None and issubclass(kind, KeyboardInterrupt) else "stopped")

    def __del__(self) -> None:
        self._run.drop()

    def _hold(self, frame: FrameType) -> None:
        """One at a time."""
        run = self._run
        if run.held:
            raise ValueError(f"{run.name}: already executing")
        run.start(frame, frame.f_back)
        run.held = True

    def _fail(self, error: BaseException) -> None:
        self._run.fail(error)
        error.__traceback__ = stripped(error.__traceback__)


def _told(run: FunctionRun, taken: Taken, ns: int) -> Step:
    site, value, stack = taken
    index = run.done
    run.tell(site, ns)
    said = run.said(index)
    has_value = value is not ABSENT
    return Step(
        index,
        ns / 1e9,
        site.name,
        None if said is None else Note(*said),
        value=value if has_value else None,
        has_value=has_value,
        binds=site.binds,
        line=site.line,
        end_line=site.end_line,
        source=site.source,
        depth=site.depth,
        stack=stack,
    )

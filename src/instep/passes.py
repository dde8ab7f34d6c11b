"""Passes in which Python code of ours runs for each step: `async for`, and `yield from` a generator."""

from __future__ import annotations

import sys
from time import perf_counter_ns

from instep.computation import status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from instep.computation import Computation
    from instep.model import Status


class _Steps:
    """Counts and times steps, each by itself."""

    __slots__ = ("_asked", "_handed", "_run")

    def __init__(self, run: Computation) -> None:
        self._run = run
        self._asked = self._handed = 0

    def _ask(self, depth: int) -> None:
        """The next item is asked for: the last one's body is over."""
        run = self._run
        if run.status == "pending":
            run.begin(sys._getframe(depth + 1))
        run.fetching = True
        self._asked = perf_counter_ns()

    def _hand(self) -> None:
        """An item is handed out: the step before is over."""
        now, run = perf_counter_ns(), self._run
        self._log(now)
        self._handed = now
        run.done += 1
        run.fetching = False

    def _log(self, now: int) -> None:
        run, asked = self._run, self._asked
        if self._handed:
            step = now - self._handed
            run.log(1, step, step, now - asked)
        else:
            run.log(0, now - asked)

    def _end(self, status: Status) -> None:
        if self._run.status == "running":
            now = perf_counter_ns()
            if not self._run.fetching:
                self._asked = now
            if self._handed:
                self._log(now)
            self._run.end(status, now)

    def __del__(self) -> None:
        self._end("stopped")


class AsyncPass(_Steps):
    """One pass over an asynchronous iterator."""

    __slots__ = ("_steps",)

    def __init__(self, steps: AsyncIterator[Any], run: Computation) -> None:
        super().__init__(run)
        self._steps = steps

    def __aiter__(self) -> AsyncPass:
        return self

    async def __anext__(self) -> Any:
        self._ask(1)
        try:
            item = await self._steps.__anext__()
        except StopAsyncIteration:
            self._end("finished")
            raise
        except BaseException as error:
            self._end(status_of(type(error)))
            raise
        self._hand()
        return item


class Delegation(_Steps):
    """One pass over what is delegated to by `yield from`: it has the doors (send, throw, close) that this has."""

    __slots__ = ("_steps",)

    def __init__(self, steps: Any, run: Computation) -> None:
        super().__init__(run)
        self._steps = steps

    def __iter__(self) -> Delegation:
        return self

    def __next__(self) -> Any:
        return self._resume(self._steps.__next__)

    def _resume(self, resume: Any, *arguments: Any) -> Any:
        self._ask(2)
        try:
            item = resume(*arguments)
        except StopIteration:
            self._end("finished")
            raise
        except BaseException as error:
            self._end(status_of(type(error)))
            raise
        self._hand()
        return item

    def __getattr__(self, name: str) -> Any:
        if name == "close":
            return self._closing(self._steps.close)
        if name in ("send", "throw"):
            resume = getattr(self._steps, name)
            return lambda *arguments: self._resume(resume, *arguments)
        raise AttributeError(name)

    def _closing(self, close: Any) -> Any:
        def closing() -> None:
            self._end("stopped")
            close()

        return closing

"""One run of a function under `instep dissect`: each step with what it gave, kept as text or as JSON at once.

At once, since what a step gave may be changed by a later one.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from inspect import signature
from typing import Any

from instep.cli.failures import Failure
from instep.functions.awaiting import AsyncSteps
from instep.functions.run import Stepped
from instep.functions.running import stripped
from instep.model import Step
from instep.views import text

Show = Callable[[Any], Any]


class Taking:
    """The steps of one call, at most `limit` of them kept, and how it ended."""

    def __init__(self, stepped: Stepped[..., Any], show: Show, limit: int) -> None:
        self.stepped = stepped
        self.steps: list[tuple[Step, Any]] = []  # each with its value as shown; the value itself isn't kept
        self.more = 0
        self.error: BaseException | None = None
        self.result: Any = None
        self.walk: Any = None
        self._show, self._limit = show, limit

    def run(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Take all steps. What the function raises is kept, but for Ctrl-C."""
        try:
            self.walk = self.stepped(*args, **kwargs)
        except TypeError as error:
            raise Failure(str(error), f"it is called {_call(self.stepped)}") from error
        try:
            if isinstance(self.walk, AsyncSteps):
                asyncio.run(self._take_async())
            else:
                for step in self.walk:
                    self._keep(step)
            self.result = self._show(self.walk.result)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.error = error

    async def _take_async(self) -> None:
        async for step in self.walk:
            self._keep(step)

    def _keep(self, step: Step) -> None:
        if len(self.steps) < self._limit:
            shown = self._show(step.value) if step.has_value else None
            self.steps.append((step._replace(value=None, note=None, stack=None), shown))
        else:
            self.more += 1

    def print_traceback(self) -> None:
        """As of a plain call: without our own frames."""
        error = self.error
        if error is not None:
            error.__traceback__ = stripped(error.__traceback__, "instep.")
            traceback.print_exception(error)

    @property
    def raised(self) -> str:
        """What the function has raised, in a line."""
        error = self.error
        if error is None:
            return ""
        said = text.plain(error)
        return f"{type(error).__name__}: {said}" if said else type(error).__name__

    @property
    def raised_at(self) -> int | None:
        """The line of the function at which it has raised."""
        function = self.stepped._function
        if self.error is not None:
            for frame, line in traceback.walk_tb(self.error.__traceback__):
                if frame.f_code.co_filename == function.__code__.co_filename:
                    return line
        return None


def _call(stepped: Stepped[..., Any]) -> str:
    try:
        return f"{stepped.__name__}{signature(stepped)}"
    except (TypeError, ValueError):
        return f"{stepped.__name__}(...)"


def as_text(value: Any) -> str:
    """A value as it is shown in a table."""
    try:
        return text.plain(repr(value), 120)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"

"""`Job`: a chunk of consecutive steps on its way through an engine.

An engine calls it, in this process or, once it was pickled, in another. What becomes of it is said once, by whoever is
first.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from instep.spread.run import EachRun
from instep.spread.work import Outcome, StepRun, compute


class Task:
    """What all jobs of one `each` have in common."""

    def __init__(
        self, function: Callable[..., Any], single: bool, retries: int, timeout: float | None, run: EachRun
    ) -> None:
        self.function, self.single, self.retries, self.timeout, self.run = function, single, retries, timeout, run
        self.key = os.urandom(16)
        self._blob = b""

    @property
    def blob(self) -> bytes:
        """The function as bytes; made once, when it is first to be sent."""
        if not self._blob:
            from instep.spread.sending import packed_function

            self._blob = packed_function(self.function)
        return self._blob

    def arguments(self, item: Any) -> tuple[Any, ...]:
        """What the function is given for an item."""
        return (item,) if self.single else tuple(item)


class Job:
    """Steps from `start` on, `tried` so often already: sent, perhaps begun, over.

    Called in this process it computes its steps, if nobody has claimed it; called where it arrived pickled, it gives
    their outcome as bytes.
    """

    def __init__(
        self,
        task: Task,
        start: int,
        items: list[Any],
        exact: bool,
        over: Callable[[bool], object],
        tried: int = 0,
    ) -> None:
        self.task, self.start, self.items, self.exact, self.tried = task, start, items, exact, tried
        self.size = len(items)
        self.ended: tuple[Outcome | None, BaseException | None]  # what it came to, or why there is no outcome
        self.sent = False
        self.logged = False  # whether it was counted, and its results have been taken out of it
        self.handle: Any = None  # the engine's own
        self.since = 0  # when it was begun, in ns; or sent, where nobody tells when it is begun
        self.weight = 0  # bytes that were sent for it, as far as that is known
        self._over = over  # told whether it may have to be tried again
        self._context: Context = copy_context()
        self._claimed = allocate_lock()

    @property
    def __name__(self) -> str:
        """What a cluster's dashboard calls it."""
        return getattr(self.task.function, "__name__", "each")

    @property
    def retries(self) -> int:
        """How often a step may still be tried again."""
        return max(self.task.retries - self.tried, 0)

    @property
    def retries_there(self) -> int:
        """How often at once, where it is computed; a single step is sent again instead, so that each try is counted."""
        return self.retries if self.size > 1 else 0

    @property
    def over(self) -> bool:
        """Whether it is known what became of it."""
        return "ended" in self.__dict__

    @property
    def outcome(self) -> Outcome | None:
        """What it came to."""
        return self.ended[0] if self.over else None

    @property
    def error(self) -> BaseException | None:
        """Why it came to nothing."""
        return self.ended[1] if self.over else None

    def release(self) -> None:
        """Let go of what it has: the items by emptying their list, for the frames of an error have that, too."""
        self.ended = None, None  # and those frames have us
        self.handle = None  # an executor's future has us, too
        items, self.items = self.items, []
        items.clear()

    def claim(self) -> bool:
        """Begin it, or call it back: true for the first who wants to."""
        return self._claimed.acquire(False)

    def finish(self, outcome: Outcome) -> bool:
        """It was computed; false if it was over already."""
        return self._end(outcome, None)

    def fail(self, error: BaseException) -> bool:
        """It came to nothing; false if it was over already."""
        return self._end(None, error)

    def _end(self, outcome: Outcome | None, error: BaseException | None) -> bool:
        ended = outcome, error
        first = self.__dict__.setdefault("ended", ended) is ended  # neither a thread nor Ctrl-C can come between
        if first:
            if error is None:
                self.handle = None
            self._over(outcome is None or (self.size == 1 and self.retries > 0 and bool(outcome.failures)))
        return first

    def __call__(self) -> None:
        """Compute it, with what is current and all context variables as they were when it was made."""
        if self.claim():
            self.compute()

    def compute(self) -> None:
        """The same, for who has claimed it."""
        task = self.task
        step = StepRun(self.start, task.run.jot, task.run)
        arguments = task.function, self.items, task.single, self.retries_there, self.exact, step
        self.finish(self._context.run(compute, *arguments))

    def message(self) -> tuple[Any, ...]:
        """What is to be known where it is computed; `CannotSend` where that can't be sent."""
        from instep.spread.sending import packed_items

        packed = packed_items(self.start, self.items, self.task.single)
        self.weight = len(packed)
        return self.start, packed, self.task.single, self.retries_there, self.exact

    def returned(self, blob: bytes) -> None:
        """It was computed elsewhere; `CannotSend` where its outcome can't be read here."""
        from instep.spread.sending import unpacked

        self.weight += len(blob)
        self.finish(unpacked(blob))

    def __reduce__(self) -> tuple[Any, ...]:
        return Arrived, (self.task.key, self.task.blob, *self.message())


class Arrived:
    """A job that has arrived in another process."""

    def __init__(self, key: bytes, function: bytes, *chunk: Any) -> None:
        self._key, self._function, self._chunk = key, function, chunk

    def __call__(self) -> bytes:
        """Compute it."""
        from instep.spread.sending import computed, received

        return computed(received(self._key, self._function), *self._chunk)

    def __reduce__(self) -> tuple[Any, ...]:  # a cluster may pass it on before anybody calls it
        return Arrived, (self._key, self._function, *self._chunk)

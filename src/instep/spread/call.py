"""`Call`: a chunk of steps as something to be called, in this process or, once it was pickled, in another."""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from instep.spread.run import EachRun
from instep.spread.work import Outcome, StepRun, compute


class Task:
    """What all calls of one `each` have in common."""

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


class Call:
    """Steps from `start` on, `tried` so often already, to be computed by whoever calls it.

    In this process it gives an `Outcome`, to the first who calls; where it arrives pickled, an `Outcome` as bytes.
    """

    def __init__(self, task: Task, start: int, items: list[Any], exact: bool, tried: int = 0) -> None:
        self.task, self.start, self.items, self.exact, self.tried = task, start, items, exact, tried
        self._context: Context = copy_context()
        self.deliver: Callable[[Outcome], object] | None = None
        self._called = allocate_lock()

    @property
    def __name__(self) -> str:
        """What a cluster's dashboard calls it."""
        return getattr(self.task.function, "__name__", "each")

    @property
    def retries(self) -> int:
        """How often a step may still be tried again."""
        return max(self.task.retries - self.tried, 0)

    def __call__(self) -> Outcome | None:
        """Compute it, with what is current and all context variables as they were when it was made."""
        if not self._called.acquire(False):
            return None
        task = self.task
        step = StepRun(self.start, task.run.jot, task.run)
        items, context = self.items, self._context
        outcome = context.run(compute, task.function, items, task.single, self.retries, self.exact, step)
        deliver, self.deliver = self.deliver, None
        if deliver is not None:
            deliver(outcome)  # itself: of a call that was sent twice, for Ctrl-C, nobody may wait for the first
        return outcome

    def packed(self) -> bytes:
        """Its items as bytes."""
        from instep.spread.sending import packed_items

        return packed_items(self.start, self.items, self.task.single)

    def message(self) -> tuple[Any, ...]:
        """What is to be known where it is computed."""
        return self.start, self.packed(), self.task.single, self.retries, self.exact

    def __reduce__(self) -> tuple[Any, ...]:
        return Arrived, (self.task.key, self.task.blob, *self.message())


class Arrived:
    """A call that has arrived in another process."""

    def __init__(self, key: bytes, function: bytes, *chunk: Any) -> None:
        self._key, self._function, self._chunk = key, function, chunk

    def __call__(self) -> bytes:
        """Compute it."""
        from instep.spread.sending import computed, received

        return computed(received(self._key, self._function), *self._chunk)

    def __reduce__(self) -> tuple[Any, ...]:  # a cluster may pass it on before anybody calls it
        return Arrived, (self._key, self._function, *self._chunk)


def outcome_of(returned: Outcome | bytes) -> Outcome:
    """What a call gave, wherever it was made; `CannotSend` where that can't be read here."""
    if isinstance(returned, bytes):
        from instep.spread.sending import unpacked

        return unpacked(returned)
    return returned

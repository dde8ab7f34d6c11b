"""`Job`: a chunk of steps on its way through an engine. What becomes of it is said once, by whoever is first."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from typing import Any

from instep.spread.call import Call
from instep.spread.work import Outcome


class Job:
    """A chunk of steps: sent, perhaps begun, over."""

    def __init__(self, call: Call, over: Callable[[Job], object]) -> None:
        self.call = call
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None  # why there is no outcome
        self.sent = False
        self.logged = False  # whether it was counted, and its results have been taken out of it
        self.handle: Any = None  # the engine's own
        self.since = 0  # when it was begun, in ns; or sent, where nobody tells when it is begun
        self._over: Callable[[Job], object] | None = over
        self._claimed = allocate_lock()
        self._ended = allocate_lock()
        call.deliver = self.finish

    @property
    def size(self) -> int:
        """How many steps it has."""
        return len(self.call.items)

    def claim(self) -> bool:
        """Begin it, or call it back: true for the first who wants to."""
        return self._claimed.acquire(False)

    @property
    def over(self) -> bool:
        """Whether it is known what became of it."""
        return self.outcome is not None or self.error is not None or self.logged

    def finish(self, outcome: Outcome) -> bool:
        """It was computed; false if it was over already."""
        return self._end(outcome, None)

    def fail(self, error: BaseException) -> bool:
        """It came to nothing; false if it was over already."""
        return self._end(None, error)

    def _end(self, outcome: Outcome | None, error: BaseException | None) -> bool:
        first = self._ended.acquire(False)
        if first:
            self.outcome, self.error, self.handle = outcome, error, None
            over, self._over = self._over, None  # which has a queue that will have us
            if over is not None:
                over(self)
        return first

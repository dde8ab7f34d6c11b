"""A clock that is moved by hand."""

from __future__ import annotations


class Clock:
    """Gives nanoseconds; stands still until it is moved."""

    def __init__(self, now: int = 1_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def move(self, seconds: float) -> int:
        """Go on by so many seconds; gives the time it is then."""
        self.now += round(seconds * 1e9)
        return self.now

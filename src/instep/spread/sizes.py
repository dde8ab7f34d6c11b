"""How many steps travel together: one where the caller said how far to look ahead, else about 10 ms of them."""

from __future__ import annotations

CHUNK = 10_000_000
"""Nanoseconds that a chunk should take where it is computed, and that collecting its arguments may take."""
MOST, MOST_SENT = 1 << 14, 1 << 16
"""Steps in a chunk, at most: here, where nobody knows how much memory their results take, and where they are sent."""
HEAVY = 4 << 20
"""Bytes that a chunk's arguments and results should take, at most, where they are sent."""
GROWTH = 4
"""A chunk has at most so many times the steps of the largest before: what is measured may turn out otherwise."""


class Sizes:
    """Of chunks, from what was measured. With `single` every chunk is one step."""

    def __init__(self, single: bool) -> None:
        self._single = single
        self._largest = 0
        self._step = self._pull = 0.0  # ns a step takes to compute, and its arguments to be had
        self._weight = 0.0  # bytes of both

    def next(self) -> int:
        """How many steps the next chunk is to have."""
        if self._single or not self._step:
            return 1
        size = int(min(CHUNK / max(self._step, self._pull, 1.0), HEAVY / max(self._weight, 1.0)))
        size = max(1, min(size, GROWTH * self._largest, MOST_SENT if self._weight else MOST))
        self._largest = max(self._largest, size)
        return size

    @property
    def exact(self) -> bool:
        """Whether steps are so slow that each is timed by itself."""
        from instep.spread.work import SLOW

        return self._step >= SLOW

    def pulled(self, n: int, ns: int) -> None:
        """The arguments of `n` steps took so long to be had."""
        self._pull = _mixed(self._pull, ns / n)
        self._largest = max(self._largest, n)

    def computed(self, n: int, ns: int, weight: int) -> None:
        """`n` steps took so long to be computed, and so many bytes were sent for them."""
        self._step = _mixed(self._step, max(ns / n, 1.0))
        self._weight = _mixed(self._weight, weight / n)


def _mixed(before: float, now: float) -> float:
    """Quick to see that steps cost more than before, slower to trust that they cost less."""
    return now if not before or now > before else (before + now) / 2

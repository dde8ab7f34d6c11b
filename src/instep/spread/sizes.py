"""How many steps travel together: one where the caller said how far to look ahead, else about 10 ms of them."""

from __future__ import annotations

CHUNK = 10_000_000
"""Nanoseconds that a chunk should take where it is computed, and that collecting its arguments may take."""
MOST = 1 << 18
"""Steps in a chunk, at most."""
GROWTH = 4
"""A chunk has at most so many times the steps of the largest before: what is measured may turn out otherwise."""


class Sizes:
    """Of chunks, from what was measured. With `single` every chunk is one step."""

    def __init__(self, single: bool) -> None:
        self._single = single
        self._largest = 0
        self._step = self._pull = 0.0  # ns a step takes to compute, and its arguments to be had

    def next(self) -> int:
        """How many steps the next chunk is to have."""
        if self._single or not self._step:
            return 1
        size = int(CHUNK / max(self._step, self._pull, 1.0))
        size = max(1, min(size, GROWTH * self._largest, MOST))
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

    def computed(self, n: int, ns: int) -> None:
        """`n` steps took so long to be computed."""
        self._step = _mixed(self._step, max(ns / n, 1.0))


def _mixed(before: float, now: float) -> float:
    """Quick to see that steps have become slower, slower to trust that they have become quicker."""
    return now if not before or now > before else (before + now) / 2

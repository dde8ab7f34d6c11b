"""How long steps to come will take, from those gone, with an honest range; in constant memory."""

from __future__ import annotations

from _operator import sub
from math import inf, nan, sqrt

_BATCHES = 32
_T = (6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81, 1.80, 1.78, 1.77, 1.76, 1.75)
"""Student's t, 95th percentile, for 1, 2, ... degrees of freedom; 1.7 is near enough beyond."""


class Forecast:
    """Batch means: the steps gone, in at most 32 batches of equal count, as large as they need to be.

    Means of batches keep what steps have in common with their neighbours, which a variance of single steps loses,
    so the range stays honest where step times drift (Law & Kelton, *Simulation Modeling and Analysis*, ch. 9).
    """

    __slots__ = ("_count", "_marks", "_time", "_width")

    def __init__(self) -> None:
        self._count = 0
        self._time = 0.0
        self._width = 1
        self._marks: list[float] = [0.0]  # the time at every width-th step

    def add(self, n: int, time: float) -> None:
        """`n` steps took `time` together."""
        count, marks = self._count, self._marks
        while (mark := len(marks) * self._width) <= count + n:
            marks.append(self._time + time * (mark - count) / n)
            if len(marks) > _BATCHES:
                del marks[1::2]
                self._width *= 2
        self._count = count + n
        self._time += time

    def ahead(self, n: int) -> tuple[float, float, float]:
        """Time that `n` more steps will take: likely, least, most (nine times out of ten, if they go on as they went).

        `nan`, 0 and infinity while unknown.
        """
        if n == 0:
            return 0.0, 0.0, 0.0
        if not self._count:
            return nan, 0.0, inf
        marks, width = self._marks, self._width
        batches = list(map(sub, marks[1:], marks))
        lately = batches[len(batches) // 2 :]
        likely = n * (sum(lately) / len(lately) / width if lately else self._time / self._count)
        if len(batches) < 2:
            return likely, 0.0, inf
        mean = sum(batches) / len(batches)
        variance = sum((b - mean) ** 2 for b in batches) / (len(batches) - 1)
        spans = n / width
        t = _T[len(batches) - 2] if len(batches) - 2 < len(_T) else 1.7
        spread = t * sqrt(variance * (spans + spans * spans / len(lately)))
        trend = self._trend(batches, n, t)
        return likely, max(likely - spread + min(trend, 0.0), 0.0), likely + spread + max(trend, 0.0)

    def _trend(self, batches: list[float], n: int, t: float) -> float:
        """What comes on top if steps go on growing slower (or quicker), where they clearly did: a straight line."""
        half = len(batches) // 2
        if half < 2:
            return 0.0
        early, late = batches[:half], batches[-half:]
        change = (sum(late) - sum(early)) / half
        centred = [b - sum(part) / half for part in (early, late) for b in part]
        noise = sqrt(sum(c * c for c in centred) / (2 * half - 2) * 2 / half)
        if abs(change) <= t * noise:
            return 0.0
        ahead = half / 2 + n / self._width / 2  # batches from the middle of the late half to that of what is to come
        return n / self._width * change / half * ahead

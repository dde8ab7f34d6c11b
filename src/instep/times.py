"""What is known of the times of steps: a histogram, the slowest, sums; in memory that does not grow with the steps."""

from __future__ import annotations

from _collections import _count_elements as count_elements  # type: ignore[import-not-found]
from _thread import RLock
from math import ceil, exp, log, nan

from instep.forecast import Forecast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Said = tuple[int | None, Any, dict[str, Any]]

LONG = 100_000_000
"""Nanoseconds: a step this long is never missing from `slowest`."""
KEPT = 5
"""How many of the slowest steps are kept."""
_SCALE = 1 / log(1.04)
"""Buckets 4 % wide, read at their middle: within 2 % of what fell into them."""


def _bucket(ns: float) -> int:
    return int(log(ns) * _SCALE) if ns > 1 else 0


class Times:
    """Times of steps, in nanoseconds: fed with single steps and with blocks of them, in the order of the steps.

    `count` steps took `ns`, and `extra` went before the first one; `timed` of them were timed one by one. Of `split`
    ns, `split_fetch` was spent on fetching; `hidden` ns are those of long steps found among quick ones. Any thread may
    feed and read it.
    """

    def __init__(self, first: int = 0, said: Callable[[int], Said | None] | None = None) -> None:
        self.first = first  # index of the first step
        self.said = said  # gives the last note on a step
        self.count = self.timed = self.ns = self.extra = self.hidden = 0
        self.split = self.split_fetch = 0.0
        self.buckets: dict[int, float] = {}
        self.names: dict[int, str] = {}  # index -> name, of those among the slowest that have one
        self.slowest: list[tuple[int, int, int, Said | None]] = []  # (ns, index, among, note), the slowest first
        self.forecast = Forecast()
        self.lock = RLock()  # a finalizer that runs in here may ask for the same times
        self._floor = -1  # ns to beat for a place among the slowest
        self._sighted: dict[int, int] = {}  # index -> ns at least: long steps seen from outside

    def add(self, n: int, ns: int, step: int = -1, fetch: int = 0, note: object = None, steady: bool = False) -> None:
        """`n` steps took `ns` together; the last but one, if `step` is given, that long, `fetch` being part of it."""
        with self.lock:
            if not n:  # the first item's fetch, which belongs to no step
                self.extra += ns
                return
            weight, index = n, self.first + self.count
            if n > 1 and (ns >= LONG or self._sighted):
                weight -= self._long(index, n, ns, step, steady)
            if n == 1 and step < 0:
                step = ns
                self.timed += 1
                if ns > self._floor:
                    self._rank(ns, index, 1, None if note is None else (index, note, {}))
            elif step >= 0:
                self.timed += 1
                self.split += weight * step
                self.split_fetch += weight * fetch
                if step > self._floor:
                    self._rank(step, index + max(n - 2, 0), 1)
            if weight > 0:
                bucket = _bucket(step if step >= 0 else ns / n)
                self.buckets[bucket] = self.buckets.get(bucket, 0) + weight
            self._passed(n, ns)

    def add_part(self, n: int, ns: int) -> None:
        """`n` steps took `ns`, at a steady pace."""
        with self.lock:
            if ns // n > self._floor:
                self._rank(ns // n, self.first + self.count, n)
            self.add(n, ns, steady=True)

    def add_each(self, steps: list[int], fetch: int | None) -> None:
        """Steps timed one by one, of which `fetch` ns in all were spent on producing the next item.

        `fetch` is `None` where nobody waits for items, as in a function.
        """
        with self.lock:
            self._add_each(steps, fetch)

    def _add_each(self, steps: list[int], fetch: int | None) -> None:
        # As `_bucket`, not called for each; in C, as `collections.Counter` does it.
        count_elements(self.buckets, [int(log(ns) * _SCALE) if ns > 1 else 0 for ns in steps])
        if max(steps) > self._floor:
            for i, ns in enumerate(steps, self.first + self.count):
                if ns > self._floor:
                    self._rank(ns, i, 1)
        ns = sum(steps)
        self.timed += len(steps)
        if fetch is not None:
            self.split += ns
            self.split_fetch += fetch
        self._passed(len(steps), ns)

    def _passed(self, n: int, ns: int) -> None:
        self.count += n
        self.ns += ns
        self.forecast.add(n, ns)
        if self._sighted:  # they are known exactly by now, or belong to a block that was found quick
            self._sighted = {i: least for i, least in self._sighted.items() if i >= self.first + self.count}

    def sight(self, index: int, ns: int) -> None:
        """The step `index` was seen, from outside, to last `ns` at least."""
        with self.lock:
            self._sighted[index] = max(ns, self._sighted.get(index, 0))

    def _long(self, first: int, n: int, ns: int, step: int, steady: bool) -> int:
        """A block of quick steps took long: find the step that did it. Gives how many were found."""
        alone_at = first + n - 2 if step >= 0 else -1
        seen = {i: s for i, s in self._sighted.items() if first <= i < first + n and i != alone_at and s <= ns}
        found = max(len(seen), 1)
        usual = self._usual(ns / n if step < 0 else step)
        rest = ns - max(step, 0) - int(usual * (n - found - (step >= 0))) - sum(seen.values())
        if seen:
            more = max(rest, 0) // found  # a look every 50 ms sees less than the whole
            for index, least in seen.items():
                self._rank(least + more, index, 1)
                self._tally(least + more)
                self.hidden += least + more
        elif rest >= LONG and not steady:
            self._rank(rest, first, n)
            self._tally(rest)
            self.hidden += rest
        return found if seen or (rest >= LONG and not steady) else 0

    def _usual(self, other: float) -> float:
        """The median so far, or another guess where there is none."""
        return min(self.quantile(0.5), other) if self.count else other

    def _tally(self, ns: int) -> None:
        bucket = _bucket(ns)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def _rank(self, ns: int, index: int, among: int, note: Said | None = None) -> None:
        if note is None and among == 1 and self.said is not None:
            note = self.said(index)
        rows = sorted([*self.slowest, (ns, index, among, note)], key=lambda row: -row[0])[:KEPT]
        self.slowest = rows
        if len(rows) == KEPT:
            self._floor = rows[-1][0]

    def absorb(self, other: Times) -> None:
        """Add another's steps to these (their indices stay what they were)."""
        with self.lock:
            self._absorb(other)

    def _absorb(self, other: Times) -> None:
        for bucket, n in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + n
        for row in other.slowest:
            if row[0] > self._floor:
                self._rank(*row)
        for name in ("count", "timed", "ns", "extra", "hidden", "split", "split_fetch"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def quantile(self, q: float) -> float:
        """Nanoseconds that a share `q` of the steps did not exceed: the nearest rank; nan where there are none."""
        buckets = sorted(self.buckets.items())
        count = sum(n for _, n in buckets)
        rank = max(1, ceil(q * count - 1e-9))
        known = self.timed == self.count and self.slowest  # else a block's mean may be in there
        if known and rank >= count:
            return self.slowest[0][0]
        seen = 0.0
        for bucket, n in buckets:
            seen += n
            if seen >= rank:
                middle = exp((bucket + 0.5) / _SCALE) if bucket else 1.0
                return min(middle, self.slowest[0][0]) if known else middle
        return nan

    def ranked(self) -> list[tuple[int, int, int, Said | None]]:
        """The slowest, those included that still go on."""
        with self.lock:
            known = {row[1] for row in self.slowest}
            going = [(ns, index, 1, self.said and self.said(index)) for index, ns in self._sighted.items()]
            rows = [*self.slowest, *(row for row in going if row[1] not in known)]
        return sorted(rows, key=lambda row: -row[0])[:KEPT]

    def shares(self) -> tuple[float, float]:
        """Nanoseconds spent on fetching, before the first step too, and by the consumer; nan where nothing was timed.

        Long steps that were found hidden among quick ones belong to neither.
        """
        if not self.split:
            return nan, nan
        fetch = (self.ns - self.hidden) * (self.split_fetch / self.split)
        return self.extra + fetch, self.ns - self.hidden - fetch

    def left(self, n: int) -> tuple[float, float, float]:
        """Nanoseconds that `n` more steps will take: likely, least, most."""
        with self.lock:
            return self.forecast.ahead(n)

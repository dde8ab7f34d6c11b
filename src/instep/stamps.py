"""Stamped steps: when each item was asked for and handed out, written down in C."""

from __future__ import annotations

from _operator import not_, sub
from itertools import chain, compress, islice, repeat
from time import perf_counter_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterator
    from typing import Any

    from instep.computation import Computation
else:
    from _collections import deque  # `collections` would take 2 ms

_RESOLVED = 250
"""Nanoseconds: a single step can't be told from its block's mean more exactly than this."""
_cost: tuple[int, int] | None = None


class Stamped:
    """The same items as `steps`, stamped before and after each fetch; no Python code runs, no item is held.

    A step lasts from hand-out to hand-out: the time until the next item is asked for is its body, the rest its fetch.
    """

    __slots__ = ("asked", "handed", "steps")

    def __init__(self, steps: Iterator[Any]) -> None:
        self.asked: deque[int] = deque()
        self.handed: deque[int] = deque()
        before = map(not_, map(self.asked.append, iter(perf_counter_ns, -1)))
        after = map(not_, map(self.handed.append, iter(perf_counter_ns, -1)))
        self.steps = compress(map(next, compress(repeat(steps), before)), after)

    def log(self, run: Computation, n: int, since: int, handed: int, now: int, ended: bool) -> int:
        """Log the steps of a batch of `n` items that was begun at `since`, the item before it handed out at `handed`.

        `handed` is 0 where that item was not stamped; with `ended`, the last item's step is over `now`. Gives when the
        last item was handed out, or 0 where its step is logged.
        """
        times, asked = _drained(self.handed), _drained(self.asked)
        if n != len(times):  # somebody else took items, too
            run.log(n + (handed > 0), now - (handed or since))
            return 0
        if not handed and n == 1 and not ended:  # the first of all, as a rule: its fetch belongs to no step
            run.log(0, times[0] - asked[0])
            return times[0]
        if ended:
            times.append(now)
        if not times:
            return handed
        if len(asked) != len(times):  # the source raised: only an item's last asking was answered
            asked = [max((when for when in asked if when <= time), default=time) for time in times]
        fetches = list(map(sub, times, asked))
        if handed:
            times.insert(0, handed)
        else:
            run.log(0, fetches.pop(0))
        steps = list(map(sub, times[1:], times))
        if steps:
            run.log_each(steps, fetches)
        return 0 if ended else times[-1]

    def one(self, mean: int) -> tuple[int, int]:
        """Time of the one step between two stamped items, and of its fetch, without what the stamping took.

        (-1, 0) where there were no two.
        """
        global _cost
        times, asked = _drained(self.handed), _drained(self.asked)
        if len(times) < 2:
            return -1, 0
        if _cost is None:
            _cost = _cost_of_stamps()
        fetch = max(times[1] - asked[1] - _cost[0], 0)
        step = fetch + max(asked[1] - times[0] - _cost[1], 0)
        if abs(step - mean) < _RESOLVED:
            step = mean
        return step, min(fetch, step)


def _drained(stamps: deque[int]) -> list[int]:
    """What is in it, taken out; another thread may be adding to it."""
    return [stamps.popleft() for _ in range(len(stamps))]


def _cost_of_stamps() -> tuple[int, int]:
    """What stamping adds to a step's fetch and to its body: the median over steps of nothing."""
    stamped = Stamped(repeat(None))
    for _ in chain.from_iterable((islice(stamped.steps, 32),)):
        pass
    fetch = sorted(map(sub, stamped.handed, stamped.asked))
    body = sorted(map(sub, islice(stamped.asked, 1, None), stamped.handed))
    return fetch[16], body[15]

"""`Timer`: how long steps took, and how long the rest will take."""

from __future__ import annotations

from math import inf, nan
from time import perf_counter_ns

from instep.checks import short, whole
from instep.times import Times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from instep.model import Step, Timing


class Timer:
    """The time of each step, as a histogram, the slowest ones and a forecast.

    Called at the end of each step (`timer()`, or `timer(info)` with a note on it); inside a tracked loop
    (`track(...).timer`) instep feeds it. Seconds everywhere, as floats, `nan` while unknown. A call takes
    about half a microsecond; it may come from any thread.

    `total` is the number of steps expected, for `remaining`; `clock` gives nanoseconds as an int.

    >>> ticks = iter([0, 2_000_000_000, 3_000_000_000])
    >>> timer = Timer(total=4, clock=lambda: next(ticks))
    >>> timer(); timer("the second")
    >>> timer.count, timer.elapsed, timer.mean, timer.max, timer.remaining
    (2, 3.0, 1.5, 2.0, 2.0)
    """

    def __init__(self, total: int | None = None, *, clock: Callable[[], int] = perf_counter_ns) -> None:
        self.total = None if total is None else whole("total", total)
        if not callable(clock):
            raise TypeError(f"clock= expected a function that gives nanoseconds as an int; got {short(clock)}")
        self._clock = clock
        self._last = clock()
        self._times = self._loop = Times()
        self._feed: Callable[[], int] | None = None

    @classmethod
    def _of(
        cls, times: Times, total: int | None, feed: Callable[[], int] | None = None, loop: Times | None = None
    ) -> Timer:
        """The timer of a loop, which feeds the times; `feed` has it hand over what it has logged.

        It gives how many steps are over: of the last one the time may not be known yet. `loop` are the times from
        hand-out to hand-out, where a step's own time is another.
        """
        timer = cls.__new__(cls)
        timer.total, timer._times, timer._feed, timer._loop = total, times, feed, loop or times
        timer._clock, timer._last = perf_counter_ns, perf_counter_ns()
        return timer

    def __call__(self, info: object = None) -> None:
        """End a step; `info` is a note on it, shown if it is among the slowest."""
        with self._times.lock:
            now = self._clock()
            self._times.add(1, max(now - self._last, 0), note=info)
            self._last = now

    def _settled(self) -> Times:
        if self._feed is not None:
            self._feed()
        return self._times

    def _walked(self) -> Times:
        self._settled()
        return self._loop

    @property
    def count(self) -> int:
        """Steps whose time is known; in a running loop the last few may still be missing."""
        return self._settled().count

    @property
    def timed(self) -> int:
        """How many of them were timed one by one: all where steps are slow, a sample where they are quick."""
        return self._settled().timed

    @property
    def sampled(self) -> bool:
        """Whether `median`, `quantile`, `fetch` and `body` come from a sample."""
        times = self._settled()
        return times.timed < times.count

    @property
    def elapsed(self) -> float:
        """Seconds from the beginning to the end of the latest step."""
        times = self._walked()
        return (times.ns + times.extra) / 1e9

    @property
    def rate(self) -> float:
        """Steps a second; `nan` before the first step has ended."""
        times = self._walked()
        ns = times.ns + times.extra
        return times.count * 1e9 / ns if ns else nan

    @property
    def mean(self) -> float:
        """Seconds a step took in the mean."""
        times = self._settled()
        return times.ns / times.count / 1e9 if times.count else nan

    @property
    def median(self) -> float:
        """Half of the steps took no longer, within 2 %."""
        return self.quantile(0.5)

    def quantile(self, q: float) -> float:
        """Seconds that a share `q` of the steps did not exceed: the nearest rank, within 2 %.

        The 2 % hold for steps timed one by one; where quick steps were sampled it is an estimate (`sampled`).
        `q` is from 0 to 1, else `ValueError`.
        """
        if not isinstance(q, int | float):
            raise TypeError(f"quantile(q) expected a share from 0 to 1, such as 0.95; got {q!r}")
        if not 0 <= q <= 1:
            raise ValueError(f"quantile(q) expected a share from 0 to 1, such as 0.95; got {q!r}")
        times = self._settled()
        with times.lock:
            return times.quantile(q) / 1e9

    @property
    def max(self) -> float:
        """Seconds the slowest step took that is known of."""
        rows = self._settled().ranked()
        return rows[0][0] / 1e9 if rows else nan

    @property
    def slowest(self) -> tuple[Step, ...]:
        """The five slowest steps known of, the slowest first; a step of 0.1 s or more is never missing.

        Among quick steps one of that length is found by its index, if it was seen while it ran; else `among` says how
        many steps, from `index` on, were timed together with it.
        """
        from instep.model import Note, Step

        times = self._settled()
        return tuple(
            Step(index, ns / 1e9, times.names.get(index), None if said is None else Note(*said), among)
            for ns, index, among, said in times.ranked()
        )

    @property
    def fetch(self) -> float:
        """Seconds spent on producing items, the first one included; `nan` where nothing was timed so.

        A long step found hidden among quick ones counts neither here nor in `body`.
        """
        return self._walked().shares()[0] / 1e9

    @property
    def body(self) -> float:
        """Seconds spent by the consumer of the items; `nan` where nothing was timed so."""
        return self._walked().shares()[1] / 1e9

    @property
    def remaining(self) -> float:
        """Seconds left, if the steps to come take what the latest took; `nan` while that or the total is unknown."""
        return self._left()[0] / 1e9

    @property
    def remaining_range(self) -> tuple[float, float]:
        """The least and the most time left, in seconds: right nine times out of ten if steps go on as they went.

        Irregular steps give a wide range. From batch means: Law & Kelton, *Simulation Modeling and Analysis*.
        """
        _, least, most = self._left()
        return least / 1e9, most / 1e9

    def _left(self) -> tuple[float, float, float]:
        times = self._loop
        over = times.count if self._feed is None else self._feed()
        if self.total is None:
            return nan, 0.0, inf
        return times.left(max(self.total - times.first - max(over, times.count), 0))

    def _timing(self) -> Timing:
        """All of it as an immutable value."""
        from instep.model import Timing

        times = self._settled()
        with times.lock:
            fetch, body = self.fetch, self.body
            return Timing(
                times.count,
                times.timed,
                self.mean,
                self.median,
                self.quantile(0.95),
                self.quantile(0.99),
                self.max,
                None if fetch != fetch else fetch,
                None if body != body else body,
                self.slowest,
            )

    def __repr__(self) -> str:
        return f"<Timer: {self.count} steps in {self.elapsed:.3g} s>"

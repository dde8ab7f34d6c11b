"""What ended computations add up to: one line for all the passes of an inner loop, or of a stage's name."""

from __future__ import annotations

from _thread import RLock

from instep.monitor import SHOWN, forgetting, locks, monitor
from instep.times import Times
from instep.timing import Timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from instep.computation import Computation
    from instep.model import Kind, Spread, Status, Summary

_NAMES = 1000  # of stages under one parent, before the rest is put together
_SHORT = 200_000  # ns: the steps of a pass so short are added up as one block
_lock = RLock()
locks.append(_lock)
_top: dict[object, Sum] = {}
"""All that ended at the top in this process."""
forgetting.append(_top.clear)


class Sum:
    """The passes of one name and place under one parent, added up."""

    def __init__(self, first: Computation) -> None:
        self.label = first.label
        self.code = first.code  # kept, so that its id isn't used again
        self.kind: Kind = first.kind
        self.unit = first.unit
        self.passes = self.steps = self.ns = 0
        self.statuses: dict[Status, int] = {}
        self.times = Times()
        self.own: Times | None = None
        self.spread: Spread | None = None
        self.failed_in = 0  # the frame, by its id, of the last one that failed
        self._quick = self._quick_ns = 0  # steps of short passes, not yet in the times
        self.inner: dict[object, Sum] = {}

    def add(self, run: Computation) -> None:
        """Add an ended pass."""
        ns = run.ended - run.began
        if run.kind == "stage":
            self.times.add(1, ns)
        elif run._times is not None:
            self.times.absorb(run._times)
        elif ns < _SHORT:
            self._quick += run.done
            self._quick_ns += ns
        else:
            self.times.first = run.initial - self.times.count  # a step's index is that in its pass
            for row in run.rows:
                self.times.add(*row)
        self._absorb_own(run.own, run.spread)
        self.passes += 1
        self.steps += run.over
        self.ns += ns
        self.statuses[run.status] = self.statuses.get(run.status, 0) + 1
        if run.status == "failed":
            self.failed_in = run.frame
        if run.name is not None and run.name != self.label:
            self.label = run.whereabouts  # several names at one place: called by the place

    def _absorb_own(self, own: Times | None, spread: Spread | None) -> None:
        """What only an `each` has."""
        if own is not None:
            if self.own is None:
                self.own = Times()
            self.own.absorb(own)
        if spread is not None:
            self.spread = spread if self.spread is None else _added(self.spread, spread)

    def settle(self) -> None:
        """Add the steps of short passes to the times, as one block."""
        if self._quick:
            self.times.add(self._quick, self._quick_ns)
            self._quick = self._quick_ns = 0

    def absorb(self, other: Sum) -> None:
        """Add another's passes, of a recursive function's inner loops."""
        self.settle()
        other.settle()
        self.times.absorb(other.times)
        self._absorb_own(other.own, other.spread)
        self.passes += other.passes
        self.steps += other.steps
        self.ns += other.ns
        for status, passes in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + passes

    def summary(self) -> Summary:
        """As an immutable value."""
        from instep.model import Summary

        self.settle()
        timing = Timer._of(self.own or self.times, None, None, self.times)._timing() if self.times.count else None
        inner = tuple(part.summary() for part in self.inner.values())
        seconds, statuses, spread = self.ns / 1e9, dict(self.statuses), self.spread
        return Summary(
            self.label, self.kind, self.unit, self.passes, self.steps, seconds, statuses, timing, inner, spread
        )


def _added(one: Spread, other: Spread) -> Spread:
    """The same engine's, where it is another's the latter's name; what isn't known of one isn't of both."""
    sums = (None if a is None or b is None else a + b for a, b in zip(one[2:], other[2:], strict=True))
    return type(one)(other.on, other.workers, *sums)  # type: ignore[arg-type]


def _key(run: Computation) -> object:
    """What is added up: stages by name, functions by where they are written, loops by the place where they began."""
    if run.kind == "function":
        return run.place
    if run.kind == "stage" or run.code is None:
        return run.kind, run.name
    return id(run.code), run.at


def gather(ended: list[Computation], parent: Computation | None) -> None:
    """Add ended computations to their parent's sums, or to those at the top.

    Order of locks: this one, then that of a sum's times. A computation's own times are settled before: whoever holds
    their lock may, in a signal handler, wait for this one. What a lock guards is a call, never a loop: CPython 3.12 and
    3.13 hear signals at jumps that they leave out of what `with` guards, and Ctrl-C there would keep the lock for good.
    """
    for run in ended[:]:
        run.fold()
    with _lock:
        long = _gather(ended, parent)
    if long:
        from instep.snapshots import take

        found = [take(run, run.ended) for run in long]
        monitor.finals.extend(found)  # at once: another thread takes from its front meanwhile


def _gather(ended: list[Computation], parent: Computation | None) -> list[Computation]:
    """Give those that are to be shown by themselves."""
    sums = _top if parent is None else parent.inner if parent.sum is None else parent.sum.inner
    if sums is None:
        sums = {}
        if parent is not None:
            parent.inner = sums
    batch = ended[:]  # others append to this very list
    del ended[: len(batch)]
    for run in batch:
        _add(run, sums)
    if not monitor.may_show:
        return []
    return [run for run in batch if run.show and run.ended - run.began >= SHOWN]


def _add(run: Computation, sums: dict[object, Sum]) -> None:
    if run.offspring:  # gathered when it ended, but for those that ended since
        gather(run.offspring, run)
    key = _key(run)
    found = sums.get(key)
    if found is None:
        if len(sums) >= _NAMES:
            key = "others"
            found = sums.get(key)
        if found is None:
            found = sums[key] = Sum(run)
            if key == "others":
                found.label = key
    found.add(run)
    run.sum = found  # for children that outlive it
    if run.inner:
        run.below_it = tuple(part.summary() for part in run.inner.values())
        inner, run.inner = run.inner, None
        _hoist(inner, key, found)
        _merge(found.inner, inner)


def _merge(into: dict[object, Sum], parts: dict[object, Sum]) -> None:
    for key, part in parts.items():
        if key in into:
            into[key].absorb(part)
            _merge(into[key].inner, part.inner)
        else:
            into[key] = part


def _hoist(parts: dict[object, Sum], key: object, found: Sum) -> None:
    """Recursive functions: what has the key of one above it is added to that one, so that all depths are one line."""
    again = parts.pop(key, None)
    if again is not None:
        found.absorb(again)
        _merge(parts, again.inner)
    for part in parts.values():
        _hoist(part.inner, key, found)


def inner_of(run: Computation) -> tuple[Summary, ...]:
    """The sums below a computation."""
    if run.sum is not None:
        return run.below_it
    if run.offspring:
        gather(run.offspring, run)
    with _lock:
        return tuple(part.summary() for part in (run.inner or {}).values()) or run.below_it


def top(ended: list[Computation]) -> tuple[Summary, ...]:
    """The sums of all that ended at the top in this process."""
    gather(ended, None)
    with _lock:
        return tuple(part.summary() for part in _top.values())


def interrupt(run: Computation, frames: set[int]) -> None:
    """Count the last passes below `run` as interrupted that failed in one of these frames."""
    gather(run.offspring or [], run)
    with _lock:
        for part in (run.inner or {}).values():
            _interrupt(part, frames)


def _interrupt(part: Sum, frames: set[int]) -> None:
    for below in part.inner.values():
        _interrupt(below, frames)
    if part.failed_in in frames and part.statuses.get("failed"):
        part.failed_in = 0
        part.statuses["failed"] -= 1
        if not part.statuses["failed"]:
            del part.statuses["failed"]
        part.statuses["interrupted"] = part.statuses.get("interrupted", 0) + 1

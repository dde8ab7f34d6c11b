"""`Table`: what each step of a function took, by its name, in memory that does not grow with the steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from instep.functions.grains import Site
from instep.views import columns, text

_HEADINGS = ("line", "step", "count", "time", "mean", "slowest", "share")
_LEFT = {1}
_LONGEST = 40


class NamedTime(NamedTuple):
    """What the steps of one name, at one place of a function, took together; in seconds."""

    name: str
    line: int
    count: int  # type: ignore[assignment]
    """How many were taken."""
    seconds: float
    max: float

    @property
    def mean(self) -> float:
        """Seconds a step took in the mean."""
        return self.seconds / self.count


class Table(tuple[NamedTime, ...]):
    """A function's steps by name, in the order of its source; as text, a table."""

    __slots__ = ()

    def cells(self) -> list[tuple[str, ...]]:
        """As text: the headings, and a row for each name."""
        whole = sum(row.seconds for row in self)
        return [_HEADINGS, *(_cells(row, whole) for row in self)]

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in columns.lines(self.cells(), _LEFT))


def _cells(row: NamedTime, whole: float) -> tuple[str, ...]:
    times = (text.duration(seconds) for seconds in (row.seconds, row.mean, row.max))
    share = f"{100 * row.seconds / whole:.0f}%" if whole else ""
    return (str(row.line), text.plain(row.name, _LONGEST), text.whole(row.count), *times, share)


class Tally:
    """Adds up steps by their sites: as many entries as the function's source has."""

    def __init__(self) -> None:
        self._sums: dict[int, list[Any]] = {}  # id of a site -> itself, count, ns, the most ns

    def add(self, sites: Iterable[Site], took: Iterable[int]) -> None:
        """Steps, each with its nanoseconds."""
        sums = self._sums
        for site, ns in zip(sites, took, strict=True):
            known = sums.get(id(site))  # kept below, so that its id isn't used again; hashing it takes longer
            if known is None:
                known = sums[id(site)] = [site, 0, 0, 0]
            known[1] += 1
            known[2] += ns
            if ns > known[3]:
                known[3] = ns

    def table(self) -> Table:
        """As an immutable value."""
        named: dict[tuple[int, str], tuple[int, int, int]] = {}
        for site, count, ns, most in list(self._sums.values()):  # a `for` has two sites: with an item, and at its end
            counts, whole, longest = named.get((site.line, site.name), (0, 0, 0))
            named[site.line, site.name] = counts + count, whole + ns, max(longest, most)
        rows = sorted(named.items(), key=lambda row: row[0][0])
        return Table(NamedTime(name, line, count, ns / 1e9, most / 1e9) for (line, name), (count, ns, most) in rows)

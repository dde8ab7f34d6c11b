"""Which computations are shown, and in what order: snapshots to the rows of a tree, without a word of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from instep.model import Snapshot, Summary

SHORTEST = 0.2
"""Seconds that a computation must have lasted before anything of it is shown."""

_LIVE = ("pending", "running")


class Row(NamedTuple):
    """One row: a running computation, or what the ended ones of one name add up to."""

    depth: int
    what: Snapshot | Summary


def live(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """Those that run and have run long enough."""
    return [one for one in snapshots if one.status in _LIVE and one.elapsed >= SHORTEST]


def ended(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """Those that have ended and are to leave a line: at the top, shown, and not too short to be noticed."""
    return [
        one
        for one in snapshots
        if one.status not in _LIVE and one.show and one.parent is None and one.elapsed >= SHORTEST
    ]


def rows(snapshots: Iterable[Snapshot]) -> list[Row]:
    """The tree, parents before children.

    Under a computation each inner name has its rows where it first appeared: the running ones of that name, or else
    what the ended ones add up to. One that isn't to be shown leaves its place to those inside it.
    """
    running = {one.id: one for one in live(snapshots)}
    children: dict[int | None, list[Snapshot]] = {}
    for one in running.values():
        children.setdefault(one.parent if one.parent in running else None, []).append(one)
    found: list[Row] = []
    # A stack of what is still to be visited, not recursion: computations may nest deeper than Python's stack.
    waiting = [Row(0, one) for one in reversed(children.get(None, []))]
    while waiting:
        depth, what = row = waiting.pop()
        shown = not isinstance(what, Snapshot) or what.show
        if shown:
            found.append(row)
        below = what.inner if isinstance(what, Summary) else _inner(what, children.get(what.id, []))
        waiting.extend(Row(depth + shown, one) for one in reversed(tuple(below)))
    return found


def _inner(outer: Snapshot, running: Sequence[Snapshot]) -> Iterator[Snapshot | Summary]:
    by_name: dict[str, list[Snapshot | Summary]] = {one.name: [] for one in outer.inner}
    for one in running:
        by_name.setdefault(one.name, []).append(one)
    sums = {one.name: one for one in outer.inner}
    for name, those in by_name.items():
        yield from those or [sums[name]]


def fit(all_rows: Sequence[Row], limit: int) -> tuple[list[Row], int]:
    """As many rows as `limit` lines hold, outer ones first, and how many were left out (they need a line too)."""
    if len(all_rows) <= limit:
        return list(all_rows), 0
    kept = sorted(sorted(range(len(all_rows)), key=lambda k: all_rows[k].depth)[: max(0, limit - 1)])
    return [all_rows[k] for k in kept], len(all_rows) - len(kept)

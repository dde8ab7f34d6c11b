"""The view for logs and files: plain lines, at growing intervals; no carriage return, no escape sequence."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from instep.model import Snapshot
from instep.views import sentences, text, tree

FIRST = 1.0
LONGEST = 60.0
"""Seconds between two lines of one computation: they double from the first to the longest."""
AT_ONCE = 20
"""So many lines on running computations are written at once; a thousand tasks would fill a log."""


class LinesView:
    """Writes to `sys.stderr`, looked up afresh each time: a line for each computation at the top, now and then."""

    def __init__(self) -> None:
        self._due: dict[int, float] = {}

    def update(self, snapshots: Sequence[Snapshot], now: float) -> None:
        """Write a line for each computation whose turn it is, and for each that has ended."""
        running, hidden = self._running(snapshots)
        lines = [sentences.running(outer) + sentences.nested(inner) for outer, inner in running]
        if hidden:
            lines.append(f"{sentences.more(hidden)} running")
        for one in tree.ended(snapshots):
            lines += [str(sentences.ending(one)), *sentences.sums(one.inner)]
        if lines:
            _write(lines)

    def close(self) -> None:
        """End; nothing is left to be cleaned."""
        self._due.clear()

    def _running(self, snapshots: Sequence[Snapshot]) -> tuple[list[tuple[Snapshot, list[tree.Row]]], int]:
        """The computations whose turn it is, each with what goes on inside, and how many more there would be."""
        groups = _by_top(tree.rows(snapshots))
        before, self._due = self._due, {}
        turn = []
        for outer, inner in groups:
            due = before.get(outer.id, FIRST)
            if outer.elapsed >= due:
                turn.append((outer, inner))
                due = _next(outer.elapsed, due)
            self._due[outer.id] = due
        return turn[:AT_ONCE], max(0, len(turn) - AT_ONCE)


def _next(elapsed: float, due: float) -> float:
    """1, 2, 4 ... 64 s after it began, then each minute."""
    while due <= elapsed:
        due += min(due, LONGEST)
    return due


def _by_top(rows: Sequence[tree.Row]) -> list[tuple[Snapshot, list[tree.Row]]]:
    groups: list[tuple[Snapshot, list[tree.Row]]] = []
    for row in rows:
        if row.depth == 0 and isinstance(row.what, Snapshot):
            groups.append((row.what, []))
        elif groups:
            groups[-1][1].append(row)
    return groups


def _write(lines: Sequence[str]) -> None:
    stream = sys.stderr
    if stream is not None:
        encoding = getattr(stream, "encoding", None)
        stream.write("".join(f"{text.fold(line, encoding)}\n" for line in lines))
        stream.flush()

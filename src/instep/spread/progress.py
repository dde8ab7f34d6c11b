"""`Progress`: the view of a worker process. How far the loops of a step are is told to the process that has sent it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from instep.model import Snapshot

MOST = 3
"""Loops that are told of, the outermost first."""


class Progress:
    """Tells what runs, about ten times a second."""

    def __init__(self, send: Callable[[object], None]) -> None:
        self.start = 0  # the step under way, or the first of them
        self._send = send

    def update(self, snapshots: Sequence[Snapshot], now: float) -> None:
        """Tell it, as text by name."""
        from instep.views import sentences, text  # not on the way of a worker's start

        running = [one for one in snapshots if one.status == "running" and one.show][:MOST]
        if running:
            self._send(("progress", self.start, {text.plain(one.name, 40): sentences.counted(one) for one in running}))

    def close(self) -> None:
        """Nothing is left to be cleaned."""

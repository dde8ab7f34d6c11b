"""The view for a person at a terminal: a tree of bars below the output, and a last line for what has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from instep.model import Snapshot
from instep.views import tree
from instep.views.screen import Screen

if TYPE_CHECKING:
    from rich.console import Console


class TerminalView:
    """Draws on `sys.stderr`. Imports rich when there's something to draw, not before."""

    def __init__(self, environ: Mapping[str, str], screen: Screen | None = None) -> None:
        self._environ = environ
        self._screen = Screen() if screen is None else screen
        self._console: Console | None = None

    def update(self, snapshots: Sequence[Snapshot], now: float) -> None:
        """Draw what runs, and leave a last line for each that has ended at the top."""
        try:
            self._update(snapshots, now)
        except Exception:
            self._screen.give_up()  # nobody will call us again
            raise

    def _update(self, snapshots: Sequence[Snapshot], now: float) -> None:
        ended = tree.ended(snapshots)
        if not ended and not tree.live(snapshots):
            self._screen.show(())
            return
        from instep.views import painting

        console = self._console = self._console or painting.console(self._environ, self._screen.encoding())
        size = self._screen.size()
        # The last column stays free, so that no line wraps; so does a row, for the cursor.
        width, height = size.columns - 1, size.rows - 1
        lines = painting.render(snapshots, width, height, now, console)
        above = [line for one in ended for line in painting.ending(one, width)]
        self._screen.show(
            [painting.paint(line, console) for line in lines], [painting.paint(line, console) for line in above]
        )

    def close(self) -> None:
        """Take the bars away."""
        self._screen.close()

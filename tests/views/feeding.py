"""What the child of a terminal test imports: feeds a view as the monitor does, and keeps in step with the test."""

from __future__ import annotations

import os
import threading
import time

from instep.model import Snapshot
from instep.views.terminal import TerminalView
from programs.handshake import hold, mark, own_terminal, stay, wait  # noqa: F401  # for the children


class Feeder:
    """Calls the view again and again from a thread of its own, with what `shows` holds at that moment."""

    def __init__(self, *shows: Snapshot, view: TerminalView | None = None) -> None:
        self.view = TerminalView(os.environ) if view is None else view
        self.shows = list(shows)
        self.updates = 0
        self.errors: list[Exception] = []
        self._stop = threading.Event()
        self._drawn = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Feeder:
        self._thread.start()
        self.settle()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.view.close()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def settle(self) -> None:
        """Wait until the view has been called twice from now on."""
        goal = self.updates + 2
        while self.updates < goal and self._thread.is_alive():
            self._drawn.clear()
            self._drawn.wait(1)

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            try:
                self.view.update(list(self.shows), time.monotonic())
            except Exception as error:
                self.errors.append(error)
                return
            finally:
                self.updates += 1
                self._drawn.set()

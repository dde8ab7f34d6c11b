"""What goes through a pipe, as a computation: it is counted in blocks, and read by the monitor meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter_ns
from typing import Any, Self

from instep.computation import Computation, status_of
from instep.monitor import SHOWN, monitor
from instep.views import text

_SPARSE = 20
"""From so many bytes a piece on it is quicker to take the delimiters out of a block than to count them."""


class Pieces:
    """Counts the pieces of delimited bytes that come in blocks: as many as `instep.split` would give."""

    def __init__(self, delimiter: bytes) -> None:
        self.count = 0
        self.delimiter = delimiter
        self._overlap = len(delimiter) - 1
        self._tail = b""  # what may be the beginning of a delimiter
        self._open = False  # whether there is anything behind the last delimiter
        self._dense = True

    def add(self, block: bytes) -> None:
        """One more block, which isn't empty."""
        delimiter = self.delimiter
        if self._overlap:
            *ended, last = (self._tail + block).split(delimiter)
            self.count += len(ended)
            self._open = bool(last) or not ended
            self._tail = last[-self._overlap :]
            return
        n = len(block)
        found = block.count(delimiter) if self._dense else n - len(block.replace(delimiter, b""))
        self.count += found
        self._dense = found * _SPARSE > n
        self._open = block[-1:] != delimiter

    def end(self) -> None:
        """The last piece needs no delimiter."""
        self.count += self._open
        self._open = False


class Flow:
    """Bytes, and pieces if they are counted; the one is what steps are, the other is said beside it.

    Steps are the pieces where their `total` is known, or else the bytes where their `size` is.
    """

    def __init__(self, name: str, pieces: Pieces | None, total: int | None, size: int | None) -> None:
        self.bytes = 0
        self.pieces = pieces
        by_pieces = pieces is not None and (total is not None or size is None)
        self._run = _Run(self, name, total if by_pieces else size)
        self._run.unit = self.unit if by_pieces else "B"
        self._run.read = (lambda: pieces.count) if pieces is not None and by_pieces else (lambda: self.bytes)

    @property
    def unit(self) -> str:
        """What pieces are called."""
        return Unit("line" if self.pieces is not None and self.pieces.delimiter == b"\n" else "item")

    def moved(self, n: int) -> None:
        """So many bytes have gone by."""
        self.bytes += n

    def seen(self, block: bytes) -> None:
        """These are what has gone by."""
        if self.pieces is not None:
            self.pieces.add(block)

    def passed(self, block: bytes) -> None:
        """Both."""
        self.moved(len(block))
        self.seen(block)

    def said(self) -> dict[str, int]:
        """What is no step."""
        if self.pieces is None:
            return {}
        if self._run.unit == "B":
            return {self.unit: Amount(self.pieces.count)}
        return {"bytes": Bytes(self.bytes)}

    @contextmanager
    def running(self, *, told: bool = False) -> Iterator[None]:
        """Begin and end; a consumer that has gone has *stopped* it. With `told`, there is a JSON line at its end."""
        try:
            with self._running():
                yield
        finally:
            if told:
                self._tell()

    def _tell(self) -> None:
        """Write the line of the end, where it came too soon for the monitor to do so."""
        run = self._run
        view = monitor._view() if run.ended and run.ended - run.began < SHOWN else None
        if view is not None:
            from instep.snapshots import take
            from instep.views.jsonl import JsonLinesView

            if isinstance(view, JsonLinesView):
                monitor._guarded(lambda: view.say("end", take(run, run.ended)))

    @contextmanager
    def _running(self) -> Iterator[None]:
        run = self._run
        run.taken = True
        run.begin(None)
        try:
            yield
            if self.pieces is not None:
                self.pieces.end()
        except BaseException as error:
            run.end("stopped" if isinstance(error, BrokenPipeError) else status_of(type(error)), perf_counter_ns())
            raise
        run.end("finished", perf_counter_ns())


class _Run(Computation):
    """Its notes are made when they are asked for, since what they say is never the same."""

    handing = False
    timed = True  # no slowest step is looked for: a block's time is that of whoever was waited for

    def __init__(self, flow: Flow, name: str, total: int | None) -> None:
        super().__init__(name, total)
        self._flow = flow

    @property
    def _notes(self) -> Any:  # type: ignore[override]
        said = self._flow.said()
        return [(None, None, said)] if said else None


class Unit(str):
    """The name of many, which knows that of one: `2.0 s/line`."""

    one: str

    def __new__(cls, one: str) -> Self:
        """The plural of it."""
        many = super().__new__(cls, f"{one}s")
        many.one = one
        return many


class Amount(int):
    """A number that is shown with all its digits in groups."""

    def __str__(self) -> str:
        return text.whole(int(self))


class Bytes(int):
    """A number of bytes that is shown in the unit it fits."""

    def __str__(self) -> str:
        return text.count(int(self), "B")

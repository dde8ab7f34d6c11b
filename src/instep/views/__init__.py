"""Which view shows the computations: chosen by the environment and by where stderr goes.

A view knows snapshots and nothing of loops. One thread, the monitor's, calls it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol, TextIO

from instep.model import Snapshot

_RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID")


class View(Protocol):
    """Shows snapshots."""

    def update(self, snapshots: Sequence[Snapshot], now: float) -> None:
        """Show these: all that run, and each that has ended since the last call, once. `now` is a monotonic clock's."""

    def close(self) -> None:
        """Leave the place clean: nothing runs any more. `update` may be called again."""


def choose(environ: Mapping[str, str], stderr: TextIO | None) -> View | None:
    """The view that `INSTEP_VIEW` names, or else the one that suits `stderr`; `None` to show nothing.

    Unless `INSTEP_VIEW` is set, worker processes and ranks other than 0 are silent. Raises `ValueError` for a value
    that names no view.
    """
    wanted = environ.get("INSTEP_VIEW", "").strip()
    if not wanted:
        if _is_worker() or _is_other_rank(environ):
            return None
        wanted = "terminal" if _is_terminal(stderr, environ) else "lines"
    name, _, target = wanted.partition(":")
    if name == "off" and not target:
        return None
    if name == "jsonl":
        from instep.views.jsonl import JsonLinesView

        return JsonLinesView(_descriptor(wanted, target) if wanted != "jsonl" else None)
    if wanted == "terminal":
        from instep.views.terminal import TerminalView

        return TerminalView(environ)
    if wanted == "lines":
        from instep.views.lines import LinesView

        return LinesView()
    raise ValueError(
        f"INSTEP_VIEW={wanted!r} names no view: write terminal, lines, jsonl, "
        "jsonl:FD (FD being the number of an open file descriptor) or off"
    )


def _descriptor(wanted: str, target: str) -> int:
    try:
        if not (target.isascii() and target.isdigit()):
            raise ValueError(f"{target!r} is no number")
        os.fstat(int(target))
        return int(target)
    except (OSError, OverflowError, ValueError) as error:
        raise ValueError(
            f"INSTEP_VIEW={wanted!r} names no open file descriptor ({error}): "
            "write jsonl for stderr, or jsonl:FD with the number of one that is open for writing, such as jsonl:3"
        ) from None


def _is_terminal(stderr: TextIO | None, environ: Mapping[str, str]) -> bool:
    if environ.get("TERM") == "dumb" or os.name != "posix":
        return False
    try:
        return stderr is not None and stderr.isatty()
    except (AttributeError, OSError, ValueError):  # replaced, broken or closed
        return False


def _is_worker() -> bool:
    # Where multiprocessing started this process it is imported; where it isn't imported there's nothing to ask.
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.current_process().name != "MainProcess"


def _is_other_rank(environ: Mapping[str, str]) -> bool:
    ranks = (environ.get(name, "").strip() for name in _RANKS)
    return any(rank.isdecimal() and int(rank) != 0 for rank in ranks)

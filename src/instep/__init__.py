"""A Python computation as its steps: track loops, time them, say things about them, out of band."""

from __future__ import annotations

from instep.computation import note
from instep.errors import InstepError
from instep.loops import Track, track

TYPE_CHECKING = False
if TYPE_CHECKING:
    from instep.coroutines import NEXT, Sent, UnansweredSend, coroutine
    from instep.model import Note, Place, Snapshot, Status, Step, Summary, Timing
    from instep.reporting import Report, report
    from instep.stages import stage
    from instep.timing import Timer

__all__ = [
    "NEXT",
    "InstepError",
    "Note",
    "Place",
    "Report",
    "Sent",
    "Snapshot",
    "Status",
    "Step",
    "Summary",
    "Timer",
    "Timing",
    "Track",
    "UnansweredSend",
    "coroutine",
    "note",
    "report",
    "stage",
    "track",
]

_LATER = {
    "coroutines": ("NEXT", "Sent", "UnansweredSend", "coroutine"),
    "model": ("Note", "Place", "Snapshot", "Status", "Step", "Summary", "Timing"),
    "reporting": ("Report", "report"),
    "stages": ("stage",),
    "timing": ("Timer",),
}


def __getattr__(name: str) -> object:
    for module, names in _LATER.items():
        if name in names:
            from importlib import import_module

            value = getattr(import_module(f"instep.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'instep' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

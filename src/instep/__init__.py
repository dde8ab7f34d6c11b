"""A Python computation as its steps: see, time, annotate and take them one at a time, out of band."""

from __future__ import annotations

from instep.current import note
from instep.errors import InstepError
from instep.loops import Track, track

TYPE_CHECKING = False
if TYPE_CHECKING:
    from instep.coroutines import NEXT, Sent, UnansweredSend, coroutine
    from instep.delimited import join, split
    from instep.functions.awaiting import AsyncSteps
    from instep.functions.comparing import LazyDiffers
    from instep.functions.driving import Steps
    from instep.functions.grains import CannotStep
    from instep.functions.laziness import lazy
    from instep.functions.refusals import CannotDefer
    from instep.functions.run import steps
    from instep.functions.sequence import LazySequence
    from instep.functions.sets import LazySet
    from instep.model import Note, Place, Snapshot, Spread, Status, Step, Summary, Timing
    from instep.orders.making import order
    from instep.orders.order import Order
    from instep.reporting import Report, report
    from instep.spread.each import Each, each
    from instep.spread.failures import CannotSend, Failure, WorkerDied
    from instep.stages import stage
    from instep.timing import Timer

__all__ = [
    "NEXT",
    "AsyncSteps",
    "CannotDefer",
    "CannotSend",
    "CannotStep",
    "Each",
    "Failure",
    "InstepError",
    "LazyDiffers",
    "LazySequence",
    "LazySet",
    "Note",
    "Order",
    "Place",
    "Report",
    "Sent",
    "Snapshot",
    "Spread",
    "Status",
    "Step",
    "Steps",
    "Summary",
    "Timer",
    "Timing",
    "Track",
    "UnansweredSend",
    "WorkerDied",
    "coroutine",
    "each",
    "join",
    "lazy",
    "note",
    "order",
    "report",
    "split",
    "stage",
    "steps",
    "track",
]

_LATER = {
    "coroutines": ("NEXT", "Sent", "UnansweredSend", "coroutine"),
    "delimited": ("join", "split"),
    "functions.awaiting": ("AsyncSteps",),
    "functions.comparing": ("LazyDiffers",),
    "functions.driving": ("Steps",),
    "functions.grains": ("CannotStep",),
    "functions.laziness": ("lazy",),
    "functions.refusals": ("CannotDefer",),
    "functions.run": ("steps",),
    "functions.sequence": ("LazySequence",),
    "functions.sets": ("LazySet",),
    "model": ("Note", "Place", "Snapshot", "Spread", "Status", "Step", "Summary", "Timing"),
    "orders.making": ("order",),
    "orders.order": ("Order",),
    "reporting": ("Report", "report"),
    "spread.each": ("Each", "each"),
    "spread.failures": ("CannotSend", "Failure", "WorkerDied"),
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

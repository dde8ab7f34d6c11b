"""Immutable values that travel from a computation to whoever looks at it; no behaviour.

Not imported on the way of a first loop (it needs `typing`): what a loop works with is in `computation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Status = Literal["pending", "running", "finished", "stopped", "failed", "interrupted", "lost"]
Kind = Literal["loop", "function", "stage"]


class Place(NamedTuple):
    """Where in the source a computation began."""

    file: str
    line: int
    function: str


class Note(NamedTuple):
    """Something said about a step, out of band."""

    index: int | None  # type: ignore[assignment]  # shadows tuple.index, which nobody needs here
    """The step it was said in; `None` before the first and after the last."""
    value: Any = None
    """What `send(value)` or `note(value)` was given."""
    fields: Mapping[str, Any] = {}
    """What `note(loss=0.3)` was given."""


class Step(NamedTuple):
    """One part of a computation. What follows `among` is known of a function's steps only."""

    index: int  # type: ignore[assignment]
    seconds: float
    name: str | None = None
    """A function's step is called by what it binds or does: `"x"`, `"return"`, `"if n > 3"`, or the instruction."""
    note: Note | None = None
    """The last note said in it."""
    among: int = 1
    """More than 1 where it is not known which step it was: one of so many, from `index` on, timed together."""
    value: Any = None
    """What it bound, or what its expression gave; `None` also where `has_value` is false."""
    has_value: bool = False
    binds: bool = False
    """Whether it is an assignment whose value is known."""
    line: int | None = None
    end_line: int | None = None
    source: str = ""
    """Its text; empty where the source is not to be had."""
    depth: int = 0
    """How deep it is nested in the function's compound statements."""
    stack: tuple[Any, ...] | None = None
    """The values on the interpreter's own stack after it, where they can be had."""


class Spread(NamedTuple):
    """What became of the steps of an `each` that run elsewhere: how many were computed, and not for nothing."""

    on: str
    """Where they run: `"threads"`, `"processes"`, or what was given."""
    workers: int
    taken: int
    """Results handed out."""
    computed: int
    """Steps that were begun and are over, those that failed too."""
    running: int
    """Sent there, and not over."""
    cancelled: int
    """Sent there and called back in time: they were not begun."""
    never_begun: int | None
    """Of the total, never sent anywhere; `None` where the total is not known."""
    failed: int
    retried: int
    """Steps that were begun once more."""


class Timing(NamedTuple):
    """How long the steps of a computation took, in seconds."""

    count: int  # type: ignore[assignment]
    timed: int
    """How many were timed one by one: all of them where steps are slow, a sample where they are quick."""
    mean: float
    median: float
    p95: float
    p99: float
    max: float
    fetch: float | None
    """Seconds spent producing items, and
    `body`: spent by the consumer; estimates where only a sample was timed, `None` where nothing was."""
    body: float | None
    slowest: tuple[Step, ...]


class Summary(NamedTuple):
    """What the ended computations of one name under one parent add up to: a line for an inner loop run many times."""

    name: str
    kind: Kind
    unit: str
    passes: int
    steps: int
    seconds: float
    statuses: Mapping[Status, int]
    """How many of the passes ended how."""
    timing: Timing | None
    inner: tuple[Summary, ...] = ()
    spread: Spread | None = None
    """Of an `each` whose steps run elsewhere, all passes together."""


class Snapshot(NamedTuple):
    """An immutable picture of a computation at one instant."""

    id: int
    """Unique in this process."""
    parent: int | None
    """The `id` of the computation that this one runs in."""
    kind: Kind
    name: str
    place: Place | None
    status: Status
    show: bool
    """Whether its owner wants it shown."""
    unit: str
    initial: int
    """How many steps were done before this pass began; `position`, `finished` and `total` count them too."""
    position: int
    """Items handed out."""
    finished: int
    """Steps that are over."""
    total: int | None
    """Steps expected; may turn out wrong."""
    began: float
    """Seconds since the epoch."""
    elapsed: float
    """Seconds since it began, until now or until its end."""
    rate: float | None
    """Steps a second, lately; over all of it once it has ended; `None` while unknown."""
    mean: float | None
    """Seconds a step took in the mean, so far."""
    remaining: float | None
    """Seconds left, if steps go on as they went; `None` while unknown."""
    remaining_range: tuple[float, float] | None
    """The least and the most time left, right nine times out of ten if steps go on as they went."""
    notes: tuple[Note, ...]
    """The latest, oldest first."""
    timing: Timing | None
    """Only once it has ended, or where it was asked for."""
    inner: tuple[Summary, ...]
    """What ended computations below this one add up to."""
    spread: Spread | None = None
    """Of an `each` whose steps run elsewhere."""
    where: str | None = None
    """Where the current step is in what an `order` walks: `"row 3/10"`; `None` in any other loop, and at its end."""

"""Which computation is current in this thread or task, and `note`, which goes there.

It can't be told by a context variable alone, since generators interleave: it is the innermost running computation
whose frame is on the caller's stack. The context variable serves inheritance into tasks and threads, and to answer at
once where nothing runs.
"""

from __future__ import annotations

import sys
from _contextvars import ContextVar
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from instep.computation import Computation

latest: ContextVar[Computation | None] = ContextVar("instep", default=None)
"""The latest one begun in this context; it may be a suspended generator's."""
by_frame: dict[int, Computation] = {}
"""By the `id` of a frame, the innermost running computation begun there."""


def task_id() -> int:
    """The current asyncio task, as an id; 0 outside of one."""
    asyncio = sys.modules["asyncio"]
    try:
        loop = asyncio._get_running_loop()
        task = loop and asyncio.current_task(loop)
    except AttributeError:  # asyncio is being imported
        return 0
    return id(task) if task is not None else 0


def running_below(computation: Computation | None) -> Computation | None:
    """The first one in the context, from this one on, that still runs."""
    while computation is not None and computation.status != "running":
        computation = computation.below
    if computation is not None and computation.below is not None and computation.below.status != "running":
        computation.below = running_below(computation.below)
    return computation


def enclosing(innermost: Computation | None, frame: FrameType, thread: int) -> Computation | None:
    """The innermost running computation around `frame`: one begun in a frame on the stack, or else inherited.

    `innermost` is the latest begun in this context: it may be a suspended generator's, which doesn't count.
    """
    get: Any = by_frame.get
    f: FrameType | None = frame
    stack: Any = None
    while f is not None:
        found = get(id(f))
        if found is not None:
            while found is not None and found.status != "running":
                found = found.outer
            if found is not None and found.code is f.f_code:
                return _computing(found) if found.pulling else found
        f = f.f_back
        if f is None and "greenlet" in sys.modules:
            stack, f = _entered_from(stack)
    task = task_id() if "asyncio" in sys.modules else 0
    for _ in range(16):
        if innermost is None:
            return None
        if innermost.status == "running" and (innermost.thread != thread or innermost.task != task):
            return innermost
        innermost = innermost.below
    return None


def _computing(found: Computation) -> Computation:
    """Of several in one frame, the one whose step is a call under way, if there is one: this one may wait for it."""
    inner: Computation | None = found
    while inner is not None and not inner.computing:
        inner = inner.outer
    return found if inner is None else inner


def _entered_from(greenlet: Any) -> tuple[Any, FrameType | None]:
    """The greenlet that has entered this one (the running one, if it is `None`), and where: each has its own stack."""
    if greenlet is None:
        running = getattr(sys.modules["greenlet"], "getcurrent", None)  # None while it is being imported
        greenlet = running and running()
    parent = greenlet and greenlet.parent
    return parent, parent and parent.gr_frame


def current(depth: int = 1) -> Computation | None:
    """The innermost running computation of the caller (or of who called it, `depth` frames up)."""
    innermost = latest.get()
    return None if innermost is None else enclosing(innermost, sys._getframe(depth), get_ident())


def note(value: object = None, /, **fields: Any) -> None:
    """Say something about the current step of the innermost computation: `note("slow")`, `note(loss=0.3)`.

    Does nothing where none runs, so libraries may call it. It moves no loop, costs about a microsecond, and works
    from any function below the loop's; in other threads and tasks it goes to the computation that they inherited.
    """
    innermost = latest.get()
    if innermost is not None:
        found = enclosing(innermost, sys._getframe(1), get_ident())
        if found is not None:
            found.note(value, fields)

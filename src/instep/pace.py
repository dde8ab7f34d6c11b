"""How a tracked loop gets its items: in blocks while steps are quick, one by one where they are slow enough.

A loop walks `chain.from_iterable(paced(...))`. All of it but the generator `paced` runs in C, and that one runs between
blocks only: it reads the clock and the position, logs a row and chooses the next block. It never holds an item, so what
a signal handler raises in here loses none. It is also how the end is seen: it returns when the source ended, and is
closed (GeneratorExit) the moment the loop is left.

| mean step | handed out | timed |
|---|---|---|
| under 50 us | blocks of about 0.25 ms, at most 16,384 steps | the block, and one of the two steps after it by itself |
| from 50 us | up to 64 at once, about 20 ms | each step by itself, stamped before and after its fetch |
"""

from __future__ import annotations

import sys
from _thread import get_ident
from itertools import repeat
from time import perf_counter_ns

from instep.monitor import monitor
from instep.opcodes import how_left
from instep.owed import owe
from instep.stamps import Stamped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from instep.computation import Computation
    from instep.sources import Cursor

SLOW = 50_000
"""Nanoseconds: from here on steps are timed one by one, which costs about 0.7 us each."""
BLOCK = 256_000
"""Nanoseconds that a block of quick steps should last: it costs about 3 us, its single step included."""
MOST = 16_384
"""Steps in a block, at most: so many may go untimed when a quick loop turns slow (the monitor looks at them)."""
BATCH, BATCH_TIME = 64, 20_000_000
"""Steps handed out at once where each is timed, and the nanoseconds that they may take."""
FEW = 8
"""Steps: a block so short hides nothing that a single step would show."""
looking = monitor.looking
_OURS = frozenset(
    ("instep.pace", "instep.loops", *(f"instep.spread.{name}" for name in ("each", "flight", "parts", "window")))
)


def paced(run: Computation, cursor: Cursor) -> Generator[Iterator[Any], None, None]:
    """One block of items after another; begins `run` when the first item is asked for, and ends it."""
    clock, read, over, take, steps = perf_counter_ns, cursor.read, cursor.over, cursor.take, cursor.steps
    at = first = handed = began = 0  # positions; when the last item was handed out, where steps are timed one by one
    size = most = 1 if cursor.atomic else 0  # a first item may take long to come: then it is stamped
    batch = 1
    stamped: Any = None if size else Stamped(steps)
    try:
        run.begin(_caller())
        now = run.began
        while True:
            began, first = now, at
            if size:
                yield take(steps, size)
                now, at = clock(), read()
                n = at - first
                if n < size and over():
                    run.log(n, now - began)
                    break
                alone = (-1, 0)
                if n >= FEW:
                    mean = (now - began) // n
                    if stamped is None:
                        stamped = Stamped(steps)
                    yield take(stamped.steps, 2)
                    now, at = clock(), read()
                    n, alone = at - first, stamped.one(mean)
                run.log(n, now - began, *alone)
                mean = (now - began) // n if n else 0
                if mean < SLOW:
                    most = min(most + most, MOST, BLOCK // (mean + 1) + 1)
                    size = most - most * (now % 251) // 502  # of random length, so as not to keep step with the loop
                else:
                    size, batch, run.timed = 0, _batch(mean), True
                    if stamped is None:
                        stamped = Stamped(steps)
            else:
                yield take(stamped.steps, batch)
                now, at = clock(), read()
                n = at - first
                ended = n < batch and over()
                handed = stamped.log(run, n, began, handed, now, ended)
                if ended:
                    break
                mean = (now - began) // n if n else SLOW
                if mean >= SLOW:
                    batch = _batch(mean)
                else:
                    if handed:
                        run.log(1, now - handed)
                        handed = 0
                    size = most = min(2 * batch, BLOCK // (mean + 1) + 1)
                    run.timed = False
            if looking.asleep:
                monitor.wake()
        run.end("finished", now)
    except GeneratorExit:
        try:
            now, n = clock(), read() - first
            if size:
                run.log(n, now - began)
            elif stamped is not None:
                handed = stamped.log(run, n, began, handed, now, False)
                if handed:
                    run.log(1, now - handed)
            run.end(how_left(run, cursor, sys._getframe().f_back), now)
        except BaseException as error:  # a signal handler's: it would be lost here
            owe(error)
            try:
                run.end("stopped", clock())
            except BaseException as again:
                owe(again)
    except BaseException as error:  # a signal handler's: nothing of the source's ever passes through here
        run.cut = True
        run.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", clock())
        raise


def _batch(mean: int) -> int:
    return max(min(BATCH, BATCH_TIME // mean), 1)


def _caller() -> Any:
    """The frame that asked for the first item; None where C code did, in a thread of its own."""
    try:
        frame: Any = sys._getframe(2)
    except ValueError:
        return None
    while frame is not None and frame.f_globals.get("__name__") in _OURS:
        frame = frame.f_back
    return frame


class Gate:
    """Between `chain` and `paced` where the iterator may get around (into `zip`, a variable, another thread).

    A generator refuses to be entered by two threads, and one that Ctrl-C hit is over: from then on, all take straight
    from the source.
    """

    __slots__ = ("blocks", "cursor", "run", "shared", "thread")

    def __init__(self, run: Computation, cursor: Cursor, blocks: Generator[Iterator[Any], None, None]) -> None:
        self.run = run
        self.cursor = cursor
        self.blocks = blocks
        self.thread = 0
        self.shared = False

    def __iter__(self) -> Gate:
        return self

    def __next__(self) -> Iterator[Any]:
        me, cursor = get_ident(), self.cursor
        if not self.shared and self.thread in (0, me):
            self.thread = me
            try:
                return next(self.blocks)
            except StopIteration:
                if cursor.over():
                    raise
            except BaseException as error:  # raised here it would end `chain`, and lose the items still to come
                owe(error)
        self.shared = True
        if cursor.over():
            self.run.end("finished", perf_counter_ns())
            raise StopIteration
        return map(next, repeat(cursor.steps))

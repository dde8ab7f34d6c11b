"""Looks at everything that runs, some twenty times a second, and feeds the view.

Nothing of it is needed for a loop to be right: without it, nothing is seen from outside. It goes away when nothing has
run for a second, before a fork (a running thread makes `fork` warn) and at exit. Looking and showing have a thread
each, so that a terminal that takes no more text doesn't make it blind.
"""

from __future__ import annotations

import atexit
import errno
import os
import sys
from _operator import attrgetter, call, is_
from _thread import allocate_lock
from itertools import repeat
from time import perf_counter_ns

from instep import asking
from instep.owed import pay
from instep.pulse import Pulse, wait_for_threads_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from instep.computation import Computation
    from instep.model import Snapshot
    from instep.views import View

    R = TypeVar("R")

LOOK = 50_000_000
"""Nanoseconds between two looks."""
SHOW = 100_000_000
"""Nanoseconds between two updates of the view."""
MARK = 500_000_000
"""Nanoseconds between two positions that are kept, ten of them, for the latest rate."""
SHOWN = 200_000_000
"""Nanoseconds: what ends within them is not shown by itself."""
HOLD = 300_000_000
"""Nanoseconds that a failed loop's last line is held back: if Ctrl-C did it, and ends the process, `close` can tell."""
_QUIET = 20
_WAIT = 0.5
"""Seconds that an ended loop waits for a drawing under way, so that its last line stands above what is printed next."""
_IMPORTER_IS_MAIN = sys.version_info < (3, 13)
"""Until 3.12 `threading` takes the thread that imports it first for the main one, and waits for its end at exit. It
must not be a thread of ours (rich imports it)."""
_BEGAN = attrgetter("began")
_GONE = frozenset((errno.EIO, errno.EPIPE, errno.EBADF, errno.ENXIO))
"""What writing to a terminal or a pipe says whose other end is gone."""
is_finalizing = sys.is_finalizing
_always = object  # in place of a weak reference: gives something
_GATHERED = 256


class Monitor:
    """Looks and shows; both may be called by hand, with a clock of one's own, so tests need no thread."""

    def __init__(self, clock: Callable[[], int] = perf_counter_ns) -> None:
        self.clock = clock
        self.looking = Pulse(LOOK, self._beat, 0.02)
        self.showing = Pulse(SHOW, self._show_beat, 0.05)
        self.silent = False  # in a forked child, unless it is told otherwise
        self.prepared = False
        self.reset()

    def reset(self) -> None:
        """Forget everything, as in a forked child."""
        self.running: set[Computation] = set()
        self.ended: list[Computation] = []  # at the top, not yet summed
        self.finals: list[Snapshot] = []  # last pictures, not yet shown
        self.view: View | None = None
        self._drawing = allocate_lock()  # one at a time; who finds it taken goes on
        self._chosen = self.closed = False
        self._quiet = self._hurried = 0
        self.looking.reset()
        self.showing.reset()

    def wake(self) -> None:
        """Begin to look, if it doesn't yet."""
        self._quiet = 0
        if self.closed or is_finalizing():
            return
        if _IMPORTER_IS_MAIN:
            import threading  # noqa: F401
        if self.looking.wake():
            asking.watch()

    def pause(self) -> None:
        """Stop the threads, until something needs them again."""
        if not self.looking.asleep or not self.showing.asleep:
            self.looking.stop()
            self.showing.stop()
            wait_for_threads_end()

    def close(self) -> None:
        """At exit: the last look, the last lines. What runs on, as daemon threads may, wakes nothing any more.

        If it did, at each block, it would give the GIL away for an instant so often that CPython may never hand it on.
        """
        self.closed = True
        _hurried(self._close)
        if isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
            _end_by_signal()

    def _close(self) -> None:
        self.looking.stop()
        self.showing.stop()
        if self.running or self.ended or self.finals:
            now = self.clock()
            self.look(now)
            for run in sorted(
                self.running, key=_BEGAN
            ):  # suspended generators, other threads' loops: this is their end
                run.end("stopped", now)
            _interrupted(self.ended)
            self.show(now)
        if self.view is not None:
            self._guarded(self.view.close)
        asking.unwatch()

    # Looking

    def _beat(self, late: int) -> bool:
        if not self.prepared:
            _import()
            self.prepared = True
        busy = self.look(self.clock(), late)
        self._quiet = 0 if busy else self._quiet + 1
        if self._quiet >= _QUIET:
            return False
        now = self.clock()
        if self.ended or any(now - run.began >= SHOWN for run in list(self.running.copy())):
            self.showing.wake()
        return True

    def prepare(self) -> None:
        """To be called by a loop before it imports: the monitor's thread does it, for it hears no signals.

        Where Ctrl-C cuts an import short CPython may keep importlib's locks, and have other threads wait for ever.
        """
        if not self.prepared and not self.closed:
            self.looking.hurry(_WAIT)

    def look(self, now: int, late: int = 0) -> bool:
        """Look at everything that runs; `late` by so many ns. Gives whether there is anything."""
        pay()
        runs = list(self.running.copy())
        # All in C, so that the reference which asking makes can't be the last one, here.
        lost = list(map(is_, map(call, [run.alive or _always for run in runs]), repeat(None)))
        for run, gone in zip(runs, lost, strict=True):
            if gone and run.lost:
                run.end("stopped", now)  # dropped by hand, or its end was cut short by a signal handler
            else:
                run.lost = gone  # a loop that ends just now says so itself, before the next look
                _look(run, now, late)
        return bool(runs)

    def leave(self, run: Computation, parent: Computation | None) -> None:
        """`run` has ended; it is summed up later."""
        if is_finalizing():
            return
        ended = self.ended
        if parent is not None:
            if parent.offspring is None:
                parent.offspring = []
            ended = parent.offspring
            if run.ended - run.began >= SHOWN:
                run.parent_id = parent.id
        ended.append(run)
        full = len(ended) > _GATHERED or (parent is not None and parent.sum is not None)
        if run.offspring or full:
            self.prepare()
            from instep.summary import gather

            if run.offspring:
                gather(run.offspring, run)
            if full:
                gather(ended, parent)
                return
        due = parent is None and run.ended - run.began >= SHOWN and run.status != "failed" and self.may_show
        # Now, so that its last line stands above what is printed next. At exit there may be no thread any more.
        if due:
            # Of many that end together, one waits, and the last.
            wait = _WAIT if not self.running or run.ended - self._hurried > SHOW else 0
            self._hurried = run.ended
            if self.closed or not self.showing.hurry(wait):
                self.show(run.ended)

    @property
    def may_show(self) -> bool:
        """Whether there is a view, or there may be one yet."""
        return self.view is not None or not self._chosen

    # Showing

    def _show_beat(self, late: int) -> bool:
        if not self._chosen:
            return _hurried(self._show_now)
        return self._show_now()

    def _show_now(self) -> bool:
        now = self.clock()
        if any(run.status == "failed" and now - run.ended < HOLD for run in self.ended[:]):
            return True
        self.show(now)
        if self.running or self.ended or self.finals:
            return True
        if self.view is not None:
            self._guarded(self.view.close)
        asking.unwatch()
        return False

    def show(self, now: int) -> None:
        """Sum up what has ended, and show what runs and what ended since; unless that is being done just now."""
        if self._drawing.acquire(False):
            try:
                self._show(now)
            finally:
                self._drawing.release()

    def _show(self, now: int) -> None:
        from instep.summary import gather

        gather(self.ended, None)
        runs = sorted((run for run in list(self.running.copy()) if run.show), key=_BEGAN)
        if asking.waiting and not self._chosen:
            return
        if not self.finals and not any(now - run.began >= SHOWN for run in runs):
            return
        view = self._view()
        finals = self.finals[:]
        del self.finals[: len(finals)]
        if view is None:
            return
        from instep.snapshots import take

        pictures = [picture for run in runs if (picture := take(run, now)).status == "running"]
        self._guarded(lambda: view.update([*finals, *pictures], now / 1e9))

    def _view(self) -> View | None:
        if not self._chosen:
            self._chosen = True
            if not self.silent or os.environ.get("INSTEP_VIEW"):
                from instep.views import choose

                self._guarded(lambda: setattr(self, "view", choose(os.environ, sys.stderr)))
        return self.view

    def _guarded(self, act: Callable[[], object]) -> None:
        """A view that fails is reported once and let go; what it watched goes on."""
        try:
            act()
        except Exception as error:
            self.view = None
            _report(error)


def _report(error: Exception) -> None:
    """Say that nothing is shown any more; but not to a stderr that is gone: what is left in it fails at exit."""
    try:
        import logging

        logger = logging.getLogger("instep")
        if logger.hasHandlers() or not (isinstance(error, OSError) and error.errno in _GONE):
            logger.warning("nothing is shown any more: %s: %s", type(error).__name__, error)
    except Exception:  # logging raises, too, where stderr is closed
        pass


def _hurried(act: Callable[[], R]) -> R:
    """Do what imports a lot: a busy loop gives the GIL away each 5 ms only, and each file that is read asks for it."""
    usual = sys.getswitchinterval()
    hurry = min(usual, 0.0005)
    sys.setswitchinterval(hurry)
    try:
        return act()
    finally:
        if abs(sys.getswitchinterval() - hurry) < 1e-6:  # else somebody has set it since
            sys.setswitchinterval(usual)


def _end_by_signal() -> None:
    """Have CPython end the process by SIGINT, as it does where Ctrl-C was caught by nobody, so that a shell can tell.

    It forgets that as soon as the text of a program is run, and `collections.namedtuple` does so: modules that are
    imported at exit are full of them.
    """
    if getattr(sys.modules.get("__main__"), "__spec__", None) is None:  # `python -m` ends otherwise
        try:
            exec("raise KeyboardInterrupt")
        except KeyboardInterrupt:
            pass


def _import() -> None:
    """Import here, in good time, what loops would import when they end."""
    import instep.summary
    import instep.timing  # noqa: F401


def _interrupted(ended: list[Computation]) -> None:
    """Tell loops that Ctrl-C ended, and the process with them, from failed ones: it has their frames."""
    error = getattr(sys, "last_value", None)
    if isinstance(error, KeyboardInterrupt):
        frames, traceback = set(), error.__traceback__
        while traceback is not None:
            frames.add(id(traceback.tb_frame))
            traceback = traceback.tb_next
        from instep.summary import interrupt

        for run in ended:
            if run.status == "failed" and run.frame in frames:
                run.status = "interrupted"
            interrupt(run, frames)


def _look(run: Computation, now: int, late: int) -> None:
    """Read the position. A step that lasts, among quick ones which are timed together, is noted with its index."""
    if run.rows:
        run.fold()
    position, since = run.seen
    at = run.position
    marks = run.marks
    if not marks or now - marks[-1][0] >= MARK:
        run.marks = (*marks[-9:], (now, at))
    moved = at != position
    if moved:
        if run.moved and run.read is not None and not run.timed and late < LOOK:
            _part(run, at, at - position, now, since)
        run.seen = at, now
        lasted = late  # the interpreter was held up, by the step that still goes on, most likely: its block will tell
    else:
        lasted = now - since
    run.moved = moved
    if lasted >= LOOK * 7 // 8 and at and run.read is not None and not run.timed:
        run.sight(at, lasted)


def _part(run: Computation, at: int, n: int, now: int, since: int) -> None:
    """Since the last look `n` steps of a block went by: where it is a slow block, this is what is known of them."""
    times = run.times
    with times.lock:
        part = min(n, at - times.count)  # the others belong to blocks that were over since, and were logged
        if part > 0 and run.began + times.ns + times.extra < now - 4 * LOOK:
            ns = (now - since) * part // n
            times.add_part(part, ns)
            run.ahead = run.ahead[0] + part, run.ahead[1] + ns


monitor = Monitor()
locks: list[Any] = []
"""Locks of other modules, one of which another thread of the parent's may have held."""
forgetting: list[Callable[[], object]] = []
"""What else a forked child has to forget."""


def _in_child() -> None:
    """Nothing of the parent's runs here, and a child draws only if it is told to."""
    monitor.reset()
    monitor.silent = True
    for lock in locks:
        lock._at_fork_reinit()
    for forget in forgetting:
        forget()


def _in_parent() -> None:
    """The step that forked may go on for long."""
    if monitor.running:
        monitor.wake()


os.register_at_fork(before=monitor.pause, after_in_parent=_in_parent, after_in_child=_in_child)
atexit.register(monitor.close)

"""`Computation`: one running sequence of steps, and its place among others."""

from __future__ import annotations

import sys
from _thread import RLock, get_ident
from time import perf_counter_ns

from instep.current import by_frame, enclosing, latest, running_below, task_id
from instep.monitor import locks, monitor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType
    from typing import Any

    from instep.model import Kind, Spread, Status, Summary
    from instep.summary import Sum
    from instep.times import Said, Times
    from instep.timing import Timer

    Read = Callable[[], int]
    Row = tuple[int, int, int, int]
else:
    from _collections import deque  # `collections` would take 2 ms

looking = monitor.looking
is_finalizing = sys.is_finalizing
_KEPT_NOTES = 1000
_FOLD = 128  # rows to let gather before the loop folds them itself
_creating = RLock()
locks.append(_creating)
_ids = iter(range(1, 1 << 62)).__next__


class Computation:
    """One running sequence of steps, and its place among others.

    `read` gives the number of items handed out, read from outside the loop; where it is `None`, `done` is the number.
    `finished` is `position`, or one less while the last item handed out is worked on (or was, when it was left).
    """

    # Class attributes as defaults: cheaper to begin with than setting twenty of them.
    kind: Kind = "loop"
    status: Status = "pending"
    unit = "it"
    show = True
    initial = 0
    done = 0
    over = 0  # steps known to be over once it has ended
    handing = True  # whether it hands out items, so that the last one's step is not over yet
    between = False  # whether it stands between two steps, notes being about the one that is over
    shared = False  # whether its iterator may be in several threads
    by_for = False  # whether a `for` drives it, so that how it was left can be told
    final: Status | None = None
    leaving: Status | None = None  # how it is about to be left, where that is known
    fetching = False  # whether the last item's step is over, the next being fetched
    read: Read | None = None
    where: Callable[[int], str] | None = None  # tells where the k-th step is; at the end, where the last one was
    taken = False  # whether a pass has it, begun or not
    alive: Callable[[], object] | None = None  # a weak reference: gives None once nothing runs it any more
    lost = False  # whether that was so at the monitor's last look
    began = ended = 0
    parent: Computation | None = None
    below: Computation | None = None  # in the context, when this one began
    outer: Computation | None = None  # begun in the same frame, before
    pulling = False  # whether its source may be asked just now: what then begins where it stands is below it
    computing = False  # whether a step of it is a call that is under way in its own frame
    cut = False  # whether a signal has ended the counting only: the items go on
    behind: Computation | None = None  # what this is a step of, in another thread: its children are that one's
    frame = at = thread = task = 0
    code: CodeType | None = None
    seen: tuple[int, int] = (-1, 0)  # position, and since when, at the monitor's last look
    moved = False  # whether that was another position than at the look before
    ahead = (0, 0)  # steps of the running block that were added to the times already, and their ns
    marks: tuple[tuple[int, int], ...] = ()  # when and which, at some looks of the last seconds
    timed = False  # whether steps are timed one by one just now
    offspring: list[Computation] | None = None  # ended, not yet summed
    inner: dict[object, Sum] | None = None
    sum: Sum | None = None  # what it was added to, once it is
    below_it: tuple[Summary, ...] = ()  # the sums of what ran in it, by then
    parent_id: int | None = None  # once it has ended
    asides: Mapping[object, Said] = {}  # what is being said about steps that run elsewhere
    count: Callable[[], Spread] | None = None  # what has become of them, asked while it runs, and
    spread: Spread | None = None  # once it has ended
    own: Times | None = None  # of the steps by themselves, where that is another time than from hand-out to hand-out
    _id = 0
    _times: Times | None = None
    _timer: Timer | None = None
    _folding = False
    _notes: deque[tuple[int | None, Any, dict[str, Any]]] | None = None

    def __init__(self, name: str | None, total: int | None) -> None:
        self.name = name
        self.total = total
        self.rows: list[Row] = []

    @property
    def id(self) -> int:
        """Unique in this process."""
        if not self._id:
            self._id = _ids()
        return self._id

    def begin(self, frame: FrameType | None, *, scope: bool = True) -> None:
        """Begin in `frame`; with `scope`, notes given there and below it go here, and what begins there is a child."""
        self.status = "running"
        thread = self.thread = get_ident()
        below = latest.get()
        if below is not None:
            below = self.below = running_below(below)
        if frame is not None:
            self.at, self.code = frame.f_lasti, frame.f_code
            if below is not None:
                self.parent = self._parent(below, frame, thread)
        if "asyncio" in sys.modules:
            self.task = task_id()
        if looking.asleep:
            monitor.wake()
        if scope and frame is not None:
            me = self.frame = id(frame)
            outer = self.outer = by_frame.get(me)
            if outer is not None and outer.pulling and outer.at == self.at:
                self.outer, outer.outer = outer.outer, self
                self.below, outer.below = outer.below, self
            else:
                by_frame[me] = self
                latest.set(self)
        monitor.running.add(self)
        self.began = perf_counter_ns()
        if self.final is not None:  # where threads share the iterator, another may have ended it before we are done
            self.status = self.final
            self._unregister()

    def _parent(self, below: Computation, frame: FrameType, thread: int) -> Computation | None:
        """What this one runs in. Those begun at the very same place are siblings, as in `zip(track(a), track(b))`."""
        up = enclosing(below, frame, thread)
        me, at = id(frame), frame.f_lasti
        while up is not None and up.frame == me and up.at == at:
            up = up.parent
        return up if up is None or up.behind is None else up.behind

    def end(self, status: Status, now: int) -> None:
        """End, once; may be interrupted by a signal handler and called again."""
        if self.__dict__.setdefault("_ender", me := get_ident()) != me or self.ended:
            return  # the loop and the monitor may both see it
        if self.read is not None:
            self.done = self.read()
            if not self.shared:  # else another thread may still be taking its last item
                self.read = None
        whole = status == "finished" or self.fetching or not self.handing or not self.done
        self.over = self.done if whole else self.done - 1
        self.status = self.final = status
        if self.where is not None:
            self._keep_place()
        self._unregister()
        self.outer = None
        if self._times is not None:
            self.fold()
            self._times.said = None
            if self._timer is not None:
                self._timer._feed = None
        self.ended = now
        parent, self.parent = self.parent, None
        monitor.leave(self, parent)

    def _keep_place(self) -> None:
        """Where it was left as a text, if it was; what tells of any step may hold a large shuffle."""
        where, at = self.where, self.done - 1
        if where is None or at < 0 or self.status == "finished":
            self.where = None
            return
        try:
            said = where(at)
        except Exception:  # it went on beyond what it said its length was
            self.where = None
        else:
            self.where = lambda k: said

    def _unregister(self) -> None:
        """Be current, and looked at, no more."""
        monitor.running.discard(self)
        above = by_frame.get(self.frame) if self.frame else None
        if above is self:
            if self.outer is None:
                by_frame.pop(self.frame, None)
            else:
                by_frame[self.frame] = self.outer
        else:  # loops of one frame may end in any order, as in `zip(track(a), track(b))`
            while above is not None and above.outer is not self:
                above = above.outer
            if above is not None:
                above.outer = self.outer
        self.below = running_below(self.below)  # kept, but short: tasks that copied this context find the way up
        if latest.get() is self:
            latest.set(self.below)

    @property
    def position(self) -> int:
        """Items handed out in this pass."""
        read = self.read
        return self.done if read is None else read()

    @property
    def finished(self) -> int:
        """Steps that are over, in this pass."""
        if self.status != "running":
            return self.position if self.shared and self.status == "finished" else self.over
        position = self.position
        return position - 1 if position and self.handing and not self.fetching else position

    @property
    def timer(self) -> Timer:
        """The times of its steps."""
        timer = self._timer
        if timer is None:
            times = self.times
            from instep.timing import Timer

            feed = None if self.ended else self.feed  # dropped at the end, so that nothing goes in circles
            timer = self._timer = Timer._of(self.own or times, self.total, feed, times)
        return timer

    @property
    def times(self) -> Times:
        """What is known of its steps' times, with what was logged so far."""
        if self._times is None:
            monitor.prepare()
            from instep.times import Times  # not on the way of `import instep`

            with _creating:
                if self._times is None:
                    self._times = Times(self.initial, self.said)
        self.fold()
        if self.ended:
            self._times.said = None
        return self._times

    def log(self, n: int, ns: int, step: int = -1, fetch: int = 0) -> None:
        """`n` steps took `ns`; the last but one, if `step` is given, that long, `fetch` of it to produce the next item.

        No steps and a time: the first item's fetch.
        """
        rows = self.rows
        rows.append((n, ns, step, fetch))
        if len(rows) > _FOLD:
            self.fold()

    def log_each(self, steps: list[int], fetches: list[int]) -> None:
        """Steps were timed one by one; so was, in each, what it took to produce the next item."""
        fetch = sum(fetches)
        if self._times is None and is_finalizing():  # too late for an import
            self.rows.append((len(steps), sum(steps), -1, fetch))
        else:
            self.times.add_each(steps, fetch)

    def sight(self, at: int, ns: int) -> None:
        """Position `at` was seen, from outside, to last `ns` at least."""
        self.times.sight(self.initial + at - 1, ns)

    def feed(self) -> int:
        """For its timer: hand over what was logged, and give how many steps are over."""
        self.fold()
        return self.finished

    def fold(self) -> None:
        """Hand what the loop has logged to the times."""
        times, rows = self._times, self.rows
        if times is None:
            if not rows or is_finalizing():
                return
            times = self.times
        with times.lock:
            if not self._folding:  # else a signal handler asks, in the middle of it
                self._folding = True
                try:
                    batch = rows[:]  # the loop appends to this very list: take from its front
                    del rows[: len(batch)]
                    for n, ns, step, fetch in batch:
                        ahead, ahead_ns = self.ahead
                        if ahead:  # a part of this block was added when it was seen to go slowly
                            part, part_ns = min(n, ahead), min(ns, ahead_ns)
                            n, ns, self.ahead = n - part, ns - part_ns, (ahead - part, ahead_ns - part_ns)
                        times.add(n, ns, step if step <= ns else -1, fetch, steady=ahead > 0)
                finally:
                    self._folding = False

    def note(self, value: object, fields: dict[str, Any]) -> None:
        """Say something about the current step."""
        if looking.asleep and not self.ended:
            monitor.wake()
        notes = self._notes
        if notes is None:
            notes = self._notes = deque(maxlen=_KEPT_NOTES)
        read = self.read
        done = self.done if read is None else read()
        if self.handing or self.between:
            done -= 1
        notes.append((None if done < 0 or self.ended else self.initial + done, value, fields))

    def said(self, index: int) -> tuple[int | None, Any, dict[str, Any]] | None:
        """The last note on a step, if it is still known."""
        try:
            notes = list(self._notes or ())
        except RuntimeError:  # the loop has just added one
            return None
        for note in reversed(notes):
            if note[0] is not None and note[0] <= index:
                return note if note[0] == index else None
        return None

    @property
    def place(self) -> tuple[str, int, str] | None:
        """File, line and function where it began."""
        code = self.code
        if code is None:
            return None
        line = next(
            (line for start, stop, line in code.co_lines() if start <= self.at < stop and line), code.co_firstlineno
        )
        return code.co_filename, line, code.co_qualname

    @property
    def label(self) -> str:
        """Its name, or where it began."""
        return self.whereabouts if self.name is None else self.name

    @property
    def whereabouts(self) -> str:
        """Where it began, in short."""
        if (place := self.place) is None:
            return self.kind
        file, line, function = place
        return f"{file.replace(chr(92), '/').rpartition('/')[2] if function == '<module>' else function}:{line}"


def status_of(kind: type[BaseException]) -> Status:
    """The status of what an exception of this kind has left."""
    if issubclass(kind, KeyboardInterrupt):
        return "interrupted"
    if issubclass(kind, GeneratorExit) or kind.__name__ == "CancelledError":
        return "stopped"
    return "failed"


def caller(frame: FrameType) -> FrameType:
    """The frame of a `with` statement, past contextlib's helpers."""
    while frame.f_globals.get("__name__") == "contextlib" and frame.f_back is not None:
        frame = frame.f_back
    return frame

"""A track under random operations, against a plain model of what `for` and `next` would have done."""

import collections
import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from instep import InstepError, Note, track

SOURCES = {
    "list": list,
    "tuple": tuple,
    "dict": dict.fromkeys,
    "deque": collections.deque,
    "list iterator": iter,
    "generator": lambda items: (item for item in items),
    "map": lambda items: map(int, items),
}
ONCE = ("list iterator", "generator", "map")


class Loop(RuleBasedStateMachine):
    """The model: `left` are the items of the running pass that were not yet handed out."""

    @initialize(source=st.sampled_from(sorted(SOURCES)), size=st.integers(0, 30), initial=st.sampled_from([0, 5]))
    def make(self, source, size, initial):
        """A track of some source."""
        self.items = list(range(100, 100 + size))
        self.once = source in ONCE
        self.initial = initial
        self.tracker = track(SOURCES[source](self.items), initial=initial)
        self.source, self.name, self.total, self.given = source, None, None, False
        self.walked = False  # whether a pass has begun
        self.own = None  # what `next(track)` walks, in the model
        self.steps = []  # [iterator, model's iterator, number of its pass]
        self.passes = 0
        self.status, self.position, self.notes = "pending", 0, []

    def begin(self):
        """A new pass, in the model."""
        self.passes += 1
        self.walked = True
        return iter(self.items)

    def fresh(self):
        """What the tracker tells of is now a pass that was not yet asked for an item."""
        if self.status != "pending":
            self.status, self.position, self.notes = "pending", 0, []

    def take(self, real, model, *, peeked=False):
        """Take one item of both; a peek that finds nothing leaves it to the loop to find its end."""
        expected, item = next(model, None), next(real, None)
        assert item == expected
        if item is None:
            if self.status != "stopped" and not peeked:
                self.status = "finished"
        else:
            self.position += 1
            if self.status == "pending":
                self.status = "running"

    @precondition(lambda self: not (self.steps and self.status == "pending"))
    @rule()
    def next(self):
        """`next(track)` begins a pass, or goes on with its own."""
        if self.own is None and self.steps and self.status == "running":
            self.take(
                self.tracker, self.steps[-1][1], peeked=True
            )  # a loop walks it: take the next item before the loop does
            return
        if self.own is None:
            if self.once and self.walked:
                self.refused(lambda: next(self.tracker))
                return
            self.steps.clear()
            self.fresh()
            self.own = self.begin()
        self.take(self.tracker, self.own)

    def refused(self, act):
        """A second pass over a source that can be walked once only."""
        try:
            act()
        except InstepError:
            return
        raise AssertionError("a second pass was not refused")

    @precondition(lambda self: not self.steps)
    @rule()
    def iter(self):
        """`iter(track)` goes on with what `next` began, or begins a pass."""
        own, self.own = self.own, None
        if own is not None and self.status == "running":
            self.steps.append((iter(self.tracker), own))
            return
        if self.once and self.walked:
            self.refused(lambda: iter(self.tracker))
            return
        self.fresh()
        self.steps.append((iter(self.tracker), self.begin()))

    @precondition(lambda self: self.steps)
    @rule(count=st.integers(1, 9))
    def step(self, count):
        """The iterator gives the next items."""
        for _ in range(count):
            self.take(*self.steps[-1])

    @precondition(lambda self: self.steps and self.status != "pending")
    @rule()
    def drop(self):
        """The iterator is dropped: seen at once."""
        self.steps.clear()
        if self.status == "running":
            self.status = "stopped"

    @precondition(lambda self: self.own is None or self.status in ("running", "finished"))
    @rule(leave=st.none() | st.integers(0, 12))
    def walk(self, leave):
        """A `for` over the track, left by `break` after some items."""
        if self.steps:
            return
        own, self.own = self.own, None
        if own is None or self.status != "running":
            if self.once and self.walked:
                self.refused(lambda: iter(self.tracker))
                return
            self.fresh()
            own = self.begin()
        before, seen = self.position, []
        for item in self.tracker:
            seen.append(item)
            assert self.tracker.position == self.initial + before + len(seen)
            if leave is not None and len(seen) > leave:
                break
        expected = list(own if leave is None else itertools.islice(own, leave + 1))
        assert seen == expected
        self.position = before + len(seen)
        self.status = "stopped" if leave is not None and len(seen) > leave else "finished"

    @rule(value=st.none() | st.integers(), field=st.booleans())
    def note(self, value, field):
        """A note goes to the current step, and costs no item."""
        index = self.initial + self.position - 1 if self.status == "running" and self.position else None
        if field:
            self.tracker.note(value=value)
            self.notes.append(Note(index, None, {"value": value}))
        else:
            assert self.tracker.send(value) is None
            self.notes.append(Note(index, value))

    @rule(name=st.none() | st.text(max_size=5))
    def rename(self, name):
        """The name may be set at any time."""
        self.tracker.name = self.name = name

    @rule(total=st.none() | st.integers(0, 50))
    def retotal(self, total):
        """So may the total."""
        self.tracker.total = total
        assert self.tracker.total == total

    @rule()
    def advance(self):
        """`advance` is not for a track with an iterable."""
        try:
            self.tracker.advance()
        except InstepError:
            return
        raise AssertionError("advance was not refused")

    @rule()
    def close(self):
        """`close` ends the pass; what walks it goes on."""
        self.tracker.close()
        self.own = None
        if self.status == "running":
            self.status = "stopped"

    @invariant()
    def agrees(self):
        """All that the track tells is what the model says."""
        if not hasattr(self, "tracker"):
            return
        tracker = self.tracker
        if self.status != "stopped":  # a closed one's loop may go on, uncounted
            assert tracker.position == self.initial + self.position
        assert tracker.status == self.status
        assert tracker.name == self.name
        assert tracker.notes == self.notes
        over = self.position - (self.status in ("running", "stopped") and self.position > 0)
        if self.status != "stopped":
            assert tracker.finished == self.initial + over
            if self.status == "finished":
                assert tracker.timer.count == self.position


TestLoop = Loop.TestCase
TestLoop.settings = settings(max_examples=150, stateful_step_count=25, deadline=None, derandomize=True)

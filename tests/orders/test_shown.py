"""The place of a tracked order's current step: in pictures, on a terminal, in lines and in JSON."""

from __future__ import annotations

import gc
import json
import re
import weakref
from random import Random

import numpy as np
import pytest

from children import python, quiet
from drives import spin
from instep import order, track
from instep.monitor import SHOWN
from instep.snapshots import take
from instep.views.sentences import ending, running
from orders.things import Linked, Touched
from programs.running import Program
from views.values import snapshot
from watching import Shown, watched


def places(one, **options):
    """Where each step is, as pictures taken in it say; and after the end."""
    found = []
    for _ in (tracker := track(one, **options)):
        found.append(tracker.snapshot().where)
    assert tracker.snapshot().where is None
    return found


def test_a_picture_says_where_the_step_is():
    """Of what lies in an array, in a nested or in a shuffled sequence: as `describe` says it."""
    a = np.zeros((3, 4))
    for one in (
        order(a),
        order(a).rows().backward(),
        order(a).columns(),
        order(a).blocks((2, 3)),
        order(a).cells("F"),
        order("abc").backward(),
        order("abc").shuffled(1),
        order([[1, 2], [3]]).nested(2).backward(),
    ):
        assert places(one) == [one.describe(k) for k in range(len(one))]
        assert places(one[1:], initial=1) == [one.describe(k) for k in range(1, len(one))]
    assert places(order(a[0])) == ["item 0/4", "item 1/4", "item 2/4", "item 3/4"]
    assert places(order(a).rows()) == ["row 0/3", "row 1/3", "row 2/3"]


def test_a_loop_that_has_no_place_says_none():
    """Where the count says it all, or nobody knows: a plain sequence, a stream, leaves that nobody has counted."""
    for one in (
        [1, 2],
        order([1, 2]),
        order("ab"),
        order(iter([1, 2])),
        order({1: 2, 3: 4}).backward(),
        order(Linked("ab")),
    ):
        assert places(one) == [None, None]
    assert places(order("ab").shuffled(buffer=2)) == [None, None]
    leaves = order(Touched([Touched("a"), Touched("b")])).nested(2)
    assert places(leaves, total=2) == [None, None]
    assert places(leaves) == ["leaf 0/2 at (0, 0)", "leaf 1/2 at (1, 0)"]


def test_what_was_left_early_keeps_its_place():
    """The picture of a failed loop says where it failed, and so does its last line."""
    with watched(Shown()) as hand:
        tracker = track(order(np.ones((9, 2))).rows().by([7, 5, 3]), name="rows")
        try:
            for _ in tracker:
                if tracker.position == 2:
                    spin(SHOWN)
                    raise LookupError
        except LookupError:
            pass
        hand.move(1)
        hand.show()
        (shot,) = hand.view.finals()
    assert tracker.snapshot().where == "row 5/9"
    assert shot.where == "row 5/9"
    assert str(ending(shot)).startswith("rows: failed at step 1 of 3, row 5/9 in ")


@pytest.mark.parametrize(
    ("make", "walk", "said"),
    [
        (lambda: np.zeros((4, 4)), lambda a: order(a).rows(), "row 0/4"),
        (lambda: np.zeros((4, 4)), lambda a: order(a).blocks((1, 4)).backward(), "row 3/4"),
        (lambda: Touched([[1], [2], [3]]), lambda xs: order(xs).nested(2), "leaf 0/3 at (0, 0)"),
    ],
    ids=["rows", "blocks", "nested"],
)
def test_a_place_keeps_nothing_that_was_walked(make, walk, said):
    """When the loop is over and the order gone, its array is, though the computation is still there."""
    thing = make()
    gone = weakref.ref(thing)
    for _ in (tracker := track(walk(thing))):
        break
    run = tracker._run
    del thing, _, tracker
    gc.collect()
    assert gone() is None
    assert take(run, 0).where == said


class Noting(Random):
    """Knows what it has shuffled."""

    def shuffle(self, indices):
        self.shuffled = weakref.ref(indices)
        super().shuffle(indices)


@pytest.mark.parametrize("wanted", [2, 99], ids=["left", "finished"])
def test_a_loop_that_is_over_keeps_no_shuffle(wanted):
    """Only the text of where it was left, for its last line and pictures."""
    one = order(range(9)).shuffled(random=(random := Noting(1)))
    said = one.describe(1) if wanted == 2 else None
    for _ in (tracker := track(one, show=False)):
        if tracker.position == wanted:
            break
    run = tracker._run
    assert random.shuffled() is not None
    del one, tracker
    gc.collect()
    assert random.shuffled() is None
    assert take(run, 0).where == said


def test_a_place_that_cannot_be_told_breaks_nothing():
    """A plain order grows with its thing, so that its track may go on beyond the length it told."""

    class Growing:
        ndim = 1

        def __init__(self):
            self.items = [1, 2]
            self.shape = (2,)

        def __getitem__(self, k):
            return self.items[k]

        def __iter__(self):
            yield from self.items

    thing = Growing()
    found = []
    for _ in (tracker := track(order(thing))):
        if tracker.position == 1:
            thing.items.append(3)
        found.append(tracker.snapshot().where)
    assert found == ["item 0/2", "item 1/2", None]
    for _ in (tracker := track(order(range(10**20)))):
        break
    assert (tracker.position, tracker.status) == (1, "stopped")


def test_lines_and_narrow_terminals():
    """It stands behind the count; users' text can't come in by it."""
    assert running(snapshot(where="row 3/10")).startswith("train: 30/100 it 30% · row 3/10 · 3.0 it/s · ")
    assert "\x1b" not in running(snapshot(where="row \x1b[2J"))
    assert str(ending(snapshot(status="interrupted", where="row 3/10"))).startswith(
        "train: interrupted at step 30 of 100, row 3/10 in "
    )
    assert "row" not in str(ending(snapshot(status="stopped", where="row 3/10")))


@pytest.mark.skipif("sys.platform == 'win32'", reason="needs POSIX terminals")
def test_on_a_terminal(tmp_path):
    """`track(order(a).blocks())` shows the row, and the block; a narrow terminal leaves it out before the count."""
    script = """
        import numpy as np
        from instep import order
        a = np.lib.stride_tricks.as_strided(np.zeros(1, "i1"), (10, 1 << 20), (1 << 20, 1))
        for k, row in enumerate(track(order(a).blocks(), name="bands")):
            if k == 3:
                wait("band")
        for k, block in enumerate(track(order(np.zeros((10, 10))).blocks((2, 5)).backward(), name="blocks")):
            if k == 1:
                wait("block")
    """
    with Program(tmp_path, script, columns=100) as program:
        program.at("band")
        program.shows_bar("bands")
        program.until(lambda: "row 3/10" in program.text)
        assert re.fullmatch(r"bands  ━+╺?━*  30%  3/10 it  row 3/10 .*", program.bars[0])
        program.go()
        program.at("block")
        program.until(lambda: "block (4, 0)/(5, 2)" in program.text)
        program.go()
        assert program.end() == 0
        assert program.is_intact()
    with Program(tmp_path, script, columns=40) as program:
        program.step("band", "bands", "3/10 it")
        program.step("block", "blocks", "1/10 it")
        assert program.end() == 0
        assert "row" not in program.text


def test_in_lines_and_in_json():
    """The other two views have it, too."""
    script = """
        import time
        from instep import order, track
        try:
            for k in track(order(range(5)).backward(), name="down"):
                if k == 3:
                    time.sleep(0.3)
                    raise LookupError
        except LookupError:
            pass
    """
    *_, last = python(script, view="lines").stderr.splitlines()
    assert last.startswith("down: failed at step 1 of 5, item 3/5 in ")
    told = [json.loads(line) for line in python(script, view="jsonl").stderr.splitlines()]
    assert (told[-1]["event"], told[-1]["status"], told[-1]["where"]) == ("end", "failed", "item 3/5")


def test_an_ordinary_loop_imports_nothing_of_it():
    """Nor does `import instep`."""
    quiet(
        """
        import sys, instep
        for _ in instep.track([1]): pass
        for _ in instep.track({1: 2}): pass
        assert not [name for name in sys.modules if name.startswith("instep.orders")]
        from instep import order
        assert callable(order) and "random" not in sys.modules and "numpy" not in sys.modules
        """
    )

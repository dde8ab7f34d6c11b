"""What a frame of the terminal view looks like, as a pure function."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from instep.model import Note, Snapshot
from instep.views import painting, tree
from views.values import snapshot, summary, timing

ON = painting.console({"TERM": "xterm-256color"}, "utf-8")


def frame(*snapshots: Snapshot, width: int = 100, height: int = 20, now: float = 0.0, on: Console = ON) -> list[str]:
    """The rows without their colours."""
    return [line.plain.rstrip() for line in painting.render(snapshots, width, height, now, on)]


def test_a_row() -> None:
    """Name, bar, percent, count, rate, time left with its range, notes."""
    one = snapshot(notes=(Note(1, None, {"loss": 0.3}),), remaining_range=(20.0, 30.0))
    assert frame(one) == [
        "train  ━━━━━━━╸━━━━━━━━━━━━━━━━━  30%  30/100 it  3.0 it/s  0:23 left  (0:20–0:30)  loss=0.3"
    ]


def test_what_is_left_out_in_narrow_terminals() -> None:
    """First the notes, the range, the rate, the count and the bar; name, percent and time left stay longest."""
    one = snapshot(notes=(Note(1, None, {"loss": 0.3}),), remaining_range=(20.0, 30.0))
    assert [frame(one, width=width)[0] for width in (60, 49, 30, 20, 12, 8, 3)] == [
        "train  ━━━━╸━━━━━━━━━━  30%  30/100 it  3.0 it/s  0:23 left",
        "train  30%  30/100 it  3.0 it/s  0:23 left",
        "train  30%  0:23 left",
        "train  30%",
        "train  30%",
        "train",
        "tr…",
    ]


def test_unknown_total() -> None:
    """The bar pulses with the clock that is passed in; count, rate and the time gone by are shown."""
    one = snapshot(total=None, remaining=None, rate=0.25)
    assert frame(one)[0].endswith("30 it  4.0 s/it  0:10")
    first, then = (painting.render([one], 100, 5, now, ON)[0] for now in (0.0, 0.3))
    assert first.plain == then.plain
    assert painting.paint(first, ON) != painting.paint(then, ON)


def test_a_total_that_turns_out_wrong() -> None:
    """No percentage, but both numbers."""
    (row,) = frame(snapshot(finished=150, remaining=None))
    assert "150 it (total said 100)" in row
    assert "%" not in row
    assert "100%" in frame(snapshot(finished=100))[0]
    assert " 99%" in frame(snapshot(finished=9999, total=10_000))[0]
    assert frame(snapshot(finished=0, total=0))


def test_the_tree() -> None:
    """Under the outer one a row per inner name: what runs, or else what has run; nothing younger than 0.2 s."""
    outer = snapshot("outer", inner=(summary("load", inner=(summary("read"),)), summary("batch", passes=37)))
    batch = snapshot("batch", id=2, parent=1, finished=1, total=4)
    young = snapshot("young", id=3, parent=1, elapsed=0.1)
    inmost = snapshot("inmost", id=4, parent=2, total=None)
    rows = frame(inmost, batch, young, outer)
    assert [row.split()[0] for row in rows] == ["outer", "load", "read", "batch", "inmost"]
    assert [len(row) - len(row.lstrip()) for row in rows] == [0, 2, 4, 2, 4]
    assert rows[1] == "  load      ×3  30 it in 1.5 s"
    young_again = batch._replace(elapsed=0.1)
    assert frame(outer, young_again)[3] == "  batch   ×37  30 it in 1.5 s"


def test_many_of_one_name_at_once() -> None:
    """Tasks of one name that run at the same time have a row each."""
    tasks = [snapshot("task", id=k, parent=1) for k in range(2, 5)]
    assert len(frame(snapshot(inner=(summary("task"),)), *tasks)) == 4


def test_hidden_ones_leave_their_place_to_those_inside() -> None:
    """`show=False` hides a row, not what runs in it."""
    hidden = snapshot("hidden", id=2, parent=1, show=False)
    assert [row.split()[0] for row in frame(snapshot(), hidden, snapshot("inner", id=3, parent=2))] == [
        "train",
        "inner",
    ]


def test_never_more_rows_than_there_is_room_for() -> None:
    """Outer ones stay, then inner ones in their order; the rest is counted."""
    outer = [snapshot(f"outer{k}", id=k) for k in range(3)]
    inner = [snapshot(f"inner{k}", id=10 + k, parent=k) for k in range(3)]
    rows = frame(*outer, *inner, height=5)
    assert [row.split()[0] for row in rows[:4]] == ["outer0", "inner0", "outer1", "outer2"]
    assert rows[4] == "… 2 more"
    assert frame(*outer, height=1) == ["… 3 more"]
    assert frame(*outer, height=0) == frame(*outer, width=0) == []


def test_nesting_deeper_than_pythons_stack() -> None:
    """A recursion that tracks something at each level."""
    deep = [snapshot(id=k, parent=k - 1 if k else None) for k in range(3000)]
    assert frame(*deep, height=10)[-1] == "… 2,991 more"


def test_a_stage_that_counts_nothing() -> None:
    """A name and a time: no bar, no count."""
    stage = snapshot("load", kind="stage", finished=0, position=0, total=None, rate=None, mean=None, remaining=None)
    assert frame(stage) == ["load  0:10"]


def test_last_lines() -> None:
    """They fit the width: slowest step, rate and time are left out one after another, then the name gives way."""
    end = snapshot("a name", status="finished", finished=100, timing=timing())

    def last(width: int) -> str:
        return painting.ending(end, width)[0].plain

    assert [last(width) for width in (70, 50, 40, 30, 20, 5)] == [
        "a name: finished 100 it in 10.0 s · 3.0 it/s · slowest #803 210 ms",
        "a name: finished 100 it in 10.0 s · 3.0 it/s",
        "a name: finished 100 it in 10.0 s",
        "a name: finished 100 it",
        "a…: finished 100 it",
        "…: f…",
    ]


def test_a_frame_without_colour() -> None:
    """NO_COLOR leaves bold and the like, and no colour."""
    on = painting.console({"TERM": "xterm-256color", "NO_COLOR": "1"}, "utf-8")
    lines = [*painting.render([snapshot()], 80, 5, 0.0, on), *painting.ending(snapshot(status="failed"), 80)]
    assert all("\x1b[3" not in painting.paint(line, on) and ";3" not in painting.paint(line, on) for line in lines)
    assert any("\x1b[3" in painting.paint(line, ON) or ";3" in painting.paint(line, ON) for line in lines)


names = st.text(st.characters(codec=None), max_size=30)
counts = st.integers(0, 10**20)
times = st.none() | st.floats()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda name, finished, total, rate, remaining, note, status: snapshot(
                name,
                finished=finished,
                total=total,
                rate=rate,
                mean=rate,
                remaining=remaining,
                remaining_range=(remaining, remaining) if remaining is not None else None,
                notes=(Note(0, note, {note: note}),),
                unit=name,
                status=status,
                inner=(summary(name, unit=note, steps=finished),),
            ),
            names,
            counts,
            st.none() | counts,
            times,
            times,
            names,
            st.sampled_from(["running", "finished", "stopped", "failed", "interrupted", "lost"]),
        ),
        max_size=6,
    ),
    st.integers(1, 130),
    st.integers(1, 8),
)
def test_nothing_is_ever_wider_or_higher_than_the_screen(given: list[Snapshot], width: int, height: int) -> None:
    """Whatever is to be shown, in whatever size, no line wraps and no line holds what isn't printable."""
    given = [one._replace(id=k) for k, one in enumerate(given)]
    rows = painting.render(given, width, height, 1.0, ON)
    assert len(rows) <= height
    for line in [*rows, *(line for one in tree.ended(given) for line in painting.ending(one, width))]:
        assert cell_len(line.plain) <= width
        assert all(character.isprintable() for character in line.plain)

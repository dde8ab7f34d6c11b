"""The view for logs."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest

from instep.model import Note, Snapshot
from instep.views.lines import LinesView
from views.values import snapshot, summary, timing


class Log:
    """A view, and what it wrote."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO()
        self.stream = io.TextIOWrapper(self.bytes, encoding=encoding)
        self.view = LinesView()

    def update(self, *snapshots: Snapshot) -> list[str]:
        before = len(self.bytes.getvalue())
        with contextlib.redirect_stderr(self.stream):
            self.view.update(snapshots, 0.0)
        return self.bytes.getvalue()[before:].decode().splitlines()


@pytest.fixture
def log() -> Log:
    """A log in UTF-8."""
    return Log()


def test_at_growing_intervals(log: Log) -> None:
    """A line after 1, 2, 4 ... 64 seconds, then each minute."""
    times = [second for second in range(300) if log.update(snapshot(elapsed=float(second)))]
    assert times == [1, 2, 4, 8, 16, 32, 64, 124, 184, 244]


def test_what_a_line_says(log: Log) -> None:
    """How far, how fast, how long still, the notes."""
    one = snapshot(notes=(Note(0, None, {"loss": 0.25}),), remaining_range=(20.0, 30.0))
    assert log.update(one) == ["train: 30/100 it 30% · 3.0 it/s · 0:23 (0:20–0:30) left · loss=0.25"]
    other = snapshot(id=2, total=None, remaining=None, finished=12_345, rate=None, mean=2.5)
    assert log.update(one, other) == ["train: 12.3 k it · 2.5 s/it · running for 0:10"]


def test_a_wrong_total_is_admitted(log: Log) -> None:
    """More steps than the total said: both numbers are there, and no percentage."""
    assert log.update(snapshot(finished=120, remaining=None)) == [
        "train: 120 it (total said 100) · 3.0 it/s · running for 0:10"
    ]


def test_inner_loops_are_in_the_line_of_the_outer_one(log: Log) -> None:
    """What runs inside and what has run inside are told after it."""
    outer = snapshot(inner=(summary("load"), summary("batch")))
    inner = snapshot("batch", id=2, parent=1, finished=5, total=10, remaining=None, elapsed=0.5)
    assert log.update(outer, inner) == [
        "train: 30/100 it 30% · 3.0 it/s · 0:23 left > load ×3 · 30 it in 1.5 s"
        " > batch: 5/10 it 50% · 3.0 it/s · running for 0:00"
    ]


def test_last_lines(log: Log) -> None:
    """How it ended, in how long, how fast, the slowest step; then what ran inside."""
    end = snapshot(status="finished", finished=1204, total=1204, elapsed=3.42, rate=352.0, timing=timing())
    assert log.update(end) == ["train: finished 1,204 it in 3.42 s · 352 it/s · slowest #803 210 ms"]
    inner = tuple(summary(f"inner {k}", inner=(summary("innermost"),)) for k in range(4))
    assert log.update(snapshot(status="stopped", inner=inner)) == [
        "train: stopped after 30 of 100 it in 10.0 s · 3.0 it/s",
        "  inner 0 ×3 · 30 it in 1.5 s",
        "    innermost ×3 · 30 it in 1.5 s",
        "  inner 1 ×3 · 30 it in 1.5 s",
        "    innermost ×3 · 30 it in 1.5 s",
        "  inner 2 ×3 · 30 it in 1.5 s",
        "  … 3 more",
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "stopped", "total": None}, "stopped after 30 it"),
        ({"status": "stopped", "finished": 110}, "stopped after 110 it (total said 100)"),
        ({"status": "failed"}, "failed at step 30 of 100"),
        ({"status": "interrupted", "total": None}, "interrupted at step 30"),
        ({"status": "finished", "finished": 99}, "finished 99 it (total said 100)"),
        ({"status": "finished", "unit": "B", "finished": 4_718_592, "total": None}, "finished 4.5 MiB"),
        ({"status": "interrupted", "unit": "B", "finished": 1536, "total": 2048}, "interrupted at 1.5 KiB of 2.0 KiB"),
        ({"status": "finished", "kind": "stage", "total": None, "finished": 0, "position": 0}, "finished"),
    ],
)
def test_how_it_ended(log: Log, fields: dict[str, Any], expected: str) -> None:
    """Each status in words; steps are counted from 0."""
    assert log.update(snapshot(**fields, rate=None)) == [f"train: {expected} in 10.0 s"]


def test_what_was_said_of_the_whole_stands_in_the_last_line(log: Log) -> None:
    """A note that belongs to the computation; one on a step doesn't, and is gone with it."""
    notes = Note(None, None, {"lr": 0.1}), Note(3, None, {"loss": 0.5})
    (line,) = log.update(snapshot(status="finished", notes=notes, timing=timing()))
    assert line == "train: finished 30 it (total said 100) in 10.0 s · 3.0 it/s · lr=0.1 · slowest #803 210 ms"


def test_what_is_short_hidden_or_inside_leaves_no_line(log: Log) -> None:
    """Less than 0.2 s, `show=False`, or a parent: nothing."""
    short = snapshot(status="failed", elapsed=0.19)
    hidden = snapshot(status="finished", show=False)
    inside = snapshot(status="finished", parent=7)
    assert log.update(short, hidden, inside, snapshot(show=False), snapshot(elapsed=0.1)) == []


def test_a_thousand_tasks_do_not_fill_the_log(log: Log) -> None:
    """Of many that are due at once some are told, and the number of the others."""
    lines = log.update(*(snapshot(f"task {k}", id=k) for k in range(1000)))
    assert len(lines) == 21
    assert lines[-1] == "… 980 more running"


def test_only_what_the_encoding_holds() -> None:
    """Neither a carriage return nor an escape ever, and ASCII alone where that is the encoding."""
    log = Log("ascii")
    log.update(
        snapshot("größe\r\x1b[2J", remaining_range=(1, 99)), snapshot(id=2, status="finished", inner=(summary(),))
    )
    written = log.bytes.getvalue()
    assert written.isascii()
    assert b"\r" not in written
    assert b"\x1b" not in written
    assert written.startswith(b"gr\\xf6\\xdfe\\r\\x1b[2J: 30/100 it 30% | 3.0 it/s | 0:23 (0:01-1:39) left")


def test_stderr_is_looked_up_each_time(log: Log) -> None:
    """What replaces stderr gets the lines; with none there is nothing to do."""
    with contextlib.redirect_stderr(io.StringIO()) as captured:
        log.view.update([snapshot()], 0.0)
    assert captured.getvalue().startswith("train")
    with contextlib.redirect_stderr(None):
        log.view.update([snapshot(id=2)], 0.0)


def test_nothing_is_kept_of_what_has_ended(log: Log) -> None:
    """In a long program with many loops memory stays flat."""
    log.update(*(snapshot(id=k) for k in range(100)))
    log.update(snapshot(id=1))
    assert list(log.view._due) == [1]

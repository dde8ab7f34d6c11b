"""The view for other programs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instep.model import Note, Place, Snapshot, Step
from instep.views import jsonl
from instep.views.jsonl import JsonLinesView, describe, json_value
from views.values import snapshot, summary, timing


def strict(line: str | bytes) -> dict[str, Any]:
    """The object of a line that is strict JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    value: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return value


class Pipe:
    """A view that writes into a pipe, and what came out of it."""

    def __init__(self) -> None:
        self.out, self.fd = os.pipe()
        os.set_blocking(self.out, False)
        self.view = JsonLinesView(self.fd)

    def update(self, *snapshots: Snapshot) -> list[dict[str, Any]]:
        self.view.update(snapshots, 0.0)
        return [strict(line) for line in self.read().splitlines()]

    def read(self) -> bytes:
        data = b""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.out, 1 << 20):
                data += more
        return data


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe whose both ends are closed in the end."""
    one = Pipe()
    yield one
    for fd in (one.out, one.fd):
        with contextlib.suppress(OSError):
            os.close(fd)


def test_start_progress_end(pipe: Pipe) -> None:
    """A line once it has lasted 0.2 s, one about every second, one at the end; inner ones too."""
    times = [k / 10 for k in range(35)]
    events = [(t, line["event"]) for t in times for line in pipe.update(snapshot(elapsed=t, parent=9))]
    assert events == [(0.2, "start"), (1.2, "progress"), (2.2, "progress"), (3.2, "progress")]
    assert [line["event"] for line in pipe.update(snapshot(status="failed", elapsed=3.5))] == ["end"]
    assert pipe.update(snapshot(status="finished", elapsed=0.1)) == []


def test_every_field_is_there(pipe: Pipe) -> None:
    """The fields are those documented, with their values."""
    steps = (Step(7, 0.5, None, Note(7, "x"), 3), Step(8, 0.4, "name"))
    full = snapshot(
        status="finished",
        place=Place("a.py", 3, "main"),
        remaining_range=(1.0, 2.0),
        notes=(Note(2, "said", {"loss": 0.5}),),
        timing=timing(slowest=steps),
        inner=(summary(timing=timing(), inner=(summary("innermost"),)),),
    )
    (line,) = pipe.update(full)
    assert set(line) == set(re.findall(r"^\| `(\w+)` \|", jsonl.__doc__ or "", re.MULTILINE))
    assert line["place"] == {"file": "a.py", "line": 3, "function": "main"}
    assert line["notes"] == [{"index": 2, "value": "said", "fields": {"loss": 0.5}}]
    assert line["timing"]["slowest"] == [
        {"index": 7, "seconds": 0.5, "name": None, "among": 3, "note": {"index": 7, "value": "x", "fields": {}}},
        {"index": 8, "seconds": 0.4, "name": "name", "among": 1, "note": None},
    ]
    assert line["inner"][0]["inner"][0]["name"] == "innermost"
    assert (line["time"], line["elapsed"], line["pid"], line["total"]) == (1010.0, 10.0, os.getpid(), 100)


class Odd:
    def __repr__(self) -> str:
        return "<\x1b" + "odd" * 1000


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Changing(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("dictionary changed size during iteration")


def test_values_that_json_cannot_hold() -> None:
    """They are shown by a repr of bounded length; NaN and infinities are null."""
    assert json_value({"a": [1, 2.5, None, True, "x"], 3: (float("nan"), float("inf"))}) == {
        "a": [1, 2.5, None, True, "x"],
        "3": [None, None],
    }
    assert json_value(Odd()).startswith("<\\x1bodd")
    assert len(json_value(Odd())) == 200
    assert json_value(Broken()) == "<Broken whose repr raises RuntimeError>"
    assert json_value(Changing(a=1)) == "{'a': 1}"
    assert json_value(10**30) == str(10**30)
    assert json_value(10**5000) == "<int whose repr raises ValueError>"
    assert json_value("\ud800") == "\\ud800"
    assert len(json_value("x" * 100_000)) == 10_000
    endless: list[Any] = []
    endless.append(endless)
    assert json_value(endless) == [[[[["[[...]]"]]]]]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)) | st.integers(), inner),
    max_leaves=20,
)


@given(values, st.text(st.characters(codec=None)))
def test_any_note_makes_one_line_of_strict_json(value: Any, name: str) -> None:
    """Whatever users say and name, a line is one line of ASCII and strict JSON, without lone surrogates."""
    one = snapshot(name, unit=name, notes=(Note(0, value, {"field": value}),), rate=float("nan"))
    line = json.dumps(describe("progress", one), allow_nan=False)
    assert line.isascii()
    assert "\n" not in line
    json.dumps(strict(line), ensure_ascii=False).encode()


@pytest.mark.parametrize("blocking", [False, True])
def test_a_reader_that_is_too_slow_loses_lines_but_never_blocks(pipe: Pipe, blocking: bool) -> None:
    """A full pipe drops whole lines and counts them; those that come out are whole."""
    os.set_blocking(pipe.fd, blocking)
    for k in range(200):
        long = snapshot("x" * 1000, id=k, status="finished", notes=(Note(k, "y" * 8000),))
        pipe.view.update([long], 0.0)
    lines = pipe.read()
    pipe.view.update([snapshot("after", status="finished")], 0.0)
    names = [strict(line)["name"] for line in (lines + pipe.read()).splitlines()]
    assert 1 < len(names) < 200
    assert set(names[:-1]) == {"x" * 1000}
    assert names[-1] == "after"


def test_a_line_that_was_begun_is_completed(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a partial write the next line begins where the last one ended, and tells how many were lost."""
    taken: list[bytes] = []
    room = [100, 0, 0]

    def write(fd: int, data: bytes, patience: float) -> int:
        size = min(len(data), room.pop(0)) if room else len(data)
        taken.append(data[:size])
        return size

    monkeypatch.setattr("instep.views.pipes.write", write)
    for k in range(4):
        pipe.view.update([snapshot(id=k, status="finished")], 0.0)
    lines = [strict(line) for line in b"".join(taken).splitlines()]
    assert [(line["id"], line["dropped"]) for line in lines] == [(0, 0), (3, 2)]


def test_a_reader_that_is_gone(pipe: Pipe) -> None:
    """A broken pipe is an error for the monitor to report."""
    os.close(pipe.out)
    with pytest.raises(BrokenPipeError):
        pipe.view.update([snapshot()], 0.0)


def test_to_stderr() -> None:
    """Without a descriptor lines go to stderr, also where that has none."""
    with contextlib.redirect_stderr(io.StringIO()) as captured:
        JsonLinesView().update([snapshot()], 0.0)
    assert strict(captured.getvalue())["event"] == "start"
    with contextlib.redirect_stderr(None):
        JsonLinesView().update([snapshot()], 0.0)

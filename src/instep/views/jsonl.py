"""The view for other programs: one JSON object per line, UTF-8 (in fact ASCII), strict JSON (no NaN).

A computation that lasts less than 0.2 s leaves no line. Of any other there is a line when it has lasted that long, then
one about every second, and one at its end, inner computations included.

| field | type | meaning |
|---|---|---|
| `instep` | integer | version of this format: 1 |
| `event` | string | `start`, `progress` or `end` |
| `time` | number | when this was so, in seconds since the epoch |
| `pid` | integer | the process |
| `id` | integer | the computation, unique in the process |
| `parent` | integer or null | the `id` of the computation that it runs in |
| `kind` | string | `loop`, `function` or `stage` |
| `name` | string | its name |
| `place` | object or null | where in the source it began: `file`, `line`, `function` |
| `status` | string | `pending`, `running`, `finished`, `stopped`, `failed`, `interrupted` or `lost` |
| `show` | boolean | whether its owner wants it shown to people |
| `unit` | string | what a step is called; `B` for bytes |
| `initial` | integer | steps done before it began; the next three count them too |
| `position` | integer | items handed out |
| `finished` | integer | steps that are over |
| `total` | integer or null | steps expected; may turn out wrong |
| `began` | number | seconds since the epoch |
| `elapsed` | number | seconds since it began, at the end until its end |
| `rate` | number or null | steps a second, lately; over all of it at the end |
| `mean` | number or null | seconds a step took in the mean |
| `remaining` | number or null | seconds left, if steps go on as they went |
| `remaining_range` | array of two numbers, or null | the least and the most time left, nine times out of ten |
| `notes` | array of objects | the latest notes, oldest first: `index` (of the step, or null), `value`, `fields` |
| `timing` | object or null | at the end, the fields of a timing, below |
| `inner` | array of objects | what ended inner computations add up to, the fields of a sum, below |
| `spread` | object or null | of an `each` whose steps run elsewhere, the fields of a spread, below |
| `where` | string or null | where the step is in what an `order` walks: `"row 3/10"` |
| `dropped` | integer | lines that were lost so far because the reader was too slow |

A timing has `count`, `timed` (steps timed one by one), in seconds `mean`, `median`, `p95`, `p99`, `max`, `fetch` and
`body` (or null), and `slowest`: an array of objects with `index`, `seconds`, `name`, `among` (steps timed together) and
`note`. A sum has `name`, `kind`, `unit`, `passes`, `steps`, `seconds`, `statuses` (passes by status), `timing`,
`inner` and `spread`. A spread has `on` and `workers` (where steps run), and numbers of steps: `taken`, `computed`,
`running`, `cancelled`, `never_begun` (or null), `failed` and `retried`.

A note's value that JSON can't hold (an object, an integer beyond 64 bits, a NaN inside a list as null) is shown by its
`repr`, of at most 200 characters. A line is one write if the pipe has room for it. If it has none, the line is dropped
and counted in `dropped`; a line that was begun is always completed before the next.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from instep.model import Note, Snapshot, Step, Summary, Timing
from instep.views import pipes, text, tree

FORMAT = 1
EVERY = 1.0
"""Seconds between two lines of one computation."""
DEEPEST = 5
LONGEST = 1000
"""A note's value is followed so deep, and so many of its elements, characters times ten, are shown."""


class JsonLinesView:
    """Writes to a file descriptor, or to `sys.stderr`, looked up afresh each time."""

    def __init__(self, fd: int | None = None) -> None:
        self._fd = fd
        self._due: dict[int, float] = {}
        self._rest = b""
        self._dropped = 0

    def update(self, snapshots: Sequence[Snapshot], now: float) -> None:
        """Write a line for each computation whose turn it is."""
        before, self._due = self._due, {}
        for one in snapshots:
            if one.elapsed < tree.SHORTEST:
                continue
            if one.status not in ("pending", "running"):
                self.say("end", one)
            elif one.id not in before:
                self.say("start", one)
                self._due[one.id] = one.elapsed + EVERY
            elif one.elapsed >= before[one.id]:
                self.say("progress", one)
                self._due[one.id] = one.elapsed + EVERY
            else:
                self._due[one.id] = before[one.id]

    def close(self) -> None:
        """End; nothing is left to be cleaned."""
        self._due.clear()

    def say(self, event: str, one: Snapshot) -> None:
        """Write a line, now."""
        line = json.dumps(describe(event, one, self._dropped), allow_nan=False, separators=(",", ":"))
        self._write(line.encode() + b"\n")

    def _write(self, line: bytes) -> None:
        fd = self._fd
        if fd is None:
            stream = sys.stderr
            if stream is None:
                return
            try:
                fd = stream.fileno()
            except (AttributeError, NotImplementedError, OSError):  # a StringIO, or what a test puts in its place
                stream.write(line.decode())
                return
            stream.flush()  # what was printed before comes before
        self._send(fd, line)

    def _send(self, fd: int, line: bytes) -> None:
        if self._rest:
            self._rest = self._rest[pipes.write(fd, self._rest, 0) :]
        done = 0 if self._rest else pipes.write(fd, line, 0)
        if done:
            self._rest = line[done:]
        else:
            self._dropped += 1


def describe(event: str, one: Snapshot, dropped: int = 0) -> dict[str, Any]:
    """What a line holds, as JSON's own types; the fields are listed at the top of this module."""
    began, elapsed = _number(one.began), _number(one.elapsed)
    return {
        "instep": FORMAT,
        "event": event,
        "time": None if began is None or elapsed is None else began + elapsed,
        "pid": os.getpid(),
        "id": one.id,
        "parent": one.parent,
        "kind": one.kind,
        "name": _string(one.name),
        "place": None if one.place is None else {**one.place._asdict(), "file": _string(one.place.file)},
        "status": one.status,
        "show": bool(one.show),
        "unit": _string(one.unit),
        "initial": json_value(one.initial),
        "position": json_value(one.position),
        "finished": json_value(one.finished),
        "total": json_value(one.total),
        "began": began,
        "elapsed": elapsed,
        "rate": _number(one.rate),
        "mean": _number(one.mean),
        "remaining": _number(one.remaining),
        "remaining_range": None if one.remaining_range is None else [_number(bound) for bound in one.remaining_range],
        "notes": [_note(note) for note in one.notes],
        "timing": _timing(one.timing),
        "inner": [_summary(inner) for inner in one.inner],
        "spread": None if one.spread is None else one.spread._asdict(),
        "where": None if one.where is None else _string(one.where),
        "dropped": dropped,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"index": note.index, "value": json_value(note.value), "fields": json_value(note.fields)}


def _step(step: Step) -> dict[str, Any]:
    return {
        "index": step.index,
        "seconds": _number(step.seconds),
        "name": None if step.name is None else _string(step.name),
        "among": step.among,
        "note": None if step.note is None else _note(step.note),
    }


def _timing(timing: Timing | None) -> dict[str, Any] | None:
    if timing is None:
        return None
    numbers = {name: _number(figure) for name, figure in timing._asdict().items() if name != "slowest"}
    return {**numbers, "slowest": [_step(step) for step in timing.slowest]}


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        **summary._asdict(),
        "name": _string(summary.name),
        "unit": _string(summary.unit),
        "seconds": _number(summary.seconds),
        "timing": _timing(summary.timing),
        "inner": [_summary(inner) for inner in summary.inner],
        "spread": None if summary.spread is None else summary.spread._asdict(),
    }


def _number(value: float | None) -> float | None:
    """JSON knows no NaN and no infinity."""
    return value if value is not None and (isinstance(value, int) or math.isfinite(value)) else None


def _string(value: str) -> str:
    """Without lone surrogates, which JSON readers may refuse, and of bounded length."""
    exact = str.__str__(value)[: LONGEST * 10]
    return exact.encode("utf-8", "backslashreplace").decode("utf-8")


def json_value(value: Any, depth: int = 0) -> Any:
    """A value as JSON holds it: numbers, strings, lists and objects as they are, all else by a bounded `repr`."""
    try:
        return _json_value(value, depth)
    except Exception:  # a container of the user's own, or one that changes in another thread meanwhile
        return _repr(value)


def _json_value(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if int.bit_length(value) <= 64 else _repr(value)
    if isinstance(value, float):
        return _number(float.__float__(value))
    if isinstance(value, str):
        return _string(value)
    return _repr(value) if depth == DEEPEST else _container(value, depth)


def _container(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        items = list(value.items())[:LONGEST]
        return {_string(key if isinstance(key, str) else _repr(key)): json_value(one, depth + 1) for key, one in items}
    if isinstance(value, list | tuple):
        return [json_value(one, depth + 1) for one in value[:LONGEST]]
    return _repr(value)


def _repr(value: Any) -> str:
    try:
        return text.plain(repr(value))
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"

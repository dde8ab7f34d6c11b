"""Snapshots and summaries to show, with everything that a test doesn't care about filled in."""

from __future__ import annotations

from typing import Any

from instep.model import Snapshot, Step, Summary, Timing


def snapshot(name: str = "train", **fields: Any) -> Snapshot:
    """A loop that has run for 10 s, 30 steps of 100."""
    given: dict[str, Any] = {
        "id": 1,
        "parent": None,
        "kind": "loop",
        "name": name,
        "place": None,
        "status": "running",
        "show": True,
        "unit": "it",
        "initial": 0,
        "position": fields.get("finished", 30) + 1,
        "finished": 30,
        "total": 100,
        "began": 1_000.0,
        "elapsed": 10.0,
        "rate": 3.0,
        "mean": 1 / 3,
        "remaining": 23.0,
        "remaining_range": None,
        "notes": (),
        "timing": None,
        "inner": (),
    }
    return Snapshot(**{**given, **fields})


def summary(name: str = "batch", **fields: Any) -> Summary:
    """An inner loop that has run three times, ten steps each."""
    given: dict[str, Any] = {
        "name": name,
        "kind": "loop",
        "unit": "it",
        "passes": 3,
        "steps": 30,
        "seconds": 1.5,
        "statuses": {"finished": 3},
        "timing": None,
        "inner": (),
    }
    return Summary(**{**given, **fields})


def timing(**fields: Any) -> Timing:
    """Ten steps, each timed by itself."""
    given: dict[str, Any] = {
        "count": 10,
        "timed": 10,
        "mean": 0.1,
        "median": 0.1,
        "p95": 0.2,
        "p99": 0.2,
        "max": 0.21,
        "fetch": 0.25,
        "body": 0.75,
        "slowest": (Step(803, 0.21),),
    }
    return Timing(**{**given, **fields})

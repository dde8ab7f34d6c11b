"""After two million fast steps each takes 0.5 s: for how long the display shows a position that is no longer true.

In a terminal; the slow steps sleep, or hold the interpreter in a loop of Python code. The number that the display
shows is read from the bytes as they arrive, digits as it shows them: `2.0 M` is true of all that round to it. A step
over is shown once a drawing that came later says so many steps or more (or one that came before did already). The
longest time from a step's end until then counts; a step that is never shown counts until the loop's end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from statistics import median
from time import perf_counter_ns, sleep
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section
from benchmarks.peers import WAYS

FAST = 2_000_000
SLOW = 40
STEP = 0.5
COMPARED = ("instep", "tqdm", "progressbar2", "progressbar2[fast]")
BODIES = ("sleep", "Python loop")
BAR = 0.2

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_SHOWN = re.compile(r"([\d.,]+) ?([kMG]?)(?:/| of )")
_PREFIX = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}


def measure(raw: Raw, *, quick: bool) -> None:
    """A worker a way and body."""
    fast, slow = (100_000, 2) if quick else (FAST, SLOW)
    for body in BODIES:
        for name in COMPARED:
            outcome = workers.run(slowing, name, body, fast, slow, terminal=True)
            ends = outcome.value["ends"]
            frames = outcome.frames(WAYS[name].frame, outcome.value["began"], ends[-1])
            lags = stale(ends[:-1], fast, [(when, _position(data)) for when, data in frames], ends[-1])
            raw.add(f"{name}, {body}", lags, right=outcome.value["right"], drawings=len(frames))


def slowing(name: str, body: str, fast: int, slow: int) -> dict[str, Any]:
    """In the worker: when it began, and when each slow step was over."""
    act: Callable[[float], None] = sleep if body == "sleep" else _spin
    items, ends = list(range(fast + slow)), []
    began = perf_counter_ns()
    wrapped = WAYS[name].wrap(items, len(items))
    for i in wrapped:
        if i >= fast:
            act(STEP)
            ends.append(perf_counter_ns())
    right = name != "instep" or (wrapped.position, wrapped.status) == (fast + slow, "finished")
    return {"began": began, "ends": ends, "right": right}


def _spin(seconds: float) -> None:
    until = perf_counter_ns() + int(seconds * 1e9)
    while perf_counter_ns() < until:
        pass


def stale(ends: list[int], fast: int, frames: list[tuple[int, tuple[float, float] | None]], over: int) -> list[float]:
    """For each slow step how long it was over before that was seen; `frames` are what was shown, and how exactly."""
    lags = []
    for k, end in enumerate(ends, fast + 1):
        seen = over
        for when, shown in frames:
            if shown is None or shown[0] + shown[1] < k:
                continue
            if when >= end or shown[1] == 0:  # a rounded figure from before may stand for less
                seen = max(when, end)
                break
        lags.append((seen - end) / 1e9)
    return lags


def _position(frame: bytes) -> tuple[float, float] | None:
    """The number a drawing shows, and by how much it may be rounded."""
    found = _SHOWN.search(_ESCAPES.sub(b"", frame).decode("utf-8", "replace"))
    if found is None or not any(character.isdigit() for character in found[1]):
        return None
    digits, prefix = found[1].replace(",", ""), _PREFIX[found[2]]
    decimals = len(digits.partition(".")[2])
    return float(digits) * prefix, 0.5 * prefix / 10**decimals if prefix > 1 else 0.0


def judge(read: Read) -> Section:
    """The longest time stale, by way and body."""
    rows, claims = [], []
    for name in COMPARED:
        cells = [name]
        for body in BODIES:
            lags = read.all(f"{name}, {body}")
            cells += [f"{max(lags):.2f}", f"{median(lags):.2f}", str(read.facts(f"{name}, {body}")[0]["drawings"])]
        rows.append(tuple(cells))
    for body in BODIES:
        worst = max(read.all(f"instep, {body}"))
        claims.append(Claim(f"stale display, {body}", f"{worst:.2f} s", f"at most {BAR:g} s", worst <= BAR))
    right = all(read.facts(f"instep, {body}")[0]["right"] for body in BODIES)
    return Section(
        "A fast loop turns slow: how long the display is stale (s)",
        str(__doc__).split("\n\n", 1)[1],
        ("way", *(f"{body}: {what}" for body in BODIES for what in ("longest", "median", "drawings"))),
        rows,
        claims,
        [Claim("stale display: position and status of instep", str(right), "True", right)],
    )

"""What timing costs slow loops: steps of 20, 50, 100, 200 µs and 1 ms, tracked beside bare.

A step's body is a fixed amount of work (so many searches of 64 KiB, calibrated before, a tenth more than it must be, so
that it isn't less on a machine that gets quicker), not a wait until a clock says so: such a wait would swallow what
tracking costs. It writes no memory, as how fast that goes hangs on where things lie. Chunks of 0.1 s, bare and tracked
by turns (bare, tracked, tracked, bare, so that a drift cancels), nothing shown. The best tracked chunk of a process
over its best bare one counts, of three processes the middle one; beside it stands the median ratio of neighbours, with
a range that holds the true median nineteen times out of twenty: where it is wide, the machine was busy otherwise.
"""

from __future__ import annotations

import gc
from math import sqrt
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section
from benchmarks.loops import fresh

SIZES = {"20 µs": 20e-6, "50 µs": 50e-6, "100 µs": 100e-6, "200 µs": 200e-6, "1 ms": 1e-3}
BARS = {"50 µs": 2.0, "100 µs": 1.0, "200 µs": 1.0, "1 ms": 1.0}
"""Per cent of the loop's time, at most."""
CHUNK = 0.1
_search = bytes(1 << 16).find


def measure(raw: Raw, *, quick: bool) -> None:
    """A worker a size, three times."""
    for name, seconds in SIZES.items():
        for _ in range(1 if quick else 3):
            found = workers.run(chunks, seconds, 1 if quick else 25, terminal=False).value
            for way in ("bare", "tracked"):
                raw.add(f"{name}, {way}", found[way], **found["facts"])


def chunks(seconds: float, rounds: int) -> dict[str, Any]:
    """In the worker: seconds a step, bare and tracked, neighbours at the same place of both lists."""
    from instep import track

    n, size = int(CHUNK / seconds), _calibrated(seconds)
    bare, tracked = fresh(_steps), fresh(_steps)
    found: dict[str, list[float]] = {"bare": [], "tracked": []}
    right, timed = True, 0
    for i in range(2 * rounds + 1):
        for way in ("bare", "tracked") if i % 2 else ("tracked", "bare"):
            items: Any = range(n) if way == "bare" else track(range(n))
            gc.collect()
            began = perf_counter()
            (bare if way == "bare" else tracked)(items, size)
            found[way].append((perf_counter() - began) / n)
            if way == "tracked":
                right = right and (items.position, items.status, items.timer.count) == (n, "finished", n)
                timed = items.timer.timed
    for values in found.values():
        del values[0]  # a first time for everything
    return {**found, "facts": {"right": right, "timed": timed, "steps": n}}


def _steps(items: Any, size: int) -> None:
    search = _search
    for _ in items:
        for _ in range(size):
            search(1)


def _calibrated(seconds: float) -> int:
    """How many rounds of the body take that long, undisturbed."""
    best = 1.0
    for _ in range(2000):
        began = perf_counter()
        _search(1)
        best = min(best, perf_counter() - began)
    return max(round(1.1 * seconds / best), 1)


def judge(read: Read) -> Section:
    """Per cent of the loop's time."""
    rows, claims, facts = [], [], []
    for name in SIZES:
        ratios = sorted(
            100 * (tracked / bare - 1)
            for tracked, bare in zip(read.all(f"{name}, tracked"), read.all(f"{name}, bare"), strict=True)
        )
        middle, (low, high) = median(ratios), _range(ratios)
        more = read.over(f"{name}, tracked", f"{name}, bare")
        cost = 100 * more / read.best(f"{name}, bare")
        about = read.facts(f"{name}, tracked")
        timed = median(one["timed"] / one["steps"] for one in about)
        spread = f"{middle:+.2f} % ({low:+.2f} to {high:+.2f})"
        really = read.best(f"{name}, bare") * 1e6
        rows.append((name, f"{really:.1f}", f"{cost:+.2f} %", f"{more * 1e6:+.2f}", spread, f"{timed:.0%}"))
        if name in BARS:
            claims.append(
                Claim(f"exact timing, {name} a step", f"{cost:+.2f} %", f"at most {BARS[name]:g} %", cost <= BARS[name])
            )
        right = all(one["right"] for one in about)
        facts.append(Claim(f"exact timing, {name}: position, status and count", str(right), "True", right))
    return Section(
        "Timing of slow steps",
        str(__doc__).split("\n\n", 1)[1],
        ("step", "really (µs)", "cost", "µs a step", "median of neighbours", "timed one by one"),
        rows,
        claims,
        facts,
    )


def _range(values: list[float]) -> tuple[float, float]:
    """Of the median, from the order of the values alone (David & Nagaraja, *Order Statistics*, 7.1)."""
    n = len(values)
    low = max(int(n / 2 - 0.98 * sqrt(n)), 0)
    return values[low], values[n - 1 - low]

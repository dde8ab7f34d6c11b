"""What quick loops hide: how well the sample of timed steps finds the distribution, and whether a rare slow step shows.

Steps wait until a clock says so, and an oracle in the loop's body stores the clock at each hand-out, in all cases: the
exact time of each step, by nearest rank. Its quantiles are compared with those of the tracker's timer. Where a quantile
lies on a jump of the distribution (with every hundredth step 200 times as long, p99 does, exactly), a value says
little: there the error is given in rank, as how far the share of steps not longer than the figure is from the one asked
for, a figure within 2 % of a step's time counting as that step's.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from itertools import pairwise
from math import ceil
from statistics import median
from time import perf_counter_ns
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section

CASES = ("5 µs, every 100th 1 ms", "2 µs, one of 0.3 s", "lognormal(3 µs, sigma 1)")
QUANTILES = {"median": 0.5, "p95": 0.95, "p99": 0.99}
ON_A_JUMP = (CASES[0], "p99")
RUNS = 12
BAR, BAR_RANK = 10.0, 1.0


def measure(raw: Raw, *, quick: bool) -> None:
    """A worker a run, each with another seed."""
    for case in CASES:
        for seed in range(1 if quick else RUNS):
            found = workers.run(compared, case, seed, 10 if quick else 1, terminal=False).value
            for name in QUANTILES:
                raw.add(f"{case}, {name}, exact", [found[name][0]])
                raw.add(f"{case}, {name}, ours", [found[name][1]], rank=found[name][2])
            raw.add(f"{case}, a step", [found["mean"]], **found["facts"])


def durations(case: str, seed: int, less: int) -> list[int]:
    """Nanoseconds of each step's wait."""
    chance = random.Random(seed)
    if case == CASES[0]:
        return [1_000_000 if i % 100 == 7 else 5_000 for i in range(40_000 // less)]
    if case == CASES[1]:
        n = 200_000 // less
        slow = chance.randrange(n // 10, n)
        return [300_000_000 if i == slow else 2_000 for i in range(n)]
    return [int(3_000 * chance.lognormvariate(0, 1)) for _ in range(200_000 // less)]


def compared(case: str, seed: int, less: int) -> dict[str, Any]:
    """In the worker: quantiles, exact and ours, in seconds; and what was found of the slowest step."""
    from instep import track

    clock, waits = perf_counter_ns, durations(case, seed, less)
    handed: list[int] = []
    stamp = handed.append
    for wait in (tracker := track(waits)):
        now = clock()
        stamp(now)
        until = now + wait
        while clock() < until:
            pass
    handed.append(clock())
    exact = [b - a for a, b in pairwise(handed)]
    ordered, timer = sorted(exact), tracker.timer
    found: dict[str, Any] = {"mean": sum(exact) / len(exact) / 1e9}
    for name, q in QUANTILES.items():
        ours = timer.quantile(q)
        found[name] = ordered[ceil(q * len(ordered)) - 1] / 1e9, ours, _rank_error(ordered, q, ours * 1e9)
    slowest = timer.slowest[0]
    index = max(range(len(exact)), key=exact.__getitem__)
    found["facts"] = {
        "named": (slowest.index, slowest.among) == (index, 1),
        "slowest": [slowest.index, slowest.among, slowest.seconds],
        "truly": [index, exact[index] / 1e9],
        "timed": timer.timed,
        "right": (tracker.position, tracker.status, timer.count) == (len(waits), "finished", len(waits)),
    }
    return found


def _rank_error(ordered: list[int], q: float, figure: float) -> float:
    """How far the figure is from the quantile, in per cent of the steps."""
    low = bisect_left(ordered, figure / 1.02) / len(ordered)
    high = bisect_right(ordered, figure * 1.02) / len(ordered)
    return 100 * max(low - q, q - high, 0.0)


def judge(read: Read) -> Section:
    """Errors of all runs: the middle one, and the worst."""
    rows, claims, facts = [], [], []
    for case in CASES:
        about = read.facts(f"{case}, a step")
        sampled = median(one["timed"] for one in about)
        for name in QUANTILES:
            exact, ours = read.all(f"{case}, {name}, exact"), read.all(f"{case}, {name}, ours")
            off = [100 * abs(a / b - 1) for a, b in zip(ours, exact, strict=True)]
            ranks = [one["rank"] for one in read.facts(f"{case}, {name}, ours")]
            rows.append(
                (
                    f"{case}: {name}",
                    f"{median(exact) * 1e6:.2f}",
                    f"{median(ours) * 1e6:.2f}",
                    f"{median(off):.1f} %",
                    f"{max(off):.1f} %",
                    f"{median(ranks):.2f} %",
                    f"{max(ranks):.2f} %",
                    f"{sampled:.0f}",
                )
            )
            if (case, name) == ON_A_JUMP:
                claims.append(_claim(f"{case}: {name}, error in rank", median(ranks), BAR_RANK, digits=2))
            else:
                claims.append(_claim(f"{case}: {name}", median(off), BAR, digits=1))
        right = all(one["right"] for one in about)
        facts.append(Claim(f"hidden, {case}: position, status and count", str(right), "True", right))
        if case == CASES[1]:
            named = sum(one["named"] for one in about)
            what = "hidden: the 0.3 s step is the slowest, by its index"
            claims.append(Claim(what, f"{named} of {len(about)}", "all", named == len(about)))
            known = all(one["slowest"][2] >= 0.25 for one in about)
            facts.append(Claim("hidden: the 0.3 s step is among the slowest at all", str(known), "True", known))
    return Section(
        "What quick loops hide",
        str(__doc__).split("\n\n", 1)[1],
        ("case", "exact (µs)", "ours (µs)", "error", "worst", "in rank", "worst", "steps sampled"),
        rows,
        claims,
        facts,
    )


def _claim(what: str, error: float, bar: float, *, digits: int) -> Claim:
    return Claim(f"hidden, {what}", f"{error:.{digits}f} %", f"at most {bar:g} %", error <= bar)

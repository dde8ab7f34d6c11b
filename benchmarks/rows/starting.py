"""What starting and ending a tracked loop of three items costs, nothing shown.

A worker without a terminal runs thousands of such loops in a row, by turns bare, tracked by instep, by tqdm (with its
output thrown away, and switched off), by BarFlow (switched off) and through the bare skeleton that instep's loops
stand on: a `chain` over a generator that hands out `islice`s and reads the clock. The best chunk of loops counts.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from itertools import chain, islice
from operator import length_hint
from time import perf_counter, perf_counter_ns
from typing import Any

from benchmarks import workers
from benchmarks.containers import KINDS
from benchmarks.figures import Claim, Raw, Read, Section, microseconds, times
from benchmarks.loops import fresh

WAYS = ("bare", "skeleton", "instep", "instep, show=False", "tqdm", "tqdm, disable=True", "BarFlow, disable=True")
ITEMS = 3
BAR, BAR_OTHERS, OF_TQDM = 10e-6, 13e-6, 10
CONTAINERS = ("list", "tuple", "range", "dict")


def measure(raw: Raw, *, quick: bool) -> None:
    """All kinds in one worker; three workers."""
    for _ in range(1 if quick else 3):
        found = workers.run(chunks, 200 if quick else 2000, 2 if quick else 15, terminal=False).value
        for name, (values, right) in found.items():
            raw.add(name, values, right=right)


def chunks(loops: int, rounds: int) -> dict[str, tuple[list[float], bool]]:
    """In the worker: seconds a loop, by kind and way, and whether the last loop's position and status were right."""
    wraps = _wraps()
    found: dict[str, tuple[list[float], bool]] = {}
    for kind, of in KINDS.items():
        make = of(ITEMS)
        walked = {way: fresh(_loops) for way in WAYS}
        for _ in range(rounds):
            for way in WAYS:
                n = loops // 10 if way == "tqdm" else loops
                gc.collect()
                began = perf_counter()
                last = walked[way](wraps[way], make, n)
                values, right = found.setdefault(f"{kind}, {way}", ([], True))
                values.append((perf_counter() - began) / n)
                if way.startswith("instep"):
                    found[f"{kind}, {way}"] = values, right and (last.position, last.status) == (ITEMS, "finished")
    return found


def _loops(wrap: Callable[[Any], Any], make: Callable[[], Any], n: int) -> Any:
    wrapped = None
    for _ in range(n):
        wrapped = wrap(make())
        for _ in wrapped:
            pass
    return wrapped


def _wraps() -> dict[str, Callable[[Any], Any]]:
    import barflow
    from tqdm import tqdm

    from instep import track

    nowhere = open(os.devnull, "w")  # noqa: SIM115 (until the worker ends)
    return {
        "bare": lambda items: items,
        "skeleton": Skeleton,
        "instep": track,
        "instep, show=False": lambda items: track(items, show=False),
        "tqdm": lambda items: tqdm(items, file=nowhere),
        "tqdm, disable=True": lambda items: tqdm(items, disable=True),
        "BarFlow, disable=True": lambda items: barflow.track(items, disable=True),
    }


class Skeleton:
    """What can't be done without if a loop's blocks are to be timed: the floor."""

    __slots__ = ("items",)

    def __init__(self, items: Any) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(_blocks(iter(self.items)))


def _blocks(steps: Iterator[Any]) -> Iterator[Iterator[Any]]:
    clock, size, log, now = perf_counter_ns, 1, [], 0
    for _ in range(3):  # blocks of 1, 2 and 4: three items and the end
        yield islice(steps, size)
        now, size = clock(), size + size
        log.append((now, length_hint(steps, 0)))


def judge(read: Read) -> Section:
    """Microseconds over the bare loop, by kind."""
    over = {(kind, way): read.over(f"{kind}, {way}", f"{kind}, bare") for kind in KINDS for way in WAYS}
    rows = [
        (way, *(microseconds(read.best(f"{kind}, bare") if way == "bare" else over[kind, way]) for kind in KINDS))
        for way in WAYS
    ]
    claims, facts = [], []
    for kind in KINDS:
        bar, ours = BAR if kind in CONTAINERS else BAR_OTHERS, over[kind, "instep"]
        ratio = over[kind, "tqdm"] / ours
        claims += [
            Claim(f"start and end, {kind}", f"{ours * 1e6:.1f} µs", f"at most {bar * 1e6:g} µs", ours <= bar),
            Claim(f"start and end, {kind}: tqdm's over ours", times(ratio), f"at least {OF_TQDM}x", ratio >= OF_TQDM),
        ]
        right = all(one["right"] for way in WAYS for one in read.facts(f"{kind}, {way}"))
        facts.append(Claim(f"start and end, {kind}: position and status of instep", str(right), "True", right))
    return Section(
        "Start and end of a loop of three items (µs over the bare loop)",
        str(__doc__).split("\n\n", 1)[1],
        ("way", *KINDS),
        rows,
        claims,
        facts,
    )

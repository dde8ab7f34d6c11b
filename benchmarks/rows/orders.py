"""An array of 20,000 x 20,000 int8, laid out both ways: walked as it lies in memory, and across.

NumPy's array, in C order (the last index moves first in memory) and in F order (the first one does), the same numbers
in both. Lines (`rows`, `columns`) and bands of 52 lines (`blocks`) are summed, all of them. Of cells the first 20
million are drained in C, in the order of `cells("memory")` and in that of the other letter: each is an object for
Python, whose making takes most of the time. Seconds; the least time of a process counts, of three processes the middle
one. There is no bar: what the table shows is that neither order is the quick one, but the one that follows the memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from time import perf_counter
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section, times

SIDE, CELLS = 20_000, 20_000_000
LAYOUTS = ("C", "F")
PARTS = ("lines", "blocks", "cells")


def measure(raw: Raw, *, quick: bool) -> None:
    """A worker a layout, three times."""
    for layout in LAYOUTS:
        for _ in range(1 if quick else 3):
            side, cells, rounds = (1_000, 100_000, 1) if quick else (SIDE, CELLS, 2)
            for way, one in workers.run(walks, layout, side, cells, rounds, terminal=False).value.items():
                raw.add(f"{layout}, {way}", one["seconds"], right=one["right"])


def walks(layout: str, side: int, cells: int, rounds: int) -> dict[str, Any]:
    """In the worker: seconds of each walk, and whether it met each number."""
    import numpy as np

    from instep import order

    a = np.empty((side, side), np.int8, order=layout)  # type: ignore[call-overload]
    a[:] = np.arange(side) % 13
    a += (np.arange(side, dtype=np.int8) % 11)[:, None]
    whole, along, across = order(a), *((0, 1) if layout == "C" else (1, 0))
    lines = whole.blocks().where(0)[along].stop
    band: list[int | None] = [None, None]
    band[across] = lines
    ways: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "lines, as it lies": (whole.along(along), _sum),
        "lines, across": (whole.along(across), _sum),
        "blocks, as it lies": (whole.blocks(), _sum),
        "blocks, across": (whole.blocks((band[0], band[1])), _sum),
        "cells, as it lies": (whole.cells("memory"), lambda one: _last(one, cells)),
        "cells, across": (whole.cells("F" if layout == "C" else "C"), lambda one: _last(one, cells)),
    }
    total = int(a.sum(dtype=np.int64))
    found: dict[str, Any] = {way: {"seconds": [], "right": True} for way in ways}
    for _ in range(rounds):
        for way, (one, act) in ways.items():
            began = perf_counter()
            got = act(one)
            found[way]["seconds"].append(perf_counter() - began)
            expected = int(a[one.where(cells - 1)]) if way.startswith("cells") else total
            found[way]["right"] = found[way]["right"] and got == expected
    return found


def _sum(parts: Iterable[Any]) -> int:
    return sum(int(part.sum()) for part in parts)


def _last(cells: Iterable[Any], n: int) -> int:
    return int(deque(islice(cells, n), maxlen=1)[0])


def judge(read: Read) -> Section:
    """For each layout what it costs to walk across."""
    rows = []
    for layout in LAYOUTS:
        for part in PARTS:
            lies, across = (read.best(f"{layout}, {part}, {way}") for way in ("as it lies", "across"))
            rows.append((f"{layout}: {part}", f"{lies:.2f}", f"{across:.2f}", times(across / lies)))
    right = [one["right"] for name in read for one in read.facts(name)]
    return Section(
        "As it lies in memory, and across (s)",
        str(__doc__).split("\n\n", 1)[1],
        ("laid out in: walked by", "as it lies", "across", "across over as it lies"),
        rows,
        [],
        [
            Claim(
                "orders: each number met, and `where` agrees", f"right {sum(right)} of {len(right)}", "all", all(right)
            )
        ],
    )

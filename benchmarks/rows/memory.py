"""Whether memory stays flat over 100 million steps, views on.

One loop over a `repeat`, which itself allocates nothing, in a terminal, after another that was shown (what is imported
for that is no growth); its memory is read by a thread twenty times a second: once what Python has allocated
(`tracemalloc`, in a process of its own, as it slows allocations down), once what the system counts (resident set). From
a tenth of the loop on, the figure at the end, less the one at the beginning, is held against a bar that leaves room for
what comes and goes (a drawing's text, say, or a histogram's buckets, which are bounded).
"""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from itertools import repeat
from statistics import median
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section
from benchmarks.rows.overhead import first_drawing

STEPS = 100_000_000
MOST = {"tracemalloc": 24 << 10, "resident set": 512 << 10}


def measure(raw: Raw, *, quick: bool) -> None:
    """A worker a measure."""
    for how in MOST:
        for _ in range(1 if quick else 3):
            found = workers.run(sizes, how, 10_000_000 if quick else STEPS, terminal=True).value
            raw.add(how, found["bytes"], unit="byte", right=found["right"])


def sizes(how: str, steps: int) -> dict[str, Any]:
    """In the worker: bytes, again and again, over the last nine tenths of the loop."""
    from instep import track

    first_drawing()
    read: Callable[[], int] = _traced if how == "tracemalloc" else _resident
    tracker, found, over = track(repeat(None, steps), name="memory"), [0] * 10_000, threading.Event()
    taken = 0

    def look() -> None:
        nonlocal taken
        while not over.wait(0.05 if steps >= STEPS else 0.01):
            if tracker.position >= steps / 10:
                found[taken] = read()
                taken += 1

    if how == "tracemalloc":
        tracemalloc.start()
    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in tracker:
        pass
    over.set()
    watcher.join()
    return {"bytes": found[:taken], "right": (tracker.position, tracker.status) == (steps, "finished")}


def _traced() -> int:
    return tracemalloc.get_traced_memory()[0]


def _resident() -> int:
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * 4096


def judge(read: Read) -> Section:
    """From the first fifth of what was read to the last fifth, by their medians."""
    rows, claims = [], []
    for how, most in MOST.items():
        growth = median(map(_growth, read.values(how)))
        highest = max(read.all(how))
        rows.append((how, f"{growth / 1024:+.1f} KiB", f"{highest / 1024:,.0f} KiB", str(len(read.all(how)))))
        said, bar = f"{growth / 1024:+.1f} KiB", f"at most {most >> 10} KiB"
        claims.append(Claim(f"memory over 100 million steps, {how}", said, bar, growth <= most))
    right = all(one["right"] for how in MOST for one in read.facts(how))
    return Section(
        "Memory",
        str(__doc__).split("\n\n", 1)[1],
        ("measure", "growth", "highest", "readings"),
        rows,
        claims,
        [Claim("memory: position and status of instep", str(right), "True", right)],
    )


def _growth(values: list[float]) -> float:
    fifth = max(len(values) // 5, 1)
    return median(values[-fifth:]) - median(values[:fifth])

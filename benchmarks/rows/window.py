"""Whether memory stays flat over 10 million items in a window of four.

`each(function, range(10_000_000), ahead=4)` with a function that returns its argument, here and in two threads, in
processes of their own. The resident set is read a hundred times; its median in the last tenth, less that in the second,
is held against a bar. Quick enough here, in threads it takes ten minutes, as each step is sent by itself.
"""

from __future__ import annotations

from itertools import islice
from statistics import median
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section
from benchmarks.spreading import same

ITEMS = 10_000_000
WAYS = ("here", "threads:2")
FLAT = 1 << 20
"""Bytes."""


def measure(raw: Raw, *, quick: bool) -> None:
    for on in WAYS:
        found = workers.run(sizes, on, ITEMS // 200 if quick else ITEMS, terminal=False).value
        raw.add(on, found["bytes"], unit="byte", right=found["right"])


def sizes(on: str, n: int) -> dict[str, Any]:
    """In the worker: the resident set, at each hundredth."""
    from instep import each

    results = each(same, range(n), on=None if on == "here" else on, ahead=4)
    found, taken = [], 0
    for _ in range(100):
        taken += sum(1 for _ in islice(results, n // 100))
        with open("/proc/self/statm", "rb") as statm:
            found.append(int(statm.read().split()[1]) * 4096)
    return {"bytes": found, "right": taken == n == results.position}


def judge(read: Read) -> Section:
    """From the second tenth to the last."""
    rows, claims = [], []
    for on in WAYS:
        values = read.values(on)[0]
        tenth = len(values) // 10
        grown = median(values[-tenth:]) - median(values[tenth : 2 * tenth])
        said = f"{grown / 1024:+.0f} KiB"
        rows.append((on, said, f"{max(values) / 1024:,.0f} KiB"))
        claims.append(Claim(f"10 million items, ahead=4, {on}: memory", said, "at most 1 MiB", grown <= FLAT))
    right = all(one["right"] for on in WAYS for one in read.facts(on))
    return Section(
        "Memory of a window",
        str(__doc__).split("\n\n", 1)[1],
        ("where", "growth", "highest"),
        rows,
        claims,
        [Claim("memory of a window: results and position", str(right), "True", right)],
    )

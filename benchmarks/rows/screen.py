"""How often the screen is updated while an empty loop over a range runs for some seconds, views on.

Each way walks about three seconds in a terminal of its own; its drawings are counted in the bytes that arrive. instep
shows nothing of a loop's first 0.2 s, the others draw at once; this is counted in. The bar is tqdm's frequency, less a
quarter.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section
from benchmarks.peers import WAYS
from benchmarks.rows.overhead import walk

SECONDS = 3.0


def measure(raw: Raw, *, quick: bool) -> None:
    """A process a way."""
    for name, way in WAYS.items():
        if name == "bare":
            continue
        for _ in range(1 if quick else 3):
            outcome = workers.run(watched, name, 0.8 if quick else SECONDS, terminal=True)
            for cold, one in enumerate(outcome.value):
                frames = outcome.frames(way.frame, one["began"], one["ended"])
                edges = [one["began"], *(when for when, _ in frames), one["ended"]]
                gap = max(b - a for a, b in pairwise(edges)) / 1e9
                seconds = (one["ended"] - one["began"]) / 1e9
                raw.add(
                    f"{name}, {('first', 'later')[cold]}",
                    [seconds / max(len(frames), 1)],
                    frames=len(frames),
                    seconds=seconds,
                    gap=gap,
                    right=one["right"],
                )


def watched(name: str, seconds: float) -> list[dict[str, Any]]:
    """In the worker: as many steps as take that long, twice; what is first drawn must first be imported."""
    few = 500_000 if WAYS[name].share == 1 else 50_000
    walk(name, range(1000), 1000)
    tried = walk(name, range(few), few)
    steps = int(few * seconds * 1e9 / (tried["ended"] - tried["began"]))
    return [walk(name, range(steps), steps) for _ in range(2)]


def judge(read: Read) -> Section:
    """Updates a second, and the longest time without."""
    rows: list[tuple[str, ...]] = []
    often: dict[str, float] = {}
    for name in WAYS:
        if name == "bare":
            continue
        cells = [name]
        for when in ("first", "later"):
            facts = read.facts(f"{name}, {when}")
            often[f"{name}, {when}"] = median(one["frames"] / one["seconds"] for one in facts)
            cells += [f"{often[f'{name}, {when}']:.1f}", f"{max(one['gap'] for one in facts):.2f}"]
        rows.append(tuple(cells))
    claims = [
        Claim(
            f"updates a second, {when} loop of a process",
            f"{often[f'instep, {when}']:.1f}",
            f"at least {0.75 * often[f'tqdm, {when}']:.1f}",
            often[f"instep, {when}"] >= 0.75 * often[f"tqdm, {when}"],
        )
        for when in ("first", "later")
    ]
    right = [one["right"] for when in ("first", "later") for one in read.facts(f"instep, {when}")]
    seen = min(one["frames"] for when in ("first", "later") for one in read.facts(f"instep, {when}"))
    facts_ = [
        Claim("screen: position and status of instep", f"right {sum(right)} of {len(right)}", "all", all(right)),
        Claim("screen: updates of instep, at least", str(seen), "1", seen >= 1),
    ]
    return Section(
        "Updates of the screen",
        str(__doc__).split("\n\n", 1)[1],
        ("way", "first loop: updates a second", "longest gap (s)", "later loop: updates a second", "longest gap (s)"),
        rows,
        claims,
        facts_,
    )

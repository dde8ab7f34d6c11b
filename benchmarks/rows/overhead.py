"""What a step of an empty loop costs over the bare loop, views on: 10 million steps over six kinds of iterables.

A worker process walks, in a terminal, the same iterable bare, with instep and with each peer, in turn and again, so
that a drift of the machine meets all; the quick ones three times a round. What is drawn after a loop's end is waited
for outside the time. A process's least time a step, less its least time of the bare loop, counts; of three processes
the middle one. Every way draws as it does by default; peers that are slow run a tenth of the steps.
"""

from __future__ import annotations

import gc
import sys
from time import perf_counter_ns, sleep
from typing import Any

from benchmarks import workers
from benchmarks.containers import KINDS
from benchmarks.figures import Claim, Raw, Read, Section, nanoseconds, times
from benchmarks.loops import fresh
from benchmarks.peers import QUICK, WAYS

STEPS, PROCESSES, ROUNDS = 10_000_000, 3, 2
SETTLE = 0.15
"""Seconds in which what ended may draw its last line."""
BARS = {
    "list": {"3.11": 20, "3.13": 15},
    "tuple": {"3.11": 20, "3.13": 15},
    "range": {"3.11": 20, "3.13": 15},
    "dict": {"3.11": 8, "3.13": 8},
    "generator": {"3.11": 6, "3.13": 6},
    "zip": {"3.11": 8, "3.13": 8},
}
"""How many times less than tqdm a step may cost, by the version of Python (3.12 is held against 3.13's)."""
MOST_OF_COMPILED = 1.25
"""Times the faster of the compiled peers, for list, tuple and range."""


def measure(raw: Raw, *, quick: bool) -> None:
    """Ask the worker for each kind, in fresh processes."""
    steps, processes, rounds = (300_000, 1, 0) if quick else (STEPS, PROCESSES, ROUNDS)
    for kind in KINDS:
        for _ in range(processes):
            _add(raw, kind, workers.run(walks, kind, steps, rounds, terminal=True))


def _add(raw: Raw, kind: str, outcome: workers.Outcome) -> None:
    for name, way in WAYS.items():
        walked = [one for one in outcome.value if one["way"] == name]
        frames = [len(outcome.frames(way.frame, one["began"], one["shown"])) for one in walked]
        raw.add(
            f"{kind}, {name}",
            [(one["ended"] - one["began"]) / 1e9 / one["steps"] for one in walked],
            steps=walked[0]["steps"],
            right=all(one["right"] for one in walked),
            frames=frames,
        )


def walks(kind: str, steps: int, rounds: int) -> list[dict[str, Any]]:
    """In the worker: all walks, after a short one of each way (imports) and a first drawing; 0 rounds: each once."""
    makes = {share: KINDS[kind](int(steps * share)) for share in {way.share for way in WAYS.values()}}
    few = KINDS[kind](20_000)
    gc.collect()
    gc.freeze()
    slow = [name for name in WAYS if name not in QUICK]
    turns = [*QUICK, *slow[:2], *QUICK, *slow[2:], *QUICK] if rounds else list(WAYS)
    for name in WAYS:
        walk(name, few(), 20_000, settle=0.02)
    first_drawing()
    return [
        walk(name, makes[share](), int(steps * share))
        for _ in range(max(rounds, 1))
        for name in turns
        for share in [WAYS[name].share]
    ]


def first_drawing() -> None:
    """What is imported for a first drawing is no cost of a step."""
    from instep import track

    for _ in track(range(8)):
        sleep(0.1)


def walk(name: str, items: Any, steps: int, settle: float = SETTLE) -> dict[str, Any]:
    """One walk, timed from before it is wrapped until after its last item."""
    way, loop = WAYS[name], fresh()
    gc.collect()
    began = perf_counter_ns()
    wrapped = way.wrap(items, steps)
    loop(wrapped)
    ended = perf_counter_ns()
    right = name != "instep" or (wrapped.position, wrapped.status) == (steps, "finished")
    way.close()
    del wrapped
    sleep(settle)
    return {"way": name, "steps": steps, "began": began, "ended": ended, "shown": perf_counter_ns(), "right": right}


def judge(read: Read) -> Section:
    """The table by kind, and the bars."""
    rows, claims, facts = [], [], []
    kinds = [kind for kind in KINDS if f"{kind}, bare" in read]
    for name in WAYS:
        over = [read.over(f"{kind}, {name}", f"{kind}, bare") for kind in kinds]
        steps = read.facts(f"{kinds[0]}, {name}")[0]["steps"]
        if name == "bare":
            over = [read.best(f"{kind}, bare") for kind in kinds]
        rows.append((name if name != "bare" else "bare loop, a step", f"{steps / 1e6:g} M", *map(nanoseconds, over)))
    for kind in kinds:
        cost = {name: read.over(f"{kind}, {name}", f"{kind}, bare") for name in WAYS if name != "bare"}
        claims += _claims(kind, cost)
        right = [fact["right"] for fact in read.facts(f"{kind}, instep")]
        what, found = f"{kind}: position and status of instep", f"right {sum(right)} of {len(right)}"
        facts.append(Claim(what, found, "all", all(right)))
    return Section(
        "Overhead a step, views on, empty body (ns over the bare loop)",
        str(__doc__).split("\n\n", 1)[1],
        ("way", "steps", *kinds),
        rows,
        claims,
        facts,
    )


def _claims(kind: str, cost: dict[str, float]) -> list[Claim]:
    ours, bars = max(cost["instep"], 1e-11), BARS[kind]
    bar = bars["3.11" if sys.version_info < (3, 12) else "3.13"]
    ratio = cost["tqdm"] / ours
    claims = [Claim(f"overhead, {kind}: tqdm's over ours", times(ratio), f"at least {bar}x", ratio >= bar)]
    if kind in ("list", "tuple", "range"):
        fastest = min((name for name in WAYS if WAYS[name].compiled), key=cost.__getitem__)
        share = ours / max(cost[fastest], 0.5e-9)  # less than half a nanosecond is noise
        claims.append(
            Claim(
                f"overhead, {kind}: ours over {fastest}'s",
                f"{share:.2f}x ({nanoseconds(ours)} against {nanoseconds(cost[fastest])} ns)",
                f"at most {MOST_OF_COMPILED}x",
                share <= MOST_OF_COMPILED,
            )
        )
    return claims

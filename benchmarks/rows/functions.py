"""What taking a function's steps costs: each statement, line and instruction of a tight loop, over the plain function.

A worker without a terminal drives three loops to their end, by turns plain, by each grain of `steps` and by what else
there is: the generator that a person would write, a tracer that does nothing (`sys.settrace`, and `sys.monitoring`
where there is one), which never pauses, and two ways to pause that trace nothing, into a greenlet and back, or into
another thread and back through a `threading.Condition`. `run()` takes all steps and goes through every pause; `next`
gives each `Step`, with its value and time, to a loop of the consumer's. The bars were set for the driving of all steps;
`next` is held against them, too. Nothing is shown. Lines and instructions are counted by `sys.settrace`: as many steps
there must be. The least time of a process, less its least plain time, counts; of three processes the middle one.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from time import perf_counter
from typing import Any

from benchmarks import workers
from benchmarks.drivers import WAYS, Drive, Loop, traced
from benchmarks.figures import Claim, Raw, Read, Section
from benchmarks.loops import fresh

ROUNDS_OF = {"statement": 10_000, "instruction": 4_000}
"""How often a loop goes round: not for so long that its steps would be shown, which is from 0.2 s on."""
MOST_STATEMENT, MOST_INSTRUCTION = 0.15e-6, {"3.11": 2e-6, "3.13": 1.5e-6}
"""Seconds a step; by the version of Python (3.12 is held against 3.13's)."""
PLAIN = {"statement": "plain function, a statement", "instruction": "plain function, an instruction"}
TRACER = "empty line tracer"


def assignments(n: int) -> int:
    x = 0
    for i in range(n):
        x = x + i
        x = x ^ i
    return x


def assignments_by_hand(n: int) -> Generator[Any, None, int]:
    x = 0
    yield x
    for i in range(n):
        yield i
        x = x + i
        yield x
        x = x ^ i
        yield x
    yield None
    yield x
    return x


def nothing(n: int) -> int:
    i = 0
    for i in range(n):  # noqa: B007 (what it binds is the result)
        pass
    return i


def nothing_by_hand(n: int) -> Generator[Any, None, int]:
    i = 0
    yield i
    for i in range(n):
        yield i
        yield None
    yield None
    yield i
    return i


def countdown(n: int) -> int:
    while n:
        n -= 1
    return n


def countdown_by_hand(n: int) -> Generator[Any, None, int]:
    while n:
        yield True
        n -= 1
        yield n
    yield False
    yield n
    return n


LOOPS = {
    "for, two assignments": Loop(assignments, assignments_by_hand),
    "for, pass": Loop(nothing, nothing_by_hand),
    "while, one assignment": Loop(countdown, countdown_by_hand),
}


def measure(raw: Raw, *, quick: bool) -> None:
    """A worker a loop and kind of step, three times."""
    for name in LOOPS:
        for unit, n in ROUNDS_OF.items():
            for _ in range(1 if quick else 3):
                found = workers.run(drives, name, unit, n // 20 if quick else n, 2 if quick else 15, terminal=False)
                for way, one in found.value.items():
                    raw.add(f"{name}, {way}", one["seconds"], right=one["right"], steps=one["steps"])


def drives(name: str, unit: str, n: int, rounds: int) -> dict[str, Any]:
    """In the worker: seconds a step of each way, and whether results, steps and values came out right."""
    loop = LOOPS[name]
    ways = {way: about for way, about in WAYS.items() if about.unit == unit}
    sizes = {way: max(int(n * about.share), 10) for way, about in ways.items()}
    counts = {size: events(loop, size, unit) for size in {*sizes.values()}}
    driven = {way: about.make(loop, counts[sizes[way]]) for way, about in ways.items()}
    agreed = unit == "instruction" or alike(loop)
    found: dict[str, dict[str, Any]] = {
        way: {"seconds": [], "right": agreed, "steps": counts[sizes[way]]} for way in ways
    }
    for way, drive in driven.items():  # what the first call prepares is no cost of a step
        _drive(drive, loop, sizes[way], counts[sizes[way]])
    for _ in range(rounds):
        for way, drive in driven.items():
            seconds, right = _drive(drive, loop, sizes[way], counts[sizes[way]])
            found[way]["seconds"].append(seconds)
            found[way]["right"] = found[way]["right"] and right
    return found


def _drive(drive: Drive, loop: Loop, n: int, steps: int) -> tuple[float, bool]:
    gc.collect()
    began = perf_counter()
    outcome = drive(n)
    took = perf_counter() - began
    if hasattr(outcome, "position"):
        told = (outcome.position, outcome.status, outcome.result)
        return took / steps, told == (steps, "finished", loop.function(n))
    return took / steps, outcome in (None, loop.function(n))


def events(loop: Loop, n: int, unit: str) -> int:
    """How many lines or instructions a call of the function runs, as `sys.settrace` counts them."""
    counted, wanted = 0, "line" if unit == "statement" else "opcode"

    def local(frame: Any, event: str, argument: Any) -> Any:
        nonlocal counted
        counted += event == wanted
        return local

    drive = traced(fresh(loop.function), local, opcodes=wanted == "opcode")
    drive(n)
    counted = 0
    drive(n)
    return counted


def alike(loop: Loop) -> bool:
    """Whether the statement grain gives, step for step, the values that the generator by hand gives."""
    from instep import steps

    return [step.value for step in steps(loop.function)(1000)] == [*loop.by_hand(1000)]


def judge(read: Read) -> Section:
    """Microseconds a step, by loop, and the bars."""
    ways = [way for way in WAYS if all(f"{loop}, {way}" in read for loop in LOOPS)]
    rows = [(way, *(f"{_cost(read, loop, way) * 1e6:.3f}" for loop in LOOPS)) for way in ways]
    claims, facts = [], []
    for loop in LOOPS:
        for way in ("statement grain, run()", "statement grain, next"):
            claims += _statement_claims(read, loop, way)
    for loop in LOOPS:
        for way in ("bytecode grain, run()", "bytecode grain, next"):
            most = MOST_INSTRUCTION["3.11" if sys.version_info < (3, 12) else "3.13"]
            claims.append(_claim(f"{way}; {loop}", _cost(read, loop, way), most))
    for loop in LOOPS:
        ours = [fact for way in ways for fact in read.facts(f"{loop}, {way}")]
        what, found = f"steps; {loop}: results, values, and steps counted", sum(one["right"] for one in ours)
        facts.append(Claim(what, f"right {found} of {len(ours)}", "all", found == len(ours)))
    return Section(
        "Steps of a function (µs a step over the plain function)",
        str(__doc__).split("\n\n", 1)[1],
        ("way", *LOOPS),
        rows,
        claims,
        facts,
    )


def _cost(read: Read, loop: str, way: str) -> float:
    """Seconds a step over the plain function; of that one, seconds a step."""
    name, plain = f"{loop}, {way}", f"{loop}, {PLAIN[WAYS[way].unit]}"
    return read.best(name) if name == plain else read.over(name, plain)


def _statement_claims(read: Read, loop: str, way: str) -> list[Claim]:
    cost, tracer = _cost(read, loop, way), _cost(read, loop, TRACER)
    said = f"{cost * 1e6:.3f} against {tracer * 1e6:.3f} µs"
    return [
        _claim(f"{way}; {loop}", cost, MOST_STATEMENT),
        Claim(f"{way}; {loop}: beside an {TRACER}", said, "at most as much", cost <= tracer),
    ]


def _claim(what: str, seconds: float, bar: float) -> Claim:
    return Claim(what, f"{seconds * 1e6:.3f} µs a step", f"at most {bar * 1e6:g} µs", seconds <= bar)

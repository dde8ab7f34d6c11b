"""What `lazy` saves, and what it costs: beside the eager function, and the generator that a person would write.

Ten values that take 0.1 s each, of which the consumer wants the first three that are positive: the sixth is the last
that has to be computed. Then functions that fill a list with 10 million items, each way a list is filled, walked once
by `iter_once()` in a loop with an empty body, or drained in C, by turns with the generator; the first 100,000 items
are compared with the list's, and the last one is. An eager list, and a `LazySequence` that keeps what it has computed,
which has no bar, are walked over a tenth as many. Last, memory over 10 million items, in processes of their own: the
most that Python had allocated (`tracemalloc`), and the largest resident set, at the end less what they were after a
tenth; the sum of all items is right. The least time of a process counts; of three processes the middle one.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from random import Random
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter, sleep
from typing import Any, NamedTuple

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section, nanoseconds
from benchmarks.loops import fresh

ITEMS, COMPARED, PIECES, SHARE = 10_000_000, 100_000, 100, 0.1
MOST, MOST_SECONDS = 1.1, 0.65
"""Times the generator's time; and what is 0.6 s, to a tenth."""
FLAT = {"tracemalloc": 24 << 10, "resident set": 512 << 10}
"""Bytes: room for what comes and goes."""
WANTED = [830584, 343, 27000]
WANTING, KEPT = "three of ten values", "append, every item kept"
WAYS = ("eager", "by hand", "lazy")


def appended(n: int) -> list[int]:
    found = []
    for x in range(n):
        found.append(x * x)  # noqa: PERF401 (what is measured)
    return found


def appended_by_hand(n: int) -> Iterator[int]:
    for x in range(n):
        yield x * x


def chosen(n: int) -> list[int]:
    found = []
    for x in range(n):
        if x & 1:
            found.append(x)  # noqa: PERF401
    return found


def chosen_by_hand(n: int) -> Iterator[int]:
    for x in range(n):
        if x & 1:
            yield x


def nested(n: int) -> list[int]:
    found = []
    for x in range(n // 10):
        for y in range(10):
            found.append(x + y)  # noqa: PERF401
    return found


def nested_by_hand(n: int) -> Iterator[int]:
    for x in range(n // 10):
        for y in range(10):
            yield x + y


def extended(n: int) -> list[int]:
    found: list[int] = []
    for x in range(n // 2):
        found.extend((x, -x))
    return found


def extended_by_hand(n: int) -> Iterator[int]:
    for x in range(n // 2):
        yield x
        yield -x


def added(n: int) -> list[int]:
    found = []
    for x in range(n):
        found += [x]
    return found


def added_by_hand(n: int) -> Iterator[int]:
    for x in range(n):  # noqa: UP028 (a plain generator is what is measured)
        yield x


def comprehended(n: int) -> list[int]:
    return [x * x for x in range(n)]


def mapped(n: int) -> list[int]:
    return list(map(abs, range(n)))


def mapped_by_hand(n: int) -> Iterator[int]:
    return map(abs, range(n))


class Case(NamedTuple):
    """A function that gives a list, and the same by hand as a generator."""

    function: Callable[[int], list[int]]
    by_hand: Callable[[int], Iterator[int]]
    drained: bool = False
    """Whether all items are taken in C; else by a loop."""


CASES = {
    "append": Case(appended, appended_by_hand),
    "append, drained in C": Case(appended, appended_by_hand, drained=True),
    "append under if": Case(chosen, chosen_by_hand),
    "append in a nested loop": Case(nested, nested_by_hand),
    "extend((x, -x))": Case(extended, extended_by_hand),
    "+= [x]": Case(added, added_by_hand),
    "a comprehension": Case(comprehended, appended_by_hand),
    "list(map(...))": Case(mapped, mapped_by_hand),
}


def measure(raw: Raw, *, quick: bool) -> None:
    """A worker a case, three times."""
    processes, items = (1, 200_000) if quick else (3, ITEMS)
    for _ in range(processes):
        for way, one in workers.run(wanting, terminal=False).value.items():
            raw.add(f"{WANTING}, {way}", [one["seconds"]], computed=one["computed"], right=one["right"])
    for name in CASES:
        for _ in range(processes):
            for way, one in workers.run(walks, name, items, 1 if quick else 3, terminal=False).value.items():
                raw.add(f"{name}, {way}", one["seconds"], right=one["right"])
    for _ in range(processes):
        found = workers.run(kept, int(items * SHARE), 1 if quick else 3, terminal=False).value
        raw.add(f"{KEPT}, lazy", found["seconds"], right=found["right"])
    for how in FLAT:
        for way in ("by hand", "lazy"):
            for _ in range(processes):
                found = workers.run(sizes, how, way, items, terminal=False).value
                raw.add(f"{how}, {way}", found["bytes"], unit="byte", right=found["right"])


def wanting() -> dict[str, Any]:
    """In the worker: how long the first three positive values take each way, and how many were computed."""
    from instep import lazy

    computed = 0

    def compute(x: int) -> int:
        nonlocal computed
        computed += 1
        sleep(0.1)
        return x**3

    def process(dataset: list[int]) -> list[int]:
        values = []
        for x in dataset:
            values.append(compute(x))  # noqa: PERF401
        return values

    def by_hand(dataset: list[int]) -> Iterator[int]:
        for x in dataset:
            yield compute(x)

    ways: dict[str, Callable[[list[int]], Iterable[int]]]
    ways = {"eager": process, "by hand": by_hand, "lazy": lazy(process)}
    found = {}
    for way, function in ways.items():
        random = Random(0)
        dataset, computed = [random.randint(-100, +100) for _ in range(10)], 0
        began = perf_counter()
        taken = _first_three(function(dataset))
        found[way] = {"seconds": perf_counter() - began, "computed": computed, "right": taken == WANTED}
    return found


def _first_three(values: Iterable[int]) -> list[int]:
    results: list[int] = []
    for x in values:
        if x >= 0:
            results.append(x)
            if len(results) == 3:
                break
    return results


def walks(name: str, items: int, rounds: int) -> dict[str, Any]:
    """In the worker: seconds an item of each way, and whether the items are those of the list."""
    from instep import lazy

    case = CASES[name]
    deferred, fewer = lazy(case.function), int(items * SHARE)
    ways: dict[str, tuple[Callable[[int], Iterable[int]], int]] = {
        "eager": (case.function, fewer),
        "by hand": (case.by_hand, items),
        "lazy": (lambda n: deferred(n).iter_once(), items),
    }
    walk = {way: _drained if case.drained else fresh(_walked) for way in ways}
    right, last = _alike(case, deferred, min(items, COMPARED)), {n: _last(case.by_hand(n)) for n in (items, fewer)}
    found: dict[str, Any] = {way: {"seconds": [], "right": right} for way in ways}
    for i in range(rounds):
        for way in ways if i % 2 else [*ways][::-1]:
            make, n = ways[way]
            gc.collect()
            began = perf_counter()
            got = walk[way](make(n))
            found[way]["seconds"].append((perf_counter() - began) / n)
            found[way]["right"] = found[way]["right"] and got == last[n]
    return found


def _walked(items: Iterable[int]) -> int | None:
    item = None
    for item in items:  # noqa: B007 (what it binds at last is the result)
        pass
    return item


def _drained(items: Iterable[int]) -> int | None:
    last = deque(items, maxlen=1)
    return last[0] if last else None


_last = _drained


def _alike(case: Case, deferred: Callable[[int], Any], n: int) -> bool:
    expected = case.function(n)
    return expected == [*case.by_hand(n)] == [*deferred(n).iter_once()]


def kept(items: int, rounds: int) -> dict[str, Any]:
    """In the worker: seconds an item where a `LazySequence` is walked that keeps all of them."""
    from instep import lazy

    deferred, walk, right = lazy(appended), fresh(_walked), True
    seconds = []
    for _ in range(rounds):
        gc.collect()
        began = perf_counter()
        sequence = deferred(items)
        walk(sequence)
        seconds.append((perf_counter() - began) / items)
        right = right and sequence == appended(items)
    return {"seconds": seconds, "right": right}


def sizes(how: str, way: str, items: int) -> dict[str, Any]:
    """In the worker: the most that was held so far, in bytes, after each hundredth of one pass."""
    from instep import lazy

    deferred, held, total = lazy(appended), [0] * PIECES, 0
    if how == "tracemalloc":
        tracemalloc.start()
    walk = appended_by_hand(items) if way == "by hand" else deferred(items).iter_once()
    for i in range(PIECES):
        total += sum(islice(walk, items // PIECES))
        held[i] = _most_allocated() if how == "tracemalloc" else _largest_resident()
    right = total == (items - 1) * items * (2 * items - 1) // 6 and next(walk, None) is None
    return {"bytes": held, "right": right}


def _most_allocated() -> int:
    return tracemalloc.get_traced_memory()[1]


def _largest_resident() -> int:
    return getrusage(RUSAGE_SELF).ru_maxrss * 1024


def judge(read: Read) -> Section:
    """Beside each other: eager, by hand, lazy."""
    seconds = {way: read.best(f"{WANTING}, {way}") for way in WAYS}
    computed = {way: {one["computed"] for one in read.facts(f"{WANTING}, {way}")} for way in WAYS}
    rows = [
        (f"{WANTING}, 0.1 s each (s)", *(f"{seconds[way]:.2f}" for way in WAYS), _over(read, WANTING)),
        (f"{WANTING}: computed", *(", ".join(map(str, computed[way])) for way in WAYS), ""),
    ]
    said = f"{seconds['lazy']:.2f} s against {seconds['eager']:.2f} s"
    claims = [Claim(WANTING, said, "0.6 s against 1.0 s", seconds["lazy"] < MOST_SECONDS <= seconds["eager"])]
    for name in CASES:
        rows.append((f"{name} (ns)", *(_item(read, name, way) for way in WAYS), _over(read, name)))
        ratio = _ratio(read, name)
        claims.append(Claim(f"lazy, {name}: over by hand", _over(read, name), f"at most {MOST}x", ratio <= MOST))
    rows.append((f"{KEPT} (ns)", _item(read, "append", "eager"), "", _item(read, KEPT, "lazy"), ""))
    for how, most in FLAT.items():
        grown = {way: median(map(_growth, read.values(f"{how}, {way}"))) for way in ("by hand", "lazy")}
        rows.append((f"growth, {how} (KiB)", "", *(f"{grown[way] / 1024:+.1f}" for way in grown), ""))
        what, bar = f"lazy, growth over the items, {how}", f"at most {most >> 10} KiB"
        claims.append(Claim(what, f"{grown['lazy'] / 1024:+.1f} KiB", bar, grown["lazy"] <= most))
    return Section(
        "Lazy beside eager (of items: ns each)",
        str(__doc__).split("\n\n", 1)[1],
        ("case", *WAYS, "lazy over by hand"),
        rows,
        claims,
        _facts(read, computed),
    )


def _facts(read: Read, computed: dict[str, set[int]]) -> list[Claim]:
    right = [one["right"] for name in read for one in read.facts(name)]
    expected = {"eager": {10}, "by hand": {6}, "lazy": {6}}
    found = ", ".join(f"{way} {' and '.join(map(str, computed[way]))}" for way in WAYS)
    return [
        Claim(f"{WANTING}: values computed", found, "eager 10, by hand 6, lazy 6", computed == expected),
        Claim("lazy: items and their sum", f"right {sum(right)} of {len(right)}", "all", all(right)),
    ]


def _ratio(read: Read, name: str) -> float:
    """Of the least times of each process, in the middle."""
    pairs = zip(read.values(f"{name}, lazy"), read.values(f"{name}, by hand"), strict=True)
    return median(min(lazy) / min(by_hand) for lazy, by_hand in pairs)


def _over(read: Read, name: str) -> str:
    return f"{_ratio(read, name):.2f}x"


def _item(read: Read, name: str, way: str) -> str:
    return nanoseconds(read.best(f"{name}, {way}"))


def _growth(values: list[float]) -> float:
    return values[-1] - values[len(values) // 10]

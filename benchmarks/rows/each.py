"""`each` beside other ways to map a function by two workers: what is computed for nothing, and how quick it is.

Ten values that take 0.1 s each, of which the consumer wants the first three that are positive (the sixth is the last
that is needed), with `ahead=2`; then a thousand steps of 1 ms of which the consumer takes one, stalls for a second, and
stops. Calls are counted in a file that each appends to. Then, in processes of their own: `each` here beside the builtin
`map`, a function that returns its argument, 2 million items by turns; items a second with such a function and two
workers, pools started and ended in the time measured, the best of four turns, which peers have with up to four chunk
sizes, slow ones over fewer items; the time until the first result of a new pool (a process that is not forked imports
the function's module, a light one here); 10,000 tasks of 1 ms on a Dask cluster of two processes, by turns with
`Client.map` and `as_completed`. Of several processes the middle one counts. Who reads eagerly reads its input to the
end, wherever the consumer stands.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from random import Random
from time import perf_counter, sleep
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section
from benchmarks.loops import fresh
from benchmarks.spreading import OURS, WAYS, client_map, same

WANTED = [830584, 343, 27000]
WANTING, STALLING, HERE, RATE, DASK = "three of ten", "a stall", "here", "items a second", "Dask"
OVERHEAD = 0.3e-6
"""Seconds over the builtin `map`, at most."""
MOST = {"instep here": 6}
"""Values computed: 7 on every engine, and here what is needed."""
ITEMS, TASKS, TURNS = 2_000_000, 10_000, 4
SLOW = {
    "ThreadPoolExecutor.map": 0.02,
    "streamable, threads": 0.02,
    "joblib, threads": 0.05,
    "mpire, threads": 0.04,
    "streamable, processes": 0.002,
    "joblib, processes": 0.1,
    "mpire, processes": 0.1,
}
"""Of the items, the share that slow ways get."""


def measure(raw: Raw, *, quick: bool) -> None:
    """Everything; with `quick` of each question a little, and no peer that isn't installed."""
    for way in WAYS:
        if not _there(way):
            continue
        for question in wanting, stalling:
            found = workers.run(question, way, terminal=False).value
            raw.add(f"{_name(question)}, {way}", [found["seconds"]], computed=found["computed"], right=found["right"])
    for _ in range(1 if quick else 5):
        found = workers.run(here, ITEMS // 20 if quick else ITEMS, terminal=False).value
        for way, seconds in found["seconds"].items():
            raw.add(f"{HERE}, {way}", seconds, right=found["right"])
    for way, what in WAYS.items():
        if what.where in ("threads", "processes") and _there(way):
            items = int(ITEMS * SLOW.get(way, 1) * (0.02 if quick else 1))
            for _ in range(1 if quick else 3):
                found = workers.run(rates, way, items, 1 if quick else TURNS, terminal=False).value
                raw.add(
                    f"{RATE}, {way}", found["seconds"], **{fact: found[fact] for fact in ("first", "chunk", "right")}
                )
    if _there("instep Dask"):
        for _ in range(1 if quick else 3):
            found = workers.run(tasks, TASKS // 20 if quick else TASKS, terminal=False).value
            for way, seconds in found["seconds"].items():
                raw.add(f"{DASK}, {way}", seconds, right=found["right"])


def _there(way: str) -> bool:
    package = WAYS[way].package
    return not package or find_spec(package) is not None


def _name(question: Any) -> str:
    return {wanting: WANTING, stalling: STALLING}[question]


# In the worker


def cube(path: str, seconds: float, x: int) -> int:
    """The cube, after a while; each call is one byte more in a file."""
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(number, b".")
    os.close(number)
    sleep(seconds)
    return x**3


def wanting(way: str) -> dict[str, Any]:
    """The first three positive cubes of ten."""
    random = Random(0)
    data = [random.randint(-100, +100) for _ in range(10)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "calls"))
        found: list[int] = []
        results = WAYS[way].results(partial(cube, path, 0.1), data, 2 if way in OURS else None)
        began = perf_counter()
        for result in results:
            if result >= 0:
                found.append(result)
            if len(found) == 3:
                break
        seconds = perf_counter() - began
        _close(results)
        return {"seconds": seconds, "computed": os.stat(path).st_size, "right": found == WANTED}


def stalling(way: str) -> dict[str, Any]:
    """One result of a thousand, and then a second in which nothing is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "calls"))
        results = WAYS[way].results(partial(cube, path, 0.001), range(1000), 2 if way in OURS else None)
        first = next(results)
        began = perf_counter()
        sleep(1)
        seconds = perf_counter() - began
        computed = os.stat(path).st_size
        _close(results)
        return {"seconds": seconds, "computed": computed, "right": first == 0}


def _close(results: Any) -> None:
    close = getattr(results, "close", None)
    if close is not None:
        close()
    sleep(0.3)  # for what is let finish


def here(n: int) -> dict[str, Any]:
    """Seconds an item, by turns."""
    from instep import each

    ways = {"map": lambda: map(same, range(n)), "instep here": lambda: each(same, range(n), name="here")}
    loops = {way: fresh() for way in ways}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    right = True
    for _ in range(5):
        for way, make in ways.items():
            results = make()
            began = perf_counter()
            loops[way](results)
            seconds[way].append((perf_counter() - began) / n)
            right &= next(results, None) is None and (way == "map" or results.position == n)  # type: ignore[call-overload]
    return {"seconds": seconds, "right": right}


def rates(way: str, n: int, turns: int) -> dict[str, Any]:
    """Seconds an item, with the best size of chunks, and until the first result; every way has as many turns."""
    best, chosen, right, first = float("inf"), None, True, float("inf")
    chunks = WAYS[way].chunks
    for turn in range(turns):
        chunk = chunks[turn % len(chunks)]
        began = perf_counter()
        results = WAYS[way].results(same, range(10), None)
        right &= next(results) == 0
        first = min(first, perf_counter() - began)
        _close(results)
        began = perf_counter()
        total = 0
        for result in WAYS[way].results(same, range(n), chunk):
            total += result
        seconds = (perf_counter() - began) / n
        right &= total == n * (n - 1) // 2
        if seconds < best:
            best, chosen = seconds, chunk
    return {"seconds": [best], "first": first, "chunk": chosen, "right": right}


def millisecond(x: int) -> int:
    end = perf_counter() + 0.001
    while perf_counter() < end:
        pass
    return x


def tasks(n: int) -> dict[str, Any]:
    """Seconds a task, on one cluster, by turns."""
    from benchmarks.spreading import _client
    from instep import each

    with _client() as client:
        client.wait_for_workers(2)
        ways = {
            "Client.map": lambda: client_map(client, millisecond, list(range(n))),
            "instep Dask": lambda: each(millisecond, range(n), on=client),
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        right = True
        for _ in range(1):
            for way, make in ways.items():
                began = perf_counter()
                total = 0
                for result in make():
                    total += result
                seconds[way].append((perf_counter() - began) / n)
                right &= total == n * (n - 1) // 2
    return {"seconds": seconds, "right": right}


# The judgement


def judge(read: Read) -> Section:
    """Counts and growth against bars; rates against the lazy peers, and the quickest eager one."""
    claims: list[Claim] = []
    rows = [_row(read, way) for way in WAYS]
    for way in OURS:
        if f"{WANTING}, {way}" in read:
            most = MOST.get(way, 7)
            computed = _computed(read, WANTING, way)
            claims.append(Claim(f"{WANTING}, {way}: computed", str(computed), f"at most {most}", computed <= most))
            stalled = _computed(read, STALLING, way)
            claims.append(Claim(f"{STALLING}, {way}: computed", str(stalled), "at most 3", stalled <= 3))
    seconds = read.best(f"{WANTING}, instep threads")
    claims.append(Claim(f"{WANTING}, 2 threads", f"{seconds:.2f} s", "0.35 s", seconds <= 0.35))
    over = read.over(f"{HERE}, instep here", f"{HERE}, map")
    claims.append(Claim("each here, over map", f"{over * 1e9:.0f} ns", "at most 300 ns", over <= OVERHEAD))
    for where in ("threads", "processes"):
        claims += _races(read, where)
    if f"{DASK}, instep Dask" in read:
        ratio = _rates_of(read, f"{DASK}, instep Dask") / _rates_of(read, f"{DASK}, Client.map")
        claims.append(Claim("Dask, 1 ms: over Client.map's rate", f"{ratio:.2f}x", "at least 1x", ratio >= 1))
    right = [one["right"] for name in read for one in read.facts(name)]
    return Section(
        "each, beside other ways to map (two workers)",
        str(__doc__).split("\n\n", 1)[1],
        (
            "way",
            "reads its input",
            "computed, of 10",
            "in a stall, of 1,000",
            "three of ten (s)",
            "M items/s",
            "first result (ms)",
        ),
        rows,
        claims,
        [Claim("each: results", f"right {sum(right)} of {len(right)}", "all", all(right))],
    )


def _row(read: Read, way: str) -> tuple[str, ...]:
    counted = (_counted(read, way, what) for what in (WANTING, STALLING))
    return way, _kind(way), *counted, _seconds(read, way), _rate(read, way), _first(read, way)


def _kind(way: str) -> str:
    return "lazily" if WAYS[way].lazy else "eagerly"


def _computed(read: Read, what: str, way: str) -> int:
    return int(max(one["computed"] for one in read.facts(f"{what}, {way}")))


def _counted(read: Read, way: str, what: str) -> str:
    return str(_computed(read, what, way)) if f"{what}, {way}" in read else "not installed"


def _seconds(read: Read, way: str) -> str:
    return f"{read.best(f'{WANTING}, {way}'):.2f}" if f"{WANTING}, {way}" in read else ""


def _rates_of(read: Read, name: str) -> float:
    return 1 / read.best(name)


def _rate(read: Read, way: str) -> str:
    name = f"{RATE}, {way}"
    if name not in read:
        return ""
    chunk = read.facts(name)[0]["chunk"]
    return f"{_rates_of(read, name) / 1e6:.3f}" + (f" (chunks of {chunk:,})" if chunk else "")


def _first(read: Read, way: str) -> str:
    name = f"{RATE}, {way}"
    return f"{min(one['first'] for one in read.facts(name)) * 1e3:.1f}" if name in read else ""


def _races(read: Read, where: str) -> list[Claim]:
    rates = {name: _rates_of(read, f"{RATE}, {name}") for name in WAYS if f"{RATE}, {name}" in read}
    ours = rates[f"instep {where}"]
    lazy = {n: rate for n, rate in rates.items() if WAYS[n].where == where and WAYS[n].lazy and n not in OURS}
    eager = {n: rate for n, rate in rates.items() if WAYS[n].where == where and not WAYS[n].lazy}
    claims = []
    if lazy:
        first = max(lazy, key=lazy.__getitem__)
        ratio = ours / lazy[first]
        claims.append(Claim(f"{where}: over the quickest lazy peer ({first})", f"{ratio:.2f}x", "above 1x", ratio > 1))
    if eager:
        first = max(eager, key=eager.__getitem__)
        ratio = ours / eager[first]
        what = f"{where}: over the quickest eager peer ({first})"
        claims.append(Claim(what, f"{ratio:.2f}x", "at least 0.9x", ratio >= 0.9))
    return claims

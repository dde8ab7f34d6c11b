"""Raw times as pyperf benchmarks, and what is read off them: the best time of a process, the middle one of those."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

import pyperf

from benchmarks import peers


class Claim(NamedTuple):
    """A figure and the bar it is held against."""

    what: str
    figure: str
    bar: str
    met: bool


class Section(NamedTuple):
    """What a row says: a table, claims on speed, and facts that must be right however fast the machine is."""

    title: str
    how: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    claims: list[Claim]
    facts: list[Claim]


class Raw:
    """Raw values of one row: by name, one list a process."""

    def __init__(self, row: str) -> None:
        self.row = row
        self._runs: dict[str, list[pyperf.Run]] = {}

    def add(self, name: str, values: Sequence[float], *, unit: str = "second", **facts: Any) -> None:
        """What one process measured; `facts` are kept with it, whatever JSON can hold."""
        metadata = {"name": f"{self.row}: {name}", "unit": unit, "facts": json.dumps(facts)}
        least = 1e-12  # pyperf holds nothing but what is above zero
        run = pyperf.Run([max(value, least) for value in values], metadata=metadata, collect_metadata=False)
        self._runs.setdefault(name, []).append(run)

    def benchmarks(self, common: dict[str, Any]) -> list[pyperf.Benchmark]:
        """All of them, with what they have in common."""
        made = []
        for runs in self._runs.values():
            benchmark = pyperf.Benchmark(runs)
            benchmark.update_metadata(common)
            made.append(benchmark)
        return made


class Read:
    """The values of one row, read back from the benchmarks of a suite."""

    def __init__(self, row: str, benchmarks: Iterable[pyperf.Benchmark]) -> None:
        self._runs: dict[str, list[pyperf.Run]] = {}
        for benchmark in benchmarks:
            name = str(benchmark.get_name())
            if name.startswith(f"{row}: "):
                self._runs[name.removeprefix(f"{row}: ")] = benchmark.get_runs()

    def __contains__(self, name: str) -> bool:
        return name in self._runs

    def __iter__(self) -> Any:
        return iter(self._runs)

    def values(self, name: str) -> list[list[float]]:
        """One list a process."""
        return [list(run.values) for run in self._runs[name]]

    def all(self, name: str) -> list[float]:
        """The values of all processes."""
        return [value for run in self._runs[name] for value in run.values]

    def facts(self, name: str) -> list[dict[str, Any]]:
        """What was kept, one a process."""
        return [json.loads(str(run.get_metadata()["facts"])) for run in self._runs[name]]

    def best(self, name: str) -> float:
        """The least of each process, in the middle."""
        return median(map(min, self.values(name)))

    def over(self, name: str, base: str) -> float:
        """How much more than `base` it takes: each process's least against its own least, in the middle."""
        return median(min(a) - min(b) for a, b in zip(self.values(name), self.values(base), strict=True))


def machine() -> dict[str, Any]:
    """What pyperf knows of this machine, without its names and paths; and the versions of what was measured."""
    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    wanted = ("cpu_count", "cpu_model_name", "date", "platform", "python_implementation", "python_version")
    common: dict[str, Any] = {name: known[name] for name in (*wanted, "load_avg_1min") if name in known}
    common["pyperf"] = pyperf.__version__
    return common | {f"version_{name}": version for name, version in sorted(peers.versions().items())}


def nanoseconds(seconds: float) -> str:
    """As a step's cost is shown."""
    return f"{seconds * 1e9:.1f}"


def microseconds(seconds: float) -> str:
    """As a call's cost is shown."""
    return f"{seconds * 1e6:.2f}"


def times(ratio: float) -> str:
    """As a ratio is shown."""
    return f"{ratio:.1f}x" if ratio >= 0 else "-"

"""`python -m benchmarks`: measures all rows (or some), keeps the raw values, and says which bars are met.

    python -m benchmarks [--quick] [--only NAME ...] [--table]

The raw values go to `results/<version of Python>.json` (pyperf reads it: `python -m pyperf show`), the table to the
`.md` beside it. `--quick` is a smoke run of under a minute that keeps nothing, and whose times mean little; `--table`
measures nothing. The exit status is 1 if a fact that doesn't depend on the machine is wrong; slowness is no failure.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

import pyperf

from benchmarks import tables
from benchmarks.figures import Raw, Read, Section, machine

ROWS = (
    *("overhead", "screen", "starting", "importing", "notes", "exact", "hidden", "stale", "memory"),
    *("functions", "laziness", "orders", "each", "window", "pipe"),
)
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Measure, keep, tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="instep beside its peers")
    parser.add_argument("--quick", action="store_true", help="a smoke run of under a minute; keeps nothing")
    parser.add_argument("--only", action="append", choices=ROWS, metavar="NAME", help=f"one of {', '.join(ROWS)}")
    parser.add_argument("--table", action="store_true", help="measure nothing: make the table from what was kept")
    options = parser.parse_args()
    kept = RESULTS / f"{sys.version_info.major}.{sys.version_info.minor}.json"
    benchmarks = [] if options.quick else _load(kept)
    if not options.table:
        chosen = options.only or ROWS
        measured = _measure(chosen, quick=options.quick)
        benchmarks = [one for one in benchmarks if _row(one) not in chosen] + measured
        if not options.quick:
            RESULTS.mkdir(exist_ok=True)
            pyperf.BenchmarkSuite(benchmarks).dump(str(kept), replace=True)
    if not benchmarks:
        parser.error("nothing was measured yet")
    sections = _judge(benchmarks)
    text = tables.text(sections, _common(benchmarks))
    print(text)
    if not options.quick:
        kept.with_suffix(".md").write_text(text, encoding="utf-8")
    wrong = [fact for one in sections for fact in one.facts if not fact.met]
    for fact in wrong:
        print(f"wrong: {fact.what}: {fact.figure}, expected {fact.bar}", file=sys.stderr)
    return 1 if wrong else 0


def _module(row: str) -> Any:
    return import_module(f"benchmarks.rows.{row}")


def _load(kept: Path) -> list[pyperf.Benchmark]:
    return pyperf.BenchmarkSuite.load(str(kept)).get_benchmarks() if kept.exists() else []


def _row(benchmark: pyperf.Benchmark) -> str:
    return str(benchmark.get_name()).partition(":")[0]


def _measure(rows: Any, *, quick: bool) -> list[pyperf.Benchmark]:
    measured = []
    for row in rows:
        began, common = monotonic(), machine()
        raw = Raw(row)
        _module(row).measure(raw, quick=quick)
        measured += raw.benchmarks(common)
        print(f"{row}: {monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return measured


def _judge(benchmarks: list[pyperf.Benchmark]) -> list[Section]:
    there = {_row(one) for one in benchmarks}
    return [_module(row).judge(Read(row, benchmarks)) for row in ROWS if row in there]


def _common(benchmarks: list[pyperf.Benchmark]) -> dict[str, object]:
    """What is known of the machine; a row may have been measured where not every peer was there, or not lately."""
    return {name: value for one in benchmarks for name, value in one.get_metadata().items()}


if __name__ == "__main__":
    sys.exit(main())

"""Runs a package's own test suite in two child processes, plain and stepped, and compares test by test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from preservation.fetching import needed, unpacked
from preservation.packages import Package

TREE = Path(__file__).parents[2]
LIMIT = 1200  # seconds, after which a suite that hangs is a failure
CHANGING = ("PYTEST", "PYTHON", "INSTEP", "CI")
"""How variables of the environment begin that may change how a suite runs."""


class Run(NamedTuple):
    """How one run of a suite came out."""

    outcomes: Mapping[str, Mapping[str, int]]
    """For each test how often its phases and subtests had which outcome."""
    failures: Mapping[str, str]
    """Texts of the failures, by test."""
    steps: int
    """How many pauses were passed."""
    functions: int
    """How many functions were in stepped form."""


def both(package: Package, folder: Path) -> tuple[Run, Run]:
    """Run the suite plain and stepped, at the same time; what they need is fetched before."""
    unpacked(package), needed(package)
    with ThreadPoolExecutor(2) as pool:
        plain = pool.submit(run, package, folder / "plain")
        stepped = pool.submit(run, package, folder / "stepped", stepped=True)
        return plain.result(), stepped.result()


def run(package: Package, folder: Path, *, stepped: bool = False) -> Run:
    """Run the suite in a child process, in a copy of the package made in this folder."""
    work, home, written = folder / "work", folder / "home", folder / "run.json"
    home.mkdir(parents=True)
    shutil.copytree(unpacked(package), work)
    paths = [work / package.source, work, needed(package), TREE / "tests", TREE / "src"]
    given = {
        "PYTHONPATH": os.pathsep.join(str(path) for path in paths if path),
        "PRESERVATION_STEPPED": " ".join(package.stepped) if stepped else "",
        "PRESERVATION_TIMED": "yes" if package.timed else "",
        "PRESERVATION_RUN": str(written),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "preservation.recording", "-p", "no:cacheprovider", *package.tests],
        cwd=work,
        env={**alone(home), **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if not written.exists():
        raise RuntimeError(f"the suite of {package.name} ended with status {done.returncode}:\n{done.stdout[-4000:]}")
    return Run(**json.loads(written.read_text()))


def alone(home: Path) -> dict[str, str]:
    """Give an environment whose hashes, home and temporary files have nothing to do with any other run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CHANGING)}
    own = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "TMPDIR"), str(home))
    return {**kept, **own, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def differences(plain: Run, stepped: Run) -> dict[str, str]:
    """Give the tests that came out otherwise, each with what was expected, what came, and the text of the failure."""
    return dict(_differences(plain, stepped))


def _differences(plain: Run, stepped: Run) -> Iterator[tuple[str, str]]:
    for test in sorted({*plain.outcomes, *stepped.outcomes}):
        expected, came = plain.outcomes.get(test), stepped.outcomes.get(test)
        if expected != came:
            yield test, f"{test}: plain {expected}, stepped {came}\n{stepped.failures.get(test, '')}"

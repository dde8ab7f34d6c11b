"""The benchmarks' own judgement, and that a smoke run finds nothing wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pyperf", "tqdm", "progressbar", "speedups", "barflow", "alive_progress", "enlighten")


@pytest.mark.campaign
def test_a_smoke_run_finds_positions_statuses_counts_and_notes_right():
    """`python -m benchmarks --quick` exits with 0: every fact that doesn't depend on the machine's speed holds."""
    for package in PACKAGES:
        pytest.importorskip(package, reason="needs the dependency group `bench`")
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "## Facts that must hold in the same runs" in run.stdout

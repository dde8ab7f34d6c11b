"""A pytest plugin, loaded in the child process: turns on the stepping hook, and writes how every test came out.

`PRESERVATION_STEPPED` names the modules whose functions are stepped, `PRESERVATION_RUN` the file that is written. Where
`PRESERVATION_TIMED` says anything, a clock moves by the same little time whenever it is read.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from preservation import hook

outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
failures: dict[str, str] = {}

# Some tests assert how long something takes, or how much longer than something else. On a real clock it would be the
# machine's load that decides them. What else they assert counts.
if os.environ["PRESERVATION_TIMED"]:
    time.perf_counter = itertools.count(step=1e-6).__next__

# As soon as the plugin is loaded: the packages' own conftest files import the packages.
if stepped := os.environ["PRESERVATION_STEPPED"].split():
    hook.install(stepped)


def pytest_sessionstart() -> None:
    """Let Hypothesis, where a suite uses it, try the same examples in both runs, however long each takes."""
    if "hypothesis" in sys.modules:
        from hypothesis import HealthCheck, settings

        settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        settings.load_profile("same")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the outcomes of a test: one for each of its phases, and one for each of its subtests."""
    part = report.when if type(report) is pytest.TestReport else type(report).__name__
    expected = " (expected to fail)" if hasattr(report, "wasxfail") else ""
    keep(report.nodeid, f"{part} {report.outcome}{expected}", report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a file that could not be collected."""
    if not report.passed:
        keep(f"collecting {report.nodeid}", report.outcome, report)


def keep(test: str, outcome: str, report: pytest.TestReport | pytest.CollectReport) -> None:
    """Count an outcome; the text of a failure is shown where the two runs differ."""
    outcomes[test][outcome] += 1
    if report.failed:
        failures[test] = report.longreprtext


def pytest_sessionfinish() -> None:
    """Write everything down."""
    steps, functions = hook.taken()
    run = {"outcomes": outcomes, "failures": failures, "steps": steps, "functions": functions}
    Path(os.environ["PRESERVATION_RUN"]).write_text(json.dumps(run))

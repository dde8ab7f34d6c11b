"""What all tests share: a clean environment, and the examples of README, docs and docstrings as tests."""

import os
from time import perf_counter_ns

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers import myst, rest

from instep.computation import _innermost
from instep.monitor import monitor

VARIABLES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Nothing that whoever runs the tests has set chooses a view, a colour or a width."""
    for name in list(os.environ):
        if name in VARIABLES or name.startswith("INSTEP_"):
            monkeypatch.delenv(name)
    _innermost.set(None)  # another test's loops, left to the garbage collector, are none of this one's
    for run in monitor.running.copy():
        run.end("stopped", perf_counter_ns())


pytest_collect_file = (
    # One fence a code block: plain Python with asserts, or a session with `>>>`.
    Sybil(
        parsers=[myst.PythonCodeBlockParser(), myst.SkipParser()],
        patterns=["README.md", "docs/*.md"],
        fixtures=["clean_environment"],
    )
    + Sybil(
        parsers=[rest.DocTestParser()],
        path="src/instep",
        patterns=["*.py"],
        document_types={".py": PythonDocStringDocument},
        fixtures=["clean_environment"],
    )
).pytest()

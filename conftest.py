"""What all tests share: a clean environment, and the examples of README, docs and docstrings as tests."""

import linecache
import os
import re
import signal
from time import perf_counter_ns

import pytest
from sybil import Document, Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers import myst, rest

from instep.current import latest
from instep.monitor import monitor

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # under `make test &`: what is started would ignore it, too
    signal.signal(signal.SIGINT, signal.default_int_handler)

VARIABLES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Nothing that whoever runs the tests has set chooses a view, a colour or a width."""
    for name in list(os.environ):
        if name in VARIABLES or (name.startswith("INSTEP_") and name != "INSTEP_TEST_CACHE"):
            monkeypatch.delenv(name)
    latest.set(None)  # another test's loops, left to the garbage collector, are none of this one's
    for run in monitor.running.copy():
        run.end("stopped", perf_counter_ns())


_FENCE = re.compile(r"^```python\n(?!>>>)(.*?)^```$", re.MULTILINE | re.DOTALL)


class Page(Document):
    """A page whose examples are a source, in their lines, so that a function in it can be found there."""

    def __init__(self, text, path):
        super().__init__(text, path)
        source, end = [], 0
        for fence in _FENCE.finditer(text):
            source += ["\n"] * text.count("\n", end, fence.start(1)), fence[1].splitlines(keepends=True)
            end = fence.end(1)
        lines = [line for part in source for line in part]
        linecache.cache[path] = len(text), None, lines, path


pytest_collect_file = (
    # One fence a code block: plain Python with asserts, or a session with `>>>`.
    Sybil(
        parsers=[myst.PythonCodeBlockParser(), myst.SkipParser()],
        patterns=["README.md", "docs/*.md"],
        document_types={".md": Page},
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

"""Programs run in a process of their own, so that a crash, an exit or a signal storm fails one test only."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCE = str(Path(__file__).parents[1] / "src")
LIMIT = 60  # seconds, after which a child that hangs is a failure


def python(program: str, *options: str, view: str = "off", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program with these options of the interpreter; nothing is shown unless a view is named."""
    given = {**os.environ, "PYTHONPATH": SOURCE, **({"INSTEP_VIEW": view} if view else {}), **environment}
    return subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(program)],
        env=given,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def quiet(program: str, *options: str, **environment: str) -> str:
    """Run a program that must end well and say nothing on stderr; gives what it printed."""
    done = python(program, "-W", "error", *options, **environment)
    assert done.returncode == 0, f"status {done.returncode}; {done.stdout[-500:]}; {done.stderr[-2000:]}"
    assert not done.stderr, done.stderr[-2000:]
    return done.stdout

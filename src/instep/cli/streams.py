"""Our stdout and stderr, while code runs that isn't ours."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any


@contextmanager
def lent(*, aside: bool) -> Iterator[None]:
    """Lend them to other code: if it puts others in their place, ours come back.

    With `aside` all that it prints goes to stderr, what its child processes print too.
    """
    out, err = sys.stdout, sys.stderr
    with ExitStack() as lending:
        lending.enter_context(redirect_stdout(err if aside else out))
        lending.enter_context(redirect_stderr(err))
        if aside:
            lending.enter_context(_aside(out, err))
        yield


@contextmanager
def _aside(out: Any, err: Any) -> Iterator[None]:
    try:
        out.flush()
        number, other = out.fileno(), err.fileno()
        kept = os.dup(number)
    except (AttributeError, OSError, ValueError):  # they are no files, or there are none
        yield
        return
    os.dup2(other, number)
    try:
        yield
    finally:
        if not out.closed:
            out.flush()  # what came by `sys.__stdout__`
        os.dup2(kept, number)
        os.close(kept)

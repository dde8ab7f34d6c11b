"""Which view is chosen."""

from __future__ import annotations

import io
import multiprocessing
import os
import subprocess
import sys

import pytest

from instep.views import choose
from instep.views.jsonl import JsonLinesView
from instep.views.lines import LinesView
from instep.views.terminal import TerminalView


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    def isatty(self) -> bool:
        raise OSError("gone")


def test_by_where_stderr_goes() -> None:
    """A terminal gets bars; a file, a dumb terminal, nothing and something broken get lines."""
    assert isinstance(choose({"TERM": "xterm"}, Tty()), TerminalView)
    assert isinstance(choose({}, io.StringIO()), LinesView)
    assert isinstance(choose({"TERM": "dumb"}, Tty()), LinesView)
    assert isinstance(choose({}, None), LinesView)
    assert isinstance(choose({}, Broken()), LinesView)
    closed = Tty()
    closed.close()
    assert choose({}, closed) is not None


def test_by_name() -> None:
    """INSTEP_VIEW names it."""
    assert isinstance(choose({"INSTEP_VIEW": "terminal"}, io.StringIO()), TerminalView)
    assert isinstance(choose({"INSTEP_VIEW": "lines"}, Tty()), LinesView)
    assert isinstance(choose({"INSTEP_VIEW": "jsonl"}, Tty()), JsonLinesView)
    assert isinstance(choose({"INSTEP_VIEW": "jsonl:2"}, Tty()), JsonLinesView)
    assert choose({"INSTEP_VIEW": "off"}, Tty()) is None
    assert choose({"INSTEP_VIEW": ""}, io.StringIO()) is not None


@pytest.mark.parametrize(
    "wrong", ["bars", "jsonl:", "jsonl:x", "jsonl:-1", "jsonl:²", "jsonl:99999", "off:1", "lines:2"]
)
def test_wrong_names(wrong: str) -> None:
    """What names no view raises: the text says what came and what may be written."""
    with pytest.raises(ValueError, match=f"INSTEP_VIEW='{wrong}'.*write.*jsonl:"):
        choose({"INSTEP_VIEW": wrong}, io.StringIO())


@pytest.mark.parametrize("name", ["RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"])
def test_other_ranks_are_silent(name: str) -> None:
    """Of a parallel program only rank 0 shows something, unless told to."""
    assert choose({name: "1"}, Tty()) is None
    assert choose({name: "0"}, Tty()) is not None
    assert choose({name: "none"}, Tty()) is not None
    assert choose({name: "1", "INSTEP_VIEW": "lines"}, Tty()) is not None


def test_worker_processes_are_silent() -> None:
    """A process that multiprocessing started shows nothing unless told to."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_is_silent) == (True, False)
    assert _is_silent() == (False, False)


def _is_silent() -> tuple[bool, bool]:
    return choose({}, Tty()) is None, choose({"INSTEP_VIEW": "lines"}, Tty()) is None


def test_multiprocessing_is_not_imported() -> None:
    """Choosing costs no import of it, nor of rich."""
    code = "import sys; from instep.views import choose; choose({'INSTEP_VIEW': ''}, None); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "RANK": ""}
    )
    assert not {"multiprocessing", "rich"} & {name.split(".")[0] for name in done.stdout.split()}

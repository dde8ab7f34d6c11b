"""What is known of a function's steps, as `instep dissect` shows it: as tables, or as one JSON object."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from types import FunctionType
from typing import Any

from instep.cli import tables
from instep.cli.taking import Taking
from instep.functions.grains import CannotStep, GrainName, Site
from instep.functions.listing import sites
from instep.model import Step
from instep.views import text

FORMAT = 1
_LINES: GrainName = "line"
_INDENT = "  "
_LONGEST = 80
_FEW = ("step", "count", "time", "share")
_WIDE = 60
"""Columns that it takes to show more of the sums than these few."""


class Sheet:
    """A function's steps at some grains, and a run of it, if there was one."""

    def __init__(self, function: FunctionType, taking: Taking | None, grains: Sequence[GrainName]) -> None:
        self._function = function
        self._taking = taking
        self._grains = grains
        self._sites: dict[GrainName, list[Site]] = {}
        self._cannot: dict[GrainName, str] = {}

    def _list(self) -> None:
        for grain in self._grains:
            try:
                self._sites[grain] = sites(self._function, grain)
            except CannotStep as error:
                self._cannot[grain] = error.reason
                if len(self._cannot) == len(self._grains):
                    raise

    def show(self) -> None:
        """Print the run, or else the steps there may be. `CannotStep` if there are none, as from `as_json`."""
        if self._taking is None:
            self._show_sites()
        else:
            _show_run(self._taking)

    def _show_sites(self) -> None:
        """The grains beside each other, a row for each line of the source."""
        self._list()
        code = self._function.__code__
        tables.say(text.plain(f"{self._function.__qualname__} ({code.co_filename}, line {code.co_firstlineno})"))
        names = [grain for grain in self._sites if grain != _LINES]
        lines = sorted({site.line for found in self._sites.values() for site in found})
        indent = min((_indent(source) for line in lines if (source := self._source(line))), default=0)
        rows = [
            (str(line), text.plain(self._source(line)[indent:].rstrip()), *(self._at(line, grain) for grain in names))
            for line in lines
        ]
        headings = ("line", "source", *(_plural(grain, 1) for grain in names))
        if len(names) > 1 and not tables.fits(headings, rows):
            headings, rows = headings[:1] + headings[2:], [row[:1] + row[2:] for row in rows]
        tables.show(headings, rows, figures=frozenset({"line"}))
        counts = [f"{len(found)} {_plural(grain, len(found))}" for grain, found in self._sites.items()]
        tables.say(", ".join(counts))
        for grain, reason in self._cannot.items():
            tables.say(text.plain(f"no {_plural(grain, 2)}: {reason}"))

    def _at(self, line: int, grain: GrainName) -> str:
        return "\n".join(text.plain(site.name, _LONGEST) for site in self._sites[grain] if site.line == line)

    def _source(self, line: int) -> str:
        return linecache.getline(self._function.__code__.co_filename, line).expandtabs()

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON's own types; the fields are listed in docs/dissect.md."""
        self._list()
        code = self._function.__code__
        return {
            "instep": FORMAT,
            "function": self._function.__qualname__,
            "module": self._function.__module__,
            "file": code.co_filename,
            "line": code.co_firstlineno,
            "sites": {grain: [_site(site) for site in found] for grain, found in self._sites.items()},
            "cannot": dict(self._cannot),
            "run": None if self._taking is None else _run(self._taking),
        }


def _show_run(taking: Taking) -> None:
    """The steps of the run, and how it ended."""
    if taking.steps:
        rows = [_cells(step, shown) for step, shown in taking.steps]
        tables.show(("#", "line", "step", "value", "time"), rows, figures=frozenset({"#", "line", "time"}))
    if taking.more:
        tables.say(f"and {text.whole(taking.more)} more; all of them together:")
        columns = zip(*taking.walk.table().cells(), strict=True)
        headings, *sums = zip(*(each for each in columns if tables.room() >= _WIDE or each[0] in _FEW), strict=True)
        tables.show(headings, sums, figures=frozenset(headings) - {"step"})
    n, took = taking.walk.position, text.duration(taking.walk.timer.elapsed)
    ended = f"result {taking.result}" if taking.error is None else taking.walk.status
    tables.say(f"{ended} after {text.whole(n)} {_plural('step', n)} in {took}")


def _indent(source: str) -> int:
    return len(source) - len(source.lstrip())


def _plural(grain: str, n: int) -> str:
    name = "instruction" if grain == "bytecode" else grain
    return name if n == 1 else f"{name}s"


def _cells(step: Step, shown: Any) -> tuple[str, ...]:
    what = _INDENT * step.depth + text.plain(step.name, _LONGEST)
    return str(step.index), str(step.line), what, shown if step.has_value else "", text.duration(step.seconds)


def _site(site: Site) -> dict[str, Any]:
    return {
        "name": site.name,
        "line": site.line,
        "end_line": site.end_line,
        "depth": site.depth,
        "source": site.source,
        "binds": site.binds,
    }


def _run(taking: Taking) -> dict[str, Any]:
    walk, error = taking.walk, taking.error
    return {
        "grain": taking.stepped.grain,
        "status": walk.status,
        "position": walk.position,
        "seconds": walk.timer.elapsed,
        "result": taking.result,
        "error": None
        if error is None
        else {"type": type(error).__name__, "text": text.plain(error), "line": taking.raised_at},
        "steps": [_step(step, shown) for step, shown in taking.steps],
        "more": taking.more,
        "table": [{**row._asdict(), "mean": row.mean} for row in walk.table()],
    }


def _step(step: Step, shown: Any) -> dict[str, Any]:
    return {
        "index": step.index,
        "name": step.name,
        "value": shown,
        "has_value": step.has_value,
        "binds": step.binds,
        "line": step.line,
        "end_line": step.end_line,
        "depth": step.depth,
        "source": step.source,
        "seconds": step.seconds,
    }

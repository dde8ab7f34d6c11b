"""What `instep dissect` shows: a table in a terminal, aligned columns elsewhere.

Names, values and source text come from the user: they pass `text.plain`, so that they neither move the cursor nor are
taken for markup.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import inf
from shutil import get_terminal_size

from instep.views import columns, text

_GAP = 3
Rows = Sequence[Sequence[str]]


def show(headings: Sequence[str], rows: Rows, *, figures: frozenset[str] = frozenset()) -> None:
    """Print rows below their headings; the columns in `figures` end on the right. A cell may have several lines."""
    if _is_terminal():
        _in_terminal(headings, rows, figures)
        return
    flat = [tuple(headings), *(line for row in rows for line in _lines(row))]
    left = [k for k, heading in enumerate(headings) if heading not in figures]
    for line in columns.lines(flat, left):
        say(line)


def room() -> float:
    """How many columns there are; without end where there is no terminal."""
    return get_terminal_size().columns if _is_terminal() else inf


def fits(headings: Sequence[str], rows: Rows) -> bool:
    """Whether no line need be folded."""
    wide = (max(map(columns.width, "\n".join(column).split("\n"))) for column in zip(headings, *rows, strict=True))
    return sum(wide) + _GAP * len(headings) <= room()


def say(line: str) -> None:
    """Print a line, in what stdout can hold."""
    print(text.fold(line, getattr(sys.stdout, "encoding", None)))


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _lines(row: Sequence[str]) -> list[tuple[str, ...]]:
    """A row as so many as its tallest cell has lines."""
    cells = [cell.split("\n") for cell in row]
    height = max(map(len, cells))
    return [tuple(cell[k] if k < len(cell) else "" for cell in cells) for k in range(height)]


def _in_terminal(headings: Sequence[str], rows: Rows, figures: frozenset[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    several = any("\n" in cell for row in rows for cell in row)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=several, header_style="bold")
    for heading in headings:
        is_figure = heading in figures
        style = "cyan" if heading == "line" else "dim" if heading == "instruction" else ""
        table.add_column(
            heading, justify="right" if is_figure else "left", no_wrap=is_figure, overflow="fold", style=style
        )
    encoding = console.encoding
    for row in rows:
        table.add_row(*(Text(text.fold(cell, encoding)) for cell in row))
    console.print(table)

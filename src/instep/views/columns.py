"""Cells as lines of plain text, one column below another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from unicodedata import east_asian_width


def lines(rows: Sequence[Sequence[str]], left: Collection[int]) -> list[str]:
    """A line a row, with a rule below the first; columns in `left` begin on the left, the others end on the right."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    found = [
        "  ".join(_aligned(cell, room, k in left) for k, (cell, room) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    found.insert(1, "  ".join("-" * room for room in widths))
    return [line.rstrip() for line in found]


def width(cell: str) -> int:
    """Columns on a terminal, near enough for a table: wide East Asian characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in cell)


def _aligned(cell: str, room: int, left: bool) -> str:
    space = " " * (room - width(cell))
    return cell + space if left else space + cell

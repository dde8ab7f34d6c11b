"""Rows of the tree as styled lines of a given width, with rich: what a frame of the terminal view looks like.

Pure: the same snapshots, width, height and time give the same lines. Nothing a user wrote is read as markup.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import COLOR_SYSTEMS, Console
from rich.progress_bar import ProgressBar
from rich.style import Style
from rich.text import Text

from instep.model import Snapshot, Summary
from instep.views import sentences, text, tree

GAP = "  "
WIDE_ENOUGH_FOR_BARS = 50
LEAST_NOTE = 8
"""Cells that must be left for the notes to be shown at all."""

NAME = Style(bold=True)
FIGURE = Style(color="cyan")
REMARK = Style(color="yellow")
STATUS = {
    "finished": Style(color="green"),
    "stopped": Style(color="yellow"),
    "failed": Style(color="red", bold=True),
    "interrupted": Style(color="red"),
    "lost": Style(color="red", bold=True),
}
PLAIN = Style()


class Part(NamedTuple):
    """One part of a row; where there's room for some only, those of least `rank` stay."""

    rank: int
    said: str
    style: Style = PLAIN


def console(environ: Mapping[str, str], encoding: str | None) -> Console:
    """What knows the terminal's colours; it writes nothing."""
    sink = io.TextIOWrapper(io.BytesIO(), encoding=text.known(encoding))
    return Console(file=sink, force_terminal=True, _environ=environ, legacy_windows=False, width=80, height=24)


class Frame(NamedTuple):
    """What all rows of one frame have in common."""

    width: int
    names: int
    """Cells for the names, and
    `bar`: for the bar, 0 where it has no room."""
    bar: int
    now: float
    on: Console


def render(snapshots: Sequence[Snapshot], width: int, height: int, now: float, on: Console) -> list[Text]:
    """At most `height` lines, none wider than `width`, that show what runs. `now` moves what pulses."""
    if width < 1 or height < 1:
        return []
    rows, hidden = tree.fit(tree.rows(snapshots), height)
    names = [_name(row) for row in rows]
    widest = max([0, *map(cell_len, names)])
    bar = min(30, width // 4) if width >= WIDE_ENOUGH_FOR_BARS else 0
    frame = Frame(width, min(widest, max(8, width // 3), width), bar, now, on)
    lines = [_line(row.what, name, frame) for row, name in zip(rows, names, strict=True)]
    if hidden:
        lines.append(_cut(Text(sentences.more(hidden)), width))
    return lines


def _name(row: tree.Row) -> str:
    return "  " * min(row.depth, 10) + text.plain(row.what.name, 80)


def _line(what: Snapshot | Summary, name: str, frame: Frame) -> Text:
    line = Text(no_wrap=True)
    if isinstance(what, Summary):
        line.append(_sized(name, frame.names))
        _append_parts(line, _of_sum(what), frame.width)
    else:
        line.append(_sized(name, frame.names), NAME)
        if frame.bar and not sentences.idle_stage(what):
            line.append(GAP)
            _append_bar(line, what, frame)
        if _append_parts(line, _of_running(what), frame.width):
            _append_note(line, text.notes(what.notes), frame.width)
    return _cut(line, frame.width)


def _append_parts(line: Text, parts: Sequence[Part], width: int) -> bool:
    """Append those that fit; whether they all did."""
    fitting = _fitting(parts, width - line.cell_len)
    for part in fitting:
        line.append(GAP)
        line.append(part.said, part.style)
    return len(fitting) == len(parts)


def _append_note(line: Text, note: str, width: int) -> None:
    left = width - line.cell_len - len(GAP)
    if note and left >= LEAST_NOTE:
        line.append(GAP)
        line.append(_shortened(note, left), REMARK)


def _of_running(one: Snapshot) -> list[Part]:
    left, short = text.left(one.remaining, one.remaining_range), text.left(one.remaining, None)
    parts = [
        Part(0, sentences.percent(one), FIGURE),
        Part(2, "" if sentences.idle_stage(one) else sentences.counted(one), REMARK if _is_over(one) else PLAIN),
        Part(3, sentences.where(one)),
        Part(4, sentences.pace(one)),
        Part(1, short and f"{short} left", FIGURE),
        Part(5, left[len(short) :].strip() if short else "", FIGURE),
        Part(6 if short else 1, "" if short else text.clock(one.elapsed)),
    ]
    return [part for part in parts if part.said]


def _of_sum(one: Summary) -> list[Part]:
    first, *others = sentences.summed(one).split(" · ")
    return [Part(0, first), *(Part(rank, said) for rank, said in enumerate(others, 1))]


def _is_over(one: Snapshot) -> bool:
    return one.total is not None and one.finished > one.total


def _fitting(parts: Sequence[Part], width: int) -> list[Part]:
    """Those that fit, in the order given: first come those of least rank."""
    kept: set[int] = set()
    for place in sorted(range(len(parts)), key=lambda k: parts[k].rank):
        needed = len(GAP) + cell_len(parts[place].said)
        if needed > width:
            break
        width -= needed
        kept.add(place)
    return [parts[place] for place in sorted(kept)]


def _append_bar(line: Text, one: Snapshot, frame: Frame) -> None:
    known = one.total is not None and not _is_over(one)
    bar = ProgressBar(
        total=max(one.total or 0, 1) if known else None,
        completed=(one.finished if one.total else 1) if known else 0,
        width=frame.bar,
        pulse=not known,
        animation_time=frame.now,
    )
    for segment in frame.on.render(bar):
        if not segment.control and segment.text.strip("\n"):
            line.append(segment.text, segment.style)


def ending(one: Snapshot, width: int) -> list[Text]:
    """The lines that an ended computation leaves: its own, cut down to what fits, and its inner sums."""
    said = sentences.ending(one)
    rest = f" {said.rest}" if said.rest else ""
    tails = said.tails()
    while tails and cell_len(said.head() + "".join(tails)) > width:
        tails.pop()
    # The name gives way before what happened does.
    room = max(1, width - cell_len(said.head()) + cell_len(said.name))
    line = Text(no_wrap=True)
    line.append(_shortened(said.name, room), NAME)
    line.append(": ")
    line.append(said.status, STATUS.get(said.status, PLAIN))
    line.append(rest + "".join(tails))
    return [_cut(line, width), *(_cut(Text(below), width) for below in sentences.sums(one.inner))]


def paint(line: Text, on: Console) -> str:
    """A line with the escape sequences of the terminal's colours."""
    colours = COLOR_SYSTEMS[on.color_system] if on.color_system else None
    painted = []
    for segment in line.render(on):
        style = segment.style
        if style is not None and on.no_color:
            style = style.without_color
        painted.append(style.render(segment.text, color_system=colours) if style else segment.text)
    return "".join(painted)


def _sized(said: str, width: int) -> str:
    return set_cell_size(_shortened(said, width), width)


def _shortened(said: str, width: int) -> str:
    if cell_len(said) <= width:
        return said
    return set_cell_size(said, max(0, width - 1)).rstrip() + text.ELLIPSIS


def _cut(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line

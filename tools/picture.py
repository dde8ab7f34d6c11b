"""Make README's picture of the terminal: `make demo` in a terminal of its own, caught in the middle, as an SVG.

Usage: python tools/picture.py TARGET.svg. The picture is what the program drew, not what somebody typed.
"""

import os
import pty
import re
import select
import sys
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

import pyte
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS, ROWS = 110, 8
PLAIN_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g>
</svg>
"""


def caught(command: list[str], wanted: str) -> pyte.Screen:
    """Run a command in a terminal; give its screen as it is when it first shows `wanted`."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    child, master = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(command[0], command)
    ioctl(master, TIOCSWINSZ, pack("HHHH", ROWS, COLUMNS, 0, 0))
    shown = None
    while select.select([master], [], [], 60)[0]:
        try:
            data = os.read(master, 1 << 16)
        except OSError:  # the child has gone
            break
        stream.feed(data)
        if shown is None and re.search(wanted, "\n".join(screen.display)):
            shown = [row.rstrip() for row in screen.display], {y: dict(line) for y, line in screen.buffer.items()}
    os.waitpid(child, 0)
    if shown is None:
        sys.exit(f"{wanted!r} never stood on the screen:\n" + "\n".join(screen.display))
    screen.buffer.clear()
    for y, line in shown[1].items():
        screen.buffer[y].update(line)
    return screen


def as_text(screen: pyte.Screen) -> Text:
    """The screen as styled text."""
    text = Text()
    for y in range(screen.lines):
        for x in range(screen.columns):
            cell = screen.buffer[y][x]
            text.append(cell.data, Style(color=colour(cell.fg), bold=cell.bold))
        text.append("\n")
    text.rstrip()
    return text


def colour(name: str) -> Color | None:
    """A colour of pyte's as one of rich's."""
    if name == "default":
        return None
    name = name.replace("brown", "yellow").replace("bright", "bright_")
    return Color.parse(f"#{name}" if len(name) == 6 and set(name) <= set("0123456789abcdef") else name)


def main(target: Path) -> None:
    """Write the picture."""
    screen = caught([sys.executable, "examples/demo.py"], r"[4-6][0-9]%")
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(as_text(screen))
    svg = console.export_svg(title="make demo", theme=MONOKAI, code_format=PLAIN_SVG)
    target.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Numbers, times and users' text as the words that all views show; pure functions.

Every text that came from a user (names, units, notes) passes `plain` before it is shown anywhere: what it returns
moves no cursor, begins no escape sequence, turns no writing direction and is of bounded length.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping

from instep.model import Note

UNKNOWN = "?"
ELLIPSIS = "…"

_DECIMAL = ("", "k", "M", "G", "T", "P", "E")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_UNITS_OF_TIME = ((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"))

_SHORT_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}

_ASCII = str.maketrans({ELLIPSIS: "...", "·": "|", "×": "x", "–": "-", "µ": "u"})
_ASCII_SAME_WIDTH = str.maketrans({ELLIPSIS: "~", "·": "|", "×": "x", "–": "-", "µ": "u"})


def plain(text: object, limit: int = 200) -> str:
    r"""`text` made harmless: one line, nothing but visible characters, at most `limit` of them.

    What isn't visible is shown as an escape such as `\x1b`. Anything may be given; an object is shown by its `str()`,
    and one whose `str()` raises by its type.
    """
    raw = _exact(text)
    # An escape is longer than what it stands for, never shorter: the first `limit + 1` characters decide.
    shown = "".join(map(_visible, raw[: limit + 1]))
    return shown if len(shown) <= limit else shown[: limit - 1] + ELLIPSIS


def _exact(value: object) -> str:
    """The characters of any value, as a `str` and no subclass of it (whose methods could do anything)."""
    try:
        return str.__str__(value if isinstance(value, str) else str(value))
    except Exception as error:
        return f"<{type(value).__name__} whose text raises {type(error).__name__}>"


def _visible(character: str) -> str:
    # Not printable are: control and format characters (bidi overrides, zero-width marks, joiners), surrogates, line and
    # paragraph separators, code points without a meaning, of which no terminal knows the width, and spaces but one.
    if character.isprintable():
        return character
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if unicodedata.category(character) == "Zs":
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def value(thing: object, limit: int = 60) -> str:
    """A note's value in a few characters: floats with four digits, all else as `plain` text."""
    if isinstance(thing, float):
        return f"{float.__float__(thing):.4g}"
    return plain(thing, limit)


def notes(latest: Iterable[Note], limit: int = 200) -> str:
    """The latest notes as one text: the last value said, then the fields, each as it was last given.

    Notes come oldest first. What is `None` isn't shown.
    """
    said: object = None
    fields: dict[str, object] = {}
    for note in latest:
        said = said if note.value is None else note.value
        fields.update(_items(note.fields))
    parts = [] if said is None else [value(said)]
    parts += [f"{plain(key, 40)}={value(thing)}" for key, thing in fields.items() if thing is not None]
    return plain(" ".join(parts), limit)


def _items(fields: Mapping[str, object]) -> dict[str, object]:
    try:
        return {key: fields[key] for key in fields}
    except Exception:  # a mapping of the user's own
        return {}


def whole(number: float) -> str:
    """A count, every digit of it: `1,204`; beyond 21 digits only how large it is."""
    return f"{number:,}" if abs(number) < 10**21 else _short(_as_float(number))


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # an int of more than 308 digits
        return math.inf


def scaled(number: float, *, binary: bool = False) -> tuple[str, str]:
    """A number in at most five characters, and the prefix of its unit: `("12.3", "k")`, `("4.5", "Mi")`."""
    if not math.isfinite(_as_float(number)):
        return UNKNOWN, ""
    base, prefixes = (1024, _BINARY) if binary else (1000, _DECIMAL)
    power = 0
    # Below 10,000 a count is short enough to be shown whole; bytes change their prefix at 1,024.
    if abs(number) >= (1024 if binary else 9999.5):
        while power < len(prefixes) - 1 and abs(number) >= base - 0.5:
            number /= base
            power += 1
    return _short(number), prefixes[power]


def _short(number: float) -> str:
    if isinstance(number, int) and abs(number) < 100_000:
        return f"{number:,}"
    return f"{number:.1f}" if abs(number) < 99.95 else f"{number:,.0f}" if abs(number) < 1e15 else f"{number:.2e}"


def count(number: float, unit: str = "it") -> str:
    """So many of a unit: `1,204 it`, `12.3 k it`, `4.5 MiB`."""
    digits, prefix = scaled(number, binary=unit == "B")
    return _with_unit(digits, prefix, named(unit, number))


def _with_unit(digits: str, prefix: str, unit: str) -> str:
    if unit == "B":
        return f"{digits} {prefix}B"
    return " ".join(part for part in (digits, prefix, unit) if part)


def named(unit: str, number: float) -> str:
    """What so many are called: a unit that is the name of many may know that of one, as its `one`."""
    return plain(getattr(unit, "one", unit) if number == 1 else unit, 20)


def rate(per_second: float | None, unit: str = "it") -> str:
    """How fast: `12.3 k it/s`, or `2.1 s/it` where a step takes longer than a second; "" while unknown."""
    if per_second is None or not math.isfinite(per_second) or per_second <= 0:
        return ""
    if per_second < 1 and unit != "B":
        return f"{duration(1 / per_second)}/{named(unit, 1)}"
    return f"{count(float(per_second), unit)}/s"


def duration(seconds: float | None, digits: int = 2) -> str:
    """A time that was measured, to so many significant digits: `850 ns`, `3.4 ms`, `2.1 s`, `1:02:03`."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return UNKNOWN
    if seconds == 0:
        return "0 s"
    if seconds >= 59.5:
        return clock(seconds)
    amounts = ((seconds / scale, name) for scale, name in _UNITS_OF_TIME)
    amount, name = next((amount, name) for amount, name in amounts if amount < 999.5)
    decimals = max(0, digits - 1 - math.floor(math.log10(max(amount, 1))))
    return f"{amount:.{decimals}f} {name}"


def clock(seconds: float | None) -> str:
    """A time as clocks show it: `0:07`, `1:02:03`, `3 d 4:05:06`; beyond three hundred years, `?`."""
    if seconds is None or not 0 <= seconds < 1e10:
        return UNKNOWN
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days:,} d {hour}:{minute:02}:{second:02}"
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def left(remaining: float | None, likely: tuple[float, float] | None) -> str:
    """Time left with its range: `0:40 (0:35–1:10)`; the range only where it says more; "" while unknown."""
    middle = clock(remaining)
    if middle == UNKNOWN:
        return ""
    low, high = (clock(bound) for bound in likely) if likely else (middle, middle)
    return middle if low == high == middle or UNKNOWN in (low, high) else f"{middle} ({low}–{high})"


def known(encoding: str | None) -> str:
    """The encoding, or ASCII where Python has no such."""
    try:
        "".encode(encoding or "utf-8")
    except LookupError:
        return "ascii"
    return encoding or "utf-8"


def fold(line: str, encoding: str | None, *, same_width: bool = False) -> str:
    """`line` with what `encoding` can't hold replaced; `same_width` by one character each, for aligned rows."""
    name = known(encoding)
    try:
        line.encode(name)
        return line
    except UnicodeEncodeError:
        simple = line.translate(_ASCII_SAME_WIDTH if same_width else _ASCII)
        return simple.encode(name, "replace" if same_width else "backslashreplace").decode(name)

"""Amounts and delimiters as they are written on a command line."""

from __future__ import annotations

import os
import re

import click

_SIZE = re.compile(r"(\d{1,20}(?:\.\d{1,20})?) ?([kmgtpe]?)(i?b)?", re.IGNORECASE | re.ASCII)
_PREFIXES = "kmgtpe"
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.?)", re.DOTALL)
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"\\": b"\\"}


def size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A number of bytes: `4096`, `512M`, `1.5G` or `4GiB` by 1024, `4GB` by 1000, as dd has it."""
    if value is None:
        return None
    found = _SIZE.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no size: write 4096, 512M, 1.5G, or 4GB for 4 * 1000**3", ctx, param)
    number, prefix, unit = found.groups()
    base = 1000 if prefix and unit and unit.lower() == "b" else 1024
    scale = int(base ** (_PREFIXES.index(prefix.lower()) + 1)) if prefix else 1
    return int(number) * scale if number.isdigit() else int(float(number) * scale)


def delimiter(ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    r"""Bytes, written as they are or with escapes: `\n`, `\t`, `\0`, `\x1e`, `\\`."""
    if value is None:
        return None

    def meant(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        if escape in _ESCAPES:
            return _ESCAPES[escape]
        code = int(escape[1:], 16) if len(escape) == 3 and escape[:1] == b"x" else _octal(escape)
        if code is None or code > 255:
            what = f"'{os.fsdecode(found[0])}' is no escape"
            raise click.BadParameter(rf"{what}: write \n, \t, \0, \x1e, or \\ for a backslash", ctx, param)
        return bytes([code])

    found = _ESCAPE.sub(meant, os.fsencode(value))
    if not found:
        raise click.BadParameter("expected at least one character; got an empty one", ctx, param)
    return found


def _octal(escape: bytes) -> int | None:
    return int(escape, 8) if escape and not escape.strip(b"01234567") else None

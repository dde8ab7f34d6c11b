"""`instep pipe`: passes bytes on unchanged, and shows how many went by, how fast, and for how long yet."""

from __future__ import annotations

import os
import sys

import click

from instep.cli import amounts, copying, inputs
from instep.cli.failures import Failure
from instep.cli.flow import Flow, Pieces

_STDOUT = 1


@click.command(short_help="Pass bytes on, and show how many and how fast.")
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("-d", "--delim", callback=amounts.delimiter, help=r"Count items that end with this: '\t', ', ', '\x1e'.")
@click.option("-0", "--null", is_flag=True, help="Count items that end with a null byte, as of find -print0.")
@click.option("-b", "--bytes", "only_bytes", is_flag=True, help="Count nothing but bytes: the quickest.")
@click.option("--total", type=click.IntRange(0), help="So many lines, or items, are expected.")
@click.option(
    "-s", "--size", callback=amounts.size, metavar="SIZE", help="So many bytes are expected: 4096, 512M, 1.5G."
)
@click.option("-N", "--name", help="What it is called (default: the file's name, or pipe).")
@click.option("--json", "as_json", is_flag=True, help="Show JSON lines, on stderr; one at the end always.")
def pipe(
    files: tuple[str, ...],
    delim: bytes | None,
    null: bool,
    only_bytes: bool,
    total: int | None,
    size: int | None,
    name: str | None,
    as_json: bool,
) -> int:
    """Pass stdin, or FILES, to stdout, and show on stderr what goes by.

    Lines and bytes are counted; the bytes pass unchanged. The size of a file is known, and so is the time left; say
    --total or --size where it isn't.
    """
    if (delim is not None) + null + only_bytes > 1:
        raise click.UsageError("--delim, --null and --bytes exclude each other.")
    if only_bytes and total is not None:
        raise click.UsageError("--total is a number of items; with --bytes write --size.")
    if sys.stdout is None:
        raise Failure("there is no stdout to write to", code=1)
    names = files or (inputs.STDIN,)
    inputs.check(names)
    if as_json and not os.environ.get("INSTEP_VIEW", "").startswith("jsonl"):
        os.environ["INSTEP_VIEW"] = "jsonl"
    pieces = None if only_bytes else Pieces(b"\0" if null else b"\n" if delim is None else delim)
    called = name or (os.path.basename(files[0]) if len(files) == 1 and files[0] != inputs.STDIN else "pipe")
    flow = Flow(called, pieces, total, inputs.size(names) if size is None else size)
    with flow.running(told=as_json):
        write = copying.writer(_STDOUT)
        for one in names:
            _pass(one, flow, write)
    return 0


def _pass(name: str, flow: Flow, write: copying.Write) -> None:
    with inputs.opened(name, _STDOUT) as source:
        copying.widen(source, _STDOUT)
        moved = flow.moved if flow.pieces is None else copying.again(source, flow.moved, flow.seen)
        if moved is None or not copying.move(source, _STDOUT, moved):
            copying.copy(source, inputs.called(name), write, flow.passed)

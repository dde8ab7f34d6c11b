"""The command `instep`: its commands, its exit codes, and how errors are told.

| exit code | when |
|---|---|
| 0 | all went well |
| 1 | what was asked for could not be done: a function raised, or can't be stepped |
| 2 | the command was written wrongly, or names what does not exist |
| 130 | Ctrl-C: it ends by SIGINT, for which a shell says 130 |
| 141 | nobody reads the output any more |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from instep.cli.failures import TRACEBACK, Failure
from instep.errors import InstepError
from instep.views import text

_COMMANDS = {"dissect": "instep.cli.dissect", "pipe": "instep.cli.pipe"}
"""A command, and the module in which it is called by its name."""
_INTERRUPTED, _CLOSED = 130, 141


class _Commands(click.Group):
    """Commands that are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module = _COMMANDS.get(name)
        return None if module is None else getattr(import_module(module), name)


def _show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version  # as costly as all else that a command imports

    try:
        said = version("instep")
    except PackageNotFoundError:
        said = "not installed"
    click.echo(f"instep {said}")
    ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.option(
    *("-V", "--version"),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def instep(ctx: click.Context, debug: bool) -> None:
    """See a Python computation as its steps.

    Exit codes: 0 all went well, 1 it could not be done, 2 the command is
    wrong, 130 interrupted.
    """
    ctx.obj = {"debug": debug}


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, and leave the process with its exit code; by Ctrl-C as any Python program does.

    That is by the signal itself, which a shell takes for 130, and ends its loop or script for it.
    """
    code = run(sys.argv[1:] if arguments is None else arguments)
    if code == _INTERRUPTED:
        sys.excepthook = _say_nothing
        raise KeyboardInterrupt
    sys.exit(code)


def _say_nothing(*_: object) -> None:
    """It was said already."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line; gives the exit code."""
    try:
        code = _invoked(arguments)
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except BrokenPipeError:
        _close_stdout()
        return _CLOSED
    except OSError as error:  # a disk that is full
        _close_stdout()
        _say(f"can't write: {error}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return _INTERRUPTED
    return code


def _invoked(arguments: Sequence[str]) -> int:
    debug = "--debug" in arguments
    try:
        with instep.make_context("instep", list(arguments)) as ctx:
            return instep.invoke(ctx) or 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else "instep"
        _say(error.format_message(), f"try: {path} --help")
        return error.exit_code
    except Failure as failure:
        if debug and failure.__cause__ is not None:
            _print_traceback(failure.__cause__)
        _say(str(failure), "" if debug and failure.hint == TRACEBACK else failure.hint)
        return failure.code
    except InstepError as error:
        if debug:
            _print_traceback(error)
        _say(str(error))
        return 1


def _print_traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error)


def _say(what: str, hint: str = "") -> None:
    """An error, in one line."""
    line = f"instep: {text.plain(what, 500)}" + (f" ({text.plain(hint, 300)})" if hint else "")
    try:
        print(text.fold(line, getattr(sys.stderr, "encoding", None)), file=sys.stderr, flush=True)
    except (AttributeError, OSError, ValueError):  # there is no stderr
        pass


def _close_stdout() -> None:
    """Let the interpreter flush, at exit, to where nobody minds."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        pass

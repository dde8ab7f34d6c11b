"""`instep dissect`: a function's statements, lines and instructions beside each other; and what each step gave."""

from __future__ import annotations

import json
import sys
from difflib import get_close_matches

import click

from instep.cli import sheets
from instep.cli.failures import TRACEBACK, Failure
from instep.cli.streams import lent
from instep.cli.taking import Taking, as_text
from instep.cli.targets import arguments, find, literal
from instep.functions.grains import CannotStep, GrainName
from instep.functions.run import GRAINS, Stepped, plain_function
from instep.views import jsonl

_LIMIT = 1000


class _Command(click.Command):
    """Takes words such as `-1`, and all that follows `--`, for arguments of the function."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        before, after = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        rest = super().parse_args(ctx, before)
        for word in ctx.params["words"]:
            if word.startswith("-") and isinstance(literal(word), str):
                name = word.partition("=")[0]
                known = [each for option in self.params for each in option.opts]
                raise click.NoSuchOption(name, possibilities=get_close_matches(name, known), ctx=ctx)
        ctx.params["words"] += tuple(after)
        return rest


@click.command(
    cls=_Command, short_help="Show a function as its steps.", context_settings={"ignore_unknown_options": True}
)
@click.argument("function")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
@click.option("--run", is_flag=True, help="Run it, also where there are no arguments.")
@click.option("--grain", type=click.Choice(GRAINS), help="The steps of a run (default: statement); or show these only.")
@click.option("--limit", type=click.IntRange(0), default=_LIMIT, show_default=True, help="Show so many steps of a run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def dissect(
    function: str, words: tuple[str, ...], run: bool, grain: GrainName | None, limit: int, as_json: bool, debug: bool
) -> int:
    """Show a function as its steps: its statements, lines and instructions.

    FUNCTION is module:function or file.py:function (also module:Class.method). Its module is imported, which runs the
    code of the module.

    With ARGUMENTS it is run, and each step is shown with its value and time. They are Python literals (1, "[1, 2]",
    None); any other word is a str; key=value is given by keyword; all that follows -- is taken for arguments.
    """
    args, kwargs = arguments(words)
    taking = None
    try:
        with lent(aside=as_json):
            target = find(function)
            plain = plain_function(target.function)
            if words or run:
                if target.needs:
                    raise Failure(f"{function} needs an object of {target.needs}", "dissect a function that makes one")
                stepped: Stepped[..., object] = Stepped(target.function, grain or "statement")
                taking = Taking(stepped, jsonl.json_value if as_json else as_text, limit)
                taking.run(args, kwargs)
        _show(function, sheets.Sheet(plain, taking, (grain,) if grain else GRAINS), as_json)
    except CannotStep as error:
        hint = f"try: --grain {error.instead}" if error.instead else ""
        raise Failure(f"{function}: {error.reason}", hint, 1) from error
    if taking is None or taking.error is None:
        return 0
    if debug:
        taking.print_traceback()
    at = "" if taking.raised_at is None else f" at line {taking.raised_at}"
    raise Failure(f"{function} raised {taking.raised}{at}", TRACEBACK, 1)


def _show(function: str, sheet: sheets.Sheet, as_json: bool) -> None:
    if sys.stdout is not None and sys.stdout.closed:
        raise Failure(f"{function} closed stdout, so that nothing can be shown", code=1)
    if as_json:
        print(json.dumps(sheet.as_json(), allow_nan=False))
    else:
        sheet.show()

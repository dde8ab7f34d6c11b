"""What the steps of a function are, without running it: its sites at each grain, in the order of the source."""

from __future__ import annotations

import dis
import linecache
from types import CodeType, FunctionType

from instep.functions.grains import GrainName, Site


def sites(function: FunctionType, grain: GrainName) -> list[Site]:
    """The steps that a call of `function` may take; `CannotStep` where it can't be stepped at this grain.

    A step that stands at several places of the code, as a `finally` block does, is listed once. What a line binds
    depends on how it is run: here it is called by its text.
    """
    if grain == "statement":
        from instep.functions.statements import sites as statements

        return sorted(dict.fromkeys(statements(function)), key=lambda site: site.line)
    from instep.functions.instructions import prepare

    prepare(function, grain)  # refuses what can't be
    return _instructions(function.__code__) if grain == "bytecode" else _lines(function.__code__)


def _instructions(code: CodeType) -> list[Site]:
    from instep.functions.naming import RETURNED, Spots

    spots = Spots(code, lines=False)
    found: list[Site] = []
    prefix = ""
    for each in _after_its_beginning(code):
        site = spots[each.offset, RETURNED].site
        if not prefix or prefix != site.name:  # else it is one step with its prefixes, and stands where they begin
            found.append(site)
        prefix = site.name if each.opname == "EXTENDED_ARG" else ""
    return found


def _after_its_beginning(code: CodeType) -> list[dis.Instruction]:
    """The instructions after the first `RESUME`: up to there a call only begins, in no step."""
    found = list(dis.get_instructions(code))
    begins = next(k for k, each in enumerate(found) if each.opname == "RESUME")
    return found[begins + 1 :]


def _lines(code: CodeType) -> list[Site]:
    from instep.functions.nesting import depths

    ends: dict[int, int] = {}
    for each in _after_its_beginning(code):
        at = each.positions
        if at is not None and at.lineno is not None:
            ends[at.lineno] = max(ends.get(at.lineno, 0), at.end_lineno or at.lineno)
    nesting = depths(code)
    sources = {line: linecache.getline(code.co_filename, line).strip() for line in ends}
    return [
        Site(sources[line] or f"line {line}", line, ends[line], sources[line], nesting.get(line, 0))
        for line in sorted(ends)
    ]

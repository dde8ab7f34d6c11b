"""The lines and instructions that are stepped are those that run: `sys.settrace` and `dis` say so, in plain runs."""
# ruff: noqa: D103

import argparse
import copy
import csv
import difflib
import dis
import fnmatch
import heapq
import importlib.util
import io
import json.decoder
import linecache
import re
import shlex
import string
import sys
import textwrap

import pytest

from functions.driving import steps_of
from instep.functions.instructions import prepare

GRAINS = ["bytecode", "line"]


def traced(function, arguments, event):
    """The arrivals of a plain call, traced: the offset at each, and the outcome."""
    arrivals = []
    code = function.__code__
    mine = []

    def local(frame, what, _):
        if what == event and frame is mine[0]:
            arrivals.append(frame.f_lasti)
        return local

    def begin(frame, _, __):
        if frame.f_code is not code:
            return None
        mine.append(frame)
        frame.f_trace_opcodes = event == "opcode"  # of the recursive ones too: on 3.13 one without takes it from all
        return local

    # Some versions give no opcode events unless a frame below, too, asks for them, and for lines.
    here = sys._getframe()
    before, outer = here.f_trace_opcodes, sys.gettrace()
    here.f_trace_opcodes = True
    sys.settrace(begin)
    try:
        result = outcome(lambda: function(*arguments))
    finally:
        sys.settrace(outer)
        here.f_trace_opcodes = before
    return arrivals, result


def outcome(call):
    """What comes of a call, in a form that can be compared."""
    try:
        return "returned", repr(call())
    except BaseException as error:
        return "raised", repr(error)


def without_addresses(result):
    """An outcome without what is another in each run."""
    return re.sub("0x[0-9a-f]+", "", str(result))


def stepped(function, arguments, grain):
    """The steps of a call, and its outcome."""
    steps = []
    call = prepare(function, grain)(*arguments)
    return steps, outcome(lambda: steps_of(call, steps))


def printed(function):
    """What `dis` prints for each offset: the name of the instruction, and its argument or what that means."""
    found, prefixes = {}, []
    for each in dis.get_instructions(function):
        argument = each.argrepr or each.arg
        name = each.opname if argument is None else f"{each.opname} {argument}"
        found[each.offset] = name
        if each.opname == "EXTENDED_ARG" and sys.version_info < (3, 12):  # one event with the instruction it belongs to
            prefixes.append(each.offset)
        else:
            found.update(dict.fromkeys(prefixes, name))
            prefixes.clear()
    return found


class Counting(dict):
    """Has a `__missing__`, and is copied deeply."""

    def __missing__(self, key):
        return key


def parser():
    found = argparse.ArgumentParser(prog="p", exit_on_error=False)
    found.add_argument("--n", type=int, default=3)
    found.add_argument("words", nargs="*")
    return found


def sheet():
    return "name;age\nann;3\nbob;4\ncid;5\n"


def in_python(name):
    """A module that replaces its functions by some in C, without that."""
    found = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(found)
    hidden = sys.modules.pop(f"_{name}", None)
    sys.modules[f"_{name}"] = None  # importing it fails
    try:
        found.loader.exec_module(module)
    finally:
        del sys.modules[f"_{name}"]
        if hidden is not None:
            sys.modules[f"_{name}"] = hidden
    return module


def long():
    """A function with more names than a byte can tell."""
    variables = {}
    exec("def f():\n" + "\n".join(f"    x{n} = {n}" for n in range(300)) + "\n    return x299", variables)
    return variables["f"]


CASES = {
    "more than 255 names": (long(), tuple),
    "bisect.insort": (in_python("bisect").insort, lambda: ([1, 3, 5, 7], 4)),
    "bisect.bisect_left": (in_python("bisect").bisect_left, lambda: ([1, 3, 5, 7], 5, 0, None)),
    "heapq.heapify": (in_python("heapq").heapify, lambda: ([5, 2, 8, 1, 9, 4],)),
    "heapq.heappushpop": (in_python("heapq").heappushpop, lambda: ([1, 2, 3], 4)),
    "textwrap.dedent": (textwrap.dedent, lambda: ("  a\n    b\n\n  c\n",)),
    "textwrap.wrap": (textwrap.wrap, lambda: ("the quick brown fox jumps over it", 12)),
    "TextWrapper._wrap_chunks": (
        textwrap.TextWrapper._wrap_chunks,
        lambda: (textwrap.TextWrapper(width=9), ["lazy", " ", "dog", " ", "barks", " ", "extraordinarily"][::-1]),
    ),
    "py_scanstring": (json.decoder.py_scanstring, lambda: ('a\\n\\u00e9\\ud83d\\ude00b"tail', 0)),
    "py_scanstring, unfinished": (json.decoder.py_scanstring, lambda: ("abc", 0)),
    "JSONObject": (
        json.decoder.JSONObject,
        lambda: (('{"a": 1, "b": [2]}', 1), True, json.decoder.JSONDecoder().scan_once, None, None),
    ),
    "heapq.nsmallest": (heapq.nsmallest, lambda: (3, [5, 2, 8, 1, 9, 4])),
    "heapq.nlargest by key": (heapq.nlargest, lambda: (2, ["ccc", "a", "bb"], len)),
    "heapq._siftup": (heapq._siftup, lambda: ([9, 1, 2, 3, 4, 5], 0)),
    "fnmatch.translate": (fnmatch.translate, lambda: ("a*[!b-d]?[*.py",)),
    "shlex.split": (shlex.split, lambda: ('cp \'a b\' "c\\"d" e\\ f # g', True)),
    "shlex.read_token": (shlex.shlex.read_token, lambda: (shlex.shlex("one 'two' three"),)),
    "difflib.get_close_matches": (difflib.get_close_matches, lambda: ("appel", ["ape", "apple", "peach", "puppy"])),
    "SequenceMatcher.find_longest_match": (
        difflib.SequenceMatcher.find_longest_match,
        lambda: (difflib.SequenceMatcher(None, " abcd", "abcd abcd"), 0, 5, 0, 9),
    ),
    "copy.deepcopy": (copy.deepcopy, lambda: ({"a": [1, (2, 3)], "b": Counting(x=1)},)),
    "copy._reconstruct": (copy._reconstruct, lambda: (Counting(), {}, Counting, (), {"a": [1]})),
    "Sniffer._guess_delimiter": (csv.Sniffer._guess_delimiter, lambda: (csv.Sniffer(), sheet(), None)),
    "Sniffer.sniff": (csv.Sniffer.sniff, lambda: (csv.Sniffer(), sheet())),
    "Sniffer.has_header": (csv.Sniffer.has_header, lambda: (csv.Sniffer(), sheet())),
    "DictReader.__next__": (csv.DictReader.__next__, lambda: (csv.DictReader(io.StringIO("a,b\n\n1,2,3\n")),)),
    "ArgumentParser._parse_known_args": (
        argparse.ArgumentParser.parse_known_args,
        lambda: (parser(), ["x", "--n", "5", "--z", "y"]),
    ),
    "ArgumentParser.error": (argparse.ArgumentParser.parse_args, lambda: (parser(), ["--n", "five"])),
    "Template.safe_substitute": (string.Template.safe_substitute, lambda: (string.Template("$a ${b} $$ $c"), {"a": 1})),
    "Formatter.vformat": (
        string.Formatter.vformat,
        lambda: (string.Formatter(), "{0!r:>5} {x[1]}", ("a",), {"x": "yz"}),
    ),
    "linecache.getline": (linecache.getline, lambda: (textwrap.__file__, 3)),
    "string.capwords": (string.capwords, lambda: ("the quick fox",)),
}


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("name", CASES)
def test_the_steps_of_a_function_are_its_traced_events(name, grain):
    """On functions of the standard library: as many steps as events, at the same instructions, and the same outcome."""
    function, arguments = CASES[name]
    event = "opcode" if grain == "bytecode" else "line"
    traced(function, arguments(), event)  # 3.13.0 gives no opcode events the first time
    arrivals, expected = traced(function, arguments(), event)
    steps, result = stepped(function, arguments(), grain)
    assert without_addresses(result) == without_addresses(expected)
    raised = expected[0] == "raised"
    assert arrivals
    assert len(steps) == len(arrivals) - raised
    lines = {each.offset: each.positions.lineno for each in dis.get_instructions(function)}
    assert all(lines[at] in (None, step.site.line) for at, step in zip(arrivals, steps, strict=False))
    if grain == "bytecode":
        names = printed(function)
        assert [step.site.name for step in steps] == [names[at] for at in arrivals[: len(steps)]]

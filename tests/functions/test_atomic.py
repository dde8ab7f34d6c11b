"""The example that shows what is atomic: what it finds, and what it prints."""
# ruff: noqa: D103

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import pytest

from instep import steps

PATH = Path(__file__).parents[2] / "examples" / "atomic.py"


@pytest.fixture(scope="module")
def example():
    found = importlib.util.spec_from_file_location("atomic", PATH)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def rows(text):
    """Who did which instruction, from the printed table."""
    lines = text.splitlines()[1:-1]
    width = lines[0].index("B")
    return [("A" if line[:width].strip() else "B", line[:-7].strip(), int(line[-7:])) for line in lines[1:]]


def test_it_prints_an_order_that_loses_one_and_a_line_that_never_does(example, capsys):
    """The table's order, taken again, loses one of two; nothing is lost in any order of the other line."""
    example.main()
    printed = capsys.readouterr().out
    first, last = printed.splitlines()[0], printed.splitlines()[-1]
    assert re.fullmatch(r"counter \+= 1, by A and by B: \d+ orders, [1-9]\d* of which lose one", first)
    assert re.fullmatch(r"items\.append\(1\), by A and by B: \d+ orders, 0 of which lose one", last)
    table = rows(printed)
    assert table[-1][2] == 1
    again = example.run(steps(example.count, grain="bytecode"), "".join(who for who, _, _ in table))
    assert [(each.who, each.instruction, each.total) for each in again] == table


def test_all_orders_are_tried_once_each(example):
    """As many as there are ways to mix two calls of n steps, halved since A begins: (2n - 1)! / (n! (n - 1)!)."""
    orders = list(example.orders(4))
    assert len(orders) == len(set(orders)) == 35
    assert all(order.count("A") == order.count("B") == 4 and order[0] == "A" for order in orders)


def test_exactly_those_orders_lose_in_which_one_reads_before_the_other_has_written(example):
    """The search agrees with the reason for it."""
    stepped = steps(example.count, grain="bytecode")
    names = [step.name for step in stepped()]
    write = next(index for index, name in enumerate(names) if name.startswith("STORE_GLOBAL"))
    lost = set(example.search(stepped).lost)
    for order in example.orders(len(names)):
        places = {who: [at for at, each in enumerate(order) if each == who] for who in "AB"}
        overlap = all(places[one][0] < places[other][write] for one, other in ("AB", "BA"))
        assert (order in lost) == overlap


def test_one_with_the_fewest_changes_is_shown(example):
    """The first of those that are lost changes from one to the other twice: less can't lose."""
    shown = example.search(steps(example.count, grain="bytecode")).lost[0]
    assert sum(before != after for before, after in pairwise(shown)) == 2

"""What is atomic? One line, run by two at a time, an instruction of the one or of the other, in all orders there are.

No thread is needed for it, and no luck: each order is chosen. Two `counter += 1` lose one in most orders, of which a
shortest is shown; two `items.append(1)` never do.
"""

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

from instep import Step, steps

counter = 0
items: list[int] = []


def count() -> None:
    """Read, add, write: one line, and some instructions."""
    global counter
    counter += 1


def append() -> None:
    """One of the instructions does it all."""
    items.append(1)


class Done(NamedTuple):
    """An instruction that was run, by whom, and what was counted then."""

    who: str
    instruction: str
    total: int


class Tried(NamedTuple):
    """What came of trying all orders."""

    orders: int
    lost: list[str]
    """The orders after which one of the two is missing, those with the fewest changes from one to the other first."""


def total() -> int:
    """How often it was counted: the number, or the items."""
    return counter + len(items)


def run(stepped: Callable[[], Iterator[Step]], order: str) -> list[Done]:
    """Take the instructions of two calls, A's and B's, in an order such as "AABBA", from nothing counted on."""
    global counter
    counter = 0
    items.clear()
    calls = {"A": stepped(), "B": stepped()}
    done = []
    for who in order:
        step = next(calls[who])
        done.append(Done(who, str(step.name), total()))
    return done


def orders(length: int) -> Iterator[str]:
    """All orders of two calls with so many steps. A begins: else it is the same with the names exchanged."""
    for others in combinations(range(1, 2 * length), length):
        yield "".join("B" if place in others else "A" for place in range(2 * length))


def changes(order: str) -> int:
    """How often the other one goes on."""
    return sum(before != after for before, after in pairwise(order))


def search(stepped: Callable[[], Iterator[Step]]) -> Tried:
    """Try all orders."""
    every = list(orders(len(list(stepped()))))
    lost = [order for order in every if run(stepped, order)[-1].total < 2]
    return Tried(len(every), sorted(lost, key=changes))


def table(done: list[Done]) -> str:
    """A's instructions to the left and B's to the right, downwards as they were run."""
    width = max(len(each.instruction) for each in done) + 2
    lines = [f"  {'A':{width}}{'B':{width}}counted"]
    for who, instruction, counted in done:
        a, b = (instruction, "") if who == "A" else ("", instruction)
        lines.append(f"  {a:{width}}{b:{width}}{counted:7}")
    return "\n".join(lines)


def main() -> None:
    """Search both functions, and print what was found."""
    for function, line in (count, "counter += 1"), (append, "items.append(1)"):
        stepped = steps(function, grain="bytecode")
        tried = search(stepped)
        print(f"{line}, by A and by B: {tried.orders} orders, {len(tried.lost)} of which lose one")
        if tried.lost:
            print(table(run(stepped, tried.lost[0])))


if __name__ == "__main__":
    main()

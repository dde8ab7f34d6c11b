"""The ways in which a loop can be driven, and the ways in which each can end; the same code for bare and tracked."""

from __future__ import annotations

import collections
import itertools
import sys
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, NamedTuple

from instep.loops import Track


class BodyError(Exception):
    """What a loop's body raises."""


class Body:
    """What a loop does for each item: writes down what it sees, and says at item number `at` how the loop is left."""

    def __init__(self, end: str, at: int, look: Callable[[], object] | None = None, took: int = 0) -> None:
        self.end = end
        self.at = at
        self.look = look
        self.took = took
        self.items: list[Any] = []
        self.looks: list[object] = []
        self.references: list[int] = []

    def __call__(self, item: object) -> bool:
        """True where the loop is to be left."""
        self.references.append(sys.getrefcount(item))
        self.items.append(item)
        if self.look is not None:
            self.looks.append(self.look())
        if self.took:
            spin(self.took)
        if len(self.items) != self.at:
            return False
        if self.end == "raise":
            raise BodyError(self.at)
        return self.end != "end"


def spin(ns: int) -> None:
    """Be busy for so long at least."""
    until = perf_counter_ns() + ns
    while perf_counter_ns() < until:
        pass


def by_for(subject: Any, body: Body) -> None:
    """A plain `for`."""
    for item in subject:
        if body(item):
            if body.end == "return":
                return
            break


def by_for_in_try(subject: Any, body: Body) -> None:
    """A `for` left from inside a `try`."""
    for item in subject:
        try:
            if body(item):
                if body.end == "return":
                    return
                break
        finally:
            str(body.end)


def by_list(subject: Any, body: Body) -> None:
    """`list()`."""
    body.items += list(subject)


def by_star(subject: Any, body: Body) -> None:
    """A list display."""
    body.items += [*subject]


def by_star_assignment(subject: Any, body: Body) -> None:
    """An assignment that unpacks."""
    (*items,) = subject
    body.items += items


def by_arguments(subject: Any, body: Body) -> None:
    """The arguments of a call."""

    def take(*items: Any) -> None:
        body.items += items

    take(*subject)


def by_enumerate(subject: Any, body: Body) -> None:
    """A `for` over `enumerate`."""
    for _, item in enumerate(subject):
        if body(item):
            if body.end == "return":
                return
            break


def by_zip(subject: Any, body: Body) -> None:
    """A `for` over `zip`."""
    for item, _ in zip(subject, itertools.count()):
        if body(item):
            break


def by_map(subject: Any, body: Body) -> None:
    """A `for` over `map`."""
    for over in map(body, subject):
        if over:
            break


def by_deque(subject: Any, body: Body) -> None:
    """A consumer in C that calls the body."""
    collections.deque(map(body, subject), maxlen=0)


def by_next_then_for(subject: Any, body: Body) -> None:
    """`next` for the first item, `for` for the others."""
    steps = subject if isinstance(subject, Track) else iter(subject)
    try:
        first = next(steps)
    except StopIteration:
        return
    if body(first):
        return
    for item in steps:
        if body(item):
            break


def by_next(subject: Any, body: Body) -> None:
    """`next` alone."""
    steps = subject if isinstance(subject, Track) else iter(subject)
    while True:
        try:
            item = next(steps)
        except StopIteration:
            break
        if body(item):
            if isinstance(steps, Track):
                steps.close()  # a Track lives on, and what `next` began with it
            break


def by_variable(subject: Any, body: Body) -> None:
    """A `for` over an iterator that a variable holds."""
    steps = iter(subject)
    for item in steps:
        if body(item):
            break


def by_drop(subject: Any, body: Body) -> None:
    """An iterator that is dropped in the middle."""
    steps = iter(subject)
    for _ in range(body.at):
        try:
            body(next(steps))
        except StopIteration:
            break
    del steps


def by_comprehension(subject: Any, body: Body) -> None:
    """A list comprehension."""
    [body(item) for item in subject]


def by_dict_comprehension(subject: Any, body: Body) -> None:
    """A dict comprehension."""
    {id(item): body(item) for item in subject}


def by_generator_expression(subject: Any, body: Body) -> None:
    """A generator expression that somebody else consumes."""
    any(body(item) for item in subject)


def by_generator(subject: Any, body: Body) -> None:
    """A `for` inside a generator."""

    def items() -> Any:
        for item in subject:  # noqa: UP028
            yield item

    for item in items():
        if body(item):
            if body.end == "return":
                return
            break


def by_yield_from(subject: Any, body: Body) -> None:
    """A generator that delegates."""

    def items() -> Any:
        yield from subject

    for item in items():
        if body(item):
            if body.end == "return":
                return
            break


class Drive(NamedTuple):
    """A way to drive a loop, and the status that each way to end gives."""

    run: Callable[[Any, Body], None]
    ends: dict[str, str]
    counted: bool = True
    """Whether the body sees each item while it is the latest."""


FINISHED = {"end": "finished"}
LEFT = {"break": "stopped", "return": "stopped"}
# As far as CPython tells: what drives the loop in these is no `for` of ours, so an exception looks like any dropping.
UNTOLD = {"raise": "stopped"}
DRIVES = {
    "for": Drive(by_for, {**FINISHED, **LEFT, "raise": "failed"}),
    "for in try": Drive(by_for_in_try, {**FINISHED, **LEFT, "raise": "failed"}),
    "list": Drive(by_list, FINISHED, counted=False),
    "star": Drive(by_star, FINISHED, counted=False),
    "star assignment": Drive(by_star_assignment, FINISHED, counted=False),
    "arguments": Drive(by_arguments, FINISHED, counted=False),
    "enumerate": Drive(by_enumerate, {**FINISHED, **LEFT, "raise": "failed"}),
    "zip": Drive(by_zip, {**FINISHED, "break": "stopped", "raise": "failed"}),
    "map": Drive(by_map, {**FINISHED, "break": "stopped", **UNTOLD}),
    "deque": Drive(by_deque, {**FINISHED, **UNTOLD}),
    "next, then for": Drive(by_next_then_for, {**FINISHED, "break": "stopped", "raise": "failed"}),
    "next": Drive(by_next, {**FINISHED, "break": "stopped"}),
    "iterator in a variable": Drive(by_variable, {**FINISHED, "break": "stopped", **UNTOLD}),
    "drop": Drive(by_drop, {"drop": "stopped"}),
    "comprehension": Drive(by_comprehension, {**FINISHED, "raise": "failed"}),
    "dict comprehension": Drive(by_dict_comprehension, {**FINISHED, "raise": "failed"}),
    "generator expression": Drive(by_generator_expression, {**FINISHED, "break": "stopped", **UNTOLD}),
    "generator": Drive(by_generator, {**FINISHED, **LEFT, **UNTOLD}),
    "yield from": Drive(by_yield_from, {**FINISHED, **LEFT, **UNTOLD}),
}
WAYS = [(name, end) for name, drive in DRIVES.items() for end in drive.ends]
SLOW_WAYS = [(name, end) for name in ("for", "enumerate", "next, then for", "yield from") for end in DRIVES[name].ends]
"""A way of each sort, for what takes its time."""

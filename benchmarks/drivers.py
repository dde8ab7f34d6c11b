"""The ways to take a function step by step: instep's grains and what else there is, each driving a loop to its end.

A way has a copy of the function's code of its own wherever it runs the function's own code: tracing and specializing
change it.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Generator
from itertools import repeat
from typing import Any, Literal, NamedTuple

from benchmarks.loops import fresh

Drive = Callable[[int], Any]
"""Drives a call with that argument; gives its result, or the `Steps` that were taken, or `None`: nothing to check."""
Local = Callable[[Any, str, Any], Any]


class Loop(NamedTuple):
    """A function that is a tight loop, and the generator that a person would write to have its steps."""

    function: Callable[[int], Any]
    by_hand: Callable[[int], Generator[Any, None, Any]]


class Way(NamedTuple):
    """One way to drive a function."""

    unit: Literal["statement", "instruction"]
    """What is counted: as the loops here are written, a line holds one statement."""
    make: Callable[[Loop, int], Drive]
    """For a loop and how many steps a call of it will have."""
    ours: bool = False
    share: float = 1.0
    """Of the rounds that others run, how many it runs: slow ones run fewer."""


def _plain(loop: Loop, steps: int) -> Drive:
    return fresh(loop.function)


def _stepped(loop: Loop, grain: Any) -> Any:
    from instep import steps

    return steps(loop.function if grain == "statement" else fresh(loop.function), grain=grain)


def _run(grain: str) -> Callable[[Loop, int], Drive]:
    def make(loop: Loop, steps: int) -> Drive:
        stepped = _stepped(loop, grain)

        def drive(n: int) -> Any:
            walk = stepped(n)
            walk.run()
            return walk

        return drive

    return make


def _next(grain: str) -> Callable[[Loop, int], Drive]:
    def make(loop: Loop, steps: int) -> Drive:
        stepped, walk_all = _stepped(loop, grain), fresh()

        def drive(n: int) -> Any:
            walk = stepped(n)
            walk_all(walk)
            return walk

        return drive

    return make


def _by_hand_in_c(loop: Loop, steps: int) -> Drive:
    by_hand = fresh(loop.by_hand)

    def drive(n: int) -> None:
        deque(by_hand(n), maxlen=0)

    return drive


def _by_hand(loop: Loop, steps: int) -> Drive:
    by_hand, walk_all = fresh(loop.by_hand), fresh()
    return lambda n: walk_all(by_hand(n))


def _tracer(*, opcodes: bool) -> Callable[[Loop, int], Drive]:
    def make(loop: Loop, steps: int) -> Drive:
        def local(frame: Any, event: str, argument: Any) -> Any:
            return local

        return traced(fresh(loop.function), local, opcodes=opcodes)

    return make


def traced(function: Callable[[int], Any], local: Local, *, opcodes: bool) -> Drive:
    """Run a function under `sys.settrace`, its lines or its opcodes going to `local`.

    A first call doesn't count: Python 3.12.1 and 3.13.0 may drop the opcode events of one.
    """

    def begin(frame: Any, event: str, argument: Any) -> Local:
        frame.f_trace_opcodes, frame.f_trace_lines = opcodes, not opcodes
        return local

    def drive(n: int) -> Any:
        sys.settrace(begin)
        try:
            return function(n)
        finally:
            sys.settrace(None)

    return drive


def _monitored(event: str) -> Callable[[Loop, int], Drive]:
    def make(loop: Loop, steps: int) -> Drive:
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
        function, tool, wanted = fresh(loop.function), monitoring.PROFILER_ID, monitoring.events.__dict__[event]

        def drive(n: int) -> Any:
            monitoring.use_tool_id(tool, "empty")
            monitoring.register_callback(tool, wanted, lambda code, where: None)
            monitoring.set_local_events(tool, function.__code__, wanted)
            try:
                return function(n)
            finally:
                monitoring.set_local_events(tool, function.__code__, 0)
                monitoring.register_callback(tool, wanted, None)
                monitoring.free_tool_id(tool)

        return drive

    return make


def _greenlets(loop: Loop, steps: int) -> Drive:
    """As many times into a greenlet and back as there are steps."""
    from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

    def other() -> None:
        home = getcurrent().parent
        for _ in repeat(None, steps):
            home.switch()

    def drive(n: int) -> None:
        switch = greenlet(other).switch
        for _ in repeat(None, steps):
            switch()
        switch()

    return drive


class Turns:
    """Whose turn it is of two threads, told through a `threading.Condition`."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._theirs = False
        self.taken = 0

    def step(self) -> None:
        """Let the other thread go, and wait until it is back."""
        with self._condition:
            self._theirs = True
            self._condition.notify()
            while self._theirs:
                self._condition.wait()

    def answer(self) -> None:
        """In the other thread: wait for a turn, take it, and give it back."""
        with self._condition:
            while not self._theirs:
                self._condition.wait()
            self._theirs = False
            self.taken += 1
            self._condition.notify()


def _threads(loop: Loop, steps: int) -> Drive:
    """As many times into another thread and back as there are steps."""

    def drive(n: int) -> None:
        turns = Turns()

        def other() -> None:
            for _ in repeat(None, steps):
                turns.answer()

        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        for _ in repeat(None, steps):
            turns.step()
        thread.join()
        if turns.taken != steps:
            raise RuntimeError(f"{turns.taken} turns of {steps}")

    return drive


WAYS = {
    "plain function, a statement": Way("statement", _plain),
    "statement grain, run()": Way("statement", _run("statement"), ours=True),
    "statement grain, next": Way("statement", _next("statement"), ours=True),
    "line grain, run()": Way("statement", _run("line"), ours=True),
    "line grain, next": Way("statement", _next("line"), ours=True),
    "generator by hand, drained in C": Way("statement", _by_hand_in_c),
    "generator by hand, next": Way("statement", _by_hand),
    "empty line tracer": Way("statement", _tracer(opcodes=False)),
    "plain function, an instruction": Way("instruction", _plain),
    "bytecode grain, run()": Way("instruction", _run("bytecode"), ours=True),
    "bytecode grain, next": Way("instruction", _next("bytecode"), ours=True),
    "empty opcode tracer": Way("instruction", _tracer(opcodes=True)),
    "bare greenlet, there and back": Way("instruction", _greenlets),
    "thread by a Condition, there and back": Way("instruction", _threads, share=0.1),
}
if sys.version_info >= (3, 12):
    WAYS["empty line callback of sys.monitoring"] = Way("statement", _monitored("LINE"))
    WAYS["empty instruction callback of sys.monitoring"] = Way("instruction", _monitored("INSTRUCTION"))

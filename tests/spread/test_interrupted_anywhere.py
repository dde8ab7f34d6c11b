"""Ctrl-C at any point inside `each` at which CPython hears it: who catches it and asks again gets all the rest."""

from __future__ import annotations

import dis
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import instep.spread
from children import quiet
from instep import each
from instep.owed import owed
from instep.spread import work
from watching import Shown, watched

OURS = str(Path(instep.spread.__file__).parent)
HEARD_AFTER = {"CALL", "CALL_FUNCTION_EX", "CALL_KW", "JUMP_BACKWARD", "RESUME"}
"""The instructions after which signal handlers run (Python/ceval.c: CHECK_EVAL_BREAKER)."""
SEEN = ("window.py", "flight.py", "jobs.py", "threads.py", "executors.py", "sizes.py")


class Interrupter:
    """Raises KeyboardInterrupt in this thread at the n-th such point."""

    def __init__(self, at: int) -> None:
        self.at, self.points, self.where = at, 0, ""
        self._before: dict[FrameType, str] = {}

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(OURS) or not name.endswith(SEEN) or frame.f_code.co_name == "__del__":
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._look

    def _look(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode":
            name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            before = self._before.get(frame)
            self._before[frame] = name
            if before in HEARD_AFTER:
                self.points += 1
                if self.points == self.at:
                    self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                    raise KeyboardInterrupt
        elif event == "return":
            self._before.pop(frame, None)
        return self._look


@contextmanager
def traced(trace: Any) -> Iterator[None]:
    """Trace this thread's calls."""
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def asked(results: Any, interrupter: Interrupter) -> list[int]:
    """All that comes, whatever interrupts it."""
    found: list[int] = []
    while True:
        try:
            with traced(interrupter):
                found.append(next(results))
        except StopIteration:
            return found
        except KeyboardInterrupt:
            assert interrupter.where
        except (KeyError, TimeoutError):
            found.append(-1)


def shifted(x: int) -> int:
    """One more; fails at the third."""
    if x == 2:
        raise KeyError(x)
    return x + 1


WANTED = (1, 2, -1, 4, 5, 6)


def sweep(make: Callable[[], Any], ordered: bool, wanted: tuple[int, ...] = WANTED) -> int:
    """Interrupt it at each point in turn; gives how many there were.

    In a thread of its own: what a tracer raises may leave its thread with an error that seems to be handled still.
    """
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(_sweep, make, ordered, wanted).result()


def _sweep(make: Callable[[], Any], ordered: bool, wanted: tuple[int, ...]) -> int:
    with watched(Shown()):  # so that nobody raises again what could not be raised where it came
        at = 1
        while interrupted(make, ordered, at, list(wanted)):
            at += 1
        return at - 1


def interrupted(make: Callable[[], Any], ordered: bool, at: int, wanted: list[int]) -> bool:
    """Interrupt it once; false if it has come to its end before."""
    interrupter = Interrupter(at)
    results = make()
    found = asked(results, interrupter)
    results.close()
    owed.clear()
    if not interrupter.where:
        assert (found if ordered else sorted(found)) == (wanted if ordered else sorted(wanted))
        return False
    missing = [one for one in wanted if one not in found]
    assert len(missing) <= 1, f"lost {missing} at {interrupter.where}"  # the one in hand
    assert len(set(found)) == len(found), f"doubled at {interrupter.where}: {found}"
    assert found == [one for one in wanted if one in found] or not ordered, f"out of order at {interrupter.where}"
    return True


@pytest.mark.parametrize(("ahead", "ordered"), [(2, True), (None, False)])
def test_threads(ahead: int | None, ordered: bool) -> None:
    """No result is lost but the one in hand, none is doubled, nothing hangs."""
    assert sweep(lambda: each(shifted, range(6), on="threads:1", ahead=ahead, ordered=ordered), ordered) > 100


def test_chunks_that_come_back_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of them is sent once."""
    for name, value in {"LONG": 0, "PIECE": 1, "SLOW_PIECE": 1}.items():
        monkeypatch.setattr(work, name, value)
    wanted = tuple(-1 if x == 2 else x + 1 for x in range(12))
    assert sweep(lambda: each(shifted, range(12), on="threads:1"), True, wanted) > 100


class Failing:
    """An input that fails once, in the middle of a chunk, and goes on."""

    def __init__(self) -> None:
        self.at, self.failed = 0, False

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self.at == 4 and not self.failed:
            self.failed = True
            raise KeyError
        if self.at > 7:
            raise StopIteration
        self.at += 1
        return self.at


def test_an_input_that_fails() -> None:
    """What it gave before it failed is sent once."""
    make = lambda: each(lambda x: x, Failing(), on="threads:1")  # noqa: E731
    assert sweep(make, True, (1, 2, 3, 4, -1, 5, 6, 7, 8)) > 100


@pytest.mark.campaign
def test_a_step_that_takes_too_long() -> None:
    """It is given up, by whoever waits, at whatever point it was interrupted."""
    gates = []

    def slow(x: int) -> int:
        if x == 1:
            gates[-1].wait()
        return x

    def make() -> Any:
        gates.append(threading.Event())
        return each(slow, range(3), on="threads:1", ahead=2, timeout=0.05)

    assert sweep(make, True, (0, -1, 2)) > 100
    for gate in gates:
        gate.set()


@pytest.mark.campaign
@pytest.mark.parametrize("ordered", [True, False])
def test_executors_and_retries(ordered: bool) -> None:
    """The same, where futures are in between, and where steps are tried again."""
    with ThreadPoolExecutor(2) as executor:
        assert sweep(lambda: each(shifted, range(6), on=executor, ahead=2, ordered=ordered), ordered) > 100
    make = lambda: each(shifted, range(6), on="threads:2", ahead=3, ordered=ordered, retries=2)  # noqa: E731
    assert sweep(make, ordered) > 100


@pytest.mark.campaign
def test_processes() -> None:
    """The same, where each result comes from another process."""
    assert sweep(lambda: each(shifted, range(6), on="processes:1", ahead=2), True) > 100


@pytest.mark.parametrize("walk", ["next", "for"])
def test_what_has_cut_the_counting_cuts_nothing_else(walk: str) -> None:
    """All that is left comes, uncounted; an error of a step is no end."""
    out = quiet(
        f"""
        import sys, threading
        from instep import CannotSend, each
        from instep.owed import owed

        cut = []

        def trace(frame, event, argument):
            if frame.f_code.co_name == "paced" and not cut:
                cut.append(frame)
                raise KeyboardInterrupt

        results = each(lambda x: x, [0, 1, 2, threading.Lock(), 4, 5], on=1, ahead=1)
        found = [next(results)]
        sys.settrace(trace)
        try:
            found.append(next(results))
        except KeyboardInterrupt:
            pass  # it is owed, and may come while this waits for its process
        finally:
            sys.settrace(None)
            owed.clear()
        while True:
            try:
                if {walk!r} == "next":
                    found.append(next(results))
                else:
                    for result in results:
                        found.append(result)
                    break
            except CannotSend:
                found.append(-1)
            except StopIteration:
                break
        print(*found, results.status)
        """
    )
    assert out == "0 1 2 -1 4 5 interrupted\n"

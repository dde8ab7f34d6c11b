"""Functions that say, in a file, that they were called: so that calls can be counted wherever they are made."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from instep import note

DEADLINE = 30.0


class Calls:
    """The calls that were made, from any process: one line each."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "calls")
        folder.mkdir(exist_ok=True)
        Path(self.path).touch()

    def add(self, what: Any) -> None:
        """Say that there was one more; atomic, as short lines are that are appended."""
        number = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(number, f"{what} {os.getpid()} {threading.get_ident()}\n".encode())
        finally:
            os.close(number)

    def rows(self) -> list[list[str]]:
        """What was called, in which process and thread."""
        return [line.split() for line in Path(self.path).read_text().splitlines()]

    def of(self) -> list[int]:
        """What was called."""
        return [int(row[0]) for row in self.rows()]


class Square(Calls):
    """Gives the square, and counts its calls."""

    def __call__(self, x: int) -> int:
        self.add(x)
        return x * x


class FailsAt(Calls):
    """Fails for one number, until it was tried so often."""

    def __init__(self, folder: Path, at: int, times: int = 1 << 30) -> None:
        super().__init__(folder)
        self.at, self.times = at, times

    def __call__(self, x: int) -> int:
        self.add(x)
        if x == self.at and self.of().count(x) <= self.times:
            raise Odd(x, "odd")
        return x * x


class Odd(Exception):
    """An error that pickle alone doesn't bring home: its class wants two arguments."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"{number} is {why}")
        self.number = number


class Meeting:
    """Each call waits until so many are under way at once: it ends only where they truly overlap."""

    def __init__(self, folder: Path, needed: int) -> None:
        self.folder, self.needed = str(folder), needed

    def __call__(self, x: int) -> tuple[int, int, int]:
        Path(self.folder, f"here-{x}").touch()
        until(lambda: len(list(Path(self.folder).glob("here-*"))) >= self.needed)
        return x, os.getpid(), threading.get_ident()


class Held:
    """A call waits until a file of its number is there."""

    def __init__(self, folder: Path, *numbers: int) -> None:
        self.folder, self.numbers = str(folder), numbers

    def __call__(self, x: int) -> int:
        Path(self.folder, f"begun-{x}").touch()
        if x in self.numbers:
            until(Path(self.folder, f"go-{x}").exists)
        return x

    def go(self, x: int) -> None:
        """Let it."""
        Path(self.folder, f"go-{x}").touch()

    def begun(self, x: int) -> bool:
        """Whether it was begun."""
        return Path(self.folder, f"begun-{x}").exists()


def until(reached: Any, what: str = "it") -> None:
    """Wait for something that another process or thread does."""
    end = time.monotonic() + DEADLINE
    while not reached():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        threading.Event().wait(0.002)


def square(x: int) -> int:
    """What it says."""
    return x * x


def add(a: int, b: int) -> int:
    """What it says."""
    return a + b


def nothing(x: Any) -> None:
    """Gives None, which is a value."""


def stops(x: int) -> int:
    """Raises what would end a loop without a word."""
    if x == 2:
        raise StopIteration(x)
    return x


def telling(x: int) -> int:
    """Says something about its step."""
    if x % 2:
        note(x=x)
    return x


def where(x: Any) -> tuple[int, int]:
    """The process and the thread that it runs in."""
    return os.getpid(), threading.get_ident()


def timed(x: int) -> float:
    """The seconds that it takes, as far as it can tell."""
    began = time.perf_counter()
    sum(range(100_000))
    return time.perf_counter() - began

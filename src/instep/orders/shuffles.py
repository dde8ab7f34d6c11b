"""Random orders that their seed decides, on any version of Python.

| indices | which order | memory | first index after | each one |
|---|---|---|---|---|
| up to `EXACT` | the one `Random.shuffle` gives to them | 4 bytes an index | 0.5 s a million | in C |
| more | a keyed permutation | none | at once | 3 µs |

The keyed permutation is the generalized Feistel cipher of Black and Rogaway, "Ciphers with Arbitrary Finite Domains"
(CT-RSA 2002): an index is split into two digits, of bases a and b with a·b hardly above the length, and each is shifted
in turn by a function of the other; what then lies beyond the length goes through again (cycle walking). The function is
the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). It shuffles; it keeps no secret.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock
from array import array
from collections.abc import Iterator
from itertools import islice
from math import isqrt
from operator import index
from typing import Any

from instep.checks import short, whole
from instep.orders.picks import Picks

EXACT = 1 << 24
"""Indices up to which the order is that of `Random.shuffle`; 64 MiB."""
ROUNDS = 4
_WORD = (1 << 64) - 1

Seed = int | float | str | bytes


class Source:
    """Where chance comes from: a seed, drawn here if none is given, or somebody's generator of random numbers."""

    __slots__ = ("random", "seed")

    def __init__(self, seed: Any, random: Any) -> None:
        if random is not None and seed is not None:
            raise TypeError("shuffled() expected a seed or random=, not both")
        if random is None:
            self.seed = int.from_bytes(os.urandom(8)) if seed is None else _checked(seed)
        elif not callable(getattr(random, "shuffle", None)) or _words(random) is None:
            raise TypeError(f"random= expected what random.Random(seed) gives, or the like; got {short(random)}")
        self.random = random

    def picks(self, size: int) -> Picks:
        """A shuffle of `range(size)`; of somebody's generator it takes what it takes now."""
        if size <= EXACT:
            return Shuffled(size, self.seed) if self.random is None else draw(size, self.random)
        word = _words(self.generator())
        assert word is not None  # it was asked for already
        return Scattered(size, tuple(word() for _ in range(ROUNDS)))

    def repeatable(self) -> Seed:
        """A seed, to begin with again and again."""
        if self.random is None:
            return self.seed
        word = _words(self.random)
        assert word is not None
        return int(word())

    def generator(self) -> Any:
        """What draws."""
        return seeded(self.seed) if self.random is None else self.random

    @property
    def said(self) -> str:
        """How it was, or might have been, asked for."""
        return f"seed={short(self.seed)}" if self.random is None else "random=..."


def _checked(seed: Any) -> Seed:
    if isinstance(seed, float | str | bytes):
        return seed
    try:
        return index(seed)
    except TypeError:
        raise TypeError(
            f"seed= expected an int, float, str or bytes; got {short(seed)}"
            + (": write random= for a generator of random numbers" if hasattr(seed, "shuffle") else "")
        ) from None


def _words(random: Any) -> Any:
    """A function that draws 64 bits; None where there is none."""
    bits, some = getattr(random, "getrandbits", None), getattr(random, "bytes", None)
    if callable(bits):
        return lambda: bits(64)
    return (lambda: int.from_bytes(some(8), "little")) if callable(some) else None


def seeded(seed: Seed) -> Any:
    """A generator of its own, so that nobody else's draws shift the order."""
    from random import Random  # takes some milliseconds, and not every order is a shuffled one

    return Random(seed)


def draw(size: int, random: Any) -> array[int]:
    """The indices as `random.shuffle` leaves them."""
    indices = array("I", range(size))
    random.shuffle(indices)
    return indices


class Shuffled:
    """A shuffle of `range(size)` that is drawn when it is first asked for an index."""

    __slots__ = ("_drawn", "seed", "size")

    def __init__(self, size: int, seed: Seed) -> None:
        self.size = size
        self.seed = seed
        self._drawn: array[int] | None = None

    def drawn(self) -> array[int]:
        """All of it. Threads that ask at once draw the same."""
        found = self._drawn
        if found is None:
            found = self._drawn = draw(self.size, seeded(self.seed))
        return found

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, k: int) -> int:
        return self.drawn()[k]

    def __iter__(self) -> Iterator[int]:
        return iter(self.drawn())


class Scattered:
    """A shuffle of `range(size)` in which any index is computed by itself: it needs no memory, however long it is."""

    __slots__ = ("_left", "_right", "keys", "size")

    def __init__(self, size: int, keys: tuple[int, ...]) -> None:
        self.size = size
        self.keys = keys
        self._left = isqrt(max(size - 1, 0)) + 1
        self._right = -(-size // self._left)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, k: int) -> int:
        size, keys = self.size, self.keys
        while True:
            left, right = self._left, self._right
            high, low = divmod(k, right)
            for key in keys:  # their number is even, so that in the end each digit is where it was
                word = low * 0x9E3779B97F4A7C15 + key & _WORD
                word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _WORD
                word = (word ^ word >> 27) * 0x94D049BB133111EB & _WORD
                high, low = low, (high + (word ^ word >> 31)) % left
                left, right = right, left
            k = high * right + low
            if k < size:
                return k

    def __iter__(self) -> Iterator[int]:
        return map(self.__getitem__, range(self.size))


class ThroughBuffer:
    """The items in an order that is random within about `size` of them, of which at most `size` are out at a time.

    Where their source raises, what is held stays, and the next `next` goes on.
    """

    __slots__ = ("_held", "_items", "_lock", "_over", "_random", "_size")

    def __init__(self, items: Iterator[Any], size: int, random: Any) -> None:
        self._items, self._size, self._random = items, size, random
        self._held: list[Any] = []
        self._over = False
        self._lock = RLock()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        with self._lock:
            return self._next()

    def _next(self) -> Any:
        held, size = self._held, self._size
        missing = 0 if self._over else size - 1 - len(held)
        if missing:
            held.extend(islice(self._items, missing))
            if len(held) < size - 1:
                self._end()
        if not self._over:
            for item in self._items:
                k = int(self._random.random() * size)
                if k == size - 1:
                    return item
                chosen, held[k] = held[k], item
                return chosen
            self._end()
        if not held:
            raise StopIteration
        return held.pop()

    def _end(self) -> None:
        self._over, self._items = True, iter(())
        self._random.shuffle(self._held)


def checked_buffer(buffer: Any) -> int:
    """How many items may be held: one at least."""
    size = whole("buffer", buffer)
    if not size:
        raise ValueError("buffer= expected 1 or more; got 0")
    return min(size, sys.maxsize)  # in which anything has room

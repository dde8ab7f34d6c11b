"""What type checkers make of `each`; checked by mypy, never run."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, assert_type

from instep import Each, Failure, Spread, Timer, each


def half(x: int) -> float:
    """Give half of it."""
    return x / 2


def add(a: int, b: str) -> bytes:
    """Give bytes."""
    return b.encode() * a


integers: list[int] = [1, 2]
halves = each(half, integers)
assert_type(halves, Each[float])
assert_type(next(halves), float)
for number in each(half, integers, on="threads:2", ahead=2, ordered=False, retries=1, timeout=1.5, name="n", unit="B"):
    assert_type(number, float)
for number in each(half, integers, on=ThreadPoolExecutor(2)):
    assert_type(number, float)
assert_type(list(each(add, integers, ["a"])), list[bytes])
assert_type(list(each(half, integers, errors="yield")), list[float | Failure])
assert_type(list(each(max, integers, integers, integers, integers)), list[Any])
assert_type(halves.timer, Timer)
assert_type(halves.snapshot().spread, Spread | None)

failure = next(each(half, integers, errors="yield"))
if isinstance(failure, Failure):
    assert_type(failure.index, int)
    assert_type(failure.error, BaseException)
    assert_type(failure.arguments, tuple[Any, ...])

each(half, ["a"])  # type: ignore[arg-type]
each(half)  # type: ignore[call-overload]
each(half, integers, errors="ignore")  # type: ignore[call-overload]

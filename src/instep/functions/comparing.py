"""`check=True`: runs a function both ways and compares, item by item, what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import GeneratorType
from typing import Any

from instep.checks import short
from instep.errors import InstepError

_NOTHING: Any = object()
_IDENTITY: Any = object.__eq__


class LazyDiffers(InstepError, AssertionError):
    """With `check=True`: the deferred function gave something else than the plain one. Says where and what."""


class Plain:
    """What the plain function did: its items, or the exception that it raised."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self.name: str = function.__qualname__
        self.items: list[Any] | None = None
        self.unordered = False
        self.error: BaseException | None = None
        for argument in (*arguments, *keywords.values()):
            if isinstance(argument, Iterator):
                raise TypeError(
                    f"check=True runs {self.name} twice, and {short(argument)} can be walked only once; pass a list"
                )
        try:
            result = function(*arguments, **keywords)
        except Exception as error:
            self.error = error
        else:
            self.items = list(result)
            self.unordered = isinstance(result, set)

    def expect(self, error: BaseException | None, where: str) -> None:
        """Compare how it ended."""
        if type(error) is RuntimeError and isinstance(error.__cause__, StopIteration):
            error = error.__cause__  # as a generator gives it
        expected = self.error
        if type(error) is not type(expected) or not same(getattr(error, "args", ()), getattr(expected, "args", ())):
            raise LazyDiffers(f"{self.name}, {where}: {_ending(error)} lazily, {_ending(expected)} plainly") from error

    def compared(self, items: Iterator[Any]) -> Iterator[Any]:
        """Give the items, each compared with the plain function's."""
        expected = self.items
        index = 0
        try:
            while True:
                where = f"item {index}"
                try:
                    item = next(items, _NOTHING)
                except Exception as error:
                    self.expect(error, where)
                    raise
                if item is _NOTHING:
                    break
                if expected is not None:
                    self._compare(item, expected, index)
                yield item
                index += 1
        finally:
            if isinstance(items, GeneratorType):
                items.close()
        self.expect(None, f"after {index} items")
        if expected is not None and index < len(expected):
            raise LazyDiffers(f"{self.name}: {index} items lazily, {len(expected)} plainly")

    def _compare(self, item: Any, expected: list[Any], index: int) -> None:
        if index >= len(expected):
            raise LazyDiffers(f"{self.name}: more than {index} items lazily, {len(expected)} plainly")
        if self.unordered:
            index = next((place for place, other in enumerate(expected) if same(item, other)), index)
        if not same(item, expected[index]):
            found = f"{short(item)} lazily, {short(expected[index])} plainly"
            raise LazyDiffers(f"{self.name}, item {index}: {found}")


def same(one: Any, two: Any, depth: int = 20) -> bool:
    """Whether two values are alike: of one type, and equal; what has no equality of its own, by its attributes."""
    if one is two:
        return True
    if type(one) is not type(two):
        return False
    if depth == 0:
        return True
    if isinstance(one, Mapping):
        return len(one) == len(two) and all(key in two and same(one[key], two[key], depth - 1) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(same(a, b, depth - 1) for a, b in zip(one, two, strict=True))
    if getattr(type(one), "__eq__", None) is _IDENTITY:
        return same(getattr(one, "__dict__", None), getattr(two, "__dict__", None), depth - 1)
    return _equal(one, two)


def _equal(one: Any, two: Any) -> bool:
    equal = one == two
    if hasattr(equal, "all"):  # of arrays, item by item
        return bool(equal.all())
    return bool(equal) or (one != one and two != two)  # NaN


def _ending(error: BaseException | None) -> str:
    return "no exception" if error is None else f"{type(error).__name__}{short(error.args)}"

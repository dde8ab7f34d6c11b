"""What type checkers make of `coroutine`; checked by mypy, never run."""

from collections.abc import Generator, Iterable, Iterator
from typing import Any, Literal, TypeVar, assert_type

from instep.coroutines import NEXT, Next, Sent, TwoDoorGenerator, coroutine

T = TypeVar("T")


@coroutine
def logger(iterable: Iterable[T]) -> Generator[T | Sent[str], Sent[str] | Next, int]:
    """Log what is sent; the type of the items depends on the argument."""
    count = 0
    for item in iterable:
        message = yield item
        while message is not NEXT:
            assert_type(message.value, str)
            message = yield message
        assert_type(message, Literal[Next.NEXT])
        count += 1
    return count


@coroutine(sends=int)
def counter(start: int, *, step: int = 1) -> Generator[int | Sent[int], Sent[int] | Next, None]:
    """Count, from wherever it is told to."""
    while True:
        message = yield start
        while message is not NEXT:
            start = message.value
            message = yield message
        start += step


class Walker:
    """A class with a coroutine as a method."""

    @coroutine
    def walk(self, word: str) -> Generator[str | Sent[Any], Sent[Any] | Next, None]:
        """Give the letters, paying no heed."""
        for letter in word:
            message = yield letter
            while message is not NEXT:
                message = yield message


for x in logger([1]):
    assert_type(x, int)
assert_type(logger(["a"]), TwoDoorGenerator[str, str, int])
assert_type(next(counter(1, step=2)), int)
assert_type(logger([1]).throw(ValueError), int)
assert_type(next(Walker().walk("abc")), str)
iterator: Iterator[int] = counter(3)
logger([1]).send("a")
logger([1]).send(1)  # type: ignore[arg-type]
counter("a")  # type: ignore[arg-type]


def delegate() -> Generator[bytes, None, None]:
    """Get the return value through `yield from`."""
    assert_type((yield from logger([b"a"])), int)

"""What type checkers make of `steps`: the result's type passes, and so do the arguments'."""

from typing import Any, assert_type

from instep.functions.awaiting import AsyncSteps
from instep.functions.driving import Steps
from instep.functions.run import Stepped, steps
from instep.model import Step


def plain(x: int, *, y: str = "") -> float:
    return x / len(y)


async def waiting(x: int) -> str:
    return str(x)


@steps
def decorated(x: int) -> list[int]:
    return [x]


@steps(grain="line")
def by_line(x: int) -> list[int]:
    return [x]


def use() -> None:
    walk = steps(plain)(1, y="a")
    assert_type(walk, Steps[float])
    assert_type(walk.run(), float)
    assert_type(walk.result, float)
    for step in walk:
        assert_type(step, Step)
    assert_type(decorated(1).run(), list[int])
    assert_type(by_line(1), Steps[list[int]])
    steps(plain)("1")  # type: ignore[arg-type]
    steps(plain, grain="word")  # type: ignore[call-overload]


async def use_async() -> None:
    walk = steps(waiting)(1)
    assert_type(walk, AsyncSteps[str])
    assert_type(await walk.run(), str)


class Shape:
    @steps
    def area(self) -> int:
        return 1


any_for_methods: Any = Shape().area
made: Stepped[..., Any] = steps(Shape.area)

"""Walks a loop with an empty body, as a program that does nothing else would: a loop's code is never shared.

CPython specializes the bytecode of a loop for the iterator it meets; one function for all ways would be specialized for
the first and slow for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any


def _walk(steps: Iterable[Any]) -> None:
    for _ in steps:
        pass


def fresh(function: Callable[..., Any] = _walk) -> Callable[..., Any]:
    """The same function, not yet specialized."""
    code = function.__code__.replace()
    return FunctionType(code, function.__globals__, "fresh", function.__defaults__, function.__closure__)

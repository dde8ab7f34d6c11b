"""Arguments are refused at the call, with a text that says what came and what was expected."""

from __future__ import annotations

from _operator import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def whole(what: str, number: Any) -> int:
    """A whole number, 0 or more."""
    try:
        found = index(number)
    except TypeError:
        hint = " (leave it out where the number is unknown)" if what == "total" else ""
        if isinstance(number, float | str):
            hint = f": write int({short(number)})"
        raise TypeError(f"{what}= expected a whole number; got {short(number)}{hint}") from None
    if found < 0:
        hint = "; leave it out where the number is unknown" if what == "total" else ""
        raise ValueError(f"{what}= expected 0 or more{hint}; got {found}")
    return found


def checked_str(what: str, text: Any) -> str:
    """A str."""
    if not isinstance(text, str):
        raise TypeError(f"{what}= expected a str; got {short(text)}")
    return text


def short(thing: object) -> str:
    """Its `repr`, short enough for an error's text."""
    try:
        text = repr(thing)
    except Exception:
        text = object.__repr__(thing)
    return text if len(text) <= 60 else text[:57] + "..."

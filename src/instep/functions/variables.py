"""The variables of a paused frame, read without a trace in it, where Python lets us.

Until Python 3.12 `frame.f_locals` is one dictionary for a frame, which a `locals()` in its body has given out, and
which keeps alive what it holds: reading it changes what the body sees. On 3.12 the interpreter's own `PyFrame_GetVar`
reads a single variable instead. 3.11 has nothing like it, so that there it can be noticed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from instep.functions.grains import ABSENT

Read = Callable[[str, Any], Any]
"""Gives the local variable of a name, or else its second argument."""

if sys.version_info[:2] == (3, 12):
    import ctypes

    _get_var: Any = ctypes.pythonapi.PyFrame_GetVar
    _get_var.argtypes = [ctypes.py_object, ctypes.py_object]
    _get_var.restype = ctypes.py_object

    class _Names(dict[str, Any]):
        """Names as C takes them, made once: that halves the time of a call."""

        def __missing__(self, name: str) -> Any:
            made = self[name] = ctypes.py_object(name)
            return made

    _names = _Names()

    def reader(frame: FrameType) -> Read:
        """What reads the variables of a frame, whenever it is paused."""
        held = ctypes.py_object(frame)

        def read(name: str, default: Any) -> Any:
            try:
                return _get_var(held, _names[name])
            except NameError:  # a comprehension puts back what a name was before, be it unbound
                return default

        return read

    def variables(frame: FrameType) -> dict[str, Any]:
        """A copy of a frame's variables."""
        code, read = frame.f_code, reader(frame)
        names = dict.fromkeys((*code.co_varnames, *code.co_cellvars, *code.co_freevars))
        found = ((name, read(name, ABSENT)) for name in names)
        return {name: value for name, value in found if value is not ABSENT}
else:

    def reader(frame: FrameType) -> Read:
        """What reads the variables of a frame, whenever it is paused."""
        if sys.version_info >= (3, 13):  # a view, which stays up to date
            return frame.f_locals.get
        return lambda name, default: frame.f_locals.get(name, default)

    def variables(frame: FrameType) -> dict[str, Any]:
        """A copy of a frame's variables."""
        return dict(frame.f_locals)

"""Room for our frames under the recursion limit, so that a function finds as much of it as without us.

A call that is driven takes one frame more than a plain one: while it runs, the limit is one higher. It is the whole
interpreter's, so a program that asks for it sees that; one that sets it meanwhile has the last word.
"""

from __future__ import annotations

from _thread import RLock
from sys import getrecursionlimit, setrecursionlimit
from typing import Final

from instep.functions.draining import passed_over
from instep.monitor import locks

_lock: Final = RLock()  # a signal handler may come while we hold it
locks.append(_lock)
_last = 0
"""The limit as it was last set here."""
_owed = 0
"""How many frames are still to be taken away."""
_era = 0
"""Counts how often somebody else was seen to have set it."""


@passed_over
def make_room() -> int:
    """Raise the limit by one frame; gives what `leave_room` is to be told."""
    global _last, _era, _owed
    with _lock:
        limit = getrecursionlimit()
        if limit != _last:
            _era += 1
            _owed = 0
        _last = limit + 1
        setrecursionlimit(_last)
        return _era


@passed_over
def leave_room(era: int) -> None:
    """Take the frame away again, unless somebody else has set the limit since."""
    global _last, _owed
    with _lock:
        if era != _era or getrecursionlimit() != _last:
            return
        _owed += 1
        try:
            setrecursionlimit(_last - _owed)
        except RecursionError:  # this very frame is deeper than that: the caller's caller takes it away
            return
        _last, _owed = _last - _owed, 0

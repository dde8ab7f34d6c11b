"""Exceptions that came at a moment when raising them would lose them: raised again soon after.

What a signal handler, or another thread, raises in a finalizer is printed and forgotten by CPython, be it Ctrl-C. The
thread's next loop raises it again as it begins, or else the monitor has it raised in that thread.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` would bring `enum` along
import _thread
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

owed: list[tuple[int, BaseException]] = []
"""The threads, by their idents, and what they are to raise."""


def owe(error: BaseException) -> None:
    """Have `error` raised again in this thread."""
    if not sys.is_finalizing():
        owed.append((_thread.get_ident(), error))


def settle() -> None:
    """Raise here what is owed to this thread; for where raising loses nothing."""
    me = _thread.get_ident()
    for debt in owed[:]:
        if debt[0] == me and _took(debt):
            raise debt[1]


def pay() -> None:
    """Raise what is owed, one to a thread at a time, for CPython holds no more; called by the monitor."""
    paid = set()
    for debt in owed[:]:
        thread, error = debt
        if thread not in paid and _took(debt):
            paid.add(thread)
            if thread in sys._current_frames():  # else it has ended
                _raise_in(thread, error)


def _took(debt: tuple[int, BaseException]) -> bool:
    try:
        owed.remove(debt)
    except ValueError:  # another thread was first
        return False
    return True


def _raise_in(thread: int, error: BaseException) -> None:
    by_signal = type(error) is KeyboardInterrupt and callable(_signal.getsignal(_signal.SIGINT))
    if by_signal and thread == _main_thread() and hasattr(_signal, "pthread_kill"):
        _signal.pthread_kill(thread, _signal.SIGINT)  # a true signal: it ends a sleep, too
        return
    import ctypes

    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    raise_in(ctypes.c_ulong(thread), ctypes.py_object(_again(error)))


def _again(error: BaseException) -> type[BaseException]:
    """A class for CPython to call, which gives this very exception. Matching goes by it until it is called."""
    body: dict[str, Any] = {"__new__": lambda *_, **__: error}
    try:
        return type(type(error).__name__, (type(error),), body)
    except Exception:  # a class that lets nobody derive from it
        return type("Again", (BaseException,), body)


def _main_thread() -> int | None:
    threading = sys.modules.get("threading")
    if threading is not None:
        ident: int | None = threading.main_thread().ident
        return ident
    asked: Any = getattr(_thread, "_get_main_thread_ident", lambda: None)  # 3.13
    main: int | None = asked()
    return main

"""A lock that a caught `print` may wait for without ever hanging the program that it watches."""

from __future__ import annotations

import contextlib
import threading

PATIENCE = 1.0
"""Seconds that a writer waits for another before it writes without the lock: the line may then look untidy."""


class Guard:
    """A lock for code that runs inside other people's `print`.

    Signal handlers and finalizers may print while their thread is inside: they see `mine()` and go ahead. Two threads
    could each hold a lock that the other wants (a finalizer that logs may run in any thread, at any allocation), so
    nobody waits for ever. `with` isn't used: an RLock can't be waited for with a time limit there.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._owner: int | None = None

    def mine(self) -> bool:
        """Whether this thread is inside already."""
        return self._owner == threading.get_ident()

    def enter(self) -> bool:
        """Wait to get in; `False` if it took too long. Whoever got in must `leave()`."""
        lock = self._lock
        if lock.acquire(timeout=self._patience):
            self._owner = threading.get_ident()
            return True
        if self._owner is None and lock is self._lock:
            # Locked all the while and owned by nobody: a KeyboardInterrupt came between the two lines above, or
            # between those of `leave`, and nobody would ever release it.
            self._lock = threading.Lock()
        return False

    def leave(self) -> None:
        """Let the next one in."""
        lock, self._owner = self._lock, None
        with contextlib.suppress(RuntimeError):  # it was replaced meanwhile, see `enter`
            lock.release()

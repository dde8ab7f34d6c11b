"""The lock that never hangs."""

from __future__ import annotations

import threading

from instep.views.guard import Guard


def in_thread(guard: Guard) -> bool:
    """Whether another thread gets in."""
    got: list[bool] = []

    def enter() -> None:
        got.append(guard.enter())
        if got[0]:
            guard.leave()

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return got[0]


def test_one_at_a_time() -> None:
    """Who is inside keeps others out until it leaves; they give up after a while."""
    guard = Guard(patience=0.01)
    assert guard.enter()
    assert guard.mine()
    assert not in_thread(guard)
    guard.leave()
    assert not guard.mine()
    assert in_thread(guard)


def test_a_lock_that_nobody_owns_is_replaced() -> None:
    """An interrupt right after the lock was taken leaves it locked: the second who comes gets in."""
    guard = Guard(patience=0.01)
    guard._lock.acquire()  # as if a KeyboardInterrupt had come before the owner was noted
    assert not in_thread(guard)
    assert in_thread(guard)


def test_leaving_after_a_replacement() -> None:
    """The one who comes out late does no harm."""
    guard = Guard(patience=0.01)
    guard.leave()
    assert guard.enter()
    guard.leave()

"""Random steps, engines and consumers, beside what a person would compute with a plain loop."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instep import Failure, each
from instep.spread import work
from spread.calls import Calls


class Steps:
    """Steps that fail so often before they succeed; which were called, and how often."""

    def __init__(self, failing: list[int]) -> None:
        self.failing = failing
        self.calls: Counter[int] = Counter()
        self._lock = threading.Lock()

    def __call__(self, index: int) -> int:
        with self._lock:
            self.calls[index] += 1
            called = self.calls[index]
        if called <= self.failing[index]:
            raise LookupError(index)
        return index * 10


def expected(failing: list[int], retries: int) -> list[Any]:
    """For each step its result, or `None` where it fails for good."""
    return [index * 10 if times <= retries else None for index, times in enumerate(failing)]


def asked(results: Any, most: int) -> list[Any]:
    """What comes out, by `next`, errors as `None`, at most so many."""
    found: list[Any] = []
    while len(found) < most:
        try:
            found.append(next(results))
        except StopIteration:
            break
        except LookupError:
            found.append(None)
    return found


@settings(max_examples=150, deadline=None)
@given(
    failing=st.lists(st.sampled_from([0, 0, 0, 1, 2, 9]), max_size=60),
    on=st.sampled_from([None, "threads:1", "threads:3"]),
    ahead=st.sampled_from([None, 1, 2, 5]),
    ordered=st.booleans(),
    retries=st.integers(0, 2),
    yielding=st.booleans(),
    hasty=st.booleans(),
    most=st.integers(0, 70),
)
def test_any_each_gives_what_a_loop_gives_and_computes_no_more(
    failing: list[int], on: Any, ahead: int | None, ordered: bool, retries: int, yielding: bool, hasty: bool, most: int
) -> None:
    """Each result once, in order or not; errors at their place; calls as many as were asked for and ahead, no more.

    With `hasty` a chunk gives back all steps but the first few.
    """
    with mock.patch.multiple(work, LONG=1 if hasty else work.LONG, PIECE=2, SLOW_PIECE=1):
        check(failing, on, ahead, ordered, retries, yielding, most)


def check(
    failing: list[int], on: Any, ahead: int | None, ordered: bool, retries: int, yielding: bool, most: int
) -> None:
    """One case."""
    steps = Steps(failing)
    results = each(
        steps,
        range(len(failing)),
        on=on,
        ahead=ahead,
        ordered=ordered,
        retries=retries,
        errors="yield" if yielding else "raise",
    )
    found = [None if isinstance(one, Failure) else one for one in asked(results, most)]
    results.close()
    wanted = expected(failing, retries)
    count = min(most, len(wanted))
    if ordered or on is None:
        assert found == wanted[:count]
    else:
        assert len(found) == count
        assert not Counter(found) - Counter(wanted)
    bound = count if on is None else min(count + ahead - 1 if ahead and count else len(failing), len(failing))
    assert len(steps.calls) <= (bound if count else 0)
    assert all(calls <= 1 + min(retries, failing[index]) for index, calls in steps.calls.items())
    spread = results.snapshot().spread
    if spread is not None:
        assert spread.taken == results.position
        sent = spread.computed + spread.running + spread.cancelled
        assert sent + (spread.never_begun or 0) == len(failing)


class Hurting(Calls):
    """Gives its number, and now and then kills its own process on the way."""

    def __call__(self, index: int) -> int:
        self.add(index)
        if random.Random(f"{index} {self.of().count(index)}").random() < 0.02:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


@pytest.mark.parametrize("ahead", [None, 1, 4])
@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.campaign
def test_a_campaign_of_kills_loses_and_doubles_nothing(tmp_path: Any, ahead: int | None, ordered: bool) -> None:
    """Workers die by their own hand at random steps, hundreds of times; with retries every result comes, once."""
    results = each(Hurting(tmp_path), range(3000), on=3, ahead=ahead, ordered=ordered, retries=20)
    found = list(results)
    assert sorted(found) == list(range(3000))
    assert found == sorted(found) or not ordered
    spread = results.snapshot().spread
    assert spread is not None
    assert spread.retried > 20

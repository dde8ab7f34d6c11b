"""A chunk by itself: what is computed, in which order, how it is timed; and that it gives back what takes too long."""

from contextvars import copy_context
from itertools import count

import pytest

from instep.spread.work import FEW, PIECE, SLOW_PIECE, StepRun, compute


def run(function, items, *, single=True, retries=0, exact=False, clock=None):
    """Compute a chunk, and give its outcome and what was said in it."""
    said = []
    step = StepRun(100, lambda index, value, fields: said.append((index, value)), None)
    clock = clock or count(0, 10).__next__
    return copy_context().run(compute, function, items, single, retries, exact, step, clock), said


def slowly(ns):
    """A clock that goes so far at each look."""
    return count(0, ns).__next__


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("n", [1, 2, FEW, 100, PIECE + 1, 3 * PIECE])
def test_a_chunk_is_its_results(n, exact):
    """All of them, in order; each timed, or one of them and the whole."""
    outcome, _ = run(lambda x: x * 2, list(range(n)), exact=exact)
    assert outcome.results == list(range(0, 2 * n, 2))
    assert len(outcome.each) == (n if exact or n < FEW else 0)
    assert (outcome.single >= 0) is (not outcome.each)
    assert outcome.ns > 0


@pytest.mark.parametrize(("exact", "piece"), [(True, SLOW_PIECE), (False, PIECE)])
def test_what_takes_too_long_is_given_back_unbegun(exact, piece):
    """The steps of the first piece are computed, no other is called, and their results are there."""
    called = []
    outcome, _ = run(lambda x: called.append(x) or x, list(range(10 * piece)), exact=exact, clock=slowly(30_000_000))
    assert 0 < len(outcome.results) < 10 * piece
    assert outcome.results == called == list(range(len(called)))
    outcome, _ = run(lambda x: x, list(range(10 * piece)), exact=exact, clock=slowly(10**12))
    assert outcome.results == list(range(piece))


def test_errors_keep_what_came_before_and_what_comes_after():
    """Each at its place, with how often it was tried; also the last one, and StopIteration."""

    def fail(x):
        if x % 3 == 2:
            raise StopIteration if x == 5 else KeyError(x)
        return x

    for exact in True, False:
        outcome, _ = run(fail, list(range(9)), retries=1, exact=exact)
        assert outcome.results == [0, 1, None, 3, 4, None, 6, 7, None]
        assert {at: type(error) for at, (error, _) in outcome.failures.items()} == {
            2: KeyError, 5: RuntimeError, 8: KeyError,
        }  # fmt: skip
        assert {attempts for _, attempts in outcome.failures.values()} == {2}
        assert outcome.retried == 3


def test_several_arguments():
    """A tuple a step."""
    outcome, _ = run(lambda a, b: a + b, [(1, 2), (3, 4), (5, 6), (7, 8)], single=False)
    assert outcome.results == [3, 7, 11, 15]

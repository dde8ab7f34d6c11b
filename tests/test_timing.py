"""`Timer`: quantiles, the slowest steps, fetch and body, time left; a clock moved by hand wherever that will do."""

import itertools
import math
import random
import sys
from time import perf_counter_ns

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clocks import Clock
from drives import spin
from instep import Timer, track
from instep.computation import Computation
from instep.forecast import Forecast
from instep.snapshots import take


def timed(seconds, total=None):
    """A timer that was called after each of these steps."""
    clock = Clock()
    timer = Timer(total, clock=clock)
    for step in seconds:
        clock.move(step)
        timer()
    return timer


def nearest_rank(steps, q):
    """The exact quantile."""
    return sorted(steps)[max(math.ceil(q * len(steps)), 1) - 1]


def test_nothing_timed():
    """Before the first step all that isn't known is `nan`."""
    timer = Timer()
    assert (timer.count, timer.timed, timer.slowest, timer.elapsed) == (0, 0, (), 0.0)
    unknown = (timer.rate, timer.mean, timer.median, timer.max, timer.fetch, timer.body, timer.remaining)
    assert all(map(math.isnan, unknown))
    assert timer.remaining_range == (0.0, math.inf)


def test_what_is_known_after_some_steps():
    """Count, elapsed, rate, mean, max are exact."""
    timer = timed([1, 3, 2])
    assert (timer.count, timer.timed, timer.sampled) == (3, 3, False)
    assert (timer.elapsed, timer.rate, timer.mean, timer.max) == (6.0, 0.5, 2.0, 3.0)
    assert timer.median == pytest.approx(2, rel=0.02)


distributions = st.one_of(
    st.lists(st.integers(1, 10**12), min_size=1, max_size=300),
    st.lists(st.sampled_from([1, 2, 3, 5_000, 10**6, 10**9]), min_size=1, max_size=300),
    st.builds(
        lambda seed, sigma, n: [max(1, int(300_000 * random.Random(seed).lognormvariate(0, sigma))) for _ in range(n)],
        st.integers(0, 2**20),
        st.floats(0, 4),
        st.integers(1, 500),
    ),
)


@given(distributions, st.floats(0, 1))
@settings(deadline=None, max_examples=200)
def test_quantiles_are_within_two_per_cent_of_nearest_rank(steps, q):
    """On any distribution of steps timed one by one; the least resolution is a nanosecond."""
    timer = timed([ns / 1e9 for ns in steps])
    for share in (q, 0, 0.5, 0.95, 0.99, 1):
        exact = nearest_rank(steps, share)
        assert timer.quantile(share) * 1e9 == pytest.approx(exact, rel=0.02, abs=1)
    assert timer.quantile(1) <= timer.max == max(steps) / 1e9


@pytest.mark.parametrize("q", [-0.1, 1.1, 95, math.nan])
def test_a_quantile_is_a_share(q):
    """From 0 to 1; the text says so."""
    with pytest.raises(ValueError, match="0 to 1"):
        timed([1]).quantile(q)


@pytest.mark.parametrize("total", [-1, "3", 2.5])
def test_a_wrong_total_is_refused(total):
    """At the call."""
    with pytest.raises((TypeError, ValueError)):
        Timer(total)


def test_the_slowest_come_with_index_and_note():
    """Five of them, the slowest first."""
    clock = Clock()
    timer = Timer(clock=clock)
    durations = [1, 9, 2, 8, 3, 7, 4, 6, 5]
    for step in durations:
        clock.move(step)
        timer(info=f"took {step}" if step > 7 else None)
    assert [(step.index, step.seconds, step.among) for step in timer.slowest] == [
        (1, 9.0, 1), (3, 8.0, 1), (5, 7.0, 1), (7, 6.0, 1), (8, 5.0, 1),
    ]  # fmt: skip
    notes = [step.note for step in timer.slowest]
    assert [note and (note.index, note.value) for note in notes] == [(1, "took 9"), (3, "took 8"), None, None, None]


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=200))
@settings(deadline=None)
def test_the_slowest_are_the_slowest(steps):
    """Their times are those of the five longest steps, each with its own index."""
    slowest = timed([ns / 1e9 for ns in steps]).slowest
    assert [round(step.seconds * 1e9) for step in slowest] == sorted(steps, reverse=True)[:5]
    assert all(steps[step.index] == round(step.seconds * 1e9) for step in slowest)


def test_a_clock_that_goes_backwards_does_no_harm():
    """Such a step took no time."""
    clock = Clock()
    timer = Timer(clock=clock)
    clock.move(-5)
    timer()
    clock.move(2)
    timer()
    assert (timer.count, timer.max) == (2, 2.0)


def test_the_memory_of_a_timer_does_not_grow():
    """After 200,000 steps over ten decades it holds no more than the histogram's few hundred buckets."""

    def held(timer):
        seen, found = [timer], {}
        while seen:
            thing = seen.pop()
            if id(thing) in found or (callable(thing) and not isinstance(thing, Timer)):
                continue
            found[id(thing)] = sys.getsizeof(thing)
            if isinstance(thing, dict):
                seen += [*thing.keys(), *thing.values()]
            elif isinstance(thing, list | tuple | set):
                seen += thing
            elif isinstance(thing, Forecast):
                seen += [getattr(thing, name) for name in Forecast.__slots__]
            elif isinstance(thing, Timer):
                seen += vars(thing).values()
        return len(found), sum(found.values())

    random_ = random.Random(1)
    clock = Clock()
    timer = Timer(10**6, clock=clock)
    for _ in range(200_000):
        clock.now += int(10 ** random_.uniform(0, 10))
        timer()
    things, size = held(timer)
    assert things < 2500
    assert size < 120_000
    assert timer.count == 200_000


def test_the_memory_of_a_loop_does_not_grow():
    """What waits for the timer stays a short list, however long the loop."""
    tracker = track(itertools.repeat(None, 600_000))
    longest = 0
    for _ in tracker:
        longest = max(longest, len(tracker._run.rows))
    assert longest <= 256
    assert tracker.timer.count == 600_000


# --- time left ---


def test_time_left_of_regular_steps():
    """Steps of equal length: what is left is known, and the range is narrow."""
    timer = timed([2] * 50, total=100)
    assert timer.remaining == pytest.approx(100)
    assert timer.remaining_range == pytest.approx((100, 100))


def test_time_left_of_irregular_steps_is_a_wide_range():
    """Nearly all quick, a few very slow: the range tells that nobody knows."""
    random_ = random.Random(3)
    timer = timed([random_.lognormvariate(0, 2) for _ in range(60)], total=120)
    least, most = timer.remaining_range
    assert least < timer.remaining < most
    assert most > 1.5 * timer.remaining


def test_time_left_follows_the_latest_steps():
    """Steps that became ten times as slow: it goes by the latter half."""
    timer = timed([1] * 100 + [10] * 100, total=300)
    assert timer.remaining == pytest.approx(1000, rel=0.3)
    assert timer.remaining_range[1] >= 1000


def test_time_left_at_the_ends():
    """Unknown before the first step and without a total; nothing when the total is reached or exceeded."""
    assert math.isnan(Timer(5).remaining)
    assert math.isnan(timed([1, 2]).remaining)
    assert timed([1, 2], total=2).remaining == 0
    assert timed([1, 2, 3], total=2).remaining_range == (0.0, 0.0)
    assert timed([4], total=3).remaining == 8
    assert timed([4], total=3).remaining_range == (0.0, math.inf)


DRAWS = {
    "constant": lambda r: 1.0,
    "uniform": lambda r: r.uniform(0.5, 1.5),
    "normal": lambda r: max(r.gauss(1, 0.2), 0.01),
    "exponential": lambda r: r.expovariate(1),
    "lognormal": lambda r: r.lognormvariate(0, 1),
    "two sorts": lambda r: 5.0 if r.random() < 0.1 else 0.5,
}


def covered(draw, runs, gone=100, left=100):
    """How often the time left came out within its range."""
    right = 0
    for seed in range(runs):
        random_ = random.Random(seed)
        timer = timed([draw(random_) for _ in range(gone)], total=gone + left)
        least, most = timer.remaining_range
        took = sum(draw(random_) for _ in range(left))
        right += least - 1e-6 <= took <= most + 1e-6
    return right / runs


@pytest.mark.parametrize("name", DRAWS)
def test_the_range_holds_nine_times_out_of_ten(name):
    """Over simulated loops (a few here, many in the campaign)."""
    assert covered(DRAWS[name], 60) >= 0.75


@pytest.mark.campaign
@pytest.mark.parametrize("gone", [40, 100, 1000])
@pytest.mark.parametrize("name", DRAWS)
def test_the_range_holds_nine_times_out_of_ten_over_many_runs(name, gone):
    """Coverage within some per cent of the nominal 90; heavy tails are allowed a little less."""
    assert covered(DRAWS[name], 1000, gone) >= (0.82 if name in ("lognormal", "two sorts") else 0.86)


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 10**9)), max_size=200), st.integers(0, 10**6))
@settings(deadline=None)
def test_a_forecast_is_sane_and_small(blocks, ahead):
    """Likely lies in its range, nothing is negative, and its memory is bounded, whatever the blocks."""
    forecast = Forecast()
    for steps, time in blocks:
        forecast.add(steps, time)
    likely, least, most = forecast.ahead(ahead)
    assert len(forecast._marks) <= 33
    if not blocks and ahead:
        assert math.isnan(likely)
    else:
        assert 0 <= least <= likely * (1 + 1e-9)
        assert likely * (1 - 1e-9) <= most


# --- in a loop ---


def test_slow_steps_are_timed_one_by_one():
    """From 50 µs on each step but the first is timed by itself, and fetch and body are told apart."""

    def source():
        for number in range(300):
            spin(100_000)
            yield number

    tracker = track(source())
    before = perf_counter_ns()
    for _ in tracker:
        spin(100_000)
    took = (perf_counter_ns() - before) / 1e9
    timer = tracker.timer
    assert timer.count == 300
    assert timer.timed >= 290
    assert timer.elapsed == pytest.approx(took, rel=0.1)
    assert timer.fetch + timer.body == pytest.approx(timer.elapsed, rel=0.01)
    assert timer.quantile(0.05) >= 0.000_190  # the last step has no fetch
    assert min(timer.fetch, timer.body) > 0.02
    assert [step.among for step in timer.slowest] == [1] * 5


def test_quick_steps_are_sampled_and_say_so():
    """A block has a mean; single steps stand for it; all are counted."""
    tracker = track(range(300_000))
    for _ in tracker:
        pass
    timer = tracker.timer
    assert timer.count == 300_000
    assert 0 < timer.timed < 100_000
    assert timer.sampled
    assert timer.mean == pytest.approx(timer.elapsed / timer.count, rel=0.01)
    assert tracker.snapshot().timing.timed == timer.timed


@pytest.mark.parametrize("make", [range, lambda n: (k for k in range(n)), lambda n: dict.fromkeys(range(n))], ids="rgd")
def test_a_slow_step_among_quick_ones_is_found_by_its_index(make):
    """A step of 0.25 s hidden in a block of quick ones is the slowest, with its index."""
    tracker = track(make(60_000))
    for number in tracker:
        if number == 40_000:
            spin(250_000_000)
    slowest = tracker.timer.slowest[0]
    assert slowest.index <= 40_000 < slowest.index + slowest.among
    assert (slowest.index, slowest.among) == (40_000, 1)
    assert slowest.seconds >= 0.15


def test_a_slow_fetch_among_quick_ones_is_found():
    """The same where producing the item takes the time: it belongs to the step before."""

    def source():
        for number in range(60_000):
            if number == 40_000:
                spin(250_000_000)
            yield number

    tracker = track(source())
    for _ in tracker:
        pass
    slowest = tracker.timer.slowest[0]
    assert slowest.index <= 39_999 < slowest.index + slowest.among
    assert slowest.seconds >= 0.15
    assert tracker.timer.count == 60_000


def test_a_slow_last_step_is_found():
    """Also where the loop is left in it."""
    tracker = track(range(10_000))
    for number in tracker:
        if number == 9_000:
            spin(150_000_000)
            break
    slowest = tracker.timer.slowest[0]
    assert slowest.index <= 9_000 < slowest.index + slowest.among
    assert slowest.seconds >= 0.1
    assert (tracker.timer.count, tracker.status) == (9_001, "stopped")


def test_a_loop_that_turns_slow_shows_its_position():
    """After many quick steps one that lasts is seen from outside at once: the position is exact within it."""
    tracker = track(iter(range(200_000)))
    for number in tracker:
        if number >= 199_990:
            spin(2_000_000)
            assert (tracker.position, tracker.snapshot().position) == (number + 1, number + 1)
    assert tracker.timer.count == 200_000


@pytest.mark.campaign
def test_a_hundred_million_steps_leave_no_more_than_a_thousand():
    """Flat memory: as many objects, and as large, however long the loop."""
    import tracemalloc

    def held(count):
        tracker = track(itertools.repeat(None, count))
        tracemalloc.start()
        for _ in tracker:
            pass
        assert tracker.timer.count == count
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size

    held(1000)
    assert held(100_000_000) < held(100_000) + 50_000


@pytest.mark.parametrize("k", range(3, 8))
def test_time_left_counts_the_step_that_goes_on(k):
    """Of slow steps, too: it is that of the steps not yet over, less what the current one has taken so far."""
    half = 500_000_000
    run = Computation("slow", 8)
    run.status, run.began, run.done = "running", 1, k + 1
    for _ in range(k - 1):  # the end of step k - 1 is known only when step k is over
        run.times.add(1, half)
    run.seen = (k + 1, 1 + k * half)
    shot = take(run, 1 + k * half + 300_000_000)
    assert shot.remaining == pytest.approx((8 - k) * 0.5 - 0.3)
    overdue = take(run, 1 + k * half + 2_000_000_000)
    assert overdue.remaining == pytest.approx((8 - k - 1) * 0.5 + 1.5)  # as much again as it is overdue
    assert overdue.remaining_range[0] <= overdue.remaining <= overdue.remaining_range[1]

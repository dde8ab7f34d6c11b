"""The monitor, its beats made by hand: what it feeds a view, and that no view can harm a loop."""

import logging
from itertools import count

import pytest

from children import quiet
from drives import spin
from instep import stage, track
from instep.computation import Computation
from instep.monitor import SHOWN, monitor
from instep.pulse import Pulse
from watching import Shown, watched

LONG = SHOWN / 1e9 + 0.05


def test_what_runs_for_a_while_is_shown():
    """Nothing is shown for what is younger than 0.2 s; then a picture of it at each update, exact each time."""
    with watched(Shown()) as hand:
        for number in (tracker := track(range(5), name="work", unit="B")):
            hand.look()
            assert bool(hand.show()) is (number > 0)
            hand.move(LONG)
            (shot,) = hand.show()
            assert (shot.name, shot.status, shot.unit, shot.total) == ("work", "running", "B", 5)
            assert (shot.position, shot.finished) == (number + 1, number)
            assert shot.elapsed >= LONG * (number + 1)
        assert tracker.status == "finished"


def test_the_last_picture_comes_once():
    """What lasted long enough is shown once more, as it ended; then never again."""
    with watched(Shown()) as hand:
        with track(total=2, name="by hand") as tracker:
            tracker.advance(2)
            spin(SHOWN)
        hand.show()
        hand.show()
    (shot,) = hand.view.finals()
    assert (shot.name, shot.status, shot.position, shot.finished) == ("by hand", "finished", 2, 2)
    assert shot.timing.count == 2


def test_what_is_short_or_not_to_be_shown_is_not():
    """No line for an end within 0.2 s, and none for `show=False`; both are in the report."""
    with watched(Shown()) as hand:
        for _ in track(range(3)):
            pass
        with track(show=False):
            spin(SHOWN)
            hand.move(LONG)
            assert hand.show() == []
        assert hand.show() == []
    assert hand.view.finals() == []


def test_pictures_know_their_parents():
    """A tree: each picture of what runs inside names the computation it runs in."""
    with watched(Shown()) as hand, stage("outer"):
        for _ in track([1], name="middle"):
            for _ in track([1], name="inner"):
                hand.move(LONG)
                shots = {shot.name: shot for shot in hand.show()}
                assert set(shots) == {"outer", "middle", "inner"}
                assert shots["outer"].parent is None
                assert shots["middle"].parent == shots["outer"].id
                assert shots["inner"].parent == shots["middle"].id
                assert (shots["outer"].kind, shots["inner"].kind) == ("stage", "loop")


def test_inner_loops_are_summed_under_their_outer_one():
    """Ended inner loops of one place are one line: passes, steps, seconds, and how many failed."""
    with watched(Shown()) as hand:
        for number in (outer := track(range(4), name="outer")):
            try:
                for k in track(range(10), name="inner"):
                    if number == 2 and k == 5:
                        raise ValueError
            except ValueError:
                pass
            for _ in track("ab", name="other"):
                break
        inner, other = outer.snapshot().inner
        assert (inner.name, inner.passes, inner.steps) == ("inner", 4, 35)
        assert inner.statuses == {"finished": 3, "failed": 1}
        assert (other.name, other.passes, other.steps, other.statuses) == ("other", 4, 0, {"stopped": 4})
        assert inner.seconds > 0
        assert inner.timing.count in (35, 36)
        assert hand.view.updates == []


def test_a_view_that_fails_is_reported_once_and_let_go(caplog):
    """One message in the log; the loop goes on, and the view is never called again."""
    view = Shown(fail=True)
    with caplog.at_level(logging.WARNING, logger="instep"), watched(view) as hand:
        seen = []
        for number in (tracker := track(range(4))):
            seen.append(number)
            hand.look()
            hand.move(LONG)
            hand.show()
    assert (seen, tracker.status, len(view.updates)) == ([0, 1, 2, 3], "finished", 1)
    (record,) = caplog.records
    assert "the view is broken" in record.getMessage()


def test_a_view_that_fails_to_close_harms_nobody(caplog):
    """It is reported as well."""

    class Stuck(Shown):
        def close(self):
            raise RuntimeError("does not close")

    with caplog.at_level(logging.WARNING, logger="instep"), watched(Stuck()):
        monitor._guarded(monitor.view.close)
    assert "does not close" in caplog.text


def test_a_step_that_lasts_is_sighted_with_its_index():
    """Two looks at the same position of a quick loop: the step in between is among the slowest, by its index."""
    with watched(Shown()) as hand:
        for number in (tracker := track(range(5000))):
            if number == 3000:
                began = hand.now()
                hand.look()
                hand.move(0.2)
                hand.look()
                (step,) = [step for step in tracker.timer.slowest if step.index == 3000]
                assert 0.2 <= step.seconds <= (hand.now() - began) / 1e9


def test_a_quick_loop_that_turns_slow_is_known_by_its_parts():
    """Steps of 10 ms within a block of quick ones are no step of seconds: each look knows the pace since the last."""
    with watched(Shown()) as hand:
        for k in (tracker := track(range(3000))):
            if k > 2500:
                hand.move(0.01)
                if k % 5 == 0:
                    hand.look()
        timer = tracker.timer
        assert timer.count == 3000
        assert timer.max < 0.1
        assert 0.0098 < timer.quantile(0.95) < 0.0102


@pytest.mark.parametrize("border", range(1, 11))
def test_a_block_that_ends_between_two_looks_is_counted_once(border):
    """Of the steps since the last look those before the block's end are in its row: they are no part of the next."""
    with watched(Shown()) as hand:
        at = 0
        run = Computation("slow", None)
        run.read = lambda: at
        run.begin(None)
        for _ in range(20):  # looks, five steps of 10 ms apart
            for _ in range(5):
                at += 1
                hand.move(0.01)
                if at == 60 + border:
                    run.log(at, 1000)  # the block had begun when steps were still quick
            hand.look()
        run.log(at - 60 - border, 1000)
        assert run.timer.count == at == 100
        run.end("finished", hand.now())


def test_what_was_dropped_unseen_is_ended_at_the_second_look():
    """Work by hand whose Track is gone, without `with` and without reaching its total, is *stopped*.

    A loop that is being left at this very moment gets the time to say how.
    """
    with watched(Shown()) as hand:
        tracker = track(total=5, name="forgotten")
        tracker.advance()
        run = tracker._run
        del tracker
        hand.look()
        assert run in monitor.running
        hand.look()
        assert (run.status, run in monitor.running) == ("stopped", False)


def test_rate_and_time_left():
    """From the latest steps: a rate, the mean, time left with its range; None while unknown."""
    with watched(Shown()) as hand:
        for number in (tracker := track(iter(range(30)), total=30)):
            spin(200_000)
            hand.look()
            shot = tracker.snapshot()
            if number == 0:
                assert (shot.rate, shot.mean, shot.remaining, shot.remaining_range) == (None,) * 4
            if number == 25:
                assert shot.rate is not None
                assert shot.mean >= 0.000_2
                assert shot.remaining > 0
                least, most = shot.remaining_range or (0, shot.remaining)  # None while unknown
                assert least <= shot.remaining <= most
        shot = tracker.snapshot()
        assert (shot.status, shot.remaining, shot.rate) == ("finished", None, pytest.approx(30 / shot.elapsed))


def test_snapshots_are_immutable_and_survive():
    """A picture stays as it was when the loop goes on."""
    tracker = track("abc", name="x")
    shots = []
    for letter in tracker:
        tracker.send(letter)
        shots.append(tracker.snapshot())
    assert [shot.position for shot in shots] == [1, 2, 3]
    assert [len(shot.notes) for shot in shots] == [1, 2, 3]
    with pytest.raises(AttributeError):
        shots[0].position = 5
    assert len({shot.id for shot in shots}) == 1


def test_a_pulse_beats_until_it_is_told_otherwise():
    """It goes away when a beat gives False; `stop` waits until the thread is gone, and it comes back when woken."""
    beats = count()
    pulse = Pulse(1000, lambda late: next(beats) < 5, 1.0)
    pulse.wake()
    while next(beats) < 20 and not pulse._arrived:
        pulse.hurry(10)
    assert pulse._alone.acquire(timeout=10)
    assert pulse.asleep
    beaten = []
    pulse = Pulse(1000, lambda late: not beaten.append(late), 1.0)
    pulse.wake()
    pulse.wake()
    pulse.hurry(10)
    assert beaten
    pulse.stop()
    pulse.stop()
    assert pulse.asleep
    count_then = len(beaten)
    pulse.wake()
    pulse.hurry(10)
    assert len(beaten) > count_then
    pulse.stop()


def test_where_no_thread_can_be_started_it_is_not_asked_for_all_the_time(monkeypatch):
    """A loop wakes the monitor at each of its blocks: asking in vain each time costs more than the block."""
    asked, now = [], [1]

    def start_new_thread(*arguments):
        asked.append(arguments)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("instep.pulse.start_new_thread", start_new_thread)
    monkeypatch.setattr("instep.pulse.perf_counter_ns", lambda: now[0])
    pulse = Pulse(1000, lambda late: True, 1.0)
    assert not sum(pulse.wake() for _ in range(100))
    assert not pulse.hurry(10)
    assert len(asked) == 1
    now[0] += 1_000_000_000
    assert not pulse.wake()
    assert len(asked) == 2


def test_what_runs_on_after_the_end_wakes_nothing():
    """A daemon thread's busy loop goes on while the program exits: at each block it would ask for a thread, and whether
    a person is there. Each asking gives the GIL away for an instant, so often that 3.12 hands it to no other thread.
    """
    out = quiet(
        """
        from instep import asking, track
        from instep.monitor import monitor

        monitor.close()
        asking.watch = lambda: print("asked")
        tracker = track(iter(int, 1))
        for position, _ in enumerate(tracker):
            if position == 1_000_000:
                break
        for _ in track(range(3)):
            for _ in track(range(3)):
                tracker.note("said")
        looking, showing = monitor.looking, monitor.showing
        print(tracker.status, tracker.position, looking.asleep, showing.asleep, looking._started)
        """
    )
    assert out == "stopped 1000001 True True 0\n"

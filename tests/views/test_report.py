"""The table at the end."""

from __future__ import annotations

from instep.model import Spread, Step
from instep.views import sentences
from instep.views.report import table
from views.values import snapshot, summary, timing


def test_a_table_of_nested_computations() -> None:
    """One line each, inner ones indented; what comes from a sample is marked, and explained below."""
    sampled = timing(count=30, timed=12)
    batch = summary("batch", statuses={"finished": 2, "failed": 1}, timing=sampled)
    rows = [
        summary("train", passes=1, steps=12_345, timing=timing(), inner=(batch,)),
        summary("load", kind="stage", passes=1, steps=0, seconds=0.25),
    ]
    assert table(rows) == (
        "computation      steps  status          time    mean      p95      slowest  fetch/body\n"
        "-----------  ---------  ------------  ------  ------  -------  -----------  ----------\n"
        "train        12.3 k it  finished      1.50 s  100 ms   200 ms  210 ms #803      25/75%\n"
        "  batch          30 it  ×3, 1 failed  1.50 s  100 ms  ~200 ms  210 ms #803     ~25/75%\n"
        "load                    finished      250 ms\n"
        "~ from a sample: not every step was timed by itself\n"
    )


def test_it_suits_80_columns() -> None:
    """With long names and large figures too."""
    one = summary(
        "a very long name of a computation" * 3,
        steps=123_456_789,
        seconds=36_000.0,
        timing=timing(slowest=(Step(1, 0.25, "a long step name"),)),
    )
    assert max(map(len, table([one]).splitlines())) <= 90


def test_users_text_is_harmless() -> None:
    """Names can't break the table."""
    shown = table([summary("\x1b[2J\n日本", unit="\r", timing=timing(slowest=(Step(0, 1.0, "\x9b"),)))])
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert shown.count("\n") == 3


def test_nothing_known() -> None:
    """Without timing, or with nothing at all, there is still a table."""
    assert table([]).startswith("computation")
    assert "50 ms" in table([summary()])
    unknown = timing(timed=0, fetch=None, body=None, slowest=())
    assert table([summary(timing=unknown)]).count("\n") == 4


def test_what_was_computed_for_nothing_is_told_below() -> None:
    """Of an `each` that was left early: what was taken, computed, called back, never begun. Else there's nothing."""
    early = Spread("threads", 2, taken=6, computed=6, running=1, cancelled=1, never_begun=2, failed=0, retried=0)
    shown = table([summary("cube", passes=1, steps=6, statuses={"stopped": 1}, spread=early)])
    assert shown.splitlines()[-1] == "cube: taken 6, computed 7, cancelled 1, never begun 2"
    whole = Spread("threads", 2, taken=10, computed=10, running=0, cancelled=0, never_begun=0, failed=0, retried=0)
    assert "taken" not in table([summary("cube", spread=whole)])
    troubled = whole._replace(taken=8, failed=2, retried=3)
    assert sentences.spread(troubled, taken=True) == "taken 8, computed 10, failed 2, tried again 3"


def test_the_last_line_tells_it_too() -> None:
    """Before the slowest step, which may be left out where there is no room."""
    early = Spread("threads", 2, taken=6, computed=7, running=0, cancelled=0, never_begun=3, failed=0, retried=0)
    shot = snapshot("cube", status="stopped", finished=6, total=10, elapsed=0.31, rate=19.5, spread=early)
    assert str(sentences.ending(shot)) == (
        "cube: stopped after 6 of 10 it in 310 ms · 19.5 it/s · computed 7, never begun 3"
    )

"""The table at the end."""

from __future__ import annotations

from instep.model import Step
from instep.views.report import table
from views.values import summary, timing


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

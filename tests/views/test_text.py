"""Numbers, times and users' text in words."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from instep.model import Note
from instep.views import text


class Raising:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class Huge:
    def __str__(self) -> str:
        return "x" * 10_000_000


class Sly(str):
    """A str whose methods lie."""

    def __str__(self) -> str:
        return "\x1b[2J"

    def __getitem__(self, key: Any) -> str:
        return "\x1b[2J"

    def __iter__(self) -> Iterator[str]:
        return iter(["\x1b[2J"])

    def __len__(self) -> int:
        return 1


@given(st.text(st.characters(codec=None)), st.integers(1, 300))
@example("\x1b[31m\x9b\u202e\u2028\ud800\r\n\x7f\x00\u200b", 200)
def test_plain_lets_nothing_harmful_through(given_text: str, limit: int) -> None:
    """No control, format, surrogate or separator character comes out, and never more than the limit."""
    shown = text.plain(given_text, limit)
    assert len(shown) <= limit
    assert {unicodedata.category(character) for character in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=200))
def test_plain_keeps_what_is_harmless(given_text: str) -> None:
    """Letters, digits, punctuation and symbols of any script stay as they are."""
    assert text.plain(given_text) == given_text


def test_plain_shows_escapes() -> None:
    """What isn't visible is shown in Python's own notation."""
    assert text.plain("a\x1b[2J\x9b\n\t\u202e\u2028\ud800\U000e0001é") == (
        r"a\x1b[2J\x9b\n\t\u202e\u2028\ud800\U000e0001é"
    )
    assert text.plain("long" * 100, 10) == "longlongl…"


def test_plain_takes_anything() -> None:
    """Objects whose text raises, is huge or lies do no harm."""
    assert text.plain(Raising()) == "<Raising whose text raises RuntimeError>"
    assert len(text.plain(Huge())) == 200
    assert text.plain(Sly("honest")) == "honest"
    assert text.plain(None) == "None"


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        (0, "it", "0 it"),
        (1204, "it", "1,204 it"),
        (9999, "it", "9,999 it"),
        (12_345, "it", "12.3 k it"),
        (123_456, "", "123 k"),
        (999_999, "it", "1.0 M it"),
        (10**20, "it", "100 E it"),
        (10**400, "it", "? it"),
        (512, "B", "512 B"),
        (4_718_592, "B", "4.5 MiB"),
        (1024, "B", "1.0 KiB"),
        (math.nan, "it", "? it"),
        (3, "\x1b", r"3 \x1b"),
    ],
)
def test_counts(number: float, unit: str, expected: str) -> None:
    """Counts are whole up to 9,999, then scaled; bytes by 1,024."""
    assert text.count(number, unit) == expected


@pytest.mark.parametrize(
    ("per_second", "unit", "expected"),
    [
        (12_345.6, "it", "12.3 k it/s"),
        (352.4, "it", "352 it/s"),
        (3.4, "row", "3.4 row/s"),
        (0.5, "it", "2.0 s/it"),
        (1 / 3723, "it", "1:02:03/it"),
        (4_718_592.0, "B", "4.5 MiB/s"),
        (0.5, "B", "0.5 B/s"),
        (0.0, "it", ""),
        (None, "it", ""),
        (math.inf, "it", ""),
    ],
)
def test_rates(per_second: float | None, unit: str, expected: str) -> None:
    """Steps a second, or the time of a step that takes longer than that."""
    assert text.rate(per_second, unit) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (850e-9, "850 ns"),
        (12e-6, "12 µs"),
        (3.4e-3, "3.4 ms"),
        (0.9996, "1.0 s"),
        (0.0099, "9.9 ms"),
        (2.1, "2.1 s"),
        (42.3, "42 s"),
        (59.6, "1:00"),
        (3723, "1:02:03"),
        (93_784, "1 d 2:03:04"),
        (0, "0 s"),
        (1e-12, "0.0 ns"),
        (-1, "?"),
        (math.nan, "?"),
        (None, "?"),
    ],
)
def test_durations(seconds: float | None, expected: str) -> None:
    """Two digits with the unit that suits, from a minute on as clocks show it."""
    assert text.duration(seconds) == expected


def test_durations_to_three_digits() -> None:
    """Last lines have one digit more."""
    assert [text.duration(seconds, 3) for seconds in (3.421, 34.21, 0.5)] == ["3.42 s", "34.2 s", "500 ms"]


@given(st.floats() | st.integers())
def test_no_number_is_too_strange(number: float) -> None:
    """Whatever a number is, there are a few words for it."""
    for words in (text.count(number), text.rate(number), text.duration(number), text.clock(number)):
        assert len(words) < 400
        assert words.isprintable()


def test_time_left_with_its_range() -> None:
    """The range is shown where it says more than the estimate."""
    assert text.left(40, (35, 70)) == "0:40 (0:35–1:10)"
    assert text.left(40, (39.9, 40.1)) == "0:40"
    assert text.left(40, None) == "0:40"
    assert text.left(40, (35, math.inf)) == "0:40"
    assert text.left(None, None) == text.left(math.inf, None) == ""


def test_notes_are_merged() -> None:
    """The last value, then each field as it was last given; `None` isn't shown."""
    said = (Note(0, "first", {"loss": 0.5}), Note(1, "then", {"acc": 1}), Note(2, None, {"loss": 0.30000000000000004}))
    assert text.notes(said) == "then loss=0.3 acc=1"
    assert text.notes((Note(0, None, {"loss": None}),)) == ""
    assert text.notes((Note(0, Raising(), {"x": Raising()}),)).startswith("<Raising whose text raises RuntimeError> x=")


def test_what_an_encoding_cannot_hold() -> None:
    """Signs of ours become simpler ones, users' characters escapes; one for one where columns count."""
    assert text.fold("×3 · 12 µs … é", "ascii") == "x3 | 12 us ... \\xe9"
    assert text.fold("×3 · 12 µs … é", "ascii", same_width=True) == "x3 | 12 us ~ ?"
    assert text.fold("×3 · é", "latin-1") == "×3 · é"
    assert text.fold("é …", None) == "é …"
    assert text.fold("é", "no such encoding") == "\\xe9"

"""What type checkers make of `track`, `Timer` and `stage`; checked by mypy, never run."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from instep import Note, Report, Snapshot, Status, Step, Timer, Track, note, report, stage, track


def letters() -> Iterator[str]:
    """Give letters."""
    yield from "abc"


async def numbers() -> AsyncIterator[int]:
    """Give numbers."""
    yield 1


integers: list[int] = [1, 2]
mapping: dict[str, float] = {}

for x in track(integers):
    assert_type(x, int)
for letter in (tracker := track(letters(), name="letters", total=3, initial=0, unit="B", show=False)):
    assert_type(letter, str)
    tracker.send(None)
    tracker.note("said", loss=0.3)
for key in track(mapping):
    assert_type(key, str)
for name, value in track(mapping.items()):
    assert_type(name, str)
    assert_type(value, float)
for number, pair in enumerate(track(zip(integers, letters(), strict=True))):
    assert_type(number, int)
    assert_type(pair, tuple[int, str])

assert_type(track(integers), Track[int])
assert_type(tracker, Track[str])
assert_type(next(tracker), str)
assert_type(list(reversed(track(integers))), list[int])
assert_type(tracker.position, int)
assert_type(tracker.finished, int)
assert_type(tracker.status, Status)
assert_type(tracker.total, int | None)
assert_type(tracker.timer, Timer)
assert_type(tracker.timer.slowest, tuple[Step, ...])
assert_type(tracker.timer.remaining_range, tuple[float, float])
assert_type(tracker.notes, list[Note])
assert_type(tracker.snapshot(), Snapshot)
tracker.name = "other"
tracker.total = None
note("said", loss=0.3)
assert_type(report(), Report)

track(5)  # type: ignore[call-overload]
track(integers, total="5")  # type: ignore[call-overload]
track(integers, "name")  # type: ignore[call-overload]
tracker.position = 5  # type: ignore[misc]

with track(total=3) as by_hand:
    by_hand.advance(2)
with stage("load", unit="B") as loading:
    loading.advance()


@stage("parse")
def parse(text: str, *, strict: bool = False) -> int:
    """Keep its signature."""
    return len(text)


assert_type(parse("a", strict=True), int)
parse(5)  # type: ignore[arg-type]


async def main() -> None:
    """Walk what is asynchronous."""
    async for item in track(numbers()):
        assert_type(item, int)


def timed(timer: Timer) -> None:
    """Use a timer alone."""
    timer()
    timer(info="last")
    Timer(5, clock=lambda: 0)
    assert_type(timer.quantile(0.5), float)

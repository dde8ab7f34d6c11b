"""What a note on every step costs, views on.

Loops of a quarter of a million steps in a terminal, by turns: the bare loop, the loop tracked without notes, and the
same with a note in every step, by instep and by peers. What the note alone adds counts for the bars (the third less the
second); what tracking and the note cost together is shown beside it (the third less the bare loop). Where a note is
made below the loop's frame, the second makes the same calls without a note. enlighten's fields are given to the
`update` that every step makes there anyway.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import perf_counter
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section, microseconds
from benchmarks.loops import fresh

STEPS = 250_000
MOST_SEND, MOST_NOTE, MOST_FRAME = 0.7e-6, 1e-6, 0.3e-6
# What is measured: the loop with notes, the same without, the loop that doesn't track at all.
PAIRS = {
    "tracker.send(x)": ("send", "tracked", "bare"),
    "tracker.note(loss=x)": ("tracker_note", "tracked", "bare"),
    "note(x), in the loop's frame": ("note0", "tracked", "bare"),
    "note(loss=x), in the loop's frame": ("note_field", "tracked", "bare"),
    "note(x), 1 frame below": ("note1", "called1", "bare_called1"),
    "note(x), 2 frames below": ("note2", "called2", "bare_called2"),
    "note(x), 3 frames below": ("note3", "called3", "bare_called3"),
    "enlighten: update(loss=x)": ("enlighten_note", "enlighten", "bare"),
    "rich: update(task, loss=x)": ("rich_note", "rich", "bare"),
    "tqdm: set_postfix(loss=x, refresh=False)": ("tqdm_note", "tqdm", "bare"),
    "tqdm: set_postfix_str(x, refresh=False)": ("tqdm_text", "tqdm", "bare"),
}


def measure(raw: Raw, *, quick: bool) -> None:
    """All loops in one worker; three workers."""
    for _ in range(1 if quick else 3):
        found = workers.run(loops, 5_000 if quick else STEPS, 1 if quick else 5, terminal=True).value
        for name, (values, right) in found.items():
            raw.add(name, values, right=right)


def loops(steps: int, rounds: int) -> dict[str, tuple[list[float], bool]]:
    """In the worker: seconds a step of each loop; and for instep's whether notes and position came out right."""
    found: dict[str, tuple[list[float], bool]] = {}
    for name in _LOOPS:
        _LOOPS[name](100)
    walked = {name: fresh(loop) for name, loop in _LOOPS.items()}
    for _ in range(rounds):
        for name, loop in walked.items():
            gc.collect()
            began = perf_counter()
            tracker = loop(steps)
            values, right = found.setdefault(name, ([], True))
            values.append((perf_counter() - began) / steps)
            if name in _OURS:
                said = len(tracker.notes) == min(steps, 1000) and tracker.notes[-1].index == steps - 1
                right = right and tracker.position == steps and (said or name not in _NOTED)
            found[name] = values, right
    return found


def bare(n: int) -> Any:
    for _ in range(n):
        pass


def tracked(n: int) -> Any:
    from instep import track

    for _ in (tracker := track(range(n))):
        pass
    return tracker


def send(n: int) -> Any:
    from instep import track

    for x in (tracker := track(range(n))):
        tracker.send(x)
    return tracker


def tracker_note(n: int) -> Any:
    from instep import track

    for x in (tracker := track(range(n))):
        tracker.note(loss=x)
    return tracker


def note0(n: int) -> Any:
    from instep import note, track

    for x in (tracker := track(range(n))):
        note(x)
    return tracker


def note_field(n: int) -> Any:
    from instep import note, track

    for x in (tracker := track(range(n))):
        note(loss=x)
    return tracker


def _below(depth: int, act: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    """A function that acts so many frames below its caller."""

    def deepest(x: Any) -> None:
        if act is not None:
            act(x)

    function = deepest
    for _ in range(depth - 1):

        def function(x: Any, inner: Callable[[Any], Any] = function) -> None:
            inner(x)

    return function


def _calling(depth: int, *, tracking: bool, noting: bool) -> Callable[[int], Any]:
    def loop(n: int) -> Any:
        from instep import note, track

        call = _below(depth, note if noting else None)
        items = track(range(n)) if tracking else range(n)
        for x in items:
            call(x)
        return items

    return loop


def enlighten(n: int) -> Any:
    import enlighten

    manager = enlighten.get_manager()
    counter = manager.counter(total=n)
    for _ in range(n):
        counter.update()
    manager.stop()


def enlighten_note(n: int) -> Any:
    import enlighten

    manager = enlighten.get_manager()
    counter = manager.counter(total=n, bar_format="{count}/{total} {loss}", loss=0)
    for x in range(n):
        counter.update(loss=x)
    manager.stop()


def rich(n: int) -> Any:
    from rich.progress import Progress

    with Progress() as progress:
        task = progress.add_task("", total=n, loss=0)
        for _ in progress.track(range(n), task_id=task):
            pass


def rich_note(n: int) -> Any:
    from rich.progress import Progress

    with Progress() as progress:
        task = progress.add_task("", total=n, loss=0)
        for x in progress.track(range(n), task_id=task):
            progress.update(task, loss=x)


def tqdm(n: int) -> Any:
    from tqdm import tqdm

    for _ in tqdm(range(n)):
        pass


def tqdm_note(n: int) -> Any:
    from tqdm import tqdm

    for x in (bar := tqdm(range(n))):
        bar.set_postfix(loss=x, refresh=False)


def tqdm_text(n: int) -> Any:
    from tqdm import tqdm

    for x in (bar := tqdm(range(n))):
        bar.set_postfix_str(str(x), refresh=False)


_LOOPS: dict[str, Callable[[int], Any]] = {
    function.__name__: function
    for function in (
        *(bare, tracked, send, tracker_note, note0, note_field),
        *(enlighten, enlighten_note, rich, rich_note, tqdm, tqdm_note, tqdm_text),
    )
}
for _depth in (1, 2, 3):
    _LOOPS[f"bare_called{_depth}"] = _calling(_depth, tracking=False, noting=False)
    _LOOPS[f"called{_depth}"] = _calling(_depth, tracking=True, noting=False)
    _LOOPS[f"note{_depth}"] = _calling(_depth, tracking=True, noting=True)
_NOTED = ("send", "tracker_note", "note0", "note_field", "note1", "note2", "note3")
_OURS = ("tracked", *_NOTED)


def judge(read: Read) -> Section:
    """The note alone, and all of it."""
    alone = {what: read.over(with_it, without) for what, (with_it, without, _) in PAIRS.items()}
    whole = {what: read.over(with_it, none) for what, (with_it, _, none) in PAIRS.items()}
    rows = [(what, microseconds(alone[what]), microseconds(whole[what])) for what in PAIRS]
    own = "note(x), in the loop's frame"
    claims = [_claim("tracker.send(x)", alone["tracker.send(x)"], MOST_SEND), _claim(own, alone[own], MOST_NOTE)]
    above = alone[own]
    for depth in (1, 2, 3):
        below = alone[f"note(x), {depth} frame{'s' if depth > 1 else ''} below"]
        claims.append(_claim(f"note(x), {depth} below: over {depth - 1} below", below - above, MOST_FRAME))
        above = below
    right = all(one["right"] for name in _OURS for one in read.facts(name))
    return Section(
        "A note on every step (µs a step)",
        str(__doc__).split("\n\n", 1)[1],
        ("note", "the note alone", "tracking and note, over the bare loop"),
        rows,
        claims,
        [Claim("notes: the latest 1,000 are there, the last on the last step", str(right), "True", right)],
    )


def _claim(what: str, seconds: float, bar: float) -> Claim:
    return Claim(what, f"{seconds * 1e6:.2f} µs", f"at most {bar * 1e6:g} µs", seconds <= bar)

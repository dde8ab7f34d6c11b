"""The ways to watch a loop: instep and its peers, each in the quick way of its documentation, drawing by default.

Nothing is imported before a way is first used, so that a worker holds only what it measures.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple


class Way(NamedTuple):
    """One way to watch a loop."""

    package: str
    """Its distribution; "" for the bare loop."""
    wrap: Callable[[Any, int], Any]
    """Gives what the loop walks, for an iterable and the number of its items."""
    frame: bytes
    """Occurs exactly once in each drawing of its display."""
    share: float = 1.0
    """Of the steps that others run, how many it runs: slow ones run fewer."""
    compiled: bool = False
    close: Callable[[], None] = lambda: None


def _bare(items: Any, total: int) -> Any:
    return items


def _instep(items: Any, total: int) -> Any:
    from instep import track

    return track(items, total=total)


def _tqdm(items: Any, total: int) -> Any:
    from tqdm import tqdm

    return tqdm(items, total=total)


def _rich(items: Any, total: int) -> Any:
    from rich.progress import track

    return track(items, total=total)


def _progressbar(items: Any, total: int, *, fast: bool) -> Any:
    import progressbar
    from progressbar import bar
    from speedups.progressbar import FastBarIterator

    # What the optional extra installs is found when progressbar2 is imported; without the extra it is None.
    bar._FastBarIterator = FastBarIterator if fast else None
    return progressbar.progressbar(items, max_value=total)


def _barflow(items: Any, total: int) -> Any:
    import barflow

    return barflow.track(items, total=total)


def _alive(items: Any, total: int) -> Any:
    from alive_progress import alive_it

    return alive_it(items, total=total)


_managers: list[Any] = []


def _enlighten(items: Any, total: int) -> Any:
    import enlighten

    manager = enlighten.get_manager()
    _managers.append(manager)
    return manager.counter(total=total)(items)


def _close_enlighten() -> None:
    """As its documentation says: a manager is to be stopped."""
    while _managers:
        _managers.pop().stop()


WAYS = {
    "bare": Way("", _bare, b"\0"),
    "instep": Way("instep", _instep, b" " * 80 + b"\r"),
    "BarFlow": Way("barflow", _barflow, b"\x1b[?7l", compiled=True),
    "progressbar2[fast]": Way("speedups", lambda items, n: _progressbar(items, n, fast=True), b"\r", compiled=True),
    "tqdm": Way("tqdm", _tqdm, b"\r"),
    "rich.track": Way("rich", _rich, b"Working..."),
    "progressbar2": Way("progressbar2", lambda items, n: _progressbar(items, n, fast=False), b"\r"),
    "alive-progress": Way("alive-progress", _alive, b"\r", share=0.1),
    "enlighten": Way("enlighten", _enlighten, b"/s]", share=0.1, close=_close_enlighten),
}
QUICK = tuple(name for name, way in WAYS.items() if way.compiled or name in ("bare", "instep"))
"""Ways so quick that they are measured more often, their differences being small."""


def versions() -> dict[str, str]:
    """The version of instep, of what its steps stand on, and of each peer that is installed."""
    found = {"instep": "from source"}  # run from a source tree
    spreading = ("cloudpickle", "distributed", "joblib", "mpire", "streamable")
    for package in {"greenlet", *spreading, *(way.package for way in WAYS.values() if way.package)}:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

"""Tokenize every module of this Python's own standard library, and see how the time goes.

Nested loops, notes, an early stop, and the slowest file found by the timer; at the end a report. Run by `make demo`.
"""

import io
import sysconfig
import token
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from instep import note, report, stage, track


def modules() -> list[Path]:
    """Every module of the standard library but its tests and what was installed beside it."""
    library = Path(sysconfig.get_path("stdlib"))
    apart = {"site-packages", "test", "tests", "idle_test", "lib2to3", "__pycache__"}
    return sorted(path for path in library.rglob("*.py") if not apart & set(path.relative_to(library).parts))


def names_in(source: str) -> Counter[str]:
    """Count the names in a module's source."""
    tokens = track(tokenize.generate_tokens(io.StringIO(source).readline), name="tokens", unit="token")
    return Counter(found.string for found in tokens if found.type == token.NAME)


def lines(paths: list[Path]) -> Iterator[tuple[Path, int, str]]:
    """Give all lines of all modules, one after another."""
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield path, number, line


def main() -> None:
    """Do the three stages, and print what they took."""
    with stage("find the modules"):
        paths = modules()

    names: Counter[str] = Counter()
    with stage("count the names"):
        for path in (files := track(paths, name="modules", unit="file")):
            names += names_in(path.read_text(encoding="utf-8"))
            files.note(module=path.stem, names=len(names))

    with stage("look for a walrus"):
        for path, number, line in (search := track(lines(paths), name="lines", unit="line")):
            if " := " in line:
                note(f"{path.name}:{number}")
                break

    slowest = files.timer.slowest[0]
    print(f"{len(paths):,} modules; the most frequent names are {', '.join(name for name, _ in names.most_common(5))}.")
    usual = f"{files.timer.median * 1000:.1f} ms is usual"
    print(f"{paths[slowest.index].name} took longest: {slowest.seconds * 1000:.0f} ms, where {usual}.")
    print(f"The search was {search.status} at line {search.position:,}: the rest was never read.")
    print()
    print(report())


if __name__ == "__main__":
    main()

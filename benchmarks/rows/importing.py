"""What `import instep` costs over bare Python, in fresh processes.

`python -I -c "import ..."`, by turns with nothing and with each package, timed from outside from the start of the
process to its end, compiled files being there; the directory that holds each package is put on `sys.path` by the same
statement in all. The median of the processes counts, since a process's time has a tail on one side.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.figures import Claim, Raw, Read, Section

IMPORTS = {
    "bare": "pass",
    "instep": "import instep",
    "instep, first loop": "import instep\nfor _ in instep.track([1, 2, 3]): pass",
    "BarFlow": "import barflow",
    "tqdm": "import tqdm",
    "rich.progress": "import rich.progress",
    "progressbar2": "import progressbar; progressbar.progressbar",
    "alive-progress": "import alive_progress",
    "enlighten": "import enlighten",
}
ROUNDS = 40
BAR = 5e-3


def measure(raw: Raw, *, quick: bool) -> None:
    """By turns; the first round only compiles."""
    place = _directory_of_instep()
    values: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(3 if quick else ROUNDS + 1):
        for name, code in IMPORTS.items():
            began = perf_counter()
            subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.append({place!r})\n{code}"], check=True)
            values[name].append(perf_counter() - began)
    for name, all_of_it in values.items():
        raw.add(name, all_of_it[1:])


def _directory_of_instep() -> str:
    spec = find_spec("instep")
    if spec is None or spec.origin is None:
        raise RuntimeError("instep is not installed here")
    return str(Path(spec.origin).parents[1])


def judge(read: Read) -> Section:
    """Milliseconds over bare Python."""
    bare = median(read.all("bare"))
    over = {name: median(read.all(name)) - bare for name in IMPORTS}
    rows = [(name, f"{(bare if name == 'bare' else over[name]) * 1e3:.1f}") for name in IMPORTS]
    claims = [
        Claim("import instep", f"{over['instep'] * 1e3:.1f} ms", f"at most {BAR * 1e3:g} ms", over["instep"] <= BAR),
    ]
    return Section("Import (ms over bare Python)", str(__doc__).split("\n\n", 1)[1], ("import", "ms"), rows, claims, [])

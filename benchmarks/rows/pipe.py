"""What a pipe carries that `instep pipe` stands in: beside `cat`, `pv` and tqdm's pipe, views on.

4 GB of lines, in a file in memory where there is room, go through each way by turns: from the file on its stdin to a
`cat` that throws them away, and from a `cat` of the file to nowhere. The time is that of the whole pipeline, from
before its first process starts until after its last has ended; of the rounds the least counts. Bytes are counted by
`instep pipe --bytes`, `pv` and `tqdm --bytes`, lines by `instep pipe`, `pv -l` and `tqdm`. tqdm gets 80 MB. A way that
isn't installed is left out. At last what comes out of each instep is compared with what went in, and its count with the
number of lines and bytes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import workers
from benchmarks.figures import Claim, Raw, Read, Section, times

SIZE, SHARE, ROUNDS = 4_000_000_000, 0.02, 5
QUICK = 20_000_000
OF_PV, OF_TQDM = 0.9, 5.0
_PYTHON = f"{sys.executable} -m"
WAYS = {
    "bytes": {
        "cat": "cat",
        "pv": "pv",
        "instep": f"{_PYTHON} instep pipe --bytes",
        "tqdm": f"{_PYTHON} tqdm --bytes",
    },
    "lines": {"pv": "pv -l", "instep": f"{_PYTHON} instep pipe", "tqdm": f"{_PYTHON} tqdm"},
}
ENDS = {"from a file to a pipe": "{way} < {file} | cat > {nowhere}", "from a pipe": "cat {file} | {way} > {nowhere}"}
_SLOW = "(cat {file}; sleep 0.5) | INSTEP_VIEW=jsonl {way} 2> {said} | cmp - {file}"
NOT_THERE = "not installed"


def measure(raw: Raw, *, quick: bool) -> None:
    """One worker with a terminal, in which the pipelines run."""
    size = QUICK if quick else SIZE
    with _files(size) as files:
        found = workers.run(rates, files, 1 if quick else ROUNDS, terminal=True).value
        right = workers.run(compared, files["all"], terminal=False).value
    for name, (seconds, n) in found.items():
        raw.add(name, [one / n for one in seconds], bytes=n)
    raw.add("instep, compared", [1.0], right=right, cases=len(WAYS))


@contextmanager
def _files(size: int) -> Iterator[dict[str, str]]:
    """A file of so many bytes in lines, and one of a part of them."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * size
    with tempfile.TemporaryDirectory(dir=memory if roomy else None) as folder:
        files = {}
        for name, n in ("all", size), ("part", int(size * SHARE)):
            path = Path(folder, name)
            _fill(path, n)
            files[name] = str(path)
        yield files


def _fill(path: Path, size: int) -> None:
    lines = b"".join(b"%d %s\n" % (k, b"some words"[: k % 11] * (k % 13)) for k in range(100_000))
    with path.open("wb") as file:
        for _ in range(size // len(lines)):
            file.write(lines)
        file.write(lines[: size % len(lines)])


def rates(files: dict[str, str], rounds: int) -> dict[str, tuple[list[float], int]]:
    """In the worker: seconds that each pipeline takes, and how many bytes go through it."""
    found: dict[str, tuple[list[float], int]] = {}
    for turn in range(rounds):
        for end, pipeline in ENDS.items():
            for what, ways in WAYS.items():
                for way in [*ways][:: -1 if turn % 2 else 1]:
                    if not _is_there(way):
                        continue
                    file = files["part" if way == "tqdm" else "all"]
                    command = pipeline.format(way=ways[way], file=file, nowhere=os.devnull)
                    began = perf_counter()
                    subprocess.run(["/bin/sh", "-c", command], check=True)
                    took = perf_counter() - began
                    seconds, _ = found.setdefault(f"{what}, {end}, {way}", ([], Path(file).stat().st_size))
                    seconds.append(took)
    return found


def _is_there(way: str) -> bool:
    return way == "instep" or bool(find_spec("tqdm") if way == "tqdm" else shutil.which(way))


def compared(file: str) -> int:
    """In the worker: for how many of instep's ways the same bytes came out, and were counted right."""
    right = 0
    whole = {"bytes": Path(file).stat().st_size, "lines": 0}
    with open(file, "rb") as blocks:
        while block := blocks.read(1 << 20):
            whole["lines"] += block.count(b"\n")
            last = block
    whole["lines"] += not last.endswith(b"\n")
    for what, ways in WAYS.items():
        with tempfile.NamedTemporaryFile("r") as said:
            command = _SLOW.format(way=ways["instep"], file=file, said=said.name)
            same = subprocess.run(["/bin/sh", "-c", command], check=False).returncode == 0
            last_line = json.loads(said.read().splitlines()[-1])
        right += same and (last_line["status"], last_line["finished"]) == ("finished", whole[what])
    return right


def judge(read: Read) -> Section:
    """Rates beside each other."""
    rows: list[tuple[str, ...]] = []
    claims = []
    for what, ways in WAYS.items():
        for end in ENDS:
            rate = {way: _rate(read, f"{what}, {end}, {way}") for way in ("cat", "pv", "instep", "tqdm")}
            rows.append((f"{what}, {end}", *(_said(rate[way]) if way in ways else "" for way in rate)))
            for peer, bar in ("pv", OF_PV), ("tqdm", OF_TQDM):
                claims.append(_claim(f"pipe, {what}, {end}: ours over {peer}'s rate", rate["instep"], rate[peer], bar))
    (fact,) = read.facts("instep, compared")
    said = f"right {fact['right']} of {fact['cases']}"
    facts = [Claim("pipe: bytes come out as they went in, and counts", said, "all", fact["right"] == fact["cases"])]
    return Section(
        "Through a pipe (GB/s)",
        str(__doc__).split("\n\n", 1)[1],
        ("counted", "cat", "pv", "instep", "tqdm"),
        rows,
        claims,
        facts,
    )


def _rate(read: Read, name: str) -> float | None:
    """Bytes a second."""
    return 1 / read.best(name) if name in read else None


def _said(rate: float | None) -> str:
    return NOT_THERE if rate is None else f"{rate / 1e9:.2f}"


def _claim(what: str, ours: Any, peer: float | None, bar: float) -> Claim:
    if peer is None:
        return Claim(what, NOT_THERE, f"at least {bar:g}x", False)
    ratio = ours / peer
    return Claim(what, f"{ratio:.2f}x" if bar < 1 else times(ratio), f"at least {bar:g}x", ratio >= bar)

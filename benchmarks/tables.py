"""The readable table of a suite of results, in Markdown, made from the results alone."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.figures import Claim, Section


def text(sections: Iterable[Section], machine: dict[str, object]) -> str:
    """All sections, the verdicts first."""
    sections = list(sections)
    versions = ", ".join(f"{k.removeprefix('version_')} {v}" for k, v in machine.items() if k.startswith("version_"))
    parts = [
        f"# Benchmarks on Python {machine.get('python_version', '?')}",
        f"{machine.get('cpu_model_name', '?')}, {machine.get('cpu_count', '?')} processors, "
        f"{machine.get('platform', '?')}, {machine.get('date', '?')}.",
        f"{versions}.",
        "## Bars",
        _table(("figure", "measured", "bar", "verdict"), [_verdict(claim) for one in sections for claim in one.claims]),
        "## Facts that must hold in the same runs",
        _table(("fact", "found", "expected", "verdict"), [_verdict(fact) for one in sections for fact in one.facts]),
    ]
    for one in sections:
        parts += [f"## {one.title}", one.how, _table(one.header, one.rows)]
    return "\n\n".join(parts) + "\n"


def _verdict(claim: Claim) -> tuple[str, ...]:
    return claim.what, claim.figure, claim.bar, "met" if claim.met else "**missed**"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" if i == 0 else "--:" for i in range(len(header))), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

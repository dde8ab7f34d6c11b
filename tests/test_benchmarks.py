"""The benchmarks' own judgement, and that a smoke run finds nothing wrong."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pyperf", "tqdm", "progressbar", "speedups", "barflow", "alive_progress", "enlighten")


@pytest.mark.campaign
def test_a_smoke_run_finds_positions_statuses_counts_and_notes_right():
    """`python -m benchmarks --quick` exits with 0: every fact that doesn't depend on the machine's speed holds."""
    for package in PACKAGES:
        pytest.importorskip(package, reason="needs the dependency group `bench`")
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "## Facts that must hold in the same runs" in run.stdout


@pytest.mark.campaign
def test_a_smoke_run_of_functions_finds_results_steps_items_and_bytes_right():
    """`--quick`, only of rows that need no peers, exits with 0 and keeps nothing."""
    rows = ["--only", "functions", "--only", "laziness", "--only", "orders", "--only", "pipe"]
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", *rows], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "| orders: each number met, and `where` agrees | right 12 of 12 | all | met |" in run.stdout
    assert "| three of ten values: values computed | eager 10, by hand 6, lazy 6 |" in run.stdout
    for loop in ("for, two assignments", "for, pass", "while, one assignment"):
        facts = [line for line in run.stdout.splitlines() if line.startswith(f"| steps; {loop}:")]
        assert len(facts) == 1
        assert facts[0].endswith("| all | met |")


@pytest.fixture
def judged(monkeypatch):
    """Gives what a row says of one process's values, by name, and of the facts with them."""
    monkeypatch.syspath_prepend(str(ROOT))

    def judge(row, values, facts):
        figures, module = (importlib.import_module(f"benchmarks.{name}") for name in ("figures", f"rows.{row}"))
        raw = figures.Raw(row)
        for name, seconds in values.items():
            raw.add(name, seconds, **facts(name))
        return module.judge(figures.Read(row, raw.benchmarks({"python_version": "?"})))

    return judge


def _functions(judged, right=lambda name: True, **slow):
    """All ways take 1 µs more than the plain function, but for the grains' ways that are named, in µs."""
    drivers, row = (importlib.import_module(f"benchmarks.{name}") for name in ("drivers", "rows.functions"))
    seconds = {way: (1 + slow.get(way.split(",")[0].replace(" ", "_"), 0)) * 1e-6 for way in drivers.WAYS}
    seconds |= dict.fromkeys(row.PLAIN.values(), 1e-9)
    values = {f"{loop}, {way}": [seconds[way]] for loop in row.LOOPS for way in drivers.WAYS}
    return judged("functions", values, lambda name: {"right": right(name), "steps": 100})


def test_a_step_slower_than_its_bar_is_said_to_miss_it_also_by_next(judged):
    """1 µs is too slow for a statement and quick enough for an instruction; at 3 µs an instruction misses its bar."""
    claims = _functions(judged).claims
    own = [claim for claim in claims if "beside" not in claim.what]
    assert {claim.what.partition(";")[0]: claim.met for claim in own} == {
        "statement grain, run()": False,
        "statement grain, next": False,
        "bytecode grain, run()": True,
        "bytecode grain, next": True,
    }
    slow = _functions(judged, bytecode_grain=2).claims
    assert not any(claim.met for claim in slow if claim.what.startswith("bytecode grain"))


def test_the_statement_grain_is_held_against_the_tracer_of_its_run(judged):
    """Twice the tracer's time is a miss; the tracer's own time is none."""
    for more, met in (0, True), (1, False):
        claims = _functions(judged, statement_grain=more).claims
        assert {claim.met for claim in claims if "beside" in claim.what} == {met}


def test_a_wrong_number_of_steps_is_a_fact_that_fails(judged):
    """One wrong way of one loop fails that loop's fact, and no other's."""
    facts = _functions(judged, lambda name: name != "for, pass, bytecode grain, run()").facts
    assert [fact.met for fact in facts] == [True, False, True]


def _laziness(judged, ratio=1.0, grown=0, computed=6):
    row = importlib.import_module("benchmarks.rows.laziness")
    ways = {"eager": 1e-8, "by hand": 1e-8, "lazy": ratio * 1e-8}
    values = {f"{case}, {way}": [seconds] for case in row.CASES for way, seconds in ways.items()}
    values |= {f"{row.WANTING}, {way}": [1.0 if way == "eager" else 0.6] for way in ways} | {
        f"{row.KEPT}, lazy": [1e-6]
    }
    values |= {f"{how}, {way}": [1e6] * 99 + [1e6 + grown] for how in row.FLAT for way in ("by hand", "lazy")}
    return judged(
        "laziness", values, lambda name: {"right": True, "computed": 10 if name.endswith("eager") else computed}
    )


def test_lazy_is_held_against_the_generator_by_hand_and_against_flat_memory(judged):
    """1.05 times and no growth meet all bars; 1.2 times and a megabyte miss theirs; a seventh value is a wrong fact."""
    assert all(claim.met for claim in _laziness(judged, ratio=1.05).claims)
    slow = _laziness(judged, ratio=1.2, grown=1 << 20).claims
    assert {claim.what.partition(":")[0] for claim in slow if claim.met} == {"three of ten values"}
    assert [fact.met for fact in _laziness(judged, computed=7).facts] == [False, True]


def test_orders_are_shown_as_ratios_and_wrong_items_are_a_wrong_fact(judged):
    """Twice the time across is 2.0x, with no bar to miss; one walk that met other numbers fails the fact."""
    row = importlib.import_module("benchmarks.rows.orders")
    times = {"as it lies": 1.0, "across": 2.0}
    values = {
        f"{layout}, {part}, {way}": [seconds]
        for layout in row.LAYOUTS
        for part in row.PARTS
        for way, seconds in times.items()
    }
    for wrong, met in (None, True), ("F, blocks, across", False):
        section = judged("orders", values, lambda name, wrong=wrong: {"right": name != wrong})
        assert [cells[1:] for cells in section.rows] == [("1.00", "2.00", "2.0x")] * 6
        assert section.claims == []
        assert [fact.met for fact in section.facts] == [met]


def _pipe(judged, right=2, **rates):
    """Of all that are not named here the rate is 1 GB/s; `None` is not installed."""
    row = importlib.import_module("benchmarks.rows.pipe")
    given = {"cat": 1, "pv": 1, "instep": 1, "tqdm": 1} | rates
    values = {
        f"{what}, {end}, {way}": [1e-9 / given[way]]
        for what, ways in row.WAYS.items()
        for end in row.ENDS
        for way in ways
        if given[way]
    }
    values["instep, compared"] = [1.0]
    return judged("pipe", values, lambda name: {"right": right, "cases": 2})


def test_a_pipe_is_held_against_pv_and_tqdm(judged):
    """At 0.95 of pv and six times tqdm all bars are met, at 0.8 and four times none; what isn't there is said."""
    good = _pipe(judged, instep=0.95, tqdm=0.15)
    assert all(claim.met for claim in good.claims)
    assert [row[3] for row in good.rows] == ["0.95"] * 4
    assert not any(claim.met for claim in _pipe(judged, instep=0.8, tqdm=0.2).claims)
    absent = _pipe(judged, pv=None)
    assert [claim.figure for claim in absent.claims if "pv" in claim.what] == ["not installed"] * 4
    assert "not installed" in absent.rows[0]
    assert [fact.met for fact in (*good.facts, *_pipe(judged, right=1).facts)] == [True, False]

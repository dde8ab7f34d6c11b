"""Packages nobody here wrote keep passing their own tests when every call in them goes through every pause."""

from __future__ import annotations

from pathlib import Path

import pytest

from preservation import runner
from preservation.packages import PACKAGES, Package
from preservation.runner import Run


def keeps_its_outcomes(package: Package, folder: Path) -> None:
    """Run a package's tests plain and stepped, and compare."""
    plain, stepped = runner.both(package, folder)
    different = runner.differences(plain, stepped)
    wrong = different.keys() - package.differs.keys()
    if wrong:  # nothing can be said of a test that comes out now this way and now that
        wrong -= runner.differences(plain, runner.run(package, folder / "again")).keys()
    assert not wrong, "\n\n".join([f"{len(wrong)} tests differ", *(different[test] for test in sorted(wrong)[:20])])
    assert not package.differs.keys() - different.keys(), "these don't differ any more"
    assert stepped.steps >= package.steps, f"{stepped.steps:,} steps in {stepped.functions} functions"
    assert (plain.steps, plain.functions) == (0, 0)


@pytest.mark.parametrize("package", [each for each in PACKAGES if each.quick], ids=lambda each: each.name)
def test_a_small_package_passes_its_own_tests_with_every_function_stepped(package: Package, tmp_path: Path) -> None:
    """Test by test, each outcome is that of the untouched package; and the steps are counted."""
    keeps_its_outcomes(package, tmp_path)


@pytest.mark.campaign
@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.name)
def test_a_package_passes_its_own_tests_with_every_function_stepped(package: Package, tmp_path: Path) -> None:
    """Test by test, each outcome is that of the untouched package; and the steps are counted."""
    keeps_its_outcomes(package, tmp_path)


def test_a_test_that_comes_out_otherwise_is_seen() -> None:
    """So is one that is missing, one that is new, and a subtest that fails."""
    plain = Run({"same": {"call passed": 1}, "other": {"call passed": 1}, "gone": {}, "sub": {"passed": 3}}, {}, 0, 0)
    stepped = Run({"same": {"call passed": 1}, "other": {"call failed": 1}, "new": {}, "sub": {"passed": 2}}, {}, 9, 1)
    assert list(runner.differences(plain, stepped)) == ["gone", "new", "other", "sub"]


def test_a_test_that_differs_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its outcome is another one in a second plain run, too."""
    passed, failed = ({"test": {outcome: 1}} for outcome in ("call passed", "call failed"))
    monkeypatch.setattr(runner, "both", lambda *_: (Run(passed, {}, 0, 0), Run(failed, {"test": "text"}, 9**9, 9)))
    monkeypatch.setattr(runner, "run", lambda *_: Run(passed, {}, 0, 0))
    with pytest.raises(AssertionError, match="1 tests differ"):
        keeps_its_outcomes(PACKAGES[0], tmp_path)
    monkeypatch.setattr(runner, "run", lambda *_: Run(failed, {}, 0, 0))
    keeps_its_outcomes(PACKAGES[0], tmp_path)


def test_a_package_whose_functions_are_not_stepped_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that never fired leaves all tests as they were, and is found by the count of steps."""
    silent = Run({"test": {"call passed": 1}}, {}, 0, 0)
    monkeypatch.setattr(runner, "both", lambda *_: (silent, silent))
    with pytest.raises(AssertionError, match="0 steps in 0 functions"):
        keeps_its_outcomes(PACKAGES[0], tmp_path)

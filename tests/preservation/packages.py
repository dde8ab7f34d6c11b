"""The packages whose own test suites are run plain and stepped: fixed versions, how their suites run, what differs.

To go to a newer version: change `version` and `sha256`, run `python -m pytest -m campaign tests/preservation`, and read
what it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

NOTHING: Mapping[str, str] = MappingProxyType({})


class Package(NamedTuple):
    """A source distribution, and how its tests are run."""

    name: str
    version: str
    sha256: str
    steps: int
    """The least number of steps its suite takes: somewhat fewer than were counted, so that a dead hook is seen."""
    modules: tuple[str, ...] = ()
    """Importable names whose functions are stepped, with all below them; its own name where this is empty."""
    tests: tuple[str, ...] = ("tests",)
    """What pytest is told to run, with options."""
    source: str = "."
    """The folder inside the distribution that holds the modules."""
    needs: tuple[str, ...] = ()
    """Requirements of its tests alone."""
    timed: bool = False
    """Whether its tests assert how long something takes: both runs then have a clock that nearly stands still."""
    quick: bool = False
    """Whether it is run in every `make test`."""
    differs: Mapping[str, str] = NOTHING
    """Tests that come out otherwise when stepped, each with the reason."""

    @property
    def stepped(self) -> tuple[str, ...]:
        """The top-level modules whose functions are stepped."""
        return self.modules or (self.name,)


PACKAGES = (
    Package(
        "toolz",
        "1.2.0",
        "9667a038e9d6ecba37995e26cb2f59ec6420b6ad8dd9677de59db9b956b08490",
        steps=90_000,
        modules=("toolz", "tlz"),
        tests=("toolz",),
        quick=True,
    ),
    Package(
        "sqlparse",
        "0.6.1",
        "ca722573f848ff2d30e40ea30f53a104b7dea7635ea9285891263eb2c58fb6e7",
        steps=30_000_000,
        timed=True,
        quick=True,
    ),
    Package(
        "mistune",
        "3.4.0",
        "2eaf7952af928ca8d33b779762effc1da517b62c6ad85ec8ca957e3b07b9782a",
        steps=100_000_000,
        source="src",
        timed=True,
        quick=True,
    ),
    Package(
        "parso",
        "0.8.7",
        "eaaac4c9fdd5e9e8852dc778d2d7405897ec510f2a298071453e5e3a07914bb1",
        steps=70_000_000,
        tests=("parso", "test"),
    ),
    Package(
        "lark",
        "1.3.1",
        "b426a7a6d6d53189d318f2b6236ab5d6429eaf09259f1ca33eb716eed10d2905",
        steps=90_000_000,
        tests=("tests/__main__.py",),
    ),
    Package(
        "more-itertools",
        "11.2.1",
        "cbf08fd0af284dc69718b9b76a8e6203df624d70209ea511e4219d350c856f63",
        steps=150_000_000,
        modules=("more_itertools",),
    ),
    Package(
        "boltons",
        "26.2.0",
        "d39cfd15c1a1c3bd4d705c82252fa9edb8e4f5e8cc039f8e39afac7b1b47e92c",
        steps=2_500_000,
    ),
    Package(
        "Markdown",
        "3.11.3",
        "81eb91631dc97ad1efbc76019ef0f80fe90ca49ddf81546752d79989c3bfff3e",
        steps=23_000_000,
        modules=("markdown",),
        # All of them are unittest's; a class named TestSuite is none.
        tests=("tests", "-o", "python_classes=None"),
        needs=("PyYAML==6.0.3",),
    ),
    Package(
        "attrs",
        "26.1.0",
        "d03ceb89cb322a8fd706d4fb91940737b6642aa36998fe130a9bc96c985eff32",
        steps=3_000_000,
        modules=("attr", "attrs"),
        source="src",
        needs=("cloudpickle==3.1.2", "pympler==1.1"),
    ),
    Package(
        "click",
        "8.5.1",
        "9bbfada76703fd1d784b83eea012e3e8c6a001a876543ef104fa56aaaeb072b4",
        steps=1_800_000,
        source="src",
    ),
    Package(
        "tomlkit",
        "0.15.2",
        "83e32755ba1d20d9340bd069ee97e9f6232ba2346b63ffcba425de01f7e327a6",
        steps=4_700_000,
    ),
    Package(
        "jinja2",
        "3.1.6",
        "0137fb05990d35f1275a587e9aee6d56da821fc83491a0fb838183be43f66d6d",
        steps=7_500_000,
        source="src",
        needs=("markupsafe==3.0.4", "trio==0.35.0"),
        differs={
            "tests/test_debug.py::TestDebug::test_runtime_error": (
                "leaves its own functions out of tracebacks, by their code objects: the frame of a stepped one has "
                "another code object than the function"
            )
        },
    ),
)

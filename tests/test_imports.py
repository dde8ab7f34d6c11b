"""What `import instep` and a first loop cost in imports: nothing that a bare interpreter hasn't got."""

import sys

import pytest

from children import SOURCE, quiet

COSTLY = {"typing", "dataclasses", "enum", "asyncio", "rich", "inspect", "re", "logging", "contextlib", "dis", "signal",
          "importlib.util", "click", "sqlite3"}  # fmt: skip
THREADING = {"threading", "collections", "functools"}
"""Until 3.12 the first loop imports `threading`: the thread that does so first counts as the main one."""


@pytest.mark.parametrize(
    "act",
    [
        "",
        "for _ in instep.track([1, 2, 3]): pass",
        "for _ in instep.track(n for n in range(3)): pass",
        "for _ in (t := instep.track({1: 2})): t.send('x'); instep.note(loss=1)",
        "next(instep.track([1]))",
        "with instep.track(total=2) as t: t.advance(2)",
    ],
    ids=["import", "list", "generator", "notes", "next", "by hand"],
)
def test_what_a_first_loop_imports(act):
    """On an interpreter without site packages: none of these, unless it was there already."""
    out = quiet(
        f"""
        import sys
        sys.path.insert(0, {SOURCE!r})
        before = set(sys.modules)
        import instep
        {act}
        print(*sorted(set(sys.modules) - before))
        """,
        "-I",
        "-S",
    )
    imported = set(out.split())
    assert not imported & COSTLY
    if sys.version_info >= (3, 13) or not act:
        assert not imported & THREADING


def test_the_public_names_are_had_when_asked_for():
    """A name that costs an import is imported when it is first used, and `from instep import *` has them all."""
    quiet(
        """
        import sys, instep
        assert "instep.timing" not in sys.modules
        assert instep.Timer is instep.timing.Timer
        assert "Timer" in vars(instep)
        names = {}
        exec("from instep import *", names)
        assert set(instep.__all__) <= set(names)
        """
    )


@pytest.mark.parametrize("names", ["Report, report", "report, Report", "report", "Report"])
def test_a_name_that_a_module_bears_too_is_the_public_one(names):
    """`from instep import Report, report` gives the function, not the module of that name, in whichever order."""
    quiet(f"from instep import {names}\nimport instep\nassert callable(instep.report), instep.report")

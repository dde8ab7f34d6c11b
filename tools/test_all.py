"""Run all checks on one Python, and the test suite on every other supported one that is found.

Usage: python tools/test_all.py PYTHON. A Python is found as `python3.X` on the PATH or among the versions of pyenv;
which were tested, and which were not, is said at the end. Exits with 1 when anything failed.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")


def main(python: str) -> int:
    """Do it all, whatever fails on the way, and end with one line for each part."""
    given = version_of(python)
    if given is None:
        sys.exit(f"{python} does not run, or lacks venv: choose another, as in `make test PYTHON=python3.13`")
    if version_of(".venv/bin/python") not in (None, given):
        sys.exit(f".venv was made with another Python than {given}: run `make clean` first")
    report = {"checks": make("check", f"PYTHON={python}"), f"Python {given}": make("suite", f"PYTHON={python}")}
    for version in SUPPORTED:
        if version == given:
            continue
        other = find(version)
        result = make("suite", f"PYTHON={other}", f"VENV=.venv-{version}") if other else (True, "not found, not tested")
        report[f"Python {version}"] = result
    print()
    for part, (passed, last_line) in report.items():
        print(f"{part}: {'' if passed else 'FAILED: '}{last_line}")
    return 0 if all(passed for passed, _ in report.values()) else 1


def make(*arguments: str) -> tuple[bool, str]:
    """Run make, let its output through, and give whether it passed and the last line it wrote."""
    command = [os.environ.get("MAKE", "make"), "--no-print-directory", *arguments]
    last_line = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last_line = line.strip("= \n") or last_line
    return process.returncode == 0, last_line


def find(version: str) -> str | None:
    """Give a path of this version of Python, if there is one that runs."""
    return next((path for path in candidates(version) if version_of(path) == version), None)


def candidates(version: str) -> Iterator[str]:
    """Give paths where this version may be, be it only the shim of one that is not installed."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        yield os.path.join(folder, f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}*/bin/python"), reverse=True))


def version_of(python: str) -> str | None:
    """Give "3.12", or None if it does not run or cannot make a virtual environment."""
    code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True)
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

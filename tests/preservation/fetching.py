"""Gets the source distributions of the packages, once, into a cache folder of the user's.

`python -m preservation.fetching NAME...` (in `tests`) does it ahead, with no name for all of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from preservation.packages import PACKAGES, Package


class Unavailable(Exception):
    """A source distribution, or what its tests need, can't be had here."""


def cache() -> Path:
    """Give the folder that keeps what was fetched: INSTEP_TEST_CACHE, or one in the user's cache folder."""
    chosen = os.environ.get("INSTEP_TEST_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "instep-tests"


def unpacked(package: Package) -> Path:
    """Give the folder with the package's unpacked source distribution, which is fetched where it is missing."""
    folder = cache() / f"{package.name}-{package.version}"
    if not folder.exists():
        with staging() as stage:
            fill(Path(stage), package)
            settle(Path(stage) / "unpacked", folder)
    return folder


def needed(package: Package) -> Path | None:
    """Give a folder with what the package's tests need besides pytest, for this Python; None where that is nothing."""
    if not package.needs:
        return None
    names = "-".join(sorted(package.needs)).replace("==", "-")
    folder = cache() / f"py{sys.version_info.major}{sys.version_info.minor}-{names}"
    if not folder.exists():
        with staging() as stage:
            pip(package, "install", "--target", f"{stage}/unpacked", *package.needs)
            settle(Path(stage) / "unpacked", folder)
    return folder


def fill(stage: Path, package: Package) -> None:
    """Download and unpack one package, with its metadata where `importlib.metadata` looks for it."""
    wanted = stage / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    pip(package, "download", "--no-deps", "--no-binary", package.name, "--dest", str(stage), "-r", str(wanted))
    (archive,) = stage.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", None)  # from 3.11.4 on
        packed.extractall(stage / "whole")
    (top,) = (stage / "whole").iterdir()
    top.rename(stage / "unpacked")
    source = stage / "unpacked" / package.source
    if not any(source.glob("*.egg-info")):
        metadata = source / f"{package.name}-{package.version}.dist-info"
        metadata.mkdir()
        shutil.copy(stage / "unpacked" / "PKG-INFO", metadata / "METADATA")


def pip(package: Package, *arguments: str) -> None:
    """Run this Python's pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(
            f"{package.name} {package.version} is neither in {cache()} nor could pip get it; the first run needs the "
            f"network, as the set-up does. pip said:\n{done.stderr[-2000:]}"
        )


def staging() -> tempfile.TemporaryDirectory[str]:
    """Give a folder for what isn't complete yet, on the same file system as the cache."""
    try:
        cache().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{error}: set INSTEP_TEST_CACHE to a folder that can be written to") from error
    return tempfile.TemporaryDirectory(dir=cache(), prefix=".incomplete-", ignore_cleanup_errors=True)


def settle(complete: Path, folder: Path) -> None:
    """Put a complete folder in its place in one move; another process may have been quicker."""
    try:
        complete.rename(folder)
    except OSError:
        if not folder.exists():
            raise


if __name__ == "__main__":
    for each in PACKAGES:
        if not sys.argv[1:] or each.name in sys.argv[1:]:
            print(unpacked(each))
            needed(each)

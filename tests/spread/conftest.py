"""The engines, each as what `on=` is given; and what a process holds, to see that nothing is left behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import pytest

DEADLINE = 60.0


class Where(NamedTuple):
    """An engine under test."""

    name: str
    on: Any
    elsewhere: bool
    """Whether steps run in another process."""
    ours: bool
    """Whether instep made what they run in, so that it goes with the loop."""


class Cluster:
    """A scheduler and two workers, as processes of their own on loopback."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self._folder = folder
        self.scheduler = self._run("dask_scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1")
        self._until(self.file.exists)
        self.workers = [self.add(), self.add()]

    def add(self) -> subprocess.Popen[bytes]:
        """One more worker."""
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        return self._run("dask_worker", *options, "--local-directory", str(self._folder))

    def _run(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--scheduler-file", str(self.file), *options]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with open(self._folder / "log", "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    def _until(self, reached: Callable[[], bool]) -> None:
        end = time.monotonic() + DEADLINE
        while not reached():
            if time.monotonic() > end or self.scheduler.poll() is not None:
                raise AssertionError((self._folder / "log").read_text())
            threading.Event().wait(0.02)

    @property
    def address(self) -> str:
        """Of the scheduler."""
        import json

        return str(json.loads(self.file.read_text())["address"])

    def close(self) -> None:
        """End it all; there is nothing to be saved, and a worker that has lost its scheduler may take long."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for all tests that don't harm it."""
    made = Cluster(tmp_path_factory.mktemp("dask"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def client(cluster: Cluster) -> Iterator[Any]:
    """A client of it."""
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as made:
        made.wait_for_workers(2)
        yield made


ENGINES = ("threads:2", "processes:2", "ThreadPoolExecutor", "ProcessPoolExecutor", "loky", "Dask")


@pytest.fixture
def where(request: pytest.FixtureRequest) -> Iterator[Where]:
    """The engine of that name, with two workers."""
    name = request.param
    if name in ("threads:2", "processes:2"):
        yield Where(name, name, name == "processes:2", True)
    elif name == "Dask":
        yield Where(name, request.getfixturevalue("client"), True, False)
    else:
        executor = _executor(name)
        try:
            yield Where(name, executor, name != "ThreadPoolExecutor", False)
        finally:
            executor.shutdown()


def _executor(name: str) -> Any:
    if name == "loky":
        from loky import ProcessPoolExecutor as Loky

        return Loky(2)
    if name == "ProcessPoolExecutor":
        return ProcessPoolExecutor(2, mp_context=get_context("forkserver"))
    return ThreadPoolExecutor(2)


class Held(NamedTuple):
    """What this process holds."""

    threads: frozenset[threading.Thread]
    children: frozenset[int]
    files: frozenset[tuple[str, str]]


def held() -> Held:
    """Threads, children and open files, now."""
    gc.collect()
    files = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            files.add((number, os.readlink(f"/proc/self/fd/{number}")))
        except OSError:  # the one that lists them
            continue
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for thread in threading.enumerate():
        if thread.native_id != os.getpid():
            try:
                children += Path(f"/proc/self/task/{thread.native_id}/children").read_text().split()
            except OSError:
                continue
    return Held(frozenset(threading.enumerate()), frozenset(map(int, children)), frozenset(files))


@pytest.fixture
def left_behind() -> Iterator[Callable[[], None]]:
    """Asserts, when it is called, that what was there at the test's beginning is all there is, soon."""
    before = held()

    def check() -> None:
        end = time.monotonic() + DEADLINE
        while True:
            now = held()
            more = [a - b for a, b in zip(now, before, strict=True)]
            if not any(more):
                return
            assert time.monotonic() < end, f"left behind: {more}"
            threading.Event().wait(0.01)

    return check

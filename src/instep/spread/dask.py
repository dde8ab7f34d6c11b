"""A Dask cluster: a `Client` that somebody else has made, or the address of a scheduler."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from instep.checks import short
from instep.spread.executors import Executors
from instep.spread.jobs import Job, Task

if TYPE_CHECKING:
    from instep.model import Status

AGAIN = 5_000_000_000
"""Nanoseconds until it is asked again how many workers there are."""


class Cluster(Executors):
    """By the client's own executor, with `pure=False`: else it would take equal calls for one."""

    def __init__(self, on: Any) -> None:
        if getattr(on, "asynchronous", False):
            raise TypeError("on= expected a Client that is not asynchronous: write Client(address)")
        self.name = "Dask"
        self._on = on
        self._client: Any = None
        self._executor = None
        self.workers = 1
        self._looked = 0
        if isinstance(on, str):
            _distributed()
            _check_address(on)

    def check(self, task: Task) -> None:
        """The function is sent, by its bytes."""
        _ = task.blob

    def open(self, most: int | None) -> None:
        """Connect, if an address was given."""
        client = self._on
        if isinstance(client, str):
            client = self._client = _distributed().Client(client, set_as_default=False)
        self._look(client)
        self._executor = client.get_executor(pure=False)

    def begin(self, job: Job) -> None:
        """Submit it; a cluster may have grown or shrunk meanwhile."""
        if perf_counter_ns() - self._looked > AGAIN:
            self._look(self._client or self._on)
        super().begin(job)

    def _look(self, client: Any) -> None:
        """How many threads all its workers have, which takes a question to the scheduler."""
        self._looked = perf_counter_ns()
        try:
            self.workers = max(sum(client.nthreads().values()), 1)
        except Exception:  # it is gone: the next job will tell
            pass

    def close(self, status: Status) -> None:
        """Close the client, if it is ours."""
        client, self._client = self._client, None
        super().close(status)
        if client is not None:
            client.close(timeout=0 if status == "interrupted" else None)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ImportError("a scheduler's address needs Dask: pip install 'instep[dask]'") from error
    return distributed


def _check_address(address: str) -> None:
    from distributed.comm import parse_host_port

    try:
        parse_host_port(address.partition("://")[2])
    except ValueError as error:
        raise ValueError(f"on= expected an address such as 'tcp://127.0.0.1:8786'; got {short(address)}") from error

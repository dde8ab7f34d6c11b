"""The ways to map a function over items by several workers: instep's engines and their peers, two workers each.

Each way is a generator of results that makes what it needs and ends it; `chunk` is how many steps its tasks hold, where
it can be said. Nothing is imported before a way is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

Function = Callable[[Any], Any]
WORKERS = 2


class Way(NamedTuple):
    """One way."""

    package: str
    where: str
    """`here`, `threads`, `processes` or `Dask`."""
    lazy: bool
    """Whether it takes from its input no more than some items ahead of the consumer."""
    results: Callable[[Function, Iterable[Any], int | None], Iterator[Any]]
    chunks: tuple[int | None, ...] = (None,)
    """Those worth trying for steps that take nothing; the best one counts."""


def same(x: Any) -> Any:
    """A step that takes nothing; here, as a worker that is no fork imports the module of its function."""
    return x


def _each(on: Any) -> Callable[[Function, Iterable[Any], int | None], Iterator[Any]]:
    def results(function: Function, items: Iterable[Any], ahead: int | None) -> Iterator[Any]:
        from instep import each

        return each(function, items, on=on, ahead=ahead)

    return results


def _each_executor(kind: str) -> Callable[[Function, Iterable[Any], int | None], Iterator[Any]]:
    def results(function: Function, items: Iterable[Any], ahead: int | None) -> Iterator[Any]:
        from instep import each

        with _executor(kind) as executor:
            for result in each(function, items, on=executor, ahead=ahead):  # noqa: UP028 (a `for` is what is measured)
                yield result

    return results


def _each_dask(function: Function, items: Iterable[Any], ahead: int | None) -> Iterator[Any]:
    from instep import each

    with _client() as client:
        yield from iter(each(function, items, on=client, ahead=ahead))


def _executor(kind: str) -> Any:
    import concurrent.futures

    return getattr(concurrent.futures, kind)(WORKERS)


def _executor_map(kind: str) -> Callable[[Function, Iterable[Any], int | None], Iterator[Any]]:
    def results(function: Function, items: Iterable[Any], chunk: int | None) -> Iterator[Any]:
        with _executor(kind) as executor:
            yield from executor.map(function, items, chunksize=chunk or 1)

    return results


def _imap(threads: bool) -> Callable[[Function, Iterable[Any], int | None], Iterator[Any]]:
    def results(function: Function, items: Iterable[Any], chunk: int | None) -> Iterator[Any]:
        from multiprocessing import Pool
        from multiprocessing.pool import ThreadPool

        with (ThreadPool if threads else Pool)(WORKERS) as pool:
            yield from pool.imap(function, items, chunksize=chunk or 1)

    return results


def _streamable(kind: str) -> Callable[[Function, Iterable[Any], int | None], Iterator[Any]]:
    def results(function: Function, items: Iterable[Any], chunk: int | None) -> Iterator[Any]:
        from streamable import stream

        with _executor(kind) as executor:
            yield from stream(items).map(function, concurrency=executor)

    return results


def _joblib(prefer: str) -> Callable[[Function, Iterable[Any], int | None], Iterator[Any]]:
    def results(function: Function, items: Iterable[Any], chunk: int | None) -> Iterator[Any]:
        from joblib import Parallel, delayed

        parallel = Parallel(n_jobs=WORKERS, return_as="generator", prefer=prefer, batch_size=chunk or "auto")
        yield from parallel(delayed(function)(item) for item in items)

    return results


def _mpire(method: str) -> Callable[[Function, Iterable[Any], int | None], Iterator[Any]]:
    def results(function: Function, items: Iterable[Any], chunk: int | None) -> Iterator[Any]:
        from mpire import WorkerPool

        length = len(items) if hasattr(items, "__len__") else None
        most = None if chunk else WORKERS
        with WorkerPool(WORKERS, start_method=method) as pool:
            yield from pool.imap(function, items, length, chunk_size=chunk or 1, max_tasks_active=most)

    return results


def _client() -> Any:
    """Of a cluster of two processes on loopback, one thread each, that goes with it."""
    from distributed import Client

    return Client(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1",
        set_as_default=False, silence_logs=50,
    )  # fmt: skip


def _dask_executor(function: Function, items: Iterable[Any], chunk: int | None) -> Iterator[Any]:
    with _client() as client:
        yield from client.get_executor().map(function, items)


def client_map(client: Any, function: Function, items: list[Any]) -> Iterator[Any]:
    """Dask's own way for many tasks."""
    from distributed import as_completed

    for _, result in as_completed(client.map(function, items, pure=False), loop=client.loop, with_results=True):
        yield result


_SIZES = (1_000, 10_000, 50_000)
WAYS = {
    "instep here": Way("", "here", True, _each(None)),
    "instep threads": Way("", "threads", True, _each(f"threads:{WORKERS}")),
    "instep ThreadPoolExecutor": Way("", "threads", True, _each_executor("ThreadPoolExecutor")),
    "instep processes": Way("", "processes", True, _each(f"processes:{WORKERS}")),
    "instep ProcessPoolExecutor": Way("", "processes", True, _each_executor("ProcessPoolExecutor")),
    "instep Dask": Way("distributed", "Dask", True, _each_dask),
    "ThreadPoolExecutor.map": Way("", "threads", False, _executor_map("ThreadPoolExecutor")),
    "ThreadPool.imap": Way("", "threads", False, _imap(True), _SIZES),
    "streamable, threads": Way("streamable", "threads", True, _streamable("ThreadPoolExecutor")),
    "joblib, threads": Way("joblib", "threads", False, _joblib("threads"), (None, *_SIZES)),
    "mpire, threads": Way("mpire", "threads", True, _mpire("threading"), _SIZES),
    "ProcessPoolExecutor.map": Way("", "processes", False, _executor_map("ProcessPoolExecutor"), _SIZES),
    "multiprocessing.imap": Way("", "processes", False, _imap(False), _SIZES),
    "streamable, processes": Way("streamable", "processes", True, _streamable("ProcessPoolExecutor")),
    "joblib, processes": Way("joblib", "processes", False, _joblib("processes"), (None, *_SIZES)),
    "mpire, processes": Way("mpire", "processes", True, _mpire("fork"), _SIZES),
    "Dask's executor": Way("distributed", "Dask", False, _dask_executor),
}
OURS = tuple(name for name in WAYS if name.startswith("instep"))

"""Processes that compute jobs: each thread of the pool has one of its own, and waits for it.

They are fresh interpreters, not forks, so that neither threads nor locks of this process can be left halfway in them,
and the main program needs no `if __name__ == "__main__"`. Whoever of them dies takes one job along, no other; who has
not died when this process does, however that ends, ends by itself. A pool keeps no semaphore, no file, no helper.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from fcntl import F_DUPFD_CLOEXEC, fcntl
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from instep.errors import InstepError
from instep.spread import sending
from instep.spread.channel import Channel
from instep.spread.failures import CannotSend, WorkerDied, too_long
from instep.spread.jobs import Job, Task
from instep.spread.threads import Hand, Threads

if TYPE_CHECKING:
    from instep.model import Status

_PATIENCE = 1.0
"""Seconds that a process has to end once nothing more will come, or between two looks whether it lives."""


class Processes(Threads):
    """Processes, started as jobs come, that end with the loop."""

    name = "processes"
    keeps_time = True

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self._companions: set[Companion] = set()

    def check(self, task: Task) -> None:
        """There must be an interpreter to start, and it must be possible to send the function."""
        if not sys.executable:
            raise InstepError("processes need an interpreter, and sys.executable names none: set it, or use threads")
        _ = task.blob

    def open(self, most: int | None) -> None:
        """No more processes than there are jobs."""
        if sending.is_reading():
            raise InstepError(
                "a module uses processes while it is imported, and they would import it, too: put that in a function, "
                'or under `if __name__ == "__main__"`'
            )
        super().open(most)

    def close(self, status: Status) -> None:
        """Each process ends after what it does just now; where the loop was interrupted, it is killed."""
        super().close(status)
        if status == "interrupted":
            for companion in list(self._companions):
                companion.kill()

    def _hand(self) -> tuple[Hand, Callable[[], object]]:
        companion = Companion()
        self._companions.add(companion)

        def leave() -> None:
            self._companions.discard(companion)
            companion.close()

        return companion.compute, leave


class _Gone(Exception):
    """The process at the other end is there no more."""


class Companion:
    """A thread's process: started for its first job, and again for the first after its end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None

    def compute(self, job: Job) -> None:
        """Have it computed."""
        try:
            self._compute(job)
        except _Gone:
            which = "it" if job.size == 1 else f"it, or another of the {job.size:,} steps sent with it,"
            job.fail(WorkerDied(f"the process that computed {which} {self.close()}"))
        except CannotSend as error:  # or can't be read
            job.fail(error)
        except BaseException as error:  # no process, no memory: a message may have come in part
            job.fail(error)
            self.kill()
            self.close()

    def _compute(self, job: Job) -> None:
        message = job.message()
        channel = self._channel or self._start(job.task)
        job.since = perf_counter_ns()
        self._send(channel, ("call", *message))
        returned = self._returned(channel, job)
        if returned is None:
            job.fail(too_long(job.task.timeout or 0))
            self.kill()
            self.close()
        else:
            job.returned(returned)

    def _returned(self, channel: Channel, job: Job) -> bytes | None:
        """What came back; `None` if nothing did in time."""
        asides = job.task.run.asides
        try:
            while True:
                received = self._receive(channel, job.task.timeout, job.since)
                if received is None:
                    return None
                what, start, told = received
                if start != job.start:
                    continue  # of a step before, late
                if what == "outcome":
                    outcome: bytes = told
                    return outcome
                if what == "unread":
                    raise CannotSend(told)
                said = {f"#{start} {name}": text for name, text in told.items()}
                asides[self] = start, None, said
        finally:
            asides.pop(self, None)

    def _receive(self, channel: Channel, timeout: float | None, since: int) -> Any:
        """A message; `None` if none has come in time. Descendants may keep the socket open when the process is dead."""
        while True:
            left = _PATIENCE if timeout is None else timeout - (perf_counter_ns() - since) / 1e9
            try:
                if channel.has_come(min(left, _PATIENCE)):
                    return channel.receive()
            except (EOFError, OSError) as error:
                raise _Gone from error
            if timeout is not None and left <= _PATIENCE:
                return None
            if self._process is None or self._process.poll() is not None:
                raise _Gone

    def _send(self, channel: Channel, message: object) -> None:
        try:
            channel.send(message)
        except OSError as error:
            raise _Gone from error

    def _start(self, task: Task) -> Channel:
        """A process that has the function."""
        ours, theirs = socket.socketpair()
        for end in ours, theirs:
            end.setblocking(True)  # whatever socket.setdefaulttimeout says
        channel = Channel(ours)
        with theirs, open(fcntl(theirs, F_DUPFD_CLOEXEC, 3), "rb", buffering=0) as high:
            number = high.fileno()  # where this program has closed its stdout, that isn't to be taken for it
            path = [one for one in sys.path if isinstance(one, str)]
            program = f"import sys; sys.path[:] = {path!r}; from instep.spread.worker import main; main({number})"
            environment = {name: value for name, value in os.environ.items() if name != "INSTEP_VIEW"}
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # it is born with it blocked
            try:
                self._process = subprocess.Popen(
                    [sys.executable, *_flags(), "-c", program],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[number],
                    env=environment,
                )
            except BaseException:
                channel.close()
                raise
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._channel = channel
        self._send(channel, ("function", task.blob))
        what, _, why = self._receive(channel, None, 0)
        if what == "unread":
            self.close()
            raise CannotSend(why)
        return channel

    def kill(self) -> None:
        """End the process, whatever it does."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> str:
        """Have no process any more: let it end, and wait for that. Tells how it ended."""
        process, self._process = self._process, None
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        if process is None:
            return "had not begun"
        try:
            code = process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        return _ended(code)


def _flags() -> list[str]:
    """The options of this interpreter: -O, -W and so on, as `multiprocessing` passes them on."""
    return subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined,no-any-return]


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}" + (", for want of memory perhaps" if name == "SIGKILL" else "")

"""The main program of a worker process: it computes what comes over a socket until that is closed."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
import time
from typing import Any

from instep.spread.channel import Channel

_LOOK = 1000
"""Milliseconds between two looks whether the parent lives."""
_GRACE = 5.0
"""Seconds that an idle worker has for its own exit."""


def main(descriptor: int) -> None:
    """Serve the parent at the other end of this socket. It alone answers to Ctrl-C, and it was blocked until now."""
    os.set_inheritable(descriptor, False)  # programs that a step starts have nothing to do with it
    signal.signal(signal.SIGINT, _nothing)  # ignored, it would be ignored by programs that a step starts, too
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    stream = socket.socket(fileno=descriptor)
    os.register_at_fork(after_in_child=stream.close)  # else it would outlive us with a child of a step
    threading.Thread(target=_watch, args=(descriptor,), daemon=True).start()
    try:
        _serve(Channel(stream))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # there is no more to do


def _nothing(number: int, frame: object) -> None:
    pass


_busy = threading.Event()


def _watch(descriptor: int) -> None:
    """Where the parent is gone, killed perhaps, nobody wants what is computed."""
    poll = select.poll()
    poll.register(descriptor, 0)
    parent = os.getppid()
    while not poll.poll(_LOOK):
        if os.getppid() != parent:  # gone, though forked children of its own may keep the socket open
            os._exit(1)
    if not _busy.is_set():
        time.sleep(_GRACE)
    os._exit(1)


def _serve(channel: Channel) -> None:
    from instep.monitor import monitor
    from instep.spread.failures import CannotSend
    from instep.spread.progress import Progress
    from instep.spread.sending import computed, read

    me = os.getpid()
    progress = Progress(channel.send)
    monitor.view, monitor._chosen = progress, True
    _, blob = channel.receive()
    try:
        function = read(blob, "the function")
    except CannotSend as error:
        channel.send(("unread", 0, str(error)))
        return
    channel.send(("ready", 0, None))
    while True:
        _, start, *rest = channel.receive()
        progress.start = start
        _busy.set()
        try:
            answer: tuple[str, Any] = "outcome", computed(function, start, *rest)
        except CannotSend as error:
            answer = "unread", str(error)
        _flush()
        if os.getpid() != me:  # a step has forked, and this is the child: there is nothing for it to answer
            os._exit(0)
        _busy.clear()
        channel.send((answer[0], start, answer[1]))


def _flush() -> None:
    """What steps have printed is seen even if the process is killed later."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # there is none, it is full, or it is closed
            pass

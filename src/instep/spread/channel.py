"""`Channel`: messages between this process and one that it has started, over a socket that nobody else has.

A message is its length, in eight bytes, and so many bytes of pickle.
"""

from __future__ import annotations

import pickle
import select
import socket
import struct
import threading
from typing import Any

_LENGTH = struct.Struct("!Q")
_TOGETHER = 1 << 16
"""Bytes: what is shorter is sent with its length by one call."""


class Channel:
    """Messages in both directions. `send` may be called by several threads, `receive` by one."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._sending = threading.Lock()

    def send(self, message: object) -> None:
        """Send it whole; `OSError` where the other end is gone."""
        body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        head = _LENGTH.pack(len(body))
        with self._sending:
            if len(body) < _TOGETHER:
                self._stream.sendall(head + body)
            else:
                self._stream.sendall(head)
                self._stream.sendall(body)

    def receive(self) -> Any:
        """The next one; `EOFError` where the other end is gone, be it in the middle of one."""
        (size,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        return pickle.loads(self._exactly(size))

    def has_come(self, patience: float) -> bool:
        """Whether there is one to receive, or an end; waits so many seconds for it."""
        poll = select.poll()
        poll.register(self._stream, select.POLLIN)
        return bool(poll.poll(max(patience, 0.0) * 1000))

    def _exactly(self, size: int) -> bytearray:
        found = bytearray(size)
        view, at = memoryview(found), 0
        while at < size:
            try:
                came = self._stream.recv_into(view[at:])
            except ConnectionResetError:
                came = 0
            if not came:
                raise EOFError
            at += came
        return found

    def close(self) -> None:
        """The other end will hear of it, even if a forked child still has this one."""
        try:
            self._stream.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is gone already
            pass
        self._stream.close()

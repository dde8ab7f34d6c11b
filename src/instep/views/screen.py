"""The lines below a program's output that are drawn again and again.

At rest the terminal looks like this, in its ordinary state (cursor visible, no mode changed):

    what the program printed
    |                          <- the cursor is parked on a blank line, in its first column
    first line of ours
    last line of ours

so that whatever else writes (a subprocess, C code, the echo of ^C, the prompt of a shell after SIGKILL) begins on a
clean line, and nothing that others wrote is ever erased: all that we erase is below or right of the cursor. Only the
second and later lines of such a burst can be followed by the rest of a line of ours, until it is drawn again.
Writes of Python's own streams are caught while something is shown, and don't meet our lines at all.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from instep.views import pipes, text
from instep.views.catching import Catcher, Write
from instep.views.guard import Guard
from instep.views.manners import manners

_BELOW = b"\x1b[J"
"""Erases from the cursor to the end of the screen."""
_RIGHT = "\x1b[K"
_TRAILING_ESCAPES = re.compile(r"(?:\x1b\[[0-9;?]*[ -/]*[@-~])+\Z")
_ERASES_LINE = re.compile(r"\x1b\[2?K")

MOST_KEPT = 1000
"""So many last lines wait at most while the terminal is somebody else's."""
PATIENCE = 0.2
"""Seconds that a terminal which takes no output (stopped by ^S, say) is waited for."""
AGAIN = 0.03
"""Seconds between two drawings, when a program prints line after line."""


class Size(NamedTuple):
    """Of a terminal, in characters."""

    columns: int
    rows: int


class Screen:
    """Draws on the terminal behind `sys.stderr`, which is looked up afresh each time.

    `show` and `close` are called by one thread; writes to caught streams may come from any.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._catcher = Catcher(self._around_write, self._around_input)
        self._forget()

    def _forget(self) -> None:
        """Begin anew: nothing is drawn by this process."""
        self._process = os.getpid()
        self._guard = Guard()
        self._fd = -1
        self._source = -1
        self._place: int | None = None
        self._encoding: str | None = None
        self._drawn = False
        self._drawn_at = -1.0
        self._drawn_for = Size(0, 0)
        self._unfinished = False
        self._asking = 0
        self._lines: Sequence[str] = ()
        self._above: deque[str] = deque(maxlen=MOST_KEPT)

    def size(self) -> Size:
        """As it is now: a window may have been resized."""
        return _size(_descriptor(sys.stderr))

    def encoding(self) -> str | None:
        """What the terminal's characters are encoded in, as far as stderr knows."""
        return getattr(sys.stderr, "encoding", None)

    def show(self, lines: Sequence[str], above: Sequence[str] = ()) -> None:
        """Draw `lines`, none wider than the screen less one column; leave the lines `above` over them for good."""
        if self._process != os.getpid():
            self._leave_to_parent()
        stream = sys.stderr
        if stream is None:
            return
        self._above.extend(above)
        self._lines = lines
        if not lines and not self._above and not self._drawn and not self._catcher:
            return
        if not self._guard.enter():
            return  # somebody prints at great length; there will be a next time
        try:
            self._look_at(stream)
            if self._may_draw():
                self._draw_or_clear()
            if not self._lines and not self._above and not self._drawn:
                self._release()
        finally:
            self._guard.leave()

    def close(self) -> None:
        """Take our lines away, write what still waits, and catch nothing any more."""
        if self._process != os.getpid():
            self._leave_to_parent()
        self._lines = ()
        entered = self._guard.enter()
        try:
            if self._above or self._drawn:
                self._look_at(sys.stderr)
            # Where a person is asked something, or a program like vim has the screen, the last lines go on waiting.
            if self._fd >= 0 and not self._asking and manners(self._fd) != "still":
                self._draw_or_clear()
        except (OSError, ValueError):  # the terminal is gone, and what we drew with it
            pass
        finally:
            self._release()
            if entered:
                self._guard.leave()

    def give_up(self) -> None:
        """After an error: catch nothing, write nothing."""
        self._release()
        self._above.clear()

    def _release(self) -> None:
        self._catcher.release()
        self._drawn = self._unfinished = False
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _leave_to_parent(self) -> None:
        """In a forked child: what is drawn is the parent's, and so was the lock, held perhaps by a thread of its."""
        self._release()
        self._forget()

    def _look_at(self, stream: Any) -> None:
        """Find the terminal; none while a stderr that was one is replaced by something else (a test's capture, say).

        We write to a descriptor of our own: if stderr is closed, its number may soon be that of somebody's file.
        """
        source = _descriptor(stream)
        place = _terminal(source) if source >= 0 else None
        if source < 0 or (place is None and self._place is not None):
            self._switch(-1, self._place)
        elif self._fd < 0 or place != self._place or source != self._source:
            self._switch(source, place)
        self._encoding = getattr(stream, "encoding", None)

    def _switch(self, source: int, place: int | None) -> None:
        if self._fd >= 0:
            self._erase()
            os.close(self._fd)
        self._fd = os.dup(source) if source >= 0 else -1
        self._source, self._place = source, place

    def _may_draw(self) -> bool:
        """Whether the terminal is ours now; if it isn't, our lines are taken away where that does no harm."""
        if self._unfinished or self._fd < 0:
            return False
        allowed = "clear" if self._asking else manners(self._fd)
        if allowed == "clear":
            self._erase()
        elif allowed == "away":
            self._drawn = False  # the shell has gone on writing, where we don't know
        return allowed == "draw"

    def _draw_or_clear(self) -> None:
        if self._lines or self._above:
            self._draw()
        else:
            self._erase()

    def _draw(self) -> None:
        size = _size(self._fd)
        if self._lines:
            self._catcher.catch(_streams_on(self._fd))
        lines = self._lines if size.rows > len(self._lines) else ()
        frame = _frame(size, lines, self._above)
        self._drawn = True  # before it is: a print that comes in between would rather erase too much
        encoding = text.known(self._encoding)
        if pipes.write(self._fd, text.fold(frame, encoding, same_width=True).encode(encoding, "replace"), PATIENCE):
            self._above.clear()
        self._drawn = bool(lines)
        self._drawn_at, self._drawn_for = self._clock(), size

    def _erase(self) -> None:
        if self._drawn:
            self._drawn = False
            pipes.write(self._fd, _BELOW, PATIENCE)

    def _around_write(self, stream: Any, write: Write, arguments: tuple[Any, ...]) -> Any:
        """Somebody prints: out of the way, let it happen, and come back. Never fails but as `write` itself does."""
        if self._process != os.getpid():
            return write(*arguments)
        inside = self._guard.mine()
        entered = not inside and self._guard.enter()
        try:
            if inside or entered:
                self._before_write()
            written = write(*arguments)
            if inside or entered:
                self._after_write(stream, arguments, may_draw=entered)
            return written
        finally:
            if entered:
                self._guard.leave()

    def _before_write(self) -> None:
        try:
            if self._drawn and manners(self._fd) in ("draw", "clear"):
                self._erase()
        except Exception:  # the terminal is gone, or the interpreter half gone
            self._drawn = False

    def _after_write(self, stream: Any, arguments: tuple[Any, ...], *, may_draw: bool) -> None:
        try:
            stream.flush()
            self._unfinished = _is_unfinished(arguments[0], self._unfinished)
            if may_draw and self._is_time() and self._may_draw():
                self._draw_or_clear()
        except Exception:  # what is wrong with the terminal, `show` will meet too, and may say
            pass

    def _is_time(self) -> bool:
        """Whether to draw right after a print: not in a flood of them, nor what was made for another width."""
        return (
            bool(self._catcher)
            and self._clock() - self._drawn_at >= AGAIN
            and bool(self._lines)
            and _size(self._fd) == self._drawn_for
        )

    def _around_input(self, ask: Callable[..., str], arguments: tuple[Any, ...]) -> str:
        """Somebody asks the person at the terminal (a debugger does too): nothing of ours is there until it's done."""
        if self._process != os.getpid():
            return ask(*arguments)
        self._asking += 1
        try:
            self._clear_to_ask()
            return ask(*arguments)
        finally:
            self._asking -= 1
            self._unfinished = False

    def _clear_to_ask(self) -> None:
        entered = not self._guard.mine() and self._guard.enter()
        try:
            self._before_write()
        finally:
            if entered:
                self._guard.leave()


def _frame(size: Size, lines: Sequence[str], above: Sequence[str]) -> str:
    """Everything that one drawing writes.

    So many spaces as there are columns, then a carriage return: from the first column that stays on the line, from
    any other it comes to the next one (the way zsh keeps what a command left without a newline).
    """
    parts = [" " * size.columns, "\r"]
    parts += [f"{line}{_RIGHT}\r\n" for line in above]
    if lines:
        # One after another over what was there, and only then the rest erased: it doesn't flicker.
        parts += [_RIGHT, *(f"\r\n{line}{_RIGHT}" for line in lines)]
        parts += [_BELOW.decode(), f"\x1b[{len(lines)}A\r"]
    else:
        parts.append(_BELOW.decode())
    return "".join(parts)


def _is_unfinished(printed: Any, before: bool) -> bool:
    """Whether the cursor stands within a line after this was printed."""
    if printed.endswith("\n"):
        return False
    trailing = _TRAILING_ESCAPES.search(printed)
    if trailing is None:
        return bool(printed) or before
    visible = printed[: trailing.start()]
    if visible.endswith("\r"):
        return not _ERASES_LINE.search(trailing[0])  # a display that is transient, and takes itself away
    return not visible.endswith("\n") if visible else before


def _size(fd: int) -> Size:
    try:
        columns, rows = os.get_terminal_size(fd)
    except (OSError, ValueError):
        columns, rows = 0, 0
    return Size(columns or 80, rows or 24)


def _descriptor(stream: Any) -> int:
    """The file descriptor behind a stream; -1 where there is none, as in a test that captures stderr."""
    try:
        if stream is None or getattr(stream, "closed", False):
            raise ValueError("stderr is closed")
        return int(stream.fileno())
    except (AttributeError, NotImplementedError):
        return -1
    except OSError as error:
        if isinstance(error, ValueError):  # io.UnsupportedOperation is both
            return -1
        raise


def _streams_on(fd: int) -> list[Any]:
    """Python's standard streams that go where our lines go."""
    place = _terminal(fd)
    streams = {id(one): one for one in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__) if one is not None}
    return [one for one in streams.values() if place is not None and _place(one) == place]


def _place(stream: Any) -> int | None:
    try:
        return _terminal(stream.fileno())
    except Exception:  # closed, replaced, or has no descriptor
        return None


def _terminal(fd: int) -> int | None:
    return os.fstat(fd).st_rdev if os.isatty(fd) else None

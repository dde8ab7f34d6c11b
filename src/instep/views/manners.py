"""Whether the terminal is ours to draw on at this moment, or somebody else's whom we'd disturb."""

from __future__ import annotations

import os
import sys
from typing import Literal

try:
    import termios
except ImportError:  # no POSIX terminals here; forced by INSTEP_VIEW=terminal
    termios = None  # type: ignore[assignment]

Manners = Literal["draw", "clear", "still", "away"]
"""What we may do: draw; only take away what we drew; write nothing; or nothing because we're in the background."""

_LOCAL_MODES = 3  # the place of the local modes in what tcgetattr gives


def manners(fd: int) -> Manners:
    """What we may do with the terminal behind `fd`."""
    if _in_background(fd):
        return "away"
    modes = _local_modes(fd)
    if modes is not None and termios is not None:
        if not modes & termios.ICANON:
            # A program that reads keys (vim, less, readline) has placed the cursor where it needs it, perhaps on a
            # screen of its own: even taking our lines away would take its lines away.
            return "still"
        if not modes & termios.ECHO:
            return "clear"  # a password is being typed
    return "clear" if _rich_is_live() else "draw"


def _in_background(fd: int) -> bool:
    try:
        return os.tcgetpgrp(fd) != os.getpgrp()
    except (AttributeError, OSError):  # not our controlling terminal: it has no foreground that could be another's
        return False


def _local_modes(fd: int) -> int | None:
    if termios is None:
        return None
    try:
        modes = termios.tcgetattr(fd)[_LOCAL_MODES]
    except termios.error:
        return None
    return modes if isinstance(modes, int) else None


def _rich_is_live() -> bool:
    """Whether the program shows a Live, Progress or Status of rich's own.

    Such a thing usually puts proxies in the place of stdout and stderr; on rich's global console it is listed too.
    """
    proxies = sys.modules.get("rich.file_proxy")
    if proxies is not None and isinstance(sys.stdout, proxies.FileProxy):
        return True
    if proxies is not None and isinstance(sys.stderr, proxies.FileProxy):
        return True
    console = getattr(sys.modules.get("rich"), "_console", None)  # a list since rich 14.1, one Live before
    return bool(getattr(console, "_live_stack", None) or getattr(console, "_live", None))

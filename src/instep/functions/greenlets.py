"""The package greenlet, which only the grains `line` and `bytecode` need."""

from __future__ import annotations

from instep.errors import InstepError

try:
    from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]
except ImportError as missing:
    raise InstepError("the grains 'line' and 'bytecode' need the package greenlet: pip install greenlet") from missing

__all__ = ["getcurrent", "greenlet"]

"""`FunctionHandle`: what may be asked of a function's call, however its steps are taken."""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeVar

from instep.errors import InstepError
from instep.functions.running import FunctionRun
from instep.functions.table import Table
from instep.handle import Handle

R = TypeVar("R")


class FunctionHandle(Handle, Generic[R]):
    """A call of a function from outside."""

    __slots__ = ("_call", "_returned")

    _run: FunctionRun

    def __init__(self, run: FunctionRun, call: Any) -> None:
        super().__init__(call, run, given=False)
        self._call = call
        self._returned: list[R] = []  # the result, not held by the run: that one is looked at for a while after its end

    @property
    def result(self) -> R:
        """What the function has returned; `InstepError` before that, and where it did not return."""
        if self._run.status != "finished":
            self._run.refuse()
        return self._returned[0]

    @property
    def locals(self) -> dict[str, Any]:
        """The function's variables as they are now: a copy."""
        return dict(self._call.locals)

    def table(self) -> Table:
        """The steps' times by name, in the order of the source, as a tuple; as text, a table.

        Those taken by `run` are not among them.
        """
        return self._run.tally.table()

    def advance(self, n: int = 1) -> NoReturn:
        """Not here: `InstepError`. A step is taken by `next`."""
        raise InstepError(
            "advance() is for a track without an iterable: write next(...), which takes a step, or .run()"
        )

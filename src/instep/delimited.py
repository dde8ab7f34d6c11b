"""`split` and `join`: between delimited text or bytes, where the structure is in band, and items, where it isn't."""

from __future__ import annotations

from collections import deque
from itertools import chain
from weakref import ref

from instep.checks import short, whole
from instep.reading import reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Literal, Protocol, TypeAlias, overload

    from instep.reading import Read

    class _Reads(Protocol):
        def read(self, n: int, /) -> bytes | None: ...

    class _Receives(Protocol):
        def recv(self, n: int, /) -> bytes: ...

    class _Fills(Protocol):
        def readinto(self, room: memoryview, /) -> int | None: ...

    class _ReadsText(Protocol):
        def read(self, n: int, /) -> str: ...

    _Bytes: TypeAlias = bytes | bytearray | memoryview
    _Binary: TypeAlias = _Bytes | _Reads | _Receives | _Fills | Iterable[bytes] | Iterable[bytearray | memoryview]
    _Text: TypeAlias = _ReadsText | Iterable[str]  # a str is one

BLOCK = 1 << 16


if TYPE_CHECKING:

    @overload
    def split(stream: _Text, delimiter: str, *, keepends: bool = ..., block: int = ...) -> Iterator[str]: ...
    @overload
    def split(stream: _Binary, delimiter: _Bytes, *, keepends: bool = ..., block: int = ...) -> Iterator[bytes]: ...


def split(stream: Any, delimiter: Any, *, keepends: bool = False, block: int = BLOCK) -> Any:
    r"""The items of delimited text or bytes, one after another, without what delimits them.

    >>> list(split("Alice,Bob,Charlie", ","))
    ['Alice', 'Bob', 'Charlie']

    An item ends with a delimiter or with the stream, as a line of a file does: `"a\nb\n"` and `"a\nb"` are two items,
    an empty stream is none. (`str.split` takes the delimiter for what lies between, and finds an empty one at the end
    of `"a\nb\n"`.) With `keepends=True` each item keeps its delimiter, and all of them together are the stream.

    `stream` is text, bytes, a file, a socket, another object with `read1`, `read`, `recv` or `readinto`, or an iterable
    of chunks of any length; `delimiter` is text or bytes, as the stream is, of any length. A file is not closed.

    What has come is handed out at once: no more than `block` bytes or characters are read at a time, and nothing before
    it is asked for. (A text file that can't seek, such as `sys.stdin`, gives a line at a time: take its `buffer`.) An
    item costs what a line of a file does; memory holds one block and one item. When reading raises, as a socket does
    after a timeout, nothing is lost: the next `next` reads on. (A generator of chunks that has raised is over, and so
    the last item is incomplete: the next `next` is an `InstepError`, as it is after text that can't be decoded.) While
    one thread reads, another is refused with a `ValueError`.

    `TypeError` for a delimiter of the other kind, at the call where that can be known; `ValueError` for an empty one.
    """
    text = isinstance(delimiter, str)
    if not text and not isinstance(delimiter, bytes | bytearray | memoryview):
        raise TypeError(f"delimiter expected a str or bytes; got {short(delimiter)}")
    mark: Any = delimiter if text else bytes(delimiter)
    if not mark:
        raise ValueError("delimiter expected at least one character; got an empty one")
    if whole("block", block) < 1:
        raise ValueError("block= expected 1 or more; got 0")
    kind: type = str if text else bytes
    read = reader(stream, kind, max(block, len(mark)))
    turns = _Turns()
    turns.cutting = _Cutting(read, Cut(mark), kind, mark if keepends else None, turns)
    return chain.from_iterable(iter(turns.popleft, None))


class Cut:
    """Cuts blocks, one after another, at a delimiter that may lie across their borders."""

    __slots__ = ("_delimiter", "_empty", "_overlap", "_rest", "_tail")

    def __init__(self, delimiter: Any) -> None:
        self._delimiter = delimiter
        self._empty = delimiter[:0]
        self._overlap = len(delimiter) - 1
        self._rest: list[Any] = []  # of the item that goes on: what can be no part of a delimiter
        self._tail = self._empty  # and what can be

    def whole(self, block: Any) -> list[Any]:
        """The items that end in this block, without their delimiters."""
        overlap = self._overlap
        pieces: list[Any] = (self._tail + block if overlap else block).split(self._delimiter)
        last = pieces.pop()
        if pieces and self._rest:
            self._rest.append(pieces[0])
            pieces[0] = self._empty.join(self._rest)
        if pieces:
            self._rest.clear()
        if overlap:
            at = max(len(last) - overlap, 0)
            last, self._tail = last[:at], last[at:]
        if last:
            self._rest.append(last)
        return pieces

    def end(self) -> Any:
        """What is left: the last item, if it isn't empty."""
        last = self._empty.join([*self._rest, self._tail])
        self._rest, self._tail = [], self._empty
        return last


_KEPT = 1000
"""Turns that have gone by until the iterator of one is freed: threads that share a `split` are long out of it."""


class _Turns(deque):  # type: ignore[type-arg]
    """What `chain` is to walk next; it has whoever adds to it, so that a loop that is left drops the stream at once."""

    __slots__ = ("cutting",)
    cutting: _Cutting


class _Cutting:
    """Reads a block at each turn of its own, and hands on two turns: the list of its items, and its own next one.

    `chain` walks these turns, in C: an iterator of its own, a list's, and so on. What reading raises passes through
    `iter(self.turn, None)`, which can be asked again: in a generator, or where `chain` asks for the next turn, it would
    be the end of all. And no thread can come in between two turns.
    """

    __slots__ = ("__weakref__", "_busy", "_cut", "_kept", "_kind", "_mark", "_read", "_turns")

    def __init__(self, read: Read, cut: Cut, kind: type, mark: Any, turns: _Turns) -> None:
        self._read = read
        self._cut = cut
        self._kind = kind
        self._mark = mark
        self._turns = ref(turns)
        self._busy = False
        # `chain` lets go of an iterator while another thread may still be in it: it is not to be freed so soon.
        self._kept: deque[Any] = deque(maxlen=_KEPT)
        turns.append(self._own_turn())

    def _own_turn(self) -> Iterator[Any]:
        me = ref(self)

        def turn() -> None:
            cutting = me()
            if cutting is not None:
                cutting.turn()

        own: Iterator[Any] = iter(turn, None)
        self._kept.append(own)
        return own

    def turn(self) -> None:
        """Read a block; for `iter`, to which `None` says that it was read."""
        turns = self._turns()
        if self._busy or turns:  # or another thread has read since we came here: our end would be that of its items
            raise ValueError("split: another thread is reading; let one read at a time, and hand the items on")
        if turns is None:
            return
        self._busy = True
        try:
            if block := self._checked(self._read()):
                items, mark = self._cut.whole(block), self._mark
                turns.extend((items if mark is None else [item + mark for item in items], self._own_turn()))
            else:
                last = self._cut.end()
                turns.extend(((last,) if last else (), None))
        finally:
            self._busy = False

    def _checked(self, block: Any) -> Any:
        kind = self._kind
        if isinstance(block, kind):
            return block
        if kind is bytes and isinstance(block, bytearray | memoryview):
            return bytes(block)
        raise TypeError(
            f"split: a delimiter of type {kind.__name__!r} goes with a stream of {kind.__name__}; "
            f"it gave {short(block)} of type {type(block).__name__!r}"
        )


if TYPE_CHECKING:

    @overload
    def join(pieces: Iterable[str], delimiter: str, *, end: bool = ..., quote: Literal["csv"] | None = ...) -> str: ...
    @overload
    def join(pieces: Iterable[_Bytes], delimiter: _Bytes, *, end: bool = ...) -> bytes: ...


def join(pieces: Iterable[Any], delimiter: Any, *, end: bool = False, quote: Any = None) -> Any:
    r"""The pieces as one text or bytes, the delimiter between them; with `end=True` also after the last one.

    What `split` would read differently is refused with a `ValueError` that names the piece: one that contains the
    delimiter, begins one that the next delimiter completes (`"a:"` before `"::"`), or is the last one and empty, which
    `end=True` allows. So `list(split(join(pieces, d), d)) == pieces` always, a buffer of any kind being its bytes.

    >>> join(["Alice", "Bob"], ",")
    'Alice,Bob'
    >>> join(["Alice, Bob", "Charlie"], ",")
    Traceback (most recent call last):
    ValueError: piece 0, 'Alice, Bob', contains the delimiter ',': write quote='csv', or choose another delimiter
    >>> join(["Alice, Bob", "Charlie"], ",", quote="csv")
    '"Alice, Bob",Charlie'

    `quote="csv"` makes a row for the standard library's `csv.reader` instead, which knows how to quote anything; its
    delimiter is one character. The result is a whole: for more than memory holds, write each piece and its delimiter.
    """
    if not isinstance(delimiter, str | bytes | bytearray | memoryview):
        raise TypeError(f"delimiter expected a str or bytes; got {short(delimiter)}")
    if isinstance(delimiter, bytearray | memoryview):
        delimiter = bytes(delimiter)
    if not delimiter:
        raise ValueError("delimiter expected at least one character; got an empty one")
    pieces = list(pieces)
    if quote is not None:
        return _row(pieces, delimiter, end, quote)
    if isinstance(delimiter, bytes):
        pieces = [_as_bytes(piece) for piece in pieces]
    joined = delimiter.join(pieces)
    if end and pieces:
        joined += delimiter
    if list(split(joined, delimiter, block=len(joined) or 1)) != pieces:
        raise ValueError(_wrong(pieces, delimiter, end))
    return joined


def _as_bytes(piece: Any) -> Any:
    """The bytes of any buffer, in whatever unit and steps it is; what is none is refused by `bytes.join`."""
    if isinstance(piece, bytes):
        return piece
    try:
        return bytes(memoryview(piece))
    except TypeError:
        return piece


def _wrong(pieces: list[Any], delimiter: Any, end: bool) -> str:
    """What `split` would read differently."""
    quoting = "write quote='csv', or " if isinstance(delimiter, str) else ""
    for i, same in enumerate(pieces):
        wrong = "contains" if delimiter in same else ""
        if not wrong and (same + delimiter).find(delimiter) < len(same) and (end or i < len(pieces) - 1):
            wrong = "ends in what begins"
        if wrong:
            return (
                f"piece {i}, {short(same)}, {wrong} the delimiter {short(delimiter)}: {quoting}choose another delimiter"
            )
    if pieces[-1]:  # it says that it isn't equal to itself
        return f"the pieces would be read differently: expected str or bytes; got {type(pieces[-1]).__name__!r}"
    return f"the last piece, {short(pieces[-1])}, is empty and would be lost: write end=True, to end each piece"


def _row(pieces: list[Any], delimiter: Any, end: bool, quote: object) -> str:
    import csv
    import io

    if quote != "csv":
        raise ValueError(f"quote= expected 'csv' or None; got {short(quote)}")
    if end:
        raise ValueError("end=True is for pieces that aren't quoted: a row of csv ends with its line, so add '\\r\\n'")
    if not isinstance(delimiter, str):
        raise TypeError(f"quote='csv' expected text; got the delimiter {short(delimiter)}")
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(
            f"quote='csv' expected a delimiter of one character, no quote and no line's end; got {short(delimiter)}"
        )
    for i, piece in enumerate(pieces):
        if not isinstance(piece, str):
            raise TypeError(f"piece {i} expected a str; got {short(piece)}")
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerow(pieces)
    return out.getvalue().removesuffix("\r\n")

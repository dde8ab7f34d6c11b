"""`split` and `join`: from delimited text or bytes to items, and back."""

from __future__ import annotations

import array
import csv
import gzip
import io
import os
import socket
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instep import InstepError, join, split, track

# What is split


def expected(whole, delimiter):
    """By `str.split`, of which the closing delimiter begins no further item."""
    pieces = whole.split(delimiter)
    return pieces if pieces[-1] else pieces[:-1]


def in_chunks(whole, lengths):
    """Cut into chunks of these lengths, and what is left."""
    for n in lengths:
        yield whole[:n]
        whole = whole[n:]
    yield whole


class Reads:
    """An object with one method only; gives so much at a time, and tells how often it was asked."""

    def __init__(self, method, parts):
        self.parts = list(parts)
        self.asked = 0
        setattr(self, method, self._fill if method == "readinto" else self._give)

    def _give(self, n):
        self.asked += 1
        assert self.parts, "asked for more than was wanted"
        part = self.parts.pop(0)
        if isinstance(part, BaseException):
            raise part
        assert part is None or len(part) <= n
        return part

    def _fill(self, room):
        part = self._give(len(room))
        if part is None:
            return None
        room[: len(part)] = part
        return len(part)


texts = st.text("ab,", max_size=40)
delimiters = st.text("ab,", min_size=1, max_size=4)
lengths = st.lists(st.integers(0, 5), max_size=30)


@given(texts, delimiters, st.integers(1, 7))
def test_any_delimiter_across_any_border(whole, delimiter, block):
    """Text, bytes, files: the pieces of `str.split`, in whatever blocks they are read."""
    data, mark = whole.encode(), delimiter.encode()
    pieces = expected(whole, delimiter)
    as_bytes = [piece.encode() for piece in pieces]
    assert list(split(whole, delimiter, block=block)) == pieces
    assert list(split(io.StringIO(whole), delimiter, block=block)) == pieces
    for stream in (data, bytearray(data), memoryview(data), io.BytesIO(data), io.BufferedReader(io.BytesIO(data), 3)):
        found = list(split(stream, mark, block=block))
        assert found == as_bytes
        assert {type(piece) for piece in found} <= {bytes}


@given(texts, delimiters, lengths)
def test_chunks_of_any_length(whole, delimiter, cuts):
    """An iterable of chunks, empty ones among them; bytes may come as bytearray and memoryview."""
    pieces = expected(whole, delimiter)
    assert list(split(in_chunks(whole, cuts), delimiter)) == pieces
    chunks = [[bytes, bytearray, memoryview][i % 3](part.encode()) for i, part in enumerate(in_chunks(whole, cuts))]
    assert list(split(chunks, delimiter.encode())) == [piece.encode() for piece in pieces]


@given(texts, delimiters, lengths)
def test_with_their_delimiters_the_items_are_the_stream(whole, delimiter, cuts):
    """`keepends=True`: nothing is added and nothing is lost."""
    found = list(split(in_chunks(whole, cuts), delimiter, keepends=True))
    assert "".join(found) == whole
    assert [piece.removesuffix(delimiter) for piece in found[:-1]] == expected(whole, delimiter)[:-1]


@pytest.mark.parametrize(
    ("whole", "items"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\nb", ["a", "b"]),
        ("a\nb\n", ["a", "b"]),
        ("\n", [""]),
        ("a\n\n", ["a", ""]),
        ("\n\na", ["", "", "a"]),
    ],
)
def test_an_item_ends_with_a_delimiter_or_with_the_stream(whole, items):
    """As a line does: the last one needs no delimiter, and none begins behind the last delimiter."""
    assert list(split(whole, "\n")) == items
    assert list(split(whole.encode(), b"\n")) == [item.encode() for item in items]
    assert items == [line.rstrip("\n") for line in io.StringIO(whole)]


@pytest.mark.parametrize("method", ["read", "read1", "recv", "readinto"])
def test_any_object_that_can_be_read(method):
    """One of the four methods is enough; nothing is asked after the end."""
    stream = Reads(method, [b"a,b", b"b", b",c", b""])
    assert list(split(stream, b",")) == [b"a", b"bb", b"c"]
    assert stream.asked == 4


def test_any_object_that_gives_text():
    """By its `read`."""
    assert list(split(Reads("read", ["a,b", "b,", ""]), ",")) == ["a", "bb"]


def test_files(tmp_path):
    """Binary, raw, text with newlines translated, compressed, temporary; none is closed, and each is at its end."""
    path = tmp_path / "names"
    path.write_bytes("Ä\r\nb\r\n".encode())
    with path.open("rb") as file:
        assert list(split(file, b"\r\n", block=1)) == ["Ä".encode(), b"b"]
        assert file.read() == b""
    with path.open("rb", buffering=0) as raw:
        assert list(split(raw, b"\r\n")) == ["Ä".encode(), b"b"]
        assert not raw.closed
    with path.open(encoding="utf-8") as text:
        assert text.read(1) == "Ä"
        assert list(split(text, "\n", block=2)) == ["", "b"]
    with gzip.open(tmp_path / "packed", "wb") as packed:
        packed.write(b"a,b")
    with gzip.open(tmp_path / "packed") as packed:
        assert list(split(packed, b",")) == [b"a", b"b"]
    for mode, whole in ("w+", "a,b"), ("w+b", b"a,b"):
        with tempfile.NamedTemporaryFile(mode) as named, tempfile.SpooledTemporaryFile(mode=mode) as spooled:
            for file in named, spooled:
                file.write(whole)
                file.seek(0)
                assert list(split(file, whole[1:2])) == [whole[:1], whole[2:]]


def test_an_item_of_many_blocks():
    """A megabyte in blocks of a hundred bytes, and one in chunks of one byte."""
    whole = bytes(1_000_000)
    assert list(split(whole + b"," + whole, b",", block=100)) == [whole, whole]
    assert list(split((b"x" for _ in range(100_000)), b",,")) == [b"x" * 100_000]


def test_a_delimiter_longer_than_a_block():
    """It is found all the same."""
    mark = b"-" * 100 + b"+"
    assert list(split(b"a" + mark + b"-" + mark, mark, block=1)) == [b"a", b"-"]


def test_a_tracked_loop():
    """The items are steps."""
    items = track(split("Alice,Bob,Charlie", ","), show=False)
    assert list(items) == ["Alice", "Bob", "Charlie"]
    assert (items.position, items.status) == (3, "finished")


# Laziness


def test_nothing_is_read_before_it_is_asked_for():
    """And of a block that has come, all items are handed out before the next one is read."""
    stream = Reads("read1", [b"a,b,c", b",d", b""])
    items = split(stream, b",")
    assert stream.asked == 0
    assert [next(items), next(items)] == [b"a", b"b"]
    assert stream.asked == 1
    assert next(items) == b"c"
    assert stream.asked == 2
    assert list(items) == [b"d"]


def test_text_and_chunks_are_read_as_they_are_wanted():
    """An endless stream can be split, and what is left of an iterator is still there."""

    def endless():
        while True:
            yield "a,b,"

    assert list(islice(split(endless(), ","), 3)) == ["a", "b", "a"]
    chunks = iter(["a,b,", "c,d"])
    assert next(split(chunks, ",")) == "a"
    assert list(chunks) == ["c,d"]


@pytest.mark.parametrize("buffering", [0, -1])
def test_what_has_come_through_a_pipe_is_handed_out_at_once(buffering):
    """No full block is waited for; the other end writes on only when it has been."""
    source, target = os.pipe()
    with open(source, "rb", buffering=buffering) as stream, open(target, "wb", buffering=0) as other:
        items = split(stream, b",")
        other.write(b"a,b,c")
        assert [next(items), next(items)] == [b"a", b"b"]
        other.write(b"c,")
        assert next(items) == b"cc"
        other.close()
        assert list(items) == []


def test_text_through_a_pipe_is_handed_out_by_lines():
    """Where the text file can't seek; what was read from it before is gone, and nothing else."""
    source, target = os.pipe()
    with open(source, encoding="utf-8") as stream, open(target, "wb", buffering=0) as other:
        other.write("head\nä,b\nc,".encode())
        assert stream.readline() == "head\n"
        items = split(stream, ",")
        assert next(items) == "ä"
        other.write(b"d\n")
        assert next(items) == "b\nc"
        other.close()
        assert list(items) == ["d\n"]


def test_text_through_a_pipe_needs_no_memory_for_its_lines():
    """Where it has none: as of `find -print0`."""
    code = "import sys\nfor _ in range(200): sys.stdout.write('abcdefg\\0' * 32768)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        tracemalloc.start()
        try:
            assert sum(1 for _ in split(process.stdout, "\0")) == 200 * 32768
            assert tracemalloc.get_traced_memory()[1] < 10 << 20  # it is 50 MiB in all
        finally:
            tracemalloc.stop()


def test_text_that_cannot_be_decoded_gives_no_part_of_an_item():
    """What Python had read by then is lost, so that it does not seem to go on."""
    whole = b"".join(b"record%d\n" % k for k in range(3000))
    for data in whole[:20000] + b"\xff" + whole[20000:], whole + b"\xff":
        items = split(io.TextIOWrapper(io.BytesIO(data), "utf-8"), "\n")
        found = []
        with pytest.raises(UnicodeDecodeError):
            found.extend(items)
        with pytest.raises(InstepError, match="could not be decoded"):
            next(items)
        assert found == [f"record{k}" for k in range(len(found))]


def test_sockets():
    """What has come is handed out at once; after a timeout, which loses nothing, reading goes on."""
    here, there = socket.socketpair()
    with here, there:
        items = split(here, b"\r\n")
        there.sendall(b"a\r\nb\r")
        assert next(items) == b"a"
        here.settimeout(0.01)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                next(items)
        there.sendall(b"\nc")
        assert next(items) == b"b"
        there.shutdown(socket.SHUT_WR)
        assert list(items) == [b"c"]


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), KeyboardInterrupt()])
def test_what_reading_raises_loses_nothing(error):
    """The next `next` reads on."""
    items = split(Reads("read1", [b"a,b", error, b"b,", b""]), b",")
    assert next(items) == b"a"
    with pytest.raises(type(error)):
        next(items)
    assert list(items) == [b"bb"]


def test_chunks_that_ended_by_an_error_give_no_part_of_an_item():
    """A generator that has raised is over: what it gave last may be a part; an iterator that goes on is read on."""

    def broken():
        yield b"alpha\nbe"
        raise ConnectionResetError("gone")

    items = split(broken(), b"\n")
    assert next(items) == b"alpha"
    with pytest.raises(ConnectionResetError):
        next(items)
    for _ in range(2):
        with pytest.raises(InstepError, match="failed before its end: its last item is incomplete"):
            next(items)

    def checked(chunk):
        if chunk == b"bad":
            raise ValueError(chunk)
        return chunk

    items = split(map(checked, [b"al", b"bad", b"pha\nbe"]), b"\n")
    with pytest.raises(ValueError, match="bad"):
        next(items)
    assert list(items) == [b"alpha", b"be"]


@pytest.mark.skipif("sys.platform == 'win32'", reason="needs pipes that don't wait")
@pytest.mark.parametrize("buffering", [0, -1])
def test_a_pipe_that_has_nothing_yet_is_not_at_its_end(buffering):
    """A descriptor that doesn't wait raises `BlockingIOError` when there is nothing, and can be asked again."""
    source, target = os.pipe()
    os.set_blocking(source, False)
    with open(source, "rb", buffering=buffering) as stream, open(target, "wb", buffering=0) as other:
        items = split(stream, b",")
        for data, found in (b"a,b", b"a"), (b"b,c", b"bb"):
            with pytest.raises(BlockingIOError):
                next(items)
            other.write(data)
            assert next(items) == found
        other.close()
        assert list(items) == [b"c"]


def test_other_streams_that_have_nothing_yet():
    """`None` from `readinto`, or from `read`, is not the end."""
    for method in "read", "readinto":
        items = split(Reads(method, [None, b"a", b""]), b",")
        with pytest.raises(BlockingIOError):
            next(items)
        assert list(items) == [b"a"]


def test_a_generator_of_chunks_is_closed_when_the_loop_is_left():
    """As the bare loop would have it."""
    closed = []

    def chunks():
        try:
            yield "a,b"
            yield "c"
        finally:
            closed.append(True)

    for item in split(chunks(), ","):
        assert item == "a"
        break
    del item
    assert closed == [True]


def test_one_reads_at_a_time():
    """Whoever asks while another waits for a block, another thread say, is refused, and nothing is lost."""
    refused = []

    def chunks():
        with pytest.raises(ValueError, match="another thread is reading") as error:
            next(items)
        refused.append(error)
        yield "a,b"

    items = split(chunks(), ",")
    assert list(items) == ["a", "b"]
    assert len(refused) == 1


def test_threads_that_share_it_lose_nothing():
    """Each item comes to one of them; whoever is refused, since another one reads, may ask again."""
    items = split((b"%d," % k for k in range(2000)), b",")
    found = [[], [], [], []]

    def take(mine):
        while True:
            try:
                mine.append(next(items))
            except StopIteration:
                return
            except ValueError:
                continue

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=take, args=(mine,)) for mine in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(usual)
    assert sorted(int(item) for mine in found for item in mine) == list(range(2000))


# Misuse of split


@pytest.mark.parametrize(
    ("stream", "delimiter", "said"),
    [
        ("a,b", b",", "gives text, and so must the delimiter be: write a str"),
        (b"a,b", ",", "gives bytes, and so must the delimiter be: write bytes, as in b','"),
        (io.StringIO(), b",", "gives text"),
        (io.BytesIO(), ",", "gives bytes"),
        (socket.socket, ",", "expected text, bytes, a file"),
        (5, ",", "expected text, bytes, a file, a socket or an iterable of chunks; got 5"),
        (Path("names"), ",", "open it first"),
        ("a", 5, "delimiter expected a str or bytes; got 5"),
        ("a", None, "delimiter expected a str or bytes; got None"),
    ],
)
def test_a_wrong_stream_or_delimiter(stream, delimiter, said):
    """A `TypeError` at the call."""
    with pytest.raises(TypeError, match="^.*" + said.replace("'", ".")):
        split(stream, delimiter)


def test_a_socket_gives_bytes():
    """Also a `TypeError` at the call."""
    with socket.socket() as stream, pytest.raises(TypeError, match="gives bytes"):
        split(stream, ",")


@pytest.mark.parametrize("call", [split, join])
def test_an_empty_delimiter(call):
    """Is none."""
    for delimiter in "", b"":
        with pytest.raises(ValueError, match="at least one character"):
            call(["a"], delimiter)


def test_a_wrong_block():
    """Whole, and at least 1."""
    with pytest.raises(ValueError, match="block= expected 1 or more; got 0"):
        split("a", ",", block=0)
    with pytest.raises(TypeError, match="whole number"):
        split("a", ",", block=1.5)


@pytest.mark.parametrize("chunk", [5, None, "a", object()])
def test_a_stream_that_gives_something_else(chunk):
    """Where it can't be known before it is read, a `TypeError` says what came."""
    with pytest.raises(TypeError, match="a delimiter of type 'bytes' goes with a stream of bytes; it gave"):
        list(split([b"a", chunk], b","))


def test_an_asynchronous_stream_is_refused():
    """Its `read` gives a coroutine."""

    class Stream:
        read = staticmethod(lambda n: iter(()))

    with pytest.raises(TypeError, match="it gave"):
        list(split(Stream(), b","))


# join


@given(st.lists(st.text("ab:", max_size=4), max_size=6), st.text("ab:", min_size=1, max_size=3), st.booleans())
def test_what_is_joined_is_split_again_or_refused(pieces, delimiter, end):
    """Refused is exactly what `split` would read differently, in text and in bytes; all else is `str.join`'s."""
    plain = "".join(piece + delimiter for piece in pieces) if end else delimiter.join(pieces)
    as_bytes = [piece.encode() for piece in pieces]
    if expected(plain, delimiter) == pieces or not pieces:
        assert join(pieces, delimiter, end=end) == plain
        assert join(as_bytes, delimiter.encode(), end=end) == plain.encode()
    else:
        with pytest.raises(ValueError, match="piece"):
            join(pieces, delimiter, end=end)
        with pytest.raises(ValueError, match="piece"):
            join(as_bytes, delimiter.encode(), end=end)


@given(st.text("ab,"), delimiters)
def test_what_was_split_is_joined_again(whole, delimiter):
    """But for the closing delimiter, which `end=True` says is there."""
    end = whole.endswith(delimiter) and len(expected(whole, delimiter)) < len(whole.split(delimiter))
    assert join(split(whole, delimiter), delimiter, end=end) == whole


@pytest.mark.parametrize(
    ("pieces", "delimiter", "said"),
    [
        (["a", "b,c"], ",", "piece 1, 'b,c', contains the delimiter ',': write quote='csv', or choose another"),
        (iter(["a:", "b"]), "::", "piece 0, 'a:', ends in what begins the delimiter '::'"),
        (["a", ""], ",", "the last piece, '', is empty and would be lost: write end=True"),
        ([b"a,b"], b",", "piece 0, b'a,b', contains the delimiter b',': choose another delimiter"),
        ([bytearray(b"a,b")], bytearray(b","), "piece 0, b'a,b', contains"),
    ],
)
def test_a_piece_that_would_be_read_differently(pieces, delimiter, said):
    """A `ValueError` names it, and says what to write."""
    with pytest.raises(ValueError, match="^" + said):
        join(pieces, delimiter)


def test_any_buffers_are_joined():
    """By their bytes, in whatever unit and steps they are."""
    numbers = array.array("H", [0x6161, 0x6262])
    pieces = [array.array("B", b"x"), memoryview(numbers), memoryview(b"c-d-")[::2], b"e"]
    assert join(pieces, b",") == b"x,aabb,cd,e"
    with pytest.raises(ValueError, match=r"the last piece, b'', is empty"):
        join([numbers, array.array("H")], b",")
    with pytest.raises(ValueError, match="piece 0, b'aabb', contains"):
        join([numbers, b"x"], b"ab")


def test_a_long_piece_is_named_in_short():
    """An error's text stays short."""
    with pytest.raises(ValueError, match="contains the delimiter") as error:
        join(["x" * 10_000 + ","], ",")
    assert len(str(error.value)) < 200


def test_pieces_of_the_wrong_kind():
    """A `TypeError`, as from `str.join`."""
    for pieces, delimiter in ([1], ","), (["a"], b","), ([b"a"], ","), (5, ","), (["a"], 5):
        with pytest.raises(TypeError):
            join(pieces, delimiter)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=5),
    st.sampled_from(",;\t|x §"),
)
def test_quoted_by_csv(pieces, delimiter):
    """`csv.reader` gives any pieces back, as one row."""
    row = join(pieces, delimiter, quote="csv")
    assert list(csv.reader(io.StringIO(row, newline=""), delimiter=delimiter)) == [pieces]


@pytest.mark.parametrize(
    ("pieces", "delimiter", "options", "error"),
    [
        (["a"], ",", {"quote": "json"}, ValueError),
        (["a"], ",,", {"quote": "csv"}, ValueError),
        (["a"], '"', {"quote": "csv"}, ValueError),
        (["a"], "\n", {"quote": "csv"}, ValueError),
        (["a"], ",", {"quote": "csv", "end": True}, ValueError),
        ([None], ",", {"quote": "csv"}, TypeError),
        ([b"a"], b",", {"quote": "csv"}, TypeError),
    ],
)
def test_what_csv_cannot_quote(pieces, delimiter, options, error):
    """Another delimiter, bytes, something that is no text (of which csv would make some)."""
    with pytest.raises(error):
        join(pieces, delimiter, **options)

"""What type checkers make of `split` and `join`; checked by mypy, never run."""

import io
import socket
import sys
from collections.abc import Iterator
from typing import assert_type

from instep import Track, join, split, track


def chunks() -> Iterator[bytes]:
    """Give chunks."""
    yield b"a,b"


assert_type(split("a,b", ","), Iterator[str])
assert_type(split(b"a,b", b","), Iterator[bytes])
assert_type(split(bytearray(b"a,b"), b",", block=10, keepends=True), Iterator[bytes])
assert_type(split(sys.stdin, "\n"), Iterator[str])
assert_type(split(sys.stdin.buffer, b"\n"), Iterator[bytes])
assert_type(split(io.BytesIO(), b"\n"), Iterator[bytes])
assert_type(split(io.FileIO("names"), b"\n"), Iterator[bytes])
assert_type(split(io.StringIO(), "\n"), Iterator[str])
assert_type(split(socket.socket(), b"\n"), Iterator[bytes])
assert_type(split(chunks(), b"\n"), Iterator[bytes])
assert_type(split(["a,", "b"], ","), Iterator[str])
assert_type(track(split("a,b", ",")), Track[str])
with open("names", "rb") as binary, open("names") as text:
    assert_type(split(binary, b"\0"), Iterator[bytes])
    assert_type(split(text, "\0"), Iterator[str])

assert_type(join(["a"], ","), str)
assert_type(join(["a"], ",", quote="csv"), str)
assert_type(join(["a"], "\n", end=True), str)
assert_type(join([b"a", b"b"], b","), bytes)

split("a,b", b",")  # type: ignore[arg-type]
split(b"a,b", ",")  # type: ignore[arg-type]
split(sys.stdin.buffer, ",")  # type: ignore[arg-type]
split(5, ",")  # type: ignore[call-overload]
join(["a"], b",")  # type: ignore[list-item]
join(["a"], ",", quote="json")  # type: ignore[call-overload]
join([b"a"], b",", quote="csv")  # type: ignore[call-overload]

"""Functions of the standard library, which nobody wrote for this: run both ways on real input."""

import calendar
import dataclasses
import difflib
import doctest
import email
import encodings.punycode
import fnmatch
import http.cookiejar
import inspect
import io
import mailbox
import os
import platform
import random
import re
import statistics
import subprocess
import symtable
import sys
import tarfile
import traceback
import unittest.util
import urllib.parse
import urllib.request
import wsgiref.headers
import xml.dom.minidom
import zipfile
from pathlib import Path
from types import MethodType

import pytest

from instep.functions.laziness import lazy
from instep.functions.sequence import LazySequence
from instep.functions.sets import LazySet

HERE = Path(__file__)
SOURCE = HERE.read_text()
MESSAGE = "From: a@b.c\nTo: d@e.f\nTo: g@h.i\nSubject: x\n\nbody\n"
TABLE = symtable.symtable(SOURCE, "here", "exec")
CALENDAR = calendar.Calendar(0)
HEADERS = wsgiref.headers.Headers([("A", "1"), ("B", "2"), ("a", "3")])
ATTRIBUTES = xml.dom.minidom.parseString("<a b='1' c='2' xmlns:d='e'/>").documentElement.attributes


@dataclasses.dataclass(frozen=True)
class Point:
    """A data class."""

    x: int = 1
    y: int = 2


def zipped():
    """Give an archive with two members."""
    archive = zipfile.ZipFile(io.BytesIO(), "w")
    archive.writestr("one", "1")
    archive.writestr("two", "2")
    return archive


def tarred():
    """Give an archive with a member."""
    archive = tarfile.TarFile.open(fileobj=io.BytesIO(), mode="w")
    archive.add(HERE, "here")
    return archive


def failed():
    """Give the traceback of an exception."""
    try:
        Path("/no/such/file").read_text()
    except OSError as error:
        return error.__traceback__


def mail_folders(path):
    """Give a mailbox with folders."""
    box = mailbox.MH(path / "mail")
    box.add_folder("one")
    box.add_folder("two")
    return box


CALLS = {
    "calendar of dates": (CALENDAR.monthdatescalendar, 2024, 2),
    "calendar of days": (CALENDAR.monthdayscalendar, 2024, 2),
    "calendar of pairs": (CALENDAR.monthdays2calendar, 2024, 2),
    "year of dates": (CALENDAR.yeardatescalendar, 2023),
    "year of days": (CALENDAR.yeardayscalendar, 2023),
    "close matches": (difflib.get_close_matches, "lazy", ["lay", "hazy", "eager", "crazy", "lazily"]),
    "state of a data class": (dataclasses._dataclass_getstate, Point()),
    "doctest examples": (doctest.DocTestParser().get_examples, ">>> 1\n1\n>>> 2\n2\n\nText.\n\n>>> 3\n3\n"),
    "mail headers": (email.message_from_string(MESSAGE).keys,),
    "mail values": (email.message_from_string(MESSAGE).values,),
    "mail charsets": (email.message_from_string(MESSAGE).get_charsets,),
    "mail parameters": (email.message._parseparam, '; charset="a;b"; c=d'),
    "punycode": (encodings.punycode.insertion_unsort, "bücher-größe", sorted("üöß")),
    "file name patterns": (fnmatch.filter, ["a.py", "b.txt", "c.py"], "*.py"),
    "cookie words": (http.cookiejar.split_header_words, ['a="b"; c=d, e', "f; version=1"]),
    "cookie headers": (http.cookiejar.parse_ns_headers, ["a=b; expires=Wed, 09 Feb 1994 22:23:32 GMT; path=/", "c"]),
    "frames of a traceback": (inspect.getinnerframes, failed()),
    "folders": (lambda path: mail_folders(path).list_folders,),
    "version": (platform._comparable_version, "3.12.1rc2-x"),
    "quantiles": (statistics.NormalDist(1, 2).quantiles, 7),
    "modes": (statistics.multimode, "aabbbbccddddeeffffgg"),
    "symbols": (lambda _: TABLE.get_children()[0].get_symbols,),
    "names in a tar": (lambda _: tarred().getnames,),
    "names in a zip": (lambda _: zipped().namelist,),
    "formatted traceback": (traceback.extract_tb(failed()).format,),
    "differing counts": (unittest.util._count_diff_all_purpose, [1, [], 1, 2], [[], 2, 2]),
    "differing counts of hashables": (unittest.util._count_diff_hashable, [1, 1, 2], [2, 2, 3]),
    "query": (urllib.parse.parse_qsl, "a=1&b=2&a=%20&c"),
    "list in a header": (urllib.request.parse_http_list, 'a, "b, c", d="e\\"f", g'),
    "WSGI header": (HEADERS.get_all, "a"),
    "WSGI names": (HEADERS.keys,),
    "attributes": (ATTRIBUTES.items,),
    "attributes with namespaces": (ATTRIBUTES.itemsNS,),
}


@pytest.mark.parametrize("name", CALLS)
def test_it_gives_the_same_both_ways(name, tmp_path):
    """Item by item: type, value, or for what has no equality its attributes; and as a whole."""
    function, *arguments = CALLS[name]
    if getattr(function, "__name__", "") == "<lambda>":
        function = function(tmp_path)
    assert len(function(*arguments)) > 0
    result = lazy(function, check=True)(*arguments)
    assert isinstance(result, LazySequence | LazySet)
    first = next(iter(result))
    assert len(list(result)) == len(function(*arguments))
    assert next(iter(result)) is first


def test_random_choices_come_one_by_one():
    """The random numbers are drawn when the items are taken: for the same seed, the same items."""
    one, two = random.Random(1), random.Random(1)
    lazily = lazy(one.choices)("abc", k=5)
    assert lazily[:2] == two.choices("abc", k=2)
    assert [*lazily[2:]] == two.choices("abc", k=3)


@pytest.mark.campaign
def test_the_page_lists_what_is_accepted():
    """All of it, and the count, where the page has a column for this very Python."""
    version = sys.version.split()[0]
    path = HERE.parents[2]
    text = (path / "docs" / "lazy-standard-library.md").read_text()
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    if version not in rows[0]:
        pytest.skip(f"the page was not made with Python {version}")
    column = rows[0].index(version)
    listed = [row[0] for row in rows[2:] if row[column]]
    command = [sys.executable, path / "tools" / "survey_lazy.py"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=True)
    *accepted, count = done.stdout.splitlines()
    assert accepted == listed
    assert f"- {count}." in text


def test_a_count_of_the_sample():
    """Twenty functions at least, and not one of them a stand-in."""
    given = [function for function, *_ in CALLS.values()]
    plain = [each for each in given if isinstance(each, MethodType) or not re.match("<lambda>", each.__name__)]
    assert len(given) >= 20
    assert len(plain) >= 20

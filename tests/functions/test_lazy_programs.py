"""Generated builders: what `lazy` accepts gives the same list and the same effects, no earlier than asked for."""

import copy
import linecache
from collections.abc import Iterator
from itertools import count
from types import BuiltinMethodType, FunctionType, MethodType

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instep.functions.laziness import lazy
from instep.functions.refusals import CannotDefer
from instep.functions.sequence import LazySequence

numbers = count()


class Box:
    """Holds a value."""

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return shown(self)

    def __call__(self, value):
        self.value = value

    def __enter__(self):
        self.value = ("in",)
        return self

    def __exit__(self, *_):
        self.value = ("out",)

    def __lshift__(self, value):
        self.value = value

    def get(self):
        """Give what it holds."""
        return self.value

    def me(self):
        """Give itself."""
        return self

    def bump(self):
        """Change, and give itself."""
        self.value = (1, self.value) if isinstance(self.value, int | str) else 0
        return self


def fill(thing):
    """Change a list that is given."""
    if isinstance(thing, list) and len(thing) < 20:  # which may be what a loop walks
        thing.append("filled")
    return thing


def same(thing):
    """Give back what is given."""
    return thing


def pair(one, two):
    """Hold both."""
    return (one, [two])


class World:
    """What a generated function sees as its globals, and what it did."""

    def __init__(self):
        self.log = []
        self.left = 9
        self.names = {
            "fuel": self.fuel,
            **{each.__name__: each for each in (Box, fill, same, pair)},
            "mark": lambda value: self.log.append(("mark", shown(value))),
            "Tap": self.tap,
        }

    def fuel(self):
        """Let the loops of a function go on only so often."""
        self.left -= 1
        return self.left > 0

    def tap(self, value):
        """Pass on a value on its way into the list; by its name in the functions, nothing that changes it."""
        self.log.append("item")
        return value


def made(source, world):
    """Give the function `built` of a source that `linecache` knows."""
    name = f"<generated {next(numbers)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), world.names)
    return world.names["built"], name


NAMES = st.sampled_from(["row", "acc", "cell", "x", "y"])
LISTS = st.sampled_from(["row", "acc"])
VALUES = st.one_of(
    NAMES,
    st.sampled_from(
        ["1", "n", "[]", "[x]", "[row]", "(x, row)", "{'k': row}", "list(row)", "row[:]", "len(row)", "row + [n]",
         "Box(row)", "Box(acc)", "same(row)", "same(acc)", "pair(row, x)", "acc[0]", "row[-1]", "cell['k']",
         "cell.get('k')", "y.value",
         "[z for z in row]", "[[z] for z in acc]", "tuple(acc)", "x if n else row", "row and acc", "str(row)",
         "iter(row)",
         "row.copy()", "cell.setdefault('k', row)", "acc.pop()", "f'{row}'", "sorted(row, key=repr)", "(y := [n])",
         "box", "box.get()", "box.me()", "box.get", "box.bump()", "box.value", "dict(k=row)", "it", "next(it, 0)",
         "list(it)", "max([row], key=len)", "{**cell}", "[*acc]", "acc[:1]", "sum([row, acc], [])",
         "list(map(lambda z: row, xs))",
         "lambda: row", "(lambda: x)", "zip(row, row)", "enumerate(acc)", "row * 2", "grid[0]", "xs"]
    ),
)  # fmt: skip
ITEMS = VALUES.map(lambda value: f"out.append(Tap({value}))")
CHANGES = st.one_of(
    st.builds("{} = {}".format, NAMES, VALUES),
    st.builds("{}.append({})".format, LISTS, VALUES),
    st.builds("{} += [{}]".format, LISTS, VALUES),
    st.builds("{}, {} = {}, {}".format, NAMES, NAMES, VALUES, VALUES),
    st.sampled_from(
        ["row[0:1] = [x, n]", "cell['k'] = row", "cell['j'] = cell", "acc[0].append(n)", "y.value = n",
         "y.value.append(n)", "cell['k'].append(n)", "fill(row)", "fill(acc)", "y = fill(row)", "acc.extend(row)",
         "add = row.append", "add(n)",
         "box.value = n", "box.bump()", "box(n)", "with box: pass", "with box as y: pass", "box << n", "y = box.me()",
         "list(map(row.append, [n]))", "list(map(add, [n]))", "it = iter(row)", "it = iter(xs)", "list(it)",
         "x, *y = it", "fill(box.value)", "box = Box(row)", "setattr(box, 'value', n)", "list.append(row, n)",
         "row.__iadd__([n])",
         "(lambda: row.append(n))()", "row = row + [n]", "row, acc = acc, [row]", "n = n + 1", "cell = dict(cell)",
         "x = row = [x]", "row, acc = [[n]] * 2", "acc = [row := []]", "for y in [box, box]: y.bump()", "del acc[1:]",
         "row.clear()", "row.sort(key=repr)", "cell.update(k=acc)", "del row[:]", "cell.clear()", "n += 1", "x += 1",
         "acc.insert(0, row)", "for acc in grid: pass", "for row in [acc, acc]: row.append(n)", "grid[0].append(n)",
         "xs.append(n)", "xs = list(xs)", "row.append(row)", "acc = [row, row]", "(row if n else acc).append(n)"]
    ),
)  # fmt: skip
PLAIN = st.one_of(
    ITEMS,
    ITEMS,
    CHANGES,
    CHANGES,
    st.sampled_from(["mark(n)", "mark(row)", "out.extend(row)", "out += [x, n]", "out.extend(same(z) for z in acc)"]),
)
EXITS = st.sampled_from(
    ["if n > 3: break", "if n % 2: continue", "if n > 4: return out", "assert n < 6", "if n == 5: raise ValueError(n)"]
)
HEADS = st.sampled_from(
    ["for x in xs:", "for row in grid:", "for n, row in enumerate(grid):", "for n in range(3):", "for x in list(acc):",
     "for x, y in zip(xs, grid):", "for x in list(row):"]
)  # fmt: skip


def indented(lines):
    """Give lines one level deeper."""
    return ["    " + line for line in lines]


def blocks(inner):
    """Give compound statements around lists of lines."""
    return st.one_of(
        st.tuples(HEADS, inner).map(lambda t: [t[0], *indented([*t[1], "n += 1"])]),
        st.tuples(HEADS, inner, inner).map(lambda t: [t[0], *indented(t[1]), "else:", *indented(t[2])]),
        st.tuples(inner, inner).map(lambda t: ["if n % 2:", *indented(t[0]), "else:", *indented(t[1])]),
        inner.map(lambda body: ["while fuel():", *indented(["n += 1", *body])]),
        st.tuples(inner, inner).map(lambda t: ["try:", *indented(t[0]), "finally:", *indented(t[1])]),
        st.tuples(inner, inner).map(
            lambda t: [
                "try:",
                *indented(["y = row[0]"]),
                "except IndexError:",
                *indented(t[0]),
                "else:",
                *indented(t[1]),
            ]
        ),
        inner.map(lambda body: ["try:", *indented(body), "except KeyError:", "    raise LookupError(n)"]),
    )


def listed(one):
    """Give several statements after each other."""
    return st.lists(one, min_size=1, max_size=3).map(lambda many: [line for lines in many for line in lines])


LINES = PLAIN.map(lambda line: [line])
IN_LOOPS = listed(st.one_of(LINES, LINES, LINES, EXITS.map(lambda line: [line])))
BODY = listed(st.one_of(LINES, blocks(IN_LOOPS), blocks(listed(st.one_of(LINES, blocks(IN_LOOPS))))))


@st.composite
def functions(draw):
    """Give the source of a function that fills a list in a loop."""
    before, after = draw(st.lists(CHANGES, max_size=2)), draw(st.one_of(st.just([]), st.lists(PLAIN, max_size=1)))
    head = draw(HEADS)
    start = ["out = []", "row, acc, cell, n = [], [[]], {}, 0", "x, y = 0, Box([])", "box, it = Box(0), iter(xs)"]
    body = draw(st.one_of(listed(LINES), listed(LINES), BODY))
    loop = [head, *indented([*body, *draw(st.lists(ITEMS, max_size=1)), "n += 1"])]
    end = "return out"
    body = [*start, *before, *loop, *draw(st.one_of(st.just([]), st.just([]), BODY)), *after, end]
    source = "\n".join(["def built(xs, grid):", *indented(body), ""])
    try:
        compile(source, "<generated>", "exec")
    except SyntaxError:  # a `break` outside of a loop
        source = source.replace("break", "pass").replace("continue", "pass")
    return source


def shown(item, depth=5):
    """Say all about an item, as it is now; of a function or an iterator, what it gives."""
    if depth == 0:
        return "..."
    if isinstance(item, FunctionType):
        return f"calling gives {shown(item(), depth - 1)}"
    if isinstance(item, MethodType | BuiltinMethodType):
        return f"a method of {shown(item.__self__, depth - 1)}"
    if isinstance(item, Iterator):
        return f"iterating gives {shown(list(copy.deepcopy(item)), depth - 1)}"
    if isinstance(item, Box):
        return f"Box({shown(item.value, depth - 1)})"
    if isinstance(item, dict):
        return f"{{{', '.join(f'{key}: {shown(value, depth - 1)}' for key, value in item.items())}}}"
    if isinstance(item, list | tuple):
        return f"{type(item).__name__}({', '.join(shown(each, depth - 1) for each in item)})"
    return repr(item)


def arguments():
    """Give new arguments."""
    return [1, 2, 3], [[7], [8, 9], []]


def eagerly(source):
    """Run a function plainly: its items, log, arguments afterwards, and exception."""
    world = World()
    function, name = made(source, world)
    given_arguments = arguments()
    try:
        items, error = function(*given_arguments), None
    except Exception as caught:
        items, error = [], caught
    linecache.cache.pop(name)
    log = list(world.log)
    return [shown(item) for item in items], log, repr(given_arguments), error


def until_error(items, taken):
    """Take items one by one, each looked at right away; gives the exception that came."""
    try:
        for item in items:
            taken.append(shown(item))
    except Exception as error:
        return error
    return None


def lazily(source):
    """Run a function deferred, looking at each item as it comes; nothing where it is refused."""
    world = World()
    function, name = made(source, world)
    try:
        deferred = lazy(function)
    except CannotDefer:
        return None
    finally:
        linecache.cache.pop(name)
    return world, deferred


def called(function, given_arguments):
    """Call a function; gives its result, or the exception that came."""
    try:
        return function(*given_arguments), None
    except Exception as error:
        return None, error


many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(functions())
def test_what_is_accepted_gives_the_same(source):
    """Items looked at as they come are those of the list, effects come in its order, arguments change no later."""
    found = lazily(source)
    if found is None:
        return
    items, log, after, error = eagerly(source)
    world, deferred = found
    given_arguments = arguments()
    taken = []
    result, caught = called(deferred, given_arguments)
    if caught is not None:
        assert (type(caught), caught.args) == (type(error), error.args), source
        return
    assert isinstance(result, LazySequence)
    if error is None and "fill" not in source:  # a change in another function can't be seen
        assert repr(given_arguments) == after, source
    caught = until_error(result, taken)
    assert (type(caught), str(caught)) == (type(error), str(error)), source
    if error is None:
        assert taken == items, source
        assert repr(given_arguments) == after, source
    assert world.log == log, source


@many
@given(functions(), st.integers(0, 5))
def test_no_more_is_computed_than_is_taken(source, wanted):
    """After some items were taken, what happened is a beginning of all that happens, and ends with the last item."""
    found = lazily(source)
    if found is None:
        return
    _, log, _, _ = eagerly(source)
    world, deferred = found
    try:
        result = deferred(*arguments())
        begun = len(world.log)
        taken = result[:wanted]
    except Exception:
        return
    assert world.log == log[: len(world.log)], source
    if "extend" in source or "+=" in source.replace("n += 1", ""):
        return
    if len(taken) == wanted and len(world.log) > begun:
        assert world.log[-1] == "item" or "lambda" in source, source


def test_such_functions_are_accepted():
    """The two tests above are not empty: the likes of this one are accepted."""
    lines = [
        "out = []",
        "row, acc, cell, n = [], [[]], {}, 0",
        "for x, y in zip(xs, grid):",
        "    row = [x]",
        "    row.append(n)",
        "    try:",
        "        out.append(Tap(row))",
        "    finally:",
        "        if n % 2:",
        "            mark(n)",
        "    n += 1",
        "return out",
    ]
    source = "\n".join(["def built(xs, grid):", *indented(lines), ""])
    world, deferred = lazily(source)
    result = deferred(*arguments())
    assert result[:2] == [[1, 0], [2, 1]]
    assert world.log == ["item", "item"]

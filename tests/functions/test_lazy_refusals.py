"""What `lazy` refuses: each source below would give another list, or the same one at another time."""

import asyncio
import re
import textwrap

import pytest

from instep.errors import InstepError
from instep.functions.laziness import lazy
from instep.functions.refusals import CannotDefer

REFUSED = '''
# passed on
def length(xs):
    out = []
    for x in xs:
        out.append((x, len(out)))  # here
    return out

# out is read
def truth(xs):
    out = []
    for x in xs:
        if not out:  # here
            continue
        out.append(x)
    return out

# out is indexed
def index(xs):
    out = [0, 1]
    for x in xs:
        out.append(out[-1] + x)  # here
    return out

# out is read
def contains(xs):
    out = []
    for x in xs:
        if x not in out:  # here
            out.append(x)
    return out

# gets another name
def aliased(xs):
    out = []
    other = out  # here
    for x in xs:
        other.append(x)
        out.append(x)
    return out

# another name
def aliased_at_once(xs):
    out = other = []  # here
    for x in xs:
        out.append(x)
    return out

# captured
def captured(xs):
    out = []
    def put(x):
        out.append(x)  # here
    for x in xs:
        out.append(x)
    return out

# captured
def captured_by_lambda(xs):
    out = []
    for x in xs:
        out.append(lambda: out)  # here
    return out

# out.sort
def sorted_at_last(xs):
    out = []
    for x in xs:
        out.append(x)
    out.sort()  # here
    return out

# out.pop
def popped(xs):
    out = []
    for x in xs:
        out.append(x)
    out.pop()  # here
    return out

# out.append is used
def bound_method(xs):
    out = []
    put = out.append  # here
    for x in xs:
        put(x)
        out.append(x)
    return out

# passed on
def passed(xs):
    out = []
    for x in xs:
        out.append(x)
    print(out)  # here
    return out

# passed on
def starred(xs):
    out = []
    for x in xs:
        out.append(x)
    print(*out)  # here
    return out

# bound again
def rebound(xs):
    out = []
    for x in xs:
        out.append(x)
    out = [1]  # here
    return out

# bound again
def loop_variable(xs):
    out = []
    for out in xs:  # here
        out.append(1)
    return out

# top level
def in_a_loop(xs):
    for x in xs:
        out = []  # here
        for y in x:
            out.append(y)
    return out

# deleted
def deleted(xs):
    out = []
    for x in xs:
        out.append(x)
    if xs is None:
        del out  # here
    return out

# doesn't just fill
def multiplied(xs):
    out = []
    for x in xs:
        out.append(x)
    out *= 2  # here
    return out

# under a with
def under_with(xs, lock):
    out = []
    for x in xs:
        with lock:
            out.append(x)  # here
    return out

# under a with
def with_around(path):
    out = []
    with open(path) as file:
        for line in file:
            out.append(line)  # here
    return out

# from under a with
def returned_under_with(xs, lock):
    with lock:
        return [x for x in xs]  # here

# lock
def acquires(xs, lock):
    out = []
    lock.acquire()  # here
    for x in xs:
        out.append(x)
    lock.release()
    return out

# handler discards
def discards(xs):
    out = []
    for x in xs:
        try:
            out.append(int(x))
        except ValueError:  # here
            pass
    return out

# handler discards
def discards_all(xs):
    out = []
    try:
        for x in xs:
            out.append(int(x))
    except ValueError:  # here
        return []
    return out

# closes a generator
def bare_except(xs):
    out = []
    for x in xs:
        try:
            out.append(x)
        except:  # here
            raise
    return out

# closes a generator
def base_exception(xs):
    out = []
    for x in xs:
        try:
            out.append(x)
        except (ValueError, BaseException) as error:  # here
            raise KeyError from error
    return out

# in a finally
def in_finally(xs):
    out = []
    for x in xs:
        try:
            x()
        finally:
            out.append(x)  # here
    return out

# swallow
def finally_breaks(xs):
    out = []
    for x in xs:
        try:
            out.append(x)
        finally:
            break  # here
    return out

# in a finally
def finally_returns(xs):
    out = []
    for x in xs:
        out.append(x)
    try:
        pass
    finally:
        return out  # here

# from under a try
def comprehension_in_try(xs):
    try:
        return [int(x) for x in xs]  # here
    except ValueError:
        return []

# except\\*
def groups(xs):
    out = []
    try:  # here
        for x in xs:
            out.append(x)
    except* ValueError:
        raise
    return out

# without out
def another_exit(xs):
    out = []
    for x in xs:
        if x < 0:
            return None  # here
        out.append(x)
    return out

# without out
def another_list(xs):
    out = []
    for x in xs:
        out.append(x)
        if x < 0:
            return []  # here
    return out

# without the list
def bare_return(xs):
    out = []
    if not xs:
        return  # here
    for x in xs:
        out.append(x)
    return out

# without returning out
def falls_off(xs):
    out = []
    for x in xs:
        out.append(x)
    if xs:  # here
        return out

# different things
def two_lists(xs):
    one, two = [], []
    for x in xs:
        one.append(x)
    if xs:
        return one
    return two  # here

# global
def writes_global(xs):
    global total  # here
    out = []
    for x in xs:
        total += x
        out.append(x)
    return out

# generator
def is_generator(xs):
    out = []
    for x in xs:
        out.append(x)
        yield x  # here
    return out

# changed after
def reused(xs):
    out = []
    row = []
    for x in xs:
        row.append(x)  # here
        out.append(row)
    return out

# changed after
def changed_behind(xs):
    out = []
    for x in xs:
        row = {}
        out.append(row)
        row["x"] = x  # here
    return out

# changed after
def changed_by_alias(xs):
    out = []
    for x in xs:
        row = [x]
        other = row
        out.append((x, row))
        other[0] = 1  # here
    return out

# is changed
def changed_inside(xs):
    out = []
    cache = {}
    for x in xs:
        row = cache.setdefault(x, [])
        row.append(x)  # here
        out.append(row)
    return out

# changed after
def changed_by_bound_method(xs):
    out = []
    row = []
    put = row.append
    for x in xs:
        out.append(row)
        put(x)  # here
    return out

# nested function
def changed_by_nested_function(xs):
    out = []
    row = []
    def put(x):
        row.append(x)  # here
    for x in xs:
        out.append(row)
        put(x)
    return out

# changed after
def changed_by_another_loop(xs):
    out = []
    rows = [[] for _ in range(3)]
    for row in rows:
        out.append(row)
    for row in rows:
        row.append(1)  # here
    return out

# changed after
def changed_in_finally(xs):
    out = []
    row = []
    try:
        for x in xs:
            out.append(row)
    finally:
        row.clear()  # here
    return out

# may be changed after
def changed_elsewhere(xs, put):
    out = []
    for x in xs:
        row = [x]
        out.append(row)
        put(row)  # here
    return out

# in place
def running(xs):
    out = []
    total = 0
    for x in xs:
        total += x  # here
        out.append(total)
    return out

# may be changed
def groups_of(xs):
    from itertools import groupby
    out = []
    for key, group in groupby(xs):  # here
        out.append((key, group))
    return out

# captured here and bound anew
def late_binding(xs):
    out = []
    for x in xs:
        out.append(lambda: x)  # here
    return out

# captured here and bound anew
def late_generators(xs):
    out = []
    for x in xs:
        out.append(x * y for y in xs)  # here
    return out

# captured here and bound anew
def late_comprehension(xs):
    return [lambda: x for x in xs]  # here

# the caller may hold
def argument_changed_later(xs):
    out = []
    for x in xs:
        out.append(x)
    xs.clear()  # here
    return out

# the caller may hold
def argument_eaten(stack):
    out = []
    while stack:
        out.append(stack.pop())  # here
    return out

# the caller may hold
def argument_noted(xs, seen):
    out = []
    for x in xs:
        seen.add(x)  # here
        out.append(x)
    return out

# the caller may hold
def attribute(self, xs):
    out = []
    for x in xs:
        self.last = x  # here
        out.append(x)
    return out

# the caller may hold
def items_changed(xs):
    return [x.pop() for x in xs]  # here

# only if the last item
def effect_behind(xs):
    out = []
    for x in xs:
        out.append(x)
    print("done")  # here
    return out

# no loop fills
def no_loop(x):
    out = []  # here
    out.append(x)
    return out

# nothing fills
def never_filled(x):
    out = []  # here
    return out

# not bound to a new list
def copied(xs):
    out = list(xs)  # here
    for x in xs:
        out.append(x)
    return out

# is not a list made here
def parameter(xs, out):  # here
    for x in xs:
        out.append(x)
    return out

# sorted needs its last
def returns_sorted(xs):
    return sorted(x for x in xs)  # here

# a copy made on purpose
def copies(xs):
    return list(xs)  # here

# a dict can't
def of_dict(xs):
    return {x: x for x in xs}  # here

# a dict can't
def builds_dict(xs):
    out = {}  # here
    for x in xs:
        out[x] = x
    return out

# no list
def nothing(xs):  # here
    for x in xs:
        print(x)

# something else
def a_number(xs):
    return 5  # here

# nothing to defer
def always_empty(xs):
    return []  # here

# may read the list
def reads_locals(xs):
    out = []
    for x in xs:
        out.append(locals())  # here
    return out

# in place here
def rows_added_to(grid):
    out = []
    for row in grid:
        row += 1  # here
        out.append(len(row))
    return out

# in place
def truth_of_an_array(xs, table):
    out = []
    mask = table > 0
    for x in xs:
        out.append(mask)
        mask |= table > x  # here
    return out

# may be changed after
def called_object(xs):
    out = []
    total = Total()
    for x in xs:
        total(x)  # here
        out.append(total)
    return out

# may be changed after
def entered_object(xs):
    out = []
    total = Total()
    for x in xs:
        with total:  # here
            pass
        out.append(total)
    return out

# may be changed after
def operator_for_its_effect(xs):
    out = []
    stream = Stream()
    for x in xs:
        stream << x  # here
        out.append(stream)
    return out

# changed after
def method_appended(xs):
    out = []
    total = Total()
    for x in xs:
        total.value = 1  # here
        out.append(total.report)
    return out

# may be changed after
def itself_by_a_method(xs):
    out = []
    total = Total()
    for x in xs:
        out.append(total.itself())  # here
        total.value = 1
    return out

# may be changed after
def alias_of_a_method(xs):
    out = []
    total = Total()
    count = total.tally
    for x in xs:
        count()  # here
        out.append(total)
    return out

# may be changed after
def method_passed_on(xs):
    out = []
    total = Total()
    for x in xs:
        any(map(total.tally, [x]))  # here
        out.append(total)
    return out

# changed after
def alias_passed_on(xs):
    out = []
    row = []
    put = row.append
    for x in xs:
        any(map(put, [1]))  # here
        out.append(row)
    return out

# may be changed after
def key_that_changes(xs, words):
    out = []
    total = Total()
    for x in xs:
        best = max(words, key=total.tally)  # here
        out.append(total)
    return out

# may be changed after
def lambda_that_changes(xs, run):
    out = []
    total = Total()
    for x in xs:
        run(lambda: total.tally())  # here
        out.append(total)
    return out

# may be changed after
def given_away(xs, writer):
    out = []
    row = []
    target = writer(row)
    for x in xs:
        target.write("x")  # here
        out.append(row)
    return out

# may be changed after
def seen_through_a_view(xs, file):
    out = []
    buffer = bytearray(2)
    view = memoryview(buffer)
    for x in xs:
        file.readinto(view)  # here
        out.append(buffer)
    return out

# changed after
def written_by_out(xs):
    out = []
    row = [0, 0]
    for x in xs:
        out.append(row)
        numpy.multiply(1, 2, out=row)  # here
    return out

# may be changed after
def written_by_a_module(xs):
    out = []
    row = [0, 0]
    for x in xs:
        out.append(row)
        numpy.add(1, 2, row)  # here
    return out

# changed after
def found_in_a_tree(xs):
    out = []
    tree = Tree()
    for x in xs:
        out.append(tree.find("a"))  # here
        tree.find("a").text = "x"
    return out

# changed after
def held_by_a_keyword(xs):
    out = []
    row = {}
    for x in xs:
        row["x"] = 1  # here
        out.append(dict(row=row))
    return out

# changed after
def held_by_an_exception(xs):
    out = []
    row = []
    for x in xs:
        try:
            raise KeyError(row)
        except KeyError as error:
            found = error.args[0]
        out.append(found)
        row.append(1)  # here
    return out

# may be changed after
def walked_by_a_builtin(xs):
    out = []
    for x in xs:
        it = iter([x])
        out.append(it)
        sum(it)  # here
    return out

# may be changed after
def walked_by_a_comprehension(xs):
    out = []
    for x in xs:
        it = iter([x])
        out.append(it)
        print([y for y in it])  # here
    return out

# may be changed after
def walked_by_unpacking(xs):
    out = []
    for x in xs:
        it = iter([x])
        out.append(it)
        one, = it  # here
    return out

# may be changed after
def walked_by_a_star(xs):
    out = []
    for x in xs:
        it = iter([x])
        out.append(it)
        print(*it)  # here
    return out

# handed out
def one_object_for_all(xs):
    total = Total()
    return [(total(x), total)[1] for x in xs]  # here

# handed out
def one_object_of_a_method(xs):
    total = Total()
    return [total.tally() for x in xs]  # here

# handed out
def one_object_of_a_map(xs):
    total = Total()
    return list(map(lambda x: total.tally(), xs))  # here

# handed out
def one_list_bound_again(xs):
    row = []
    return [(row := row.__iadd__([x])) for x in xs]  # here

# the caller may hold
def changed_by_super(self, xs):
    out = []
    for x in xs:
        super().append(x)  # here
        out.append(1)
    return out

# may be changed after
def same_again_of_a_list(xs):
    out = []
    totals = [Total()]
    for x in xs:
        total = totals[0]
        total.tally()  # here
        out.append(total)
    return out

# may be changed after
def same_again_of_a_dict(xs):
    out = []
    groups = {}
    for x in xs:
        if x not in groups:
            groups[x] = Total()
        group = groups.get(x)
        group(1)  # here
        out.append(group)
    return out

# may be changed after
def same_again_of_an_inner_loop(xs):
    out = []
    totals = [Total()]
    for x in xs:
        for total in totals:
            total.tally()  # here
            out.append(total)
    return out

# may be changed after
def same_again_of_the_loop_between(xs):
    out = []
    for x in xs:
        totals = [Total()]
        for _ in range(2):
            for total in totals:
                total.tally()  # here
                out.append(total)
    return out

# handed out
def same_again_of_an_inner_comprehension(xs):
    totals = [Total()]
    return [total for x in xs for total in totals if total.tally()]  # here

# may be changed after
def row_of_a_nested_function(xs):
    rows = [[]]
    def add(x):
        row = rows[0]
        row.append(x)
        return row
    out = []
    for x in xs:
        out.append(add(x))  # here
    return out

# handed out
def object_of_a_mapped_function(xs):
    total = Total()
    def add(x):
        total.tally(x)
        return total
    return list(map(add, xs))  # here

# may be changed after
def row_in_a_default(xs):
    def add(x, row=[]):
        row.append(x)
        return row
    out = []
    for x in xs:
        out.append(add(x))  # here
    return out

# handed out
def row_in_a_class(xs):
    class Rows:
        row = []
        @classmethod
        def put(cls, x):
            cls.row.append(x)
            return cls.row
    return [Rows.put(x) for x in xs]  # here

# may be changed after
def row_of_a_generator(xs):
    def rows():
        made = []
        for x in xs:
            made.append(x)
            yield made
    out = []
    for row in rows():  # here
        out.append(row)
    return out

# handed out
def row_of_a_generator_comprehended(xs):
    def rows():
        made = []
        for x in xs:
            made.append(x)
            yield made
    return [row for row in rows()]  # here

# changed after
def two_names_at_once(xs):
    out = []
    one = two = []
    for x in xs:
        one.append(1)  # here
        out.append(two)
    return out

# changed after
def two_names_of_a_product(xs):
    out = []
    one, two = [[]] * 2
    for x in xs:
        one.append(1)  # here
        out.append(two)
    return out

# changed after
def named_inside_an_expression(xs):
    out = []
    one = (two := [])
    for x in xs:
        one.append(1)  # here
        out.append(two)
    return out

# changed after
def named_where_it_is_appended(xs):
    out = []
    for x in xs:
        out.append(row := [])
        row.append(1)  # here
    return out

# may be changed after
def one_object_twice_in_a_list(xs):
    out = []
    total = Total()
    for each in [total, total]:
        each.tally()  # here
        out.append(each)
    return out

# may be changed after
def one_object_in_a_product(xs):
    out = []
    totals = [Total()] * 3
    for each in totals:
        each.tally()  # here
        out.append(each)
    return out

# handed out
def one_object_twice_comprehended(xs):
    total = Total()
    return [each for each in (total, total) if each.tally()]  # here

# write a loop
def super_in_a_comprehension(self, xs):
    return [super().do(x) for x in xs]  # here

# behind a loop
def bound_behind_the_loop(xs):
    for x in xs:
        out.append(x)
    out = []  # here
    return out

# held between the items
def enters(xs, lock):
    out = []
    lock.__enter__()  # here
    for x in xs:
        out.append(x)
    return out

# held between the items
def acquires_by_another_name(xs, lock):
    out = []
    take = lock.acquire  # here
    take()
    for x in xs:
        out.append(x)
    return out

# held between the items
def keeps_a_context_open(xs, stack):
    out = []
    stack.enter_context(open("f"))  # here
    for x in xs:
        out.append(x)
    stack.close()
    return out

# may read the list
def reads_locals_by_another_name(xs):
    out = []
    look = locals  # here
    for x in xs:
        out.append(len(look()["out"]))
    return out

# only if the last item
def call_behind(xs, note):
    out = []
    for x in xs:
        out.append(x)
    answer = note("done")  # here
    return out

# only if the last item
def test_behind(xs, note):
    out = []
    for x in xs:
        out.append(x)
    if note("done"):  # here
        pass
    return out

# only if the last item
def global_counted_behind(xs):
    out = []
    for x in xs:
        out.append(x)
    STATE["done"] += 1  # here
    return out

# only if the last item
def global_deleted_behind(xs):
    out = []
    for x in xs:
        out.append(x)
    del STATE["done"]  # here
    return out

# only if the last item
def import_behind(xs):
    out = []
    for x in xs:
        out.append(x)
    import json  # here
    return out
'''  # fmt: skip

CASES = [case for case in re.split(r"^# ", REFUSED, flags=re.M) if case.strip()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.partition("def ")[2].partition("(")[0])
def test_it_is_refused_with_line_and_reason(case, tmp_path):
    """At once, and the plain function goes on to work."""
    reason, _, source = case.partition("\n")
    path = tmp_path / "refused.py"
    path.write_text(source)
    names = {}
    exec(compile(source, str(path), "exec"), names)
    function = next(each for name, each in names.items() if callable(each) and name != "__builtins__")
    with pytest.raises(CannotDefer, match=reason) as refused:
        lazy(function)
    assert isinstance(refused.value, InstepError)
    line = next(number for number, text in enumerate(source.splitlines(), 1) if "# here" in text)
    assert refused.value.line == line
    assert str(refused.value).startswith(f"{function.__qualname__}, line {line}: ")


def test_what_has_no_source_is_refused():
    """Builtins, functions of an `exec`, lambdas, and what is callable but no function."""
    names = {}
    exec("def made(xs):\n    return [x for x in xs]", names)
    for function in (len, names["made"], lambda xs: [x for x in xs], dict, str.split):  # noqa: C416
        with pytest.raises(CannotDefer):
            lazy(function)


def test_asynchronous_functions_are_refused():
    """Their loops can't be run by a plain `next`."""

    async def gathered(xs):
        out = []
        async for x in xs:
            out.append(x)  # noqa: PERF401
        return out

    async def listed(xs):
        await asyncio.sleep(0)
        return [x for x in xs]  # noqa: C416

    for function in (gathered, listed):
        with pytest.raises(CannotDefer, match="asynchronous"):
            lazy(function)


def test_a_variable_of_an_outer_function_is_refused():
    """Others see when it changes."""
    total = 0

    def summed(xs):
        nonlocal total
        out = []
        for x in xs:
            total += x
            out.append(x)
        return out

    with pytest.raises(CannotDefer, match="nonlocal total"):
        lazy(summed)
    assert summed([1]) == [1]
    assert total == 1


ACCEPTED = """
    def mutated_before(xs):
        out = []
        for x in xs:
            row = [x]
            row.append(1)
            row += [2]
            out.append(row)
        return out

    def mutated_copy(xs):
        out = []
        row = []
        for x in xs:
            row.append(x)
            out.append(row[:])
            out.append(tuple(row))
        return out

    def seen_before(xs):
        out = []
        seen = set()
        for x in xs:
            if x in seen:
                continue
            seen.add(x)
            out.append(x)
        return out

    def worklist(xs):
        out = []
        queue = list(xs)
        while queue:
            x = queue.pop(0)
            out.append(x)
            if x > 2:
                queue.append(x - 1)
        return out

    def reraises(xs):
        out = []
        for x in xs:
            try:
                out.append(1 / x)
            except ZeroDivisionError as error:
                raise ValueError(x) from error
        return out

    def counted(xs):
        out = []
        n = 0
        for x in xs:
            n += 1
            out.append((n, x))
        return out

    def used_behind(xs):
        out = []
        for x in xs:
            out.append(x)
        if x > 100:
            raise ValueError(x)
        return out

    def iterated_and_changed(xs):
        out = []
        ys = list(xs)
        for y in ys:
            out.append(y)
            if y == 3:
                ys.append(5)
        return out

    def key_function(xs):
        out = []
        for x in xs:
            out.append(max([1, x], key=lambda y: y - x))
        return out

    def indexed_as_well(xs):
        out = []
        for i, x in enumerate(xs):
            out.append((len(xs), xs[i - 1], x))
        return out

    def sorted_copy(xs):
        out = []
        row = []
        for x in xs:
            row.append(str(x))
            out.append(sorted(row))
        return out

    def truth(xs):
        out = []
        seen = False
        for x in xs:
            seen |= x in (2, 3)
            out.append(seen)
        return out

    def zipped_with_itself(xs):
        it = iter(list(xs))
        return list(zip(it, it))

    def built_each_time(xs):
        out = []
        for x in xs:
            row = dict(number=x)
            row["text"] = "%d" % x
            out.append(row)
        return out

    def nested_function_without_state(xs):
        def shown(x):
            return str(x)
        out = []
        for x in xs:
            out.append(shown(x))
        return out

    def nested_generator_without_state(xs):
        def doubled():
            for x in xs:
                yield 2 * x
        return [x for x in doubled()]

    def closed_behind(xs):
        from io import StringIO
        out = []
        file = StringIO()
        for x in xs:
            out.append(len(str(x)))
        file.close()
        return out
"""


@pytest.mark.parametrize("name", re.findall(r"^    def (\w+)", ACCEPTED, re.M))
def test_what_looks_alike_but_is_safe_is_accepted(name, tmp_path):
    """And gives the same list."""
    source = textwrap.dedent(ACCEPTED)
    path = tmp_path / "accepted.py"
    path.write_text(source)
    names = {}
    exec(compile(source, str(path), "exec"), names)
    deferred = lazy(names[name], check=True)
    assert deferred([1, 2, 3, 3, 4]) == names[name]([1, 2, 3, 3, 4])

"""`stage`: named steps of straight-line code; and `report`, which adds everything up."""

import asyncio
import inspect
import threading

import pytest

from children import quiet
from instep import Report, note, report, stage, track
from instep.current import current


def test_a_stage_begins_and_ends_with_its_block():
    """*running* inside, *finished* after; `advance`, `note` and `send` work on it."""
    with stage("load", unit="B") as loading:
        assert (loading.status, loading.name, loading.snapshot().kind) == ("running", "load", "stage")
        loading.advance(2048)
        note(file="x")
    assert (loading.status, loading.finished) == ("finished", 2048)
    assert [entry.fields for entry in loading.notes] == [{"file": "x"}]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError, "failed"),
        (KeyboardInterrupt, "interrupted"),
        (asyncio.CancelledError, "stopped"),
        (GeneratorExit, "stopped"),
    ],
)
def test_an_exception_passes_and_is_the_status(error, status):
    """As for any computation."""
    with pytest.raises(error), stage("x") as failing:
        raise error
    assert failing.status == status


def test_one_stage_entered_again_and_again():
    """Nested and recursive: each entry is a step of that name, the inner one a child of the outer."""
    again, parents = stage("again"), []

    def descend(depth):
        with again as entered:
            parents.append(entered._run.parent and entered._run.parent.name)
            if depth:
                descend(depth - 1)
            assert entered.status == "running"
        assert entered.status == "finished"

    descend(3)
    assert parents == [None, "again", "again", "again"]


def test_a_decorated_function():
    """Each call is a stage; arguments, result, name and signature are the function's."""

    @stage("parse")
    def parse(text, *, strict=False):
        """Parse."""
        return current().name, text, strict

    assert parse("a", strict=True) == ("parse", "a", True)
    assert (parse.__name__, parse.__doc__, str(inspect.signature(parse))) == (
        "parse",
        "Parse.",
        "(text, *, strict=False)",
    )
    assert current() is None


def test_a_decorated_method_and_one_that_raises():
    """It is bound as any method; an exception passes."""

    class Reader:
        @stage("read")
        def read(self):
            raise LookupError(current().name)

    with pytest.raises(LookupError, match="read"):
        Reader().read()
    assert current() is None


def test_a_decorated_generator():
    """A stage from its first step to its end; `send`, `throw` and the return value pass."""

    @stage("produce")
    def produce():
        received = yield current().name
        try:
            yield received
        except KeyError:
            yield "caught"
        return "over"

    steps = produce()
    assert inspect.isgenerator(steps)
    assert (next(steps), steps.send(5), steps.throw(KeyError)) == ("produce", 5, "caught")
    assert current() is None
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == "over"
    left = produce()
    next(left)
    left.close()


def test_a_decorated_coroutine():
    """Tasks of one decorated function at once: each has its own stage."""

    @stage("wait")
    async def wait(k):
        await asyncio.sleep(0)
        with stage(f"inner {k}") as inner:
            await asyncio.sleep(0)
            assert inner._run.parent.name == "wait"
        return k

    async def main():
        return await asyncio.gather(*map(wait, range(50)))

    assert inspect.iscoroutinefunction(wait)
    assert asyncio.run(main()) == list(range(50))


def test_one_stage_in_many_threads():
    """Each thread leaves the one it entered."""
    shared, wrong, gate = stage("shared"), [], threading.Barrier(16)

    def work(mine):
        gate.wait()
        for _ in range(50):
            with shared as entered:
                entered.send(mine)
                with shared as inner:
                    inner.send(-mine)
            if [entry.value for entry in entered.notes] != [mine] or entered.status != "finished":
                wrong.append(mine)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not shared._entered


def test_what_is_no_stage():
    """A forgotten name, and an asynchronous generator function, are refused with what to write instead."""
    with pytest.raises(TypeError, match=r"@stage\('name'\)"):

        @stage
        def forgotten():
            pass

    with pytest.raises(TypeError, match="inside it"):

        @stage("numbers")
        async def numbers():
            yield 1

    with pytest.raises(TypeError, match="function"):
        stage("x")(5)


def test_the_report_adds_up_what_has_ended():
    """One line for each place or stage, inner ones below, and as text a table; what still runs comes last."""
    out = quiet(
        """
        from instep import Report, report, stage, track
        assert report() == () and isinstance(report(), Report)
        for k in track(range(3), name="outer"):
            for _ in track(range(5), name="inner"): pass
            with stage("save"): pass
            with stage("save"): pass
        try:
            for _ in track([1, 2], name="failing"): raise ValueError
        except ValueError: pass
        running = iter(track([1, 2], name="running"))
        next(running)
        outer, failing, still = report()
        assert (still.name, still.steps, still.statuses) == ("running", 0, {"running": 1})
        assert (outer.name, outer.kind, outer.passes, outer.steps, outer.statuses) == (
            "outer", "loop", 1, 3, {"finished": 1})
        assert [(row.name, row.passes, row.steps) for row in outer.inner] == [("inner", 3, 15), ("save", 6, 0)]
        assert outer.inner[1].kind == "stage" and outer.inner[1].timing.count == 6
        assert (failing.name, failing.steps, failing.statuses) == ("failing", 0, {"failed": 1})
        assert report()[:2] == report()[:2]
        print(report(), end="")
        """
    )
    lines = out.splitlines()
    assert lines[0].split()[0] == "computation"
    assert [line.split()[0] for line in lines[2:6]] == ["outer", "inner", "save", "failing"]
    assert "running" in out


def test_all_passes_of_one_place_are_one_line():
    """A thousand passes of one loop, named differently, are one row, called by its place; memory stays bounded."""
    before = len(report())
    for k in range(1000):
        for _ in track((1, 2), name=f"pass {k}", show=False):
            pass
    rows = report()
    assert len(rows) == before + 1
    row = rows[-1]
    assert (row.passes, row.steps) == (1000, 2000)
    assert row.name.startswith("test_all_passes_of_one_place_are_one_line:")
    assert str(Report(())).startswith("computation")

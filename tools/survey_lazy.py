"""Lists the functions of the standard library that `lazy` accepts.

| call                                               | prints                                                   |
|----------------------------------------------------|----------------------------------------------------------|
| `python tools/survey_lazy.py`                      | their names, and the count                               |
| `python tools/survey_lazy.py --refused`            | the reasons for which others were refused, too           |
| `python tools/survey_lazy.py --page FILE...`       | the page of the docs, from what several Pythons printed  |
"""

import importlib
import io
import pkgutil
import sys
import warnings
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import FunctionType

from instep.functions.laziness import lazy
from instep.functions.refusals import CannotDefer

# Importing these does something, or needs what is not there; or they are tests.
LEFT_OUT = {"antigravity", "idlelib", "lib2to3", "pip", "test", "this", "tkinter", "turtle", "turtledemo"}


def modules():
    """Import the modules of the standard library, as far as they can be imported here."""
    for name in sorted(sys.stdlib_module_names - LEFT_OUT):
        module = imported(name)
        yield module
        for inner in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}.", onerror=lambda _: None):
            if not {"__main__", "test", "tests"} & set(inner.name.split(".")):
                yield imported(inner.name)


def imported(name):
    try:
        return importlib.import_module(name)
    except Exception:
        return None


def functions():
    """Yield the functions that the modules define, methods included, each once."""
    seen = set()
    for module in filter(None, modules()):
        for holder in (module, *(each for each in vars(module).values() if isinstance(each, type))):
            for each in vars(holder).values():
                function = each.fget if isinstance(each, property) else each
                if isinstance(each, staticmethod | classmethod):
                    function = each.__func__
                if not isinstance(function, FunctionType) or function.__module__ != module.__name__:
                    continue
                if function.__code__ not in seen:
                    seen.add(function.__code__)
                    yield function


def survey():
    """Give the accepted functions, by name, and a count of the reasons for which others were refused."""
    accepted, refused = {}, Counter()
    for function in functions():
        try:
            lazy(function)
        except CannotDefer as error:
            refused[error.reason] += 1
        else:
            accepted[f"{function.__module__}.{function.__qualname__}"] = function
    return accepted, refused


PAGE = """# `lazy` and the standard library

What `lazy` accepts of the functions and methods of the standard library. Most of the others return no list.

"""


def page(prints):
    """Give the text of the page from what the survey printed on several Pythons."""
    columns, counts = {}, []
    for text in prints:
        *names, count = text.splitlines()
        columns[count.split()[-1]] = set(names)
        counts.append(f"- {count}.")
    head = ["function", *columns]
    rows = [
        [f"`{name}`", *("yes" if name in names else "" for names in columns.values())]
        for name in sorted(set().union(*columns.values()))
    ]
    table = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return PAGE + "\n".join([*counts, "", *table, ""])


def main():
    if "--page" in sys.argv:
        print(page([Path(each).read_text() for each in sys.argv[2:]]), end="")
        return
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        accepted, refused = survey()
    print(*sorted(accepted), sep="\n")
    if "--refused" in sys.argv:
        print(*(f"{count:6} {reason}" for reason, count in refused.most_common(60)), sep="\n")
    print(f"{len(accepted)} of {len(accepted) + refused.total()} functions, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()

"""Functions to try: made from text, with the source where Python looks for it, and a module's."""

import itertools
import linecache
import textwrap
import types

_numbers = itertools.count(1)


def made(source, name=None, **names):
    """Run a module's text; give the function of that name, or the last one it defines."""
    source = textwrap.dedent(source)
    filename = f"<made {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {"__name__": "made", **names}
    before = set(namespace) | {"__builtins__"}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    return namespace[name or [each for each in namespace if each not in before][-1]]


def taken(call):
    """Take all steps of a call; give them and its result."""
    steps = []
    while True:
        try:
            steps.append(call.step())
        except StopIteration as end:
            if call.failed:
                raise
            return steps, end.value


def functions_of(names, module):
    """Go over a module's functions and methods."""
    for each in list(names.values()):
        if isinstance(each, types.FunctionType) and each.__module__ == module and each.__code__.co_filename[0] != "<":
            yield each
        elif isinstance(each, type) and each.__module__ == module and each.__qualname__ == each.__name__:
            yield from functions_of(vars(each), module)

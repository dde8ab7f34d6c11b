"""How an object may be in a value: as the value itself, in it, or deeper. The algebra on which `flow` counts.

A relation says, for an object that is at level 0, 1, or 2 and deeper of one value (0 is the value itself, 1 what it
holds), at which levels of another value it may then be. Levels are bits: 1, 2 and 4.

| relation   | of a value v   | 0    | 1    | 2    |
|------------|----------------|------|------|------|
| `SAME`     | `v`            | 0    | 1    | 2    |
| `PART`     | `v.pop()`      |      | 0    | 1, 2 |
| `METHOD`   | `v.get`        | 1, 2 | 0    | 1, 2 |
| `VIEW`     | `v[0]`         | 0    | 0    | 1, 2 |
| `HELD`     | `[v]`          | 1    | 2    | 2    |
| `ELEMENTS` | `list(v)`      |      | 1    | 2    |
| `FLAT`     | `dict(v)`      |      | 1    | 1, 2 |
| `PAIRS`    | `enumerate(v)` | 0    | 2    | 2    |
| `INSIDE`   | `Thing(v)`     | 1, 2 | 1, 2 | 1, 2 |
| `ANY`      | `call(v)`      | all  | all  | all  |
"""

from __future__ import annotations

from collections.abc import Iterable

Relation = tuple[int, int, int]

SAME: Relation = (1, 2, 4)
PART: Relation = (0, 1, 6)
METHOD: Relation = (6, 1, 6)
VIEW: Relation = (1, 1, 6)  # an array's item may be a view of the array
HELD: Relation = (2, 4, 4)
ELEMENTS: Relation = (0, 2, 4)
FLAT: Relation = (0, 2, 6)
PAIRS: Relation = (1, 4, 4)
INSIDE: Relation = (6, 6, 6)
ANY: Relation = (7, 7, 7)


def image(relation: Relation, levels: int) -> int:
    """At which levels an object may be that was at any of `levels`."""
    return sum_of(relation[level] for level in range(3) if levels >> level & 1)


def then(first: Relation, second: Relation) -> Relation:
    """Apply one relation after another."""
    return image(second, first[0]), image(second, first[1]), image(second, first[2])


def either(one: Relation, two: Relation) -> Relation:
    """Take whatever one of two relations allows."""
    return one[0] | two[0], one[1] | two[1], one[2] | two[2]


def converse(relation: Relation) -> Relation:
    """Turn a relation round: what is put into the one value is then in the other one, too."""

    def back(there: int) -> int:
        return sum_of(1 << level for level in range(3) if relation[level] >> there & 1)

    return back(0), back(1), back(2)


def into(path: Relation) -> Relation:
    """Say where in a value a thing is that is put into a part of it, which is reached by `path`."""
    if path == SAME:
        return HELD
    return (4, 4, 4) if path[0] == 0 and path[1] == 1 else INSIDE


def sum_of(levels: Iterable[int]) -> int:
    """Unite sets of levels."""
    result = 0
    for some in levels:
        result |= some
    return result

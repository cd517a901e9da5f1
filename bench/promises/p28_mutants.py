"""The tests notice small wrong changes to the product."""

from __future__ import annotations

from bench.mutants import sample, survivors
from bench.promises.place import EMBEDDED, Place
from bench.promises.sheet import Figure

NUMBER = 28
PART = "mutants"
TITLE = "tests are trustworthy: they notice wrong changes"
RUNNERS = (EMBEDDED,)
SMALL, FULL = 3, 60
SEED = 2812


def measure(place: Place, count: int) -> list[Figure]:
    left = survivors(sample(count, SEED))
    for mutant in left:
        print(f"   survived: {mutant}")
    noticed = 100 * (count - len(left)) / count
    return [
        Figure("mutants tried", count, "", count, at_least=True),
        Figure("of them noticed", noticed, "%", 80 if count >= FULL else None, True),
    ]

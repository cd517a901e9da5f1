"""The tests notice small wrong changes to the product.

The tests of each module are first run without a mutant and have to pass; a mutant that breaks the tree
before any test runs counts as not noticed.
"""

from __future__ import annotations

from bench.mutants import BROKE, NOTICED, TESTS, sample, try_all
from bench.promises.place import EMBEDDED, Place
from bench.promises.sheet import Figure

NUMBER = 28
PART = "mutants"
TITLE = f"tests are trustworthy: they notice wrong changes in {len(TESTS)} modules"
RUNNERS = (EMBEDDED,)
SMALL, FULL = 3, 60
SEED = 2812


def measure(place: Place, count: int) -> list[Figure]:
    found = try_all(sample(count, SEED))
    for one in found:
        if one.outcome != NOTICED:
            print(f"   {one.outcome}: {one.mutant}")
    noticed = 100 * sum(one.outcome == NOTICED for one in found) / len(found)
    return [
        Figure("mutants tried", len(found), "", count, at_least=True),
        Figure("modules they are in", len({one.mutant.path for one in found})),
        Figure("of the mutants noticed", noticed, "%", 80 if count >= FULL else None, True),
        Figure("of these by running out of time alone", sum(one.timed_out for one in found)),
        Figure("broke before a test ran, and so not noticed", sum(one.outcome == BROKE for one in found)),
    ]

"""Small samples of every promise, on the runner of this run of the suite (see .ci/run)."""

from __future__ import annotations

import pytest

from bench.promises.__main__ import modules
from bench.promises.place import place
from tests.installation import HERE

TIMES = ("s", "ms", "min")
PROMISES = [module for module in modules() if HERE in module.RUNNERS]


@pytest.mark.slow
@pytest.mark.parametrize("promise", PROMISES, ids=[module.__name__.split(".")[-1] for module in PROMISES])
def test_promise(promise, tmp_path, migrated):
    with place(HERE, tmp_path, like=migrated) as where:
        figures = promise.measure(where, promise.SMALL)
    assert figures
    # How long something takes is judged at the full count on an idle machine (`make promises`): here
    # another suite runs beside this one.
    assert [figure.cells() for figure in figures if not figure.kept and figure.unit not in TIMES] == []

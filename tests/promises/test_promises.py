"""Small samples of every promise, on the runner of this run of the suite (see .ci/run)."""

from __future__ import annotations

import pytest
from django.conf import settings

from bench.promises.__main__ import modules
from bench.promises.place import EMBEDDED, SERVICES, place

TIMES = ("s", "ms", "min")
HERE = SERVICES if settings.CELERY_BROKER_URL else EMBEDDED
PROMISES = [module for module in modules() if HERE in module.RUNNERS]


@pytest.mark.slow
@pytest.mark.parametrize("promise", PROMISES, ids=[module.__name__.split(".")[-1] for module in PROMISES])
def test_promise(promise, tmp_path):
    with place(HERE, tmp_path) as where:
        figures = promise.measure(where, promise.SMALL)
    assert figures
    # How long something takes is judged at the full count on an idle machine (`make promises`): here
    # another suite runs beside this one.
    assert [figure.cells() for figure in figures if not figure.kept and figure.unit not in TIMES] == []

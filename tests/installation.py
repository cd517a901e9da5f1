"""A real installation of the runner of this run of the suite, for tests that break one."""

from __future__ import annotations

import pytest
from django.conf import settings

from bench.promises.place import EMBEDDED, SERVICES, place

HERE = SERVICES if settings.CELERY_BROKER_URL else EMBEDDED


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """The folder of a closed, migrated place with the demo people, to be copied by `place(like=…)`."""
    folder = tmp_path_factory.mktemp("migrated")
    with place(HERE, folder) as where:
        where.migrate()
    return folder

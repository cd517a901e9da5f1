from __future__ import annotations

import pytest

from tests.peersupport.places import places


@pytest.fixture
def place(tmp_path, django_db_blocker):
    """place("name") is an installation of its own on this run's kind of database."""
    with places(tmp_path, django_db_blocker.unblock) as place:
        yield place


@pytest.fixture
def list_of_its_own(settings, tmp_path):
    """Erasures of this test are listed in a folder of its own."""
    settings.DATA_DIR = tmp_path

"""The pool after a restart of a real PostgreSQL of its own. Collected in the run that has servers."""

from __future__ import annotations

import time

import dj_database_url
import pytest
from django.db import OperationalError, connections

from bench.servers import Postgres
from peersupport.postgresql.base import DatabaseWrapper

IDLE = 6


@pytest.fixture
def server(tmp_path):
    server = Postgres(tmp_path / "postgres").start()
    yield server
    server.stop()


@pytest.fixture
def wrapper(server, django_db_blocker):
    row = {**connections.settings["default"], **dj_database_url.parse(server.url)}
    row["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 10, "timeout": 10}}
    row["CONN_HEALTH_CHECKS"] = False
    wrapper = DatabaseWrapper(row, alias="restarted")
    with django_db_blocker.unblock():
        yield wrapper
        wrapper.close()
        wrapper.close_pool()


def answer(wrapper) -> int:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT 7")
        return cursor.fetchone()[0]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_idle_connections_cut_by_a_restart_hold_nobody_up(server, wrapper, mode):
    assert answer(wrapper) == 7
    held = [wrapper.pool.getconn() for _ in range(IDLE)]
    for one in held:
        wrapper.pool.putconn(one)
    wrapper.close()
    server.restart(mode)
    began = time.monotonic()
    assert answer(wrapper) == 7
    assert time.monotonic() - began < 3


@pytest.mark.slow
def test_without_a_server_the_error_says_so_and_it_heals(server, wrapper):
    assert answer(wrapper) == 7
    wrapper.close()
    server.stop()
    row = wrapper.settings_dict["OPTIONS"]["pool"]
    wrapper.pool.timeout = 1
    with pytest.raises(OperationalError):
        answer(wrapper)
    wrapper.close()
    server.start()
    wrapper.pool.timeout = row["timeout"]
    assert answer(wrapper) == 7

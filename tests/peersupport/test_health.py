"""/healthz and /readyz."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from peersupport.jobs import canary, sweeper
from peersupport.jobs.models import Job


def test_healthz_needs_no_database(client):
    assert client.get("/healthz").content == b"ok\n"


def test_ready_only_once_a_canary_came_through(client, db, drain):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["canary_age_seconds"]) == (503, None)
    sweeper.sweep_once()
    drain("live")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    Job.objects.filter(kind=canary.KINDS["live"]).update(finished_at=timezone.now() - timedelta(hours=1))
    assert client.get("/readyz").status_code == 503


def test_only_reading(client, db):
    assert client.post("/readyz").status_code == 405
    assert client.head("/healthz").status_code == 200


def test_a_probe_that_is_not_ready_is_no_error_in_the_log(client, db, caplog):
    from peersupport.logs import About, NotAProbe

    caplog.handler.addFilter(NotAProbe())
    caplog.handler.addFilter(About())
    assert client.get("/readyz").status_code == 503
    assert caplog.records == []
    client.get("/healthz/nothing")
    assert [record.about["route"] for record in caplog.records] == ["unmatched"]

"""/metrics: who may read it, what it says, in which formats, at what cost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from peersupport.jobs import canary, queue, sweeper
from peersupport.jobs.models import Job

TOKEN = "a-token-of-the-monitoring-system-0123456789"
SAMPLE = re.compile(r'peersupport_[a-z0-9_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? ([0-9.e+-]+|\+Inf)')


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def read(client, token: str | None = TOKEN, **query):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return client.get("/metrics", query, headers=headers)


def samples(answer) -> dict[str, float]:
    assert answer.status_code == 200
    lines = answer.content.decode().splitlines()
    assert answer.content.endswith(b"\n")
    found = {}
    for line in lines:
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP|TYPE) peersupport_[a-z0-9_]+ .+", line), line
        else:
            assert SAMPLE.fullmatch(line), line
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def test_who_may_read_it(client, people, token):
    assert read(client).status_code == 200
    assert read(client, "wrong").status_code == 403
    assert read(client, "").status_code == 403
    assert read(client, None).status_code == 403
    assert client.get("/metrics", headers={"Authorization": TOKEN}).status_code == 403
    client.force_login(people.trainer)
    assert read(client, None).status_code == 403
    client.force_login(people.admin)
    assert read(client, None).status_code == 200
    assert read(client, "wrong").status_code == 403  # a token is what was offered, and it is not ours


def test_without_a_token_set_no_token_opens_it(client, db, settings):
    settings.METRICS_TOKEN = ""
    assert read(client, "").status_code == 403
    assert read(client, "anything").status_code == 403


def test_figures_of_jobs(client, people, say, token):
    say("What would you like to talk about?")
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    first = samples(read(client))
    turn = '{lane="live",kind="turn"}'
    assert first[f"peersupport_jobs_waiting{turn}"] == 1
    assert 60 <= first[f"peersupport_jobs_oldest_open_seconds{turn}"] < 120
    assert first['peersupport_jobs_waiting{lane="coach",kind="report"}'] == 0  # zeros are said, too
    assert first['peersupport_canary_age_seconds{lane="live"}'] == float("inf")

    [job] = queue.claim("live", "w")
    assert samples(read(client))[f"peersupport_jobs_running{turn}"] == 1
    queue.fail(job, "builtins.ValueError")
    again = samples(read(client))
    assert (again[f"peersupport_jobs_waiting{turn}"], again[f"peersupport_jobs_retrying{turn}"]) == (1, 1)

    Job.objects.filter(pk=job.pk).update(status="quarantined", finished_at=timezone.now())
    last = samples(read(client))
    assert last[f"peersupport_jobs_quarantined{turn}"] == 1
    assert last[f"peersupport_jobs_failed_5m{turn}"] == 1
    assert last[f"peersupport_jobs_oldest_open_seconds{turn}"] == 0


def test_figures_of_the_installation(client, content, drain, token):
    sweeper.sweep_once()
    drain()
    found = samples(read(client))
    for lane in canary.KINDS:
        assert 0 <= found[f'peersupport_canary_age_seconds{{lane="{lane}"}}'] < 60
    assert found["peersupport_database_bytes"] > 100_000
    assert found["peersupport_web_uptime_seconds"] > 0
    assert any(re.match(r'peersupport_info\{version="0\.', name) for name in found)
    serving = [name for name in found if name.startswith("peersupport_serving_info")]
    assert [re.search(r'name="(\w+)"', name)[1] for name in serving] == ["coach", "study", "tagger"]
    assert found['peersupport_jobs_done_5m{lane="live",kind="canary"}'] == 1


def test_the_same_as_json(client, content, token):
    body = read(client, format="json").json()
    assert body["canary_age_seconds"] == {"live": None, "coach": None, "batch": None}
    assert {row["kind"] for row in body["jobs"]} >= {"turn", "report", "retag", "canary"}
    refused = read(client, format="xml")
    assert (refused.status_code, refused.content) == (400, b"format is text or json\n")


def test_the_number_of_queries_does_not_grow(client, content, token, django_assert_max_num_queries):
    Job.objects.bulk_create(
        Job(kind="turn", lane="live", status=status, finished_at=timezone.now())
        for status in ("queued", "running", "done", "quarantined")
        for _ in range(200)
    )
    with django_assert_max_num_queries(6):
        found = samples(read(client))
    assert found['peersupport_jobs_done_5m{lane="live",kind="turn"}'] == 200


def test_only_reading(client, token):
    assert client.post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405

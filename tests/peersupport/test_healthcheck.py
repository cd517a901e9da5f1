"""`manage.py healthcheck`: healthy means that work flows, not that a process exists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from peersupport.jobs import canary, queue, sweeper
from peersupport.jobs.models import Job

pytestmark = pytest.mark.django_db


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("healthcheck", *arguments)
    assert caught.value.returncode == 1
    return str(caught.value)


def an_hour_ago():
    return timezone.now() - timedelta(hours=1)


@pytest.mark.parametrize("lane", canary.KINDS)
def test_a_lane_is_healthy_while_its_canaries_come_through(lane, drain, capsys):
    assert "no canary job ever came through" in refusal("--lane", lane)
    sweeper.sweep_once()
    assert "not served" in refusal("--lane", lane)  # sent, and nobody took it
    drain(lane)
    call_command("healthcheck", "--lane", lane)
    assert capsys.readouterr().out == "ok\n"
    Job.objects.update(finished_at=an_hour_ago())
    assert "the last canary came 36" in refusal("--lane", lane)


def test_a_lane_that_is_busy_with_a_long_job_is_healthy_while_the_job_lives():
    queue.enqueue("retag")
    [job] = queue.claim("batch", "w")
    call_command("healthcheck", "--lane", "batch")
    Job.objects.filter(pk=job.pk).update(lease_until=an_hour_ago())
    assert "lane batch is not served" in refusal("--lane", "batch")


def test_the_sweeper_is_healthy_while_canaries_are_sent_and_leases_are_swept():
    assert "no canary was sent to batch, coach, live" in refusal("--sweeper")
    sweeper.sweep_once()
    call_command("healthcheck", "--sweeper")
    # No worker takes the canaries: that is the lanes' fault and not the sweeper's.
    Job.objects.update(created_at=an_hour_ago())
    call_command("healthcheck", "--sweeper")
    queue.enqueue("retag")
    [job] = [job for job in queue.claim("batch", "w") + queue.claim("batch", "w") if job.kind == "retag"]
    Job.objects.filter(pk=job.pk).update(lease_until=an_hour_ago())
    assert "were not offered again" in refusal("--sweeper")


def test_it_asks_for_one_thing(capsys):
    for arguments in ((), ("--lane", "nonsense"), ("--lane", "live", "--sweeper")):
        with pytest.raises(CommandError):
            call_command("healthcheck", *arguments)

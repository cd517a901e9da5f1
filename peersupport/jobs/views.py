"""What is running: queues by lane, the last canary, recent jobs, and those set aside."""

from __future__ import annotations

from django.db.models import Count, Min, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from peersupport.audit.log import record
from peersupport.jobs import canary, queue
from peersupport.jobs.models import Job, Lane
from peersupport.jobs.runners import get_runner
from peersupport.people.access import role_required
from peersupport.people.models import Role


def lane_rows() -> list[dict]:
    """Per lane: how many wait and run, and the age of the oldest that waits, in seconds."""
    now = timezone.now()
    waiting = Q(status=Job.Status.QUEUED)
    found = {
        row["lane"]: row
        for row in Job.objects.filter(status__in=Job.OPEN)
        .order_by()
        .values("lane")
        .annotate(
            waiting=Count("id", filter=waiting),
            running=Count("id", filter=Q(status=Job.Status.RUNNING)),
            oldest=Min("created_at", filter=waiting),
        )
    }
    rows = []
    for lane in Lane:
        row = found.get(lane.value, {"waiting": 0, "running": 0, "oldest": None})
        age = (now - row["oldest"]).total_seconds() if row["oldest"] else None
        rows.append({"label": lane.label, "waiting": row["waiting"], "running": row["running"], "age": age})
    return rows


@require_safe
@role_required(Role.ADMIN)
def jobs(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "jobs/list.html",
        {
            "lanes": lane_rows(),
            "canary_age": canary.age_seconds(),
            "runner": get_runner().name,
            "quarantined": Job.objects.filter(status=Job.Status.QUARANTINED)[:50],
            "recent": Job.objects.exclude(kind=canary.KIND)[:50],
        },
    )


@require_POST
@role_required(Role.ADMIN)
def retry(request: HttpRequest, job_id: int) -> HttpResponse:
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        raise Http404
    if queue.requeue(job):
        record(request.user, "retry", job)
    return redirect("jobs:list")

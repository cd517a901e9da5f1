"""What is running: queues by lane, workers, versions, recent jobs, and those set aside."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from peersupport.audit.log import record
from peersupport.jobs import canary, queue
from peersupport.jobs.models import Job, Lane
from peersupport.jobs.runners import get_runner
from peersupport.operations import figures, versions
from peersupport.people.access import role_required
from peersupport.people.models import Role


def lane_rows() -> list[dict]:
    """Per lane: how many wait, run, were done lately or are set aside, and ages in seconds."""
    ages = canary.ages()
    rows = []
    found = figures.job_rows()
    for lane in Lane:
        kinds = [row for row in found if row["lane"] == lane.value]
        sums = {name: sum(row[name] for row in kinds) for name in figures.COUNTS}
        oldest = max((row["oldest_open_seconds"] for row in kinds), default=0)
        rows.append({"label": lane.label, "canary": ages[lane.value], "oldest": oldest, **sums})
    return rows


@require_safe
@role_required(Role.ADMIN)
def jobs(request: HttpRequest) -> HttpResponse:
    """The page looks again every five seconds (htmx), unless `?still` asks it not to. What is set aside asks
    by itself, with the numbers that it shows: an error that somebody reads stays open while they are the
    same."""
    quarantined = list(Job.objects.filter(status=Job.Status.QUARANTINED)[:50])
    context = {"quarantined": quarantined, "aside": "-".join(str(job.pk) for job in quarantined)}
    if request.htmx and "aside" in request.GET:
        if request.GET["aside"] == context["aside"]:
            return HttpResponse(status=204)
        return render(request, "jobs/_set_aside.html", context)
    return render(
        request,
        "jobs/list.html",
        context
        | {
            "lanes": lane_rows(),
            "workers": figures.workers_seen(),
            "serving": versions.serving(),
            "runner": get_runner().name,
            "still": "still" in request.GET,
            "recent": Job.objects.exclude(kind__in=canary.KINDS.values())[:50],
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
    elif Job.objects.filter(pk=job.pk, status=Job.Status.DONE).exists():
        notes.info(request, _("Nothing to try again: this was done by another try, or is under way in one."))
    return redirect("jobs:list")

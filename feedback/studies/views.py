"""The admins' page of evidence studies: which serves, which wait, who proposed and published what."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from feedback.models import EvidenceStudy, StudyImport
from feedback.studies import publishing, serving_change
from feedback.studies import rows as studies
from feedback.study_imports import runs
from feedback.study_imports.views import LABELS
from peersupport.people import access
from peersupport.people.models import Role


@require_safe
@access.role_required(Role.ADMIN)
def study_list(request: HttpRequest) -> HttpResponse:
    rows = list(
        EvidenceStudy.objects.select_related("brought_by").prefetch_related(
            "publications__proposed_by", "publications__published_by"
        )
    )
    serving = studies.serving_row()
    second = publishing.needs_second(request.user.pk)
    for row in rows:
        row.open = next((one for one in row.publications.all() if one.withdrawn_at is None), None)
        spec = row.provenance.get("spec")
        row.specification = json.dumps(spec, ensure_ascii=False) if spec else ""
        row.serves = serving is not None and row.pk == serving.pk
        row.may_publish = (
            row.open is not None
            and row.open.published_at is None
            and (row.open.proposed_by_id != request.user.pk or not second)
        )
    context = {"studies": rows, "alone": not second, "imports": _imports()}
    return render(request, "feedback/studies.html", context)


def _imports() -> list[StudyImport]:
    """The newest that no study was made of, with where they stand. 2 queries."""
    found = list(StudyImport.objects.filter(study=None)[:20])
    jobs = runs.newest_jobs(row.pk for row in found)
    for row in found:
        row.now = runs.standing(row, jobs)
        row.tables = [(LABELS[name], rows) for name, rows in runs.rows_of(row).items()]
    return found


STEPS = {"propose": publishing.propose, "publish": publishing.publish, "withdraw": publishing.withdraw}


@require_POST
@access.role_required(Role.ADMIN)
def study_step(request: HttpRequest, study_id: int) -> HttpResponse:
    """Propose, publish or withdraw, once the person has seen what it changes; what is refused says what to
    do."""
    study, step = EvidenceStudy.objects.filter(pk=study_id).first(), request.POST.get("step", "")
    if study is None or step not in STEPS:
        raise Http404
    if request.POST.get("sure") != "1" and study.kind == "own":
        return _ask(request, study, step)
    try:
        STEPS[step](study, request.user)
    except publishing.PublishingRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done: %(study)s.") % {"study": study})
    return redirect("feedback:studies")


def _ask(request: HttpRequest, study: EvidenceStudy, step: str) -> HttpResponse:
    found = publishing.open_publication(study)
    second = publishing.needs_second(found.proposed_by_id if found else request.user.pk)
    context = {
        "study": study,
        "brought": StudyImport.objects.filter(study=study).first(),
        "step": step,
        "at_once": step == "publish" or (step == "propose" and not second),
        "change": serving_change.change(study, step),
        "doubts": serving_change.doubts(study) if step != "withdraw" else None,
        "limit": serving_change.BALANCED,
    }
    return render(request, "feedback/study_step.html", context)

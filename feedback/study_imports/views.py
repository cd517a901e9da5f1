"""The admins' pages of own studies: bring tables, see what was read, run the study, read its report."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.evidence.study import words
from feedback.evidence.study.columns import COLUMNS, REQUIRED, TABLES
from feedback.evidence.study.spec import KNOWN
from feedback.evidence.study.techniques import PREFIX
from feedback.models import StudyImport
from feedback.studies import report as study_report
from feedback.study_imports import files, runs
from peersupport.audit.log import record
from peersupport.people import access
from peersupport.people.models import Role
from skills.taxonomy import EMPATHY, TECHNIQUES

LABELS = {
    "assessments": gettext_lazy("Assessments"),
    "chats": gettext_lazy("Chats"),
    "seekers": gettext_lazy("Seekers"),
    "providers": gettext_lazy("Providers"),
    "messages": gettext_lazy("Messages"),
    files.SPEC: gettext_lazy("Specification"),
}
REFUSED = {
    "form": gettext_lazy("%(name)s: only CSV and Parquet files are read, and TOML as the specification."),
    "parquet": gettext_lazy(
        "%(name)s: Parquet files cannot be read here, since pyarrow is not installed. Save the table as CSV."
    ),
    "size": gettext_lazy("%(name)s: the files together are longer than %(limit)d MB."),
    "room": gettext_lazy("%(name)s: there is no room left on the disk of this installation."),
}


def _import_or_404(import_id: uuid.UUID) -> StudyImport:
    row = StudyImport.objects.select_related("study").filter(pk=import_id).first()
    if row is None:
        raise Http404
    return row


@csrf_exempt  # for `_new`, which is protected: the check reads the form, and that needs the handler first
@require_http_methods(["GET", "HEAD", "POST"])
@access.role_required(Role.ADMIN)
def new(request: HttpRequest) -> HttpResponse:
    """What the tables have to look like, and bringing them: all at once, or one in place of another."""
    upload = files.ToFolder(settings.STUDY_UPLOAD_MB * 1024 * 1024)
    request.upload_handlers = [upload]
    try:
        request.POST  # noqa: B018 - read here, so that what is too long is answered in words
        return _new(request, upload)
    except RequestDataTooBig:
        return _form(request, 413, problems=[_("The form is too long.")])
    finally:
        upload.close()


@csrf_protect
def _new(request: HttpRequest, upload: files.ToFolder) -> HttpResponse:
    if request.method != "POST":
        return _form(request)
    try:
        number = uuid.UUID(request.POST["import"]) if request.POST.get("import") else None
    except ValueError:
        raise Http404 from None
    row = _import_or_404(number) if number else None
    problems = [
        str(REFUSED[why]) % {"name": LABELS[name], "limit": settings.STUDY_UPLOAD_MB}
        for name, why in upload.refused.items()
    ]
    if not upload.files:
        problems = problems or [_("There is nothing to read: choose the files of assessments and of chats.")]
        status = 413 if "size" in upload.refused.values() else 400
        return _form(request, status, problems=problems)
    try:
        row = runs.bring(row, upload, request.user)
    except runs.StepRefused as error:
        return _form(request, 400, problems=[str(error)])
    for problem in problems:  # the others are kept
        messages.error(request, problem)
    return redirect("feedback:study-import", row.pk)


def _form(request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
    context |= {
        "tables": [
            {
                "name": name,
                "label": LABELS[name],
                "needed": name in REQUIRED,
                "columns": COLUMNS[name],
                "sample": f"samples/study_{name}.csv",
            }
            for name in TABLES
        ],
        "instruments": KNOWN.values(),
        "codes": [PREFIX + code for code in (*TECHNIQUES, *EMPATHY)],
        "limit": settings.STUDY_UPLOAD_MB,
        "days": settings.STUDY_KEEP_DAYS,
        "parquet": files.reads_parquet(),
        "may_begin": runs.may_begin(),
    }
    return render(request, "feedback/study_new.html", context, status=status)


@require_safe
@access.role_required(Role.ADMIN)
def study_import(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """What was read and how far the work is. With htmx only the latter; the whole page once it is over."""
    row = _import_or_404(import_id)
    now = runs.standing(row)
    context = {"row": row, "now": now}
    if request.htmx and not request.htmx.boosted:
        if now.is_open:
            return render(request, "feedback/_study_job.html", context)
        return HttpResponse(headers={"HX-Refresh": "true"})
    record(request.user, "read", row)
    there = files.brought(row.pk) if row.erased_at is None else {}
    preview = row.preview
    context |= {
        "files": [
            {
                "name": name,
                "label": LABELS[name],
                "needed": name in REQUIRED,
                "bytes": there[name].stat().st_size if name in there else None,
            }
            for name in files.FIELDS
        ],
        "tables": [
            {"label": LABELS[name], **preview["tables"][name]}
            for name in TABLES
            if name in preview.get("tables", {})
        ],
        "flow": [
            {"instrument": name, "range": preview["ranges"].get(name), "steps": steps}
            for name, steps in preview.get("flow", {}).items()
        ],
        "undone": words.undone(row.result or {}),
        "may_run": bool(preview) and not preview["errors"] and not now.is_open and row.erased_at is None,
        "has_errors": row.erased_at is None and (files.folder_of(row.pk) / files.ERRORS).is_file(),
        "days": settings.STUDY_KEEP_DAYS,
        "limit": settings.STUDY_UPLOAD_MB,
        "parquet": files.reads_parquet(),
    }
    return render(request, "feedback/study_import.html", context)


@require_POST
@access.role_required(Role.ADMIN)
def step(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """Check, run, cancel, take one file out, or erase; what is refused says what to do."""
    row, name = _import_or_404(import_id), request.POST.get("step", "")
    if name not in runs.STEPS:
        raise Http404
    try:
        runs.STEPS[name](row, request.user, request.POST)
    except runs.StepRefused as error:
        messages.error(request, str(error))
    except StudyImport.DoesNotExist:
        raise Http404 from None
    else:
        if name == "drop":
            messages.success(request, _("Taken out: %(file)s.") % {"file": LABELS[request.POST["file"]]})
    if name == "erase" and not StudyImport.objects.filter(pk=row.pk).exists():
        messages.success(request, _("Deleted: the files and what was seen in them."))
        return redirect("feedback:studies")
    return redirect("feedback:study-import", row.pk)


@require_safe
@access.role_required(Role.ADMIN)
def errors(request: HttpRequest, import_id: uuid.UUID) -> FileResponse:
    """Which cell of which line is wrong, and what to do: no cell itself is in it."""
    row = _import_or_404(import_id)
    try:
        found = (files.folder_of(row.pk) / files.ERRORS).open("rb")
    except OSError:
        raise Http404 from None
    record(request.user, "export", row)
    return FileResponse(found, as_attachment=True, filename="errors.csv", content_type="text/csv")


def _with_result(import_id: uuid.UUID) -> StudyImport:
    row = _import_or_404(import_id)
    if not row.found:
        raise Http404
    return row


@require_safe
@access.role_required(Role.ADMIN)
def report(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    row = _with_result(import_id)
    record(request.user, "read", row)
    return render(request, "feedback/study_report_page.html", study_report.context(row.result) | {"row": row})


@require_safe
@access.role_required(Role.ADMIN)
def report_file(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """The same as one page that needs nothing beside itself, to print and to hand on."""
    row = _with_result(import_id)
    record(request.user, "export", row)
    response = HttpResponse(study_report.render(row.result))
    response["Content-Disposition"] = f'attachment; filename="study-{row.version or row.pk}.html"'
    return response

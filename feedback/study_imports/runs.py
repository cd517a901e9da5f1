"""The life of an import: files come, a job checks them, a job runs the study, the files go.

The Job rows are the truth of what is being done. This part is for the web process and imports nothing heavy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import EvidenceStudy, StudyImport
from feedback.study_imports import files
from peersupport.audit.log import record
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.people.models import User

CHECK, RUN = "study_check", "study_run"
MOST = 5  # imports with files at once: the disk is not endless
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


class StepRefused(Exception):
    """The step is not possible now; the message says what to do."""


@dataclass(frozen=True)
class Standing:
    """Where an import stands. `key`: lacking, checking, unchecked, mend, ready, running, broken, failed,
    report (a result, but no study of it), kept (a study) or erased."""

    key: str
    job: Job | None

    @property
    def is_open(self) -> bool:
        return self.key in ("checking", "running")


def newest_jobs(ids) -> dict[str, Job]:
    """{import: its newest job}. 1 query."""
    rows = Job.objects.filter(kind__in=(CHECK, RUN), subject__in=[str(one) for one in ids]).order_by("id")
    return {job.subject: job for job in rows}


def standing(row: StudyImport, jobs: dict[str, Job] | None = None) -> Standing:
    """At most 1 query, none with the jobs given."""
    job = (newest_jobs([row.pk]) if jobs is None else jobs).get(str(row.pk))
    return Standing(_key(row, job), job)


def _key(row: StudyImport, job: Job | None) -> str:
    if job is not None and job.is_open:
        return "checking" if job.kind == CHECK else "running"
    if row.study_id is not None:
        return "kept"
    if job is not None and job.is_set_aside:
        return "broken"
    if row.found:
        return "report"
    if row.erased_at is not None:
        return "erased"
    if row.error:
        return "failed"
    if not row.seen:
        return "lacking" if files.lacking(row.pk) else "unchecked"
    return "mend" if row.preview["errors"] else "ready"


def rows_of(row: StudyImport) -> dict[str, int]:
    """{table: how many rows were read}: what tells imports apart, since names of files are not kept."""
    tables = row.preview.get("tables", {})
    return {name: tables[name]["rows"] for name in files.TABLES if "rows" in tables.get(name, {})}


def may_begin() -> bool:
    return StudyImport.objects.filter(erased_at__isnull=True).count() < MOST


@transaction.atomic
def bring(row: StudyImport | None, upload: files.ToFolder, admin: User) -> StudyImport:
    """Take the files in, as a new import or in place of older ones, and have them checked.

    Raises StepRefused while a study runs on them, and where one was made or the files are gone."""
    if row is None:
        if not may_begin():
            raise StepRefused(_("Five imports hold files already. Delete one of them first."))
        row = StudyImport.objects.create()
    else:
        _take_hold(row)
    files.take(row.pk, upload)
    StudyImport.objects.filter(pk=row.pk).update(changed_at=timezone.now())
    _changed(row, admin, "study_upload")
    return row


@transaction.atomic
def drop(row: StudyImport, admin: User, fields) -> None:
    """Delete the one file that the form names, of those that may be missing, and have the rest checked."""
    name = fields.get("file", "")
    if name in files.REQUIRED:
        raise StepRefused(_("Assessments and chats are needed: upload another file in their place."))
    if _take_hold(row).found:
        raise StepRefused(_("There is a report of these files: delete them all, or upload others instead."))
    if name not in files.brought(row.pk):
        raise StepRefused(_("That file is not there any more."))
    files.drop(row.pk, name)
    _changed(row, admin, "study_drop")


def _changed(row: StudyImport, admin: User, verb: str) -> None:
    StudyImport.objects.filter(pk=row.pk).update(seen="", found="", error="", finished_at=None)
    record(admin, verb, row)
    if not files.lacking(row.pk):
        queue.enqueue(CHECK, row.pk, ordering_key=f"study:{row.pk}")


def _take_hold(row: StudyImport) -> StudyImport:
    """The row as it stands. Nobody starts a study on the files before this transaction ends. Jobs first: a
    worker that closes one holds it while it writes the import."""
    fixed = StepRefused(_("These files cannot be changed any more. Bring them as a new import."))
    if not _may_change(row):
        raise fixed
    _cancel_open(row)
    now = StudyImport.objects.select_for_update().filter(pk=row.pk).first()
    if now is None or not _may_change(now):
        raise fixed
    return now


def _may_change(row: StudyImport) -> bool:
    return not row.erased_at and standing(row).key not in ("running", "kept", "erased")


def _cancel_open(row: StudyImport) -> bool:
    """Whether there was something to cancel."""
    found = Job.objects.filter(kind__in=(CHECK, RUN), subject=str(row.pk), status__in=Job.OPEN)
    return sum(queue.cancel(job) for job in found) > 0


@transaction.atomic
def check(row: StudyImport, admin: User, fields) -> None:
    """Look at the files once more."""
    row = StudyImport.objects.select_for_update().get(pk=row.pk)
    if row.erased_at or files.lacking(row.pk):
        raise StepRefused(_("Assessments and chats are both needed. Add the file that is missing."))
    if not standing(row).is_open:
        StudyImport.objects.filter(pk=row.pk).update(seen="", error="")
        queue.enqueue(CHECK, row.pk, ordering_key=f"study:{row.pk}")
        record(admin, "study_check", row)


@transaction.atomic
def run(row: StudyImport, admin: User, fields) -> None:
    """Have the study made under the version that the form names. Asked for twice, it runs once."""
    row = StudyImport.objects.select_for_update().get(pk=row.pk)
    now = standing(row)
    if now.key == "running":
        return
    if row.erased_at or now.is_open or not row.seen or row.preview["errors"]:
        raise StepRefused(_("A study runs on files that were checked and found good."))
    version = fields.get("version", "").strip()
    if not VERSION.fullmatch(version):
        raise StepRefused(
            _("Name the version with letters, digits, dots, dashes or underscores, no spaces: 2026-spring.")
        )
    if EvidenceStudy.objects.filter(slug="own", version=version).exists():
        words = _("There is a study %(version)s already. Name another version.")
        raise StepRefused(words % {"version": version})
    StudyImport.objects.filter(pk=row.pk).update(version=version, error="", found="", finished_at=None)
    queue.enqueue(RUN, row.pk, ordering_key=f"study:{row.pk}")
    record(admin, "study_run", row)


@transaction.atomic
def cancel(row: StudyImport, admin: User, fields) -> None:
    if not _cancel_open(row):
        raise StepRefused(_("There was nothing to cancel: it was over already."))
    record(admin, "study_cancel", row)


def erase(row: StudyImport, admin: User, fields) -> None:
    """Delete the files and what was seen in them. With a study made of them, its report stays."""
    if fields.get("sure") != "1":
        raise StepRefused(_("Nothing was deleted: tick the box beside the button first."))
    with transaction.atomic():
        _cancel_open(row)
        record(admin, "study_erase", row)
        if row.study_id is None:
            StudyImport.objects.filter(pk=row.pk).delete()
        else:
            StudyImport.objects.filter(pk=row.pk).update(seen="", erased_at=timezone.now())
    files.erase(row.pk)


STEPS = {"check": check, "run": run, "cancel": cancel, "drop": drop, "erase": erase}


def forget() -> int:
    """Let go of files that no study was run on for STUDY_KEEP_DAYS, and of folders that nothing names any
    more. Returns how many imports were let go."""
    old = StudyImport.objects.filter(
        erased_at__isnull=True, changed_at__lt=timezone.now() - timedelta(days=settings.STUDY_KEEP_DAYS)
    )
    gone = 0
    for row in [row for row in old if not standing(row).is_open]:
        files.erase(row.pk)
        if row.found:
            StudyImport.objects.filter(pk=row.pk).update(seen="", erased_at=timezone.now())
        else:
            StudyImport.objects.filter(pk=row.pk).delete()
        gone += 1
    living = StudyImport.objects.filter(erased_at__isnull=True).values_list("pk", flat=True)
    files.sweep({str(pk) for pk in living})
    return gone

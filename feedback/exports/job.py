"""The batch job that writes an export: block by block to a file, with progress, while the right to it holds.

It begins anew when its worker stops, and when somebody is to be erased meanwhile: what was read before may be
in the half file, and the erasure is not kept waiting for it. The file appears under its name in the
transaction that closes the job.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from feedback.exports import codebook, files, writers
from feedback.exports.names import Names
from feedback.exports.rows import BLOCK
from feedback.exports.tables import TABLES
from feedback.models import Export
from peersupport.audit.log import record
from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError
from peersupport.organisation.current import current
from peersupport.organisation.values import Values
from peersupport.people import consents, erasure, erasure_list
from peersupport.people.models import Consent, User

LOOK_SECONDS = 1.0  # how often the right is looked at, and progress is told

Outcome = Callable[[], None] | Exception


class _RightEnded(Exception):
    pass


def run(jobs: Sequence[Job], context) -> dict[int, Outcome]:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context) -> Outcome:
    export = Export.objects.filter(pk=job.subject, status=Export.Status.WAITING).first()
    if export is None:  # erased with its person
        return lambda: None
    erased, part = _erased(export), files.part_of(export.pk, job.lease_token)
    try:
        rows = write(export, part=part, look=partial(_look, export, job, context))
    except _RightEnded:
        part.unlink(missing_ok=True)
        return partial(_stop, export)
    if _erased(export) != erased:
        return StoppedError()
    return partial(_finish, export, part, rows)


def _erased(export: Export) -> int:
    """Erasures that the file would have to follow, begun ones too. Without words it names nobody, and single
    chats of those who stay may stand in it until its time is over: where many are deleted, it would never be
    finished."""
    return erasure_list.lines() if export.full else erasure_list.lines_of_people()


def _look(export: Export, job: Job, context, share: float) -> None:
    """Raises StoppedError, LeaseLostError or _RightEnded where writing must not go on."""
    if context.stopping.is_set() or _erasure_waits():
        raise StoppedError
    if not _holds(export):
        raise _RightEnded
    context.checkpoint(job, progress=share)


def _erasure_waits() -> bool:
    """It would wait for this worker, and then throw the file away."""
    return Job.objects.filter(kind=erasure.ERASE, status=Job.Status.QUEUED, available_at__lte=Now()).exists()


def _holds(export: Export) -> bool:
    user = User.objects.filter(pk=export.by_id).first()
    return user is not None and files.may_export(user, full=export.full)


def write(
    export: Export, *, part: Path | None = None, look: Callable[[float], None] = lambda share: None
) -> int:
    """Write the archive to `part`, beside its final place; returns how many rows. `look(share done)` is
    called about once a second and may raise to break off."""
    part = part or files.part_of(export.pk)
    table, names = TABLES[export.table], Names(full=export.full)
    values = current()  # the words that people agreed to when reading began
    header = [column.name for column in table.shown(export.full)]
    total, read, rows, looked = table.rows_held().count(), 0, 0, 0.0
    files.clear_parts(export.pk)
    with files.room_of(export.pk) as room, writers.new_archive(part) as archive:
        os.chmod(part, 0o600)
        with writers.writing(archive, table.key, export.format, header, bom=export.bom, beside=room) as put:
            for block in table.rows(names, labelled=export.labelled):
                if time.monotonic() - looked > LOOK_SECONDS:
                    look(min(0.99, read / max(total, 1)))
                    looked = time.monotonic()
                put(block)
                rows += len(block)
                read += BLOCK  # also of rows that may not be shown
        look(0.99)
        _beside(archive, export, rows, values)
    return rows


def _beside(archive, export: Export, rows: int, values: Values) -> None:
    table, full = TABLES[export.table], export.full
    made = timezone.now().isoformat(timespec="seconds")
    archive.writestr("codebook.csv", writers.table_text(codebook.codebook(table, full=full)))
    archive.writestr("redcap_dictionary.csv", writers.table_text(codebook.redcap(table, full=full)))
    told = codebook.readme(
        table,
        full=full,
        labelled=export.labelled,
        rows=rows,
        made=made,
        whose=values.name,
        words=consents.text_of(Consent.Purpose.RESEARCH, values),
    )
    archive.writestr("README.txt", told)


def _finish(export: Export, part: Path, rows: int) -> None:
    """Inside the closing transaction. Raises StoppedError where the file must be written anew."""
    now = timezone.now()
    if not _holds(export):
        part.unlink(missing_ok=True)
        return _stop(export)
    if not part.exists():  # an erasure that was asked for before the file was begun took it away
        raise StoppedError
    size = part.stat().st_size
    os.replace(part, files.path_of(export.pk))
    Export.objects.filter(pk=export.pk).update(
        status=Export.Status.READY,
        rows=rows,
        size=size,
        finished_at=now,
        expires_at=now + timedelta(hours=settings.EXPORT_HOURS),
    )
    return None


def _stop(export: Export) -> None:
    Export.objects.filter(pk=export.pk).update(status=Export.Status.STOPPED, finished_at=timezone.now())
    record(None, "export_stopped", export)


def on_quarantine(job: Job) -> None:
    files.clear_parts(job.subject)
    Export.objects.filter(pk=job.subject).update(status=Export.Status.FAILED, finished_at=timezone.now())


def on_requeue(job: Job) -> None:
    Export.objects.filter(pk=job.subject, status=Export.Status.FAILED).update(
        status=Export.Status.WAITING, finished_at=None
    )

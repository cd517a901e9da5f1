"""Where exports lie, asking for one, and taking them away when their time is over."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.exports.tables import TABLES
from feedback.models import Export
from peersupport.audit.log import record
from peersupport.jobs import queue
from peersupport.people.models import User

EXPORT = "export"
FOLDER = "exports"
MOST_OPEN = 3  # of one person at a time


def folder() -> Path:
    path = settings.DATA_DIR / FOLDER
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(export_id: UUID) -> Path:
    return folder() / f"{export_id}.zip"


def part_of(export_id: UUID) -> Path:
    return folder() / f"{export_id}.part"


def rows_of(user: User) -> Iterable[dict]:
    """For the file of the person's own data."""
    names = ("table", "format", "labelled", "full", "status", "rows", "created_at", "finished_at")
    return Export.objects.filter(by=user).order_by("created_at").values(*names)


def may_export(user: User, *, full: bool) -> bool:
    return user.is_active and user.is_admin and (user.may_export_full or not full)


def exports_for_user(user: User) -> QuerySet[Export]:
    """The person's own: who asked for a file answers for it."""
    if not user.is_admin:
        raise PermissionDenied
    return Export.objects.filter(by=user)


def export_for_user(user: User, export_id: UUID) -> Export:
    """Raises Http404 for somebody else's, and for a full one where the right to it ended."""
    found = exports_for_user(user).filter(pk=export_id).first()
    if found is None or not may_export(user, full=found.full):
        raise Http404
    return found


@transaction.atomic
def request_export(
    user: User, *, table: str, form: str, labelled: bool = False, full: bool = False, bom: bool = True
) -> Export:
    """The row and the job that writes the file. Raises ValidationError with words for the admin,
    PermissionDenied for a full export without the right to it."""
    if not may_export(user, full=full):
        raise PermissionDenied
    if table not in TABLES or form not in Export.Format.values:
        raise ValidationError(_("Choose a table and a format."))
    User.objects.select_for_update().get(pk=user.pk)
    if Export.objects.filter(by=user, status=Export.Status.WAITING).count() >= MOST_OPEN:
        raise ValidationError(_("Three of your files are being written. Wait for one of them."))
    export = Export.objects.create(
        by=user, table=table, format=form, labelled=labelled, full=full, bom=bom and form == Export.Format.CSV
    )
    record(user, "export_full_asked" if full else "export_asked", export)
    queue.enqueue(EXPORT, export.pk)
    return export


def expire() -> int:
    """Take away files whose time is over, and what a dead worker left; a chore of the sweeper."""
    over = Export.objects.filter(status=Export.Status.READY, expires_at__lt=timezone.now())
    gone = list(over.values_list("pk", flat=True))
    for export_id in gone:
        path_of(export_id).unlink(missing_ok=True)
    Export.objects.filter(pk__in=gone).update(status=Export.Status.GONE)
    waiting = {part_of(pk) for pk in Export.objects.filter(status="waiting").values_list("pk", flat=True)}
    for left in folder().glob("*.part"):
        if left not in waiting:
            left.unlink(missing_ok=True)
    return len(gone)


def forget(user_id: int) -> None:
    """For an erasure: every finished file may hold the person, so all are taken away. One that is being
    written begins anew (see `job`)."""
    for path in folder().glob("*.zip"):
        path.unlink(missing_ok=True)
    Export.objects.filter(status=Export.Status.READY).update(status=Export.Status.GONE)


def forget_chat(chat_id, user_id: int) -> None:
    """As `forget`, for one chat: finished files with words of people are taken away. Those without name
    nobody; they go when their time is over, and so does one that is being written."""
    full = Export.objects.filter(status=Export.Status.READY, full=True)
    for export_id in list(full.values_list("pk", flat=True)):
        path_of(export_id).unlink(missing_ok=True)
    full.update(status=Export.Status.GONE)

"""Where exports lie, asking for one, and taking them away when their time is over."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
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
from feedback.reports import files as pdf
from peersupport.audit.log import record
from peersupport.jobs import queue
from peersupport.people.models import User
from peersupport.practice.models import PracticeChat

EXPORT = "export"
FOLDER = "exports"
MOST_OPEN = 3  # of one person at a time


def folder() -> Path:
    path = settings.DATA_DIR / FOLDER
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(export_id: UUID) -> Path:
    return folder() / f"{export_id}.zip"


def part_of(export_id: UUID, token: UUID | None = None) -> Path:
    """Where it is written. `token` is that of the worker's lease: one that was thought dead and goes on must
    not write into the file of the next one."""
    return folder() / (f"{export_id}.{token.hex}.part" if token else f"{export_id}.part")


def clear_parts(export_id: UUID | str) -> None:
    """What workers of this export left half written."""
    for left in folder().glob(f"{export_id}.*part"):
        left.unlink(missing_ok=True)


@contextmanager
def room_of(export_id: UUID) -> Iterator[Path]:
    """A folder for what is written before it is packed: of this writing alone, and gone with it."""
    for left in folder().glob(f".{export_id}.*"):  # by a worker that died
        _remove(left)
    with TemporaryDirectory(prefix=f".{export_id}.", dir=folder(), ignore_cleanup_errors=True) as path:
        yield Path(path)


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
    if form == Export.Format.PDF and not pdf.installed():
        raise ValidationError(_("This server makes no PDF: WeasyPrint is not installed. Choose XLSX or CSV."))
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
    gone = over.update(status=Export.Status.GONE)
    _keep(Export.Status.WAITING, Export.Status.READY)
    return gone


def forget(user_id: int) -> None:
    """For an erasure: every file, finished or half written, may hold the person, so all are taken away. One
    that is being written begins anew (see `job`)."""
    for pattern in ("*.zip", "*.part"):
        for path in folder().glob(pattern):
            path.unlink(missing_ok=True)
    _keep(Export.Status.WAITING)
    Export.objects.filter(status=Export.Status.READY).update(status=Export.Status.GONE)


def forget_chat(chat_id, user_id: int) -> None:
    """As `forget`, for one chat: finished files with words of people are taken away, where they may hold it.
    Those without words name nobody and go when their time is over. A full one that is being written begins
    anew (see `job`)."""
    if not PracticeChat.objects.filter(pk=chat_id, status=PracticeChat.Status.ENDED).exists():
        return
    full = Export.objects.filter(status=Export.Status.READY, full=True)
    for export_id in list(full.values_list("pk", flat=True)):
        path_of(export_id).unlink(missing_ok=True)
    full.update(status=Export.Status.GONE)


def _keep(*statuses: str) -> None:
    """Take away whatever lies there for no export of these statuses, such as the room of a killed worker."""
    lying = list(folder().iterdir())  # before the rows are read: what comes later has a row among them
    kept = {str(pk) for pk in Export.objects.filter(status__in=statuses).values_list("pk", flat=True)}
    for path in lying:
        if path.name.removeprefix(".").split(".")[0] not in kept:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

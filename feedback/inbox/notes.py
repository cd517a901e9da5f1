"""Trainers' notes on chats."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import InboxSeen, TrainerNote
from feedback.reports import files
from peersupport.audit.log import record
from peersupport.people.models import User
from peersupport.practice import chats
from peersupport.practice.models import PracticeChat
from skills.review.coding import UNDO_MINUTES

CHARACTERS = 2000


def notes_of(chat: PracticeChat) -> list[TrainerNote]:
    """Oldest first, each with whether its author can take it back. 1 query."""
    found = list(TrainerNote.objects.filter(chat=chat).select_related("trainer").order_by("id"))
    for note in found:
        note.is_fresh = _is_fresh(note)
    return found


def _is_fresh(note: TrainerNote) -> bool:
    """As long as a coding can be taken back."""
    return note.created_at >= timezone.now() - timedelta(minutes=UNDO_MINUTES)


@transaction.atomic
def write_note(chat: PracticeChat, *, trainer: User, text: str) -> TrainerNote:
    """Raises ValidationError with words for the trainer, and Http404 where the chat is gone."""
    text = text.replace("\r\n", "\n").replace("\0", "").strip().encode("utf-8", "replace").decode()
    if not text:
        raise ValidationError(_("The note is empty. Write a few words and save again."))
    if len(text) > CHARACTERS:
        raise ValidationError(
            _("The note is %(have)d characters long. Please keep it under %(most)d.")
            % {"have": len(text), "most": CHARACTERS}
        )
    chats.held(chat)
    note = TrainerNote.objects.create(chat=chat, trainer=trainer, text=text)
    record(trainer, "note", note)
    return note


@transaction.atomic
def take_back(chat: PracticeChat, *, trainer: User, note_id: int) -> bool:
    """Take back the trainer's own note on the chat, where it is not older than an hour; a PDF with it goes,
    too. Raises Http404 where the chat is gone."""
    chats.held(chat)
    note = TrainerNote.objects.select_for_update().filter(pk=note_id, chat=chat, trainer=trainer).first()
    if note is None or not _is_fresh(note):
        return False
    record(trainer, "note_withdrawn", note)
    note.delete()
    files.forget_chat(chat.pk, chat.volunteer_id)
    return True


def rows(user: User) -> Iterable[dict]:
    """On the person's chats by any trainer, and by the person as a trainer, for their own data."""
    found = TrainerNote.objects.filter(Q(chat__volunteer=user) | Q(trainer=user)).order_by("id")
    for note in found.iterator():
        names = ("chat_id", "text", "created_at")
        yield {name: getattr(note, name) for name in names} | {"by_you": note.trainer_id == user.pk}


def read_until(user: User) -> Iterable[dict]:
    return InboxSeen.objects.filter(person=user).values("until")


def objects(user: User) -> dict[str, list[str]]:
    keys = TrainerNote.objects.filter(chat__volunteer=user).values_list("pk", flat=True)
    return {"trainernote": [str(pk) for pk in keys]}

"""Trainers' notes on chats."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from feedback.models import InboxSeen, TrainerNote
from peersupport.audit.log import record
from peersupport.people.models import User
from peersupport.practice import chats
from peersupport.practice.models import PracticeChat

CHARACTERS = 2000


def notes_of(chat: PracticeChat) -> list[TrainerNote]:
    """Oldest first. 1 query."""
    return list(TrainerNote.objects.filter(chat=chat).select_related("trainer").order_by("id"))


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

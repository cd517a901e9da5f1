"""A confirmed draft becomes a chat of its own kind: read-only, tagged by a job, with the usual report."""

from __future__ import annotations

import secrets

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.jobs import queue
from peersupport.practice import drafts, slots
from peersupport.practice.chats import TRANSCRIPT
from peersupport.practice.models import ChatEvent, Message, PracticeChat, TranscriptDraft
from peersupport.safety import assess


@transaction.atomic
def confirm(draft: TranscriptDraft, *, name: str = "", shared: bool = False) -> PracticeChat:
    """Keep the draft's lines as a chat, masked as its preview showed, and erase the draft.

    The safety rules run on every line here, as they do on a message that is posted. Raises ValidationError
    where no line is the counselor's, since there would be nothing to give feedback on, and DoesNotExist where
    somebody confirmed or discarded the draft first.
    """
    draft = TranscriptDraft.objects.select_for_update().get(pk=draft.pk)
    lines = [line for line in drafts.lines(draft) if line.role != drafts.OUT]
    if not any(line.role == drafts.COUNSELOR for line in lines):
        raise ValidationError(_("Nobody is the counselor. Give at least one speaker or line that role."))
    now = timezone.now()
    chat = PracticeChat.objects.create(
        id=draft.pk,
        volunteer=draft.owner,
        kind=PracticeChat.Kind.IMPORTED,
        name=" ".join(name.replace("\0", "").split())[:80],
        shared=shared,
        status=PracticeChat.Status.ENDED,
        ended_at=now,
        seed=secrets.randbits(62),
        last_index=len(lines),
    )
    messages = Message.objects.bulk_create(
        _message(chat, index, line) for index, line in enumerate(lines, start=1)
    )
    ChatEvent.append_all(chat, ChatEvent.Kind.MESSAGE, messages)
    ChatEvent.append(chat, ChatEvent.Kind.ENDED)
    queue.enqueue(TRANSCRIPT, chat.pk, ordering_key=chat.ordering_key)
    slots.call(slots.CHAT_ENDED, chat)
    if shared:
        record(draft.owner, "share", chat)
    draft.delete()
    return chat


def _message(chat: PracticeChat, index: int, line: drafts.Line) -> Message:
    by_counselor = line.role == drafts.COUNSELOR
    return Message(
        chat=chat,
        index=index,
        role=Message.Role.COUNSELOR if by_counselor else Message.Role.SEEKER,
        text=line.text,
        idempotency_key=f"line:{index}",
        turn=Message.Turn.PENDING if by_counselor else Message.Turn.NONE,
        risk_level=assess(line.text, role=line.role).level,
    )


@transaction.atomic
def share(chat: PracticeChat, *, shared: bool) -> None:
    """Show the chat to the trainers of its volunteer's cohorts, or no longer; each change leaves a line."""
    if PracticeChat.objects.filter(pk=chat.pk, shared=not shared).update(shared=shared):
        record(chat.volunteer, "share" if shared else "unshare", chat)

"""The job behind an imported chat: tag every counselor message that waits, a slice at a time.

There is no seeker to answer. Each slice is one short transaction with its events, so that an open page fills
while the rest is read; a worker that dies in between leaves the others waiting for the next try.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction

from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills import storing
from skills.retag import with_previous
from skills.tagger import load_tagger

SLICE = 8  # messages a transaction: more would make the page's progress jump


def run(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    return {job.pk: _run_one(job, context) for job in jobs}


def _waiting(chat_id):
    messages = Message.objects.filter(chat=chat_id, role=Message.Role.COUNSELOR)
    return messages.filter(turn=Message.Turn.PENDING).order_by("index")


def _run_one(job: Job, context) -> Callable[[], None] | Exception:
    left = _waiting(job.subject).count()
    tagger, done, total = load_tagger(), 0, left
    while slice_ := list(_waiting(job.subject)[:SLICE]):
        if context.stopping.is_set():
            return StoppedError()
        results = tagger.tag(with_previous(slice_))
        done += len(slice_)
        with transaction.atomic():
            context.checkpoint(job, progress=min(1.0, done / max(1, total)))
            _store(job.subject, dict(zip(slice_, results, strict=True)), tagger.version)
    return lambda: None


def _store(chat_id, results: dict, version: str) -> None:
    """Inside a transaction. A chat erased meanwhile stays erased."""
    chat = PracticeChat.objects.select_for_update().filter(pk=chat_id).first()
    if chat is None:
        return
    storing.store(list(results.items()), version)
    Message.objects.filter(pk__in=[message.pk for message in results]).update(turn=Message.Turn.DONE)
    ChatEvent.append_all(chat, ChatEvent.Kind.TURN, list(results))


def on_quarantine(job: Job) -> None:
    """Give up: what still waits says "failed" and can be tried again; what was tagged stays."""
    with transaction.atomic():
        chat = PracticeChat.objects.select_for_update().filter(pk=job.subject).first()
        if chat is None:
            return
        failed = list(_waiting(chat.pk))
        _waiting(chat.pk).order_by().update(turn=Message.Turn.FAILED)
        ChatEvent.append_all(chat, ChatEvent.Kind.TURN, failed)


def on_requeue(job: Job) -> None:
    """All that failed waits again."""
    chat = PracticeChat.objects.select_for_update().filter(pk=job.subject).first()
    if chat is None:
        return
    failed = list(Message.objects.filter(chat=chat, turn=Message.Turn.FAILED).order_by("index"))
    Message.objects.filter(chat=chat, turn=Message.Turn.FAILED).update(turn=Message.Turn.PENDING)
    ChatEvent.append_all(chat, ChatEvent.Kind.TURN, failed)

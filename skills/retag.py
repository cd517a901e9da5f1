"""The batch job that tags every counselor message again with the version that serves now.

Resumable: the checkpoint is the last message of the last finished slice, in the order of
(creation, id). Old taggings stay; the new one becomes current. Slices are small because each
is one write transaction, which live turns may have to wait for.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.dateparse import parse_datetime

from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError
from peersupport.practice.models import Message
from skills import tags
from skills.tagger import TagInput, load_tagger

SLICE = 16


def with_previous(messages: Sequence[Message]) -> list[TagInput]:
    """Each message with the seeker's words right before it."""
    seeker = Message.objects.filter(
        chat__in={message.chat_id for message in messages}, role=Message.Role.SEEKER
    ).order_by("index")
    said: dict = {}
    for row in seeker.values_list("chat_id", "index", "text"):
        said.setdefault(row[0], []).append(row[1:])

    def before(message: Message) -> str:
        earlier = [text for index, text in said.get(message.chat_id, []) if index < message.index]
        return earlier[-1] if earlier else ""

    return [TagInput(text=message.text, previous=before(message)) for message in messages]


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _after(checkpoint: dict):
    messages = Message.objects.filter(role=Message.Role.COUNSELOR).order_by("created_at", "id")
    if "created_at" not in checkpoint:
        return messages
    at = parse_datetime(checkpoint["created_at"])
    return messages.filter(Q(created_at__gt=at) | Q(created_at=at, id__gt=checkpoint["id"]))


def _run_one(job: Job, context):
    tagger = load_tagger()
    done = job.checkpoint.get("done", 0)
    total = done + _after(job.checkpoint).count()
    while slice_ := list(_after(job.checkpoint)[:SLICE]):
        if context.stopping.is_set():
            return StoppedError()
        results = tagger.tag(with_previous(slice_))
        done += len(slice_)
        last = slice_[-1]
        state = {"created_at": last.created_at.isoformat(), "id": str(last.pk), "done": done}
        with transaction.atomic():
            context.checkpoint(job, progress=done / max(1, total), state=state)
            for message, result in zip(slice_, results, strict=True):
                tags.store(message, result, tagger.version)
    return lambda: None

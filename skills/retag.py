"""The batch job that tags every counselor message again with the version that serves now.

It goes through the messages in the order of (chat, index), which an index has, and leaves out those that
this version has tagged already: started again, it does what is left. Old taggings stay; the new one becomes
current. The checkpoint is the last message of the last finished slice, with the version it was tagged by: a
later version begins anew. Slices are small because each is one write transaction, which live turns may have
to wait for; and the job gives way when others of its lane wait, since an erasure may be among them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import OuterRef, Subquery

from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError
from peersupport.practice.models import Message, PracticeChat
from skills import storing, versions
from skills.models import Tagging
from skills.tagger import TagInput, load_tagger
from skills.tagger.card import weights_folder

SLICE = 16  # messages a transaction
PAGE = 512  # messages looked at at once


def with_previous(messages: Sequence[Message]) -> list[TagInput]:
    """Each message with the seeker's words right before it. One query, and no chat is read whole."""
    said = Message.objects.filter(
        chat=OuterRef("chat"), role=Message.Role.SEEKER, index__lt=OuterRef("index")
    ).order_by("-index")
    rows = Message.objects.filter(pk__in=[message.pk for message in messages])
    before = dict(rows.values_list("pk", Subquery(said.values("text")[:1])))
    return [TagInput(text=message.text, previous=before.get(message.pk) or "") for message in messages]


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context):
    tagger, folder = load_tagger(), weights_folder()
    state = _state(job, tagger.version)
    began, before = time.monotonic(), state["seconds"]
    while page := _page(state):
        if context.stopping.is_set():  # pages without work are passed over quickly, but there may be many
            return StoppedError()
        for place, slice_, known in _slices(page, tagger.version):
            if context.gives_way(job, time.monotonic() - began) or weights_folder() != folder:
                return StoppedError()  # after a switch it begins anew, with the version that serves then
            fresh = [message for message in slice_ if message.pk not in known]
            results = dict(zip(fresh, tagger.tag(with_previous(fresh)), strict=True))
            seconds = round(before + time.monotonic() - began, 3)
            done = state["done"] + len(slice_)
            state |= {**place, "done": done, "total": max(state["total"], done), "seconds": seconds}
            with transaction.atomic():
                context.checkpoint(job, progress=done / state["total"], state=dict(state))
                _store(slice_, results, tagger.version)
        state |= page[-1].place
    return lambda: None


def _state(job: Job, version: str) -> dict[str, Any]:
    """Where the job stands; at the beginning where another version brought it there."""
    if job.checkpoint.get("version") == version:
        return dict(job.checkpoint)
    # Counted once: with a count a stint, the cost would grow faster than the messages.
    return {"version": version, "done": 0, "total": versions.lacking(version), "seconds": 0.0}


class _Row(NamedTuple):
    """A message without its text: most are looked at to be left out."""

    pk: Any
    chat: Any
    index: int

    @property
    def place(self) -> dict[str, Any]:
        return {"chat": str(self.chat), "index": self.index}


def _page(state: dict[str, Any]) -> list[_Row]:
    """The next messages after the place that the state names."""
    messages = Message.objects.filter(role=Message.Role.COUNSELOR, copied=False)
    messages = messages.order_by("chat_id", "index")
    if "chat" in state:
        messages = messages.filter(chat_id__gte=state["chat"])
        messages = messages.exclude(chat_id=state["chat"], index__lte=state["index"])
    return [_Row(*row) for row in messages.values_list("pk", "chat_id", "index")[:PAGE]]


def _slices(page: list[_Row], version: str) -> Iterator[tuple[dict[str, Any], list[Message], set]]:
    """Messages of the page for which another version's tags hold, or none, with the place of the last; and
    the ids of those that this version tagged before, which a tagger need not read again."""
    rows = Tagging.objects.filter(message__in=[row.pk for row in page], version=version)
    tagged = dict(rows.values_list("message_id", "current"))
    lacking = [row for row in page if not tagged.get(row.pk)]
    for start in range(0, len(lacking), SLICE):
        part = lacking[start : start + SLICE]
        messages = Message.objects.filter(pk__in=[row.pk for row in part]).order_by("chat_id", "index")
        yield part[-1].place, list(messages), set(tagged)


def _store(messages: list[Message], results: dict, version: str) -> None:
    """Inside a transaction. A message erased meanwhile stays erased: its chat is locked as an erasure
    locks it, and so are the turns of that chat."""
    chats = {message.chat_id for message in messages}
    list(PracticeChat.objects.select_for_update().filter(pk__in=chats).order_by("pk").values_list("pk"))
    there = set(
        Message.objects.filter(pk__in=[message.pk for message in messages]).values_list("pk", flat=True)
    )
    kept = [message for message in messages if message.pk in there]
    storing.store([(message, results.get(message)) for message in kept], version)

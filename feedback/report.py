"""The job that writes a session report once all turns of its chat are through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from feedback.coach.engine import get_coach
from feedback.coach.turns import Turn
from feedback.models import EvidenceStudy, SessionReport
from feedback.reports import course, loaded, retagged, suggestions, wordings
from feedback.reports.session import session_report
from feedback.studies import rows as studies
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.organisation.current import current
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills import tags
from skills.tagger import load_tagger

_TAGGER = threading.Lock()


def turns_of(chat: PracticeChat) -> list[Turn]:
    """The chat's messages with the tags that hold now; what another try copied is context without tags."""
    messages = list(Message.objects.filter(chat=chat).order_by("index"))
    results = tags.tag_results([message for message in messages if message.is_counselor])
    worse = course.drew_back(chat)
    return [
        Turn(
            index=message.index,
            role=message.role,
            text=message.text,
            tags=results.get(message.pk),
            risk_level=message.risk_level,
            message_id=str(message.pk),
            earlier=message.copied,
            drew_back=message.pk in worse,
        )
        for message in messages
    ]


def run(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    """Reads one after the other, then writes the reports side by side: what they ask of the coach is
    generated together. Threads touch no database; a report that fails fails alone."""
    loaded.follow_switch(jobs[0].worker)
    found: dict[int, Callable[[], None] | Exception] = {}
    writing: dict[int, Callable[[], Callable[[], None]]] = {}
    for job in jobs:
        try:
            writing[job.pk] = _prepare(job)
        except Exception as error:
            found[job.pk] = error
    with ThreadPoolExecutor(max_workers=max(1, len(writing)), thread_name_prefix="report") as pool:
        under_way = {pk: pool.submit(write) for pk, write in writing.items()}
    for pk, future in under_way.items():
        found[pk] = error if (error := future.exception()) else future.result()
    return found


def _prepare(job: Job) -> Callable[[], Callable[[], None]]:
    """Reads what the report is made of; what is returned makes it, and returns what keeps it."""
    chat = PracticeChat.objects.select_related("scenario").filter(pk=job.subject).first()
    if chat is None:  # erased while its report waited
        return lambda: lambda: None
    tagger, coach, study_row = load_tagger(), get_coach(), studies.serving_row()
    # Read first: tags that change from here on make the report say "re-tagged", never the other way round.
    used = retagged.tagged_by(chat)
    turns, study, topic, values = turns_of(chat), studies.serving_study(), chat.topic, current()

    def make() -> Callable[[], None]:
        body = session_report(
            turns,
            study=study,
            card=tagger.card,
            topic=topic,
            embed=_one_at_a_time(tagger.embed),
            retag=_one_at_a_time(tagger.tag),
            reword=coach.reword,
            coach=coach.name,
            seed=chat.seed,
            policy=values.policy,
        )
        body["tagged_by"] = used
        if body["crisis"]:
            body["crisis"]["policy_text"] = values.policy_text
        return partial(_write, chat, body, study_row, retagged.stamp(used, tagger.version))

    return make


def _one_at_a_time(call: Callable[..., Any]) -> Callable[..., Any]:
    """The tagger belongs to one thread at a time."""

    def guarded(*arguments: Any) -> Any:
        with _TAGGER:
            return call(*arguments)

    return guarded


def _write(chat: PracticeChat, body: dict, study: EvidenceStudy, tagger_version: str) -> None:
    """Runs inside the closing transaction."""
    if not PracticeChat.objects.select_for_update().filter(pk=chat.pk).exists():
        return
    SessionReport.objects.update_or_create(
        chat=chat,
        defaults={
            "status": body["status"],
            "body": body,
            "study": study,
            "tagger_version": tagger_version,
            "finished_at": timezone.now(),
        },
    )
    suggestions.count(body)
    suggestions.forget_ratings(chat)
    wordings.forget(chat)
    ChatEvent.append(chat, ChatEvent.Kind.REPORT)


def on_quarantine(job: Job) -> None:
    """A report that cannot be written says so; it never stays pending."""
    with transaction.atomic():
        chat = PracticeChat.objects.select_for_update().filter(pk=job.subject).first()
        if chat is None:
            return
        SessionReport.objects.filter(chat=chat).update(
            status=SessionReport.Status.FAILED, finished_at=timezone.now()
        )
        ChatEvent.append(chat, ChatEvent.Kind.REPORT)


def on_requeue(job: Job) -> bool | None:
    """False where the report has been written since, or waits for another job. One that is pending without a
    job, since giving up broke, is tried."""
    chat = PracticeChat.objects.select_for_update().filter(pk=job.subject).first()
    report = SessionReport.objects.filter(chat=chat).first() if chat else None
    if report is None:
        return None
    if report.status == SessionReport.Status.PENDING:
        return not queue.others_open(job)
    if report.status != SessionReport.Status.FAILED:
        return False
    SessionReport.objects.filter(pk=report.pk).update(status=SessionReport.Status.PENDING)
    ChatEvent.append(chat, ChatEvent.Kind.REPORT)
    return True

"""The job that writes a session report once all turns of its chat are through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.db import transaction
from django.utils import timezone

from feedback import studies
from feedback.coach.engine import get_coach
from feedback.models import EvidenceStudy, SessionReport
from feedback.reports.session import session_report
from feedback.reports.turns import Turn
from peersupport.jobs.models import Job
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills import tags
from skills.tagger import load_tagger
from skills.tagger.card import read_card


def turns_of(chat: PracticeChat) -> list[Turn]:
    """The chat's messages with the tags that hold now."""
    messages = list(Message.objects.filter(chat=chat).order_by("index"))
    results = tags.tag_results([message for message in messages if message.is_counselor])
    return [
        Turn(
            index=message.index,
            role=message.role,
            text=message.text,
            tags=results.get(message.pk),
            risk_level=message.risk_level,
            message_id=str(message.pk),
        )
        for message in messages
    ]


def run(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    return {job.pk: _prepare(job) for job in jobs}


def _prepare(job: Job) -> Callable[[], None]:
    chat = PracticeChat.objects.select_related("scenario").filter(pk=job.subject).first()
    if chat is None:  # erased while its report waited
        return lambda: None
    tagger, coach, study_row = load_tagger(), get_coach(), studies.serving_row()
    body = session_report(
        turns_of(chat),
        study=studies.serving_study(),
        card=read_card(),
        topic=chat.scenario.topic,
        embed=tagger.embed,
        retag=tagger.tag,
        reword=coach.reword,
        coach=coach.name,
        seed=chat.seed,
    )
    return partial(_write, chat, body, study_row, tagger.version)


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

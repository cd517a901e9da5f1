"""The job that writes a session report once all turns of its chat are through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from feedback import studies
from feedback.coach.engine import get_coach
from feedback.models import EvidenceStudy, SessionReport
from feedback.reports import retagged
from feedback.reports.session import session_report
from feedback.reports.turns import Turn
from peersupport.jobs.models import Job
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills import tags
from skills.tagger import load_tagger


def turns_of(chat: PracticeChat) -> list[Turn]:
    """The chat's messages with the tags that hold now; what another try copied is context without tags."""
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
            earlier=message.copied,
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
    # Read first: tags that change from here on make the report say "re-tagged", never the other way round.
    used = retagged.tagged_by(chat)
    body = session_report(
        turns_of(chat),
        study=studies.serving_study(),
        card=tagger.card,
        topic=chat.topic,
        embed=tagger.embed,
        retag=tagger.tag,
        reword=coach.reword,
        coach=coach.name,
        seed=chat.seed,
        policy=settings.CRISIS_POLICY,
    )
    body["tagged_by"] = used
    return partial(_write, chat, body, study_row, retagged.stamp(used, tagger.version))


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

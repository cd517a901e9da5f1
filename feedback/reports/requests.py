"""Asking for a session report, and where each one stands."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from feedback.models import SessionReport
from peersupport.jobs import queue
from peersupport.practice.models import ChatEvent, PracticeChat

REPORT = "report"


@transaction.atomic
def request_report(chat: PracticeChat) -> SessionReport:
    """A pending report of the chat and the job that writes it, after all turns of the chat."""
    report, _ = SessionReport.objects.update_or_create(
        chat=chat, defaults={"status": SessionReport.Status.PENDING}
    )
    queue.enqueue(REPORT, chat.pk, ordering_key=chat.ordering_key)
    ChatEvent.append(chat, ChatEvent.Kind.REPORT)
    return report


def statuses(chats: Iterable[PracticeChat]) -> dict:
    """{chat id: status of its report}; chats without one are left out. One query."""
    return dict(SessionReport.objects.filter(chat__in=chats).values_list("chat_id", "status"))

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


@transaction.atomic
def request_again(chat: PracticeChat) -> SessionReport | None:
    """As `request_report`; None where one is being written, or the chat is gone. Asked for twice at the same
    moment it is written once: a second one would take away what readers said of the first."""
    # The chat before its report, as a worker that writes one locks them.
    if PracticeChat.objects.select_for_update().filter(pk=chat.pk).first() is None:
        return None
    report = SessionReport.objects.select_for_update().filter(chat=chat).first()
    if report is not None and report.status == SessionReport.Status.PENDING:
        return None
    return request_report(chat)


def statuses(chats: Iterable[PracticeChat]) -> dict:
    """{chat id: status of its report}; chats without one are left out. One query."""
    return dict(SessionReport.objects.filter(chat__in=chats).values_list("chat_id", "status"))

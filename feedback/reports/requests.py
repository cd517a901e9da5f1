"""Asking for a session report, and where each one stands."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from feedback.models import SessionReport
from peersupport.audit.log import record
from peersupport.jobs import queue
from peersupport.people.models import User
from peersupport.practice import chats
from peersupport.practice.models import ChatEvent, Message, PracticeChat

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
def request_again(chat: PracticeChat, *, by: User) -> SessionReport | None:
    """As `request_report`, after the turns that failed, which are tried again; None where a report is being
    written, or the chat is gone. Asked for twice at the same moment it is written once: a second one would
    take away what readers said of the first."""
    # The chat before its report, as a worker that writes one locks them.
    if PracticeChat.objects.select_for_update().filter(pk=chat.pk).first() is None:
        return None
    report = SessionReport.objects.select_for_update().filter(chat=chat).first()
    if report is not None and report.status == SessionReport.Status.PENDING:
        return None
    for message in Message.objects.filter(chat=chat, turn=Message.Turn.FAILED).order_by("index"):
        if chats.retry_turn(message):
            record(by, "retry", message)
    asked = request_report(chat)
    record(by, "retry", asked)
    return asked


def statuses(chats: Iterable[PracticeChat]) -> dict:
    """{chat id: status of its report}; chats without one are left out. One query."""
    return dict(SessionReport.objects.filter(chat__in=chats).values_list("chat_id", "status"))

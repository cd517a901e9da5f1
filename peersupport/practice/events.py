"""The event log as HTML fragments: one query serves both the stream and the polling page."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import close_old_connections
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string

from peersupport.people import access
from peersupport.people.models import User
from peersupport.practice import slots
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from peersupport.safety import crisis_checklist, help_lines, human_panel

POLL_SECONDS = 0.15
KEEPALIVE_SECONDS = 15
# A stream ends by itself and the browser comes back with the last seq it saw, so that a
# revoked role or an ended session is noticed and no connection lives for ever.
STREAM_SECONDS = 240
# Set when the web process is told to stop; streams then end, and browsers come back to the next one.
closing = threading.Event()


def decorate_messages(messages: list[Message], user: User) -> list[Message]:
    """Hang each message's tags, with their grades, on it: one call for all messages, one for all tags.

    `parts` splits the text around the stretch that shows its strongest tag.
    """
    own = [message for message in messages if message.is_counselor]
    views = slots.call(slots.MESSAGE_TAGS, own, user)
    corrections = slots.call(slots.MESSAGE_CORRECTIONS, own)
    grades = slots.call(slots.TAG_GRADES, {view.code for tags in views.values() for view in tags})
    for message in messages:
        found = views.get(message.pk, [])
        message.tag_views = [(view, grades[view.code]) for view in found]
        message.correction = corrections.get(message.pk)
        start, end = (found[0].start, found[0].end) if found else (0, 0)
        message.parts = (message.text[:start], message.text[start:end], message.text[end:])
    return messages


def panels(messages: list[Message]) -> dict:
    """What a risk cue in these messages puts beside the chat: the checklist, or the human panel."""
    risky = [message for message in messages if message.risk_level != Message.Risk.NONE]
    return {
        "crisis": any(not message.is_counselor for message in risky),
        "disclosed": any(message.is_counselor for message in risky),
        "checklist": crisis_checklist(),
        "panel": human_panel(),
        "help_lines": help_lines(settings.REGION, path=settings.HELP_LINES_FILE or None),
    }


def fragments_after(chat: PracticeChat, seq: int, request: HttpRequest) -> tuple[int, str]:
    """The newest seq and the HTML of everything that changed after `seq`; ("" when nothing did).

    A message that appears in several events is rendered once, in its present state. Elements
    carry ids, so that showing a fragment twice replaces instead of doubling.
    """
    events = list(ChatEvent.objects.filter(chat=chat, seq__gt=seq).select_related("message"))
    if not events:
        return seq, ""
    messages = {event.message_id: event.message for event in events if event.message_id}
    changed = sorted(messages.values(), key=lambda message: message.index)
    html = render_to_string(
        "practice/_events.html",
        {
            "chat": chat,
            "chat_messages": decorate_messages(changed, request.user),
            "kinds": {event.kind for event in events},
            "is_own": chat.volunteer_id == request.user.pk,
            **panels(changed),
        },
        request=request,
    )
    return events[-1].seq, html


@sync_to_async
def check_access(request: HttpRequest, chat_id) -> None:
    """Raises Http404 or PermissionDenied before a stream is opened."""
    access.chat_for_user(request.user, chat_id)


@sync_to_async
def _read(request: HttpRequest, chat_id, seq: int) -> tuple[int, str] | None:
    """Access is checked anew at every look. None: the person may not read this chat any more."""
    try:
        user = User.objects.filter(pk=request.user.pk, is_active=True).first()
        if user is None:
            return None
        request.user = user
        chat = access.chat_for_user(user, chat_id)
        if chat.last_seq <= seq:
            return seq, ""
        return fragments_after(chat, seq, request)
    except (Http404, PermissionDenied):
        return None
    finally:
        close_old_connections()


def sse_frame(seq: int, html: str) -> str:
    """One server-sent event; every line of the data carries its own field name."""
    data = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return f"id: {seq}\nevent: fragments\n{data}\n"


async def stream(request: HttpRequest, chat_id, seq: int) -> AsyncIterator[str]:
    """Server-sent events after `seq` until the time is up or access ends."""
    yield "retry: 1000\n\n"
    ends = time.monotonic() + STREAM_SECONDS
    spoke = time.monotonic()
    while time.monotonic() < ends and not closing.is_set():
        found = await _read(request, chat_id, seq)
        if found is None:
            yield "event: gone\ndata: gone\n\n"
            return
        newest, html = found
        if html:
            yield sse_frame(newest, html)
            seq, spoke = newest, time.monotonic()
        elif time.monotonic() - spoke > KEEPALIVE_SECONDS:
            yield ": still here\n\n"
            spoke = time.monotonic()
        await asyncio.sleep(POLL_SECONDS)

"""The event log as HTML fragments: one query serves both the stream and the polling page."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string

from peersupport.audit.log import record_read
from peersupport.organisation.current import carrying, current
from peersupport.people import access
from peersupport.people.models import User
from peersupport.people.sessions import give_back, session_holds
from peersupport.practice import slots, watch
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from peersupport.safety import crisis_checklist, human_panel
from peersupport.safety.conduct import concerns

logger = logging.getLogger(__name__)
KEEPALIVE_SECONDS = 15
# A stream ends by itself and the browser comes back with the last seq it saw, so that a
# revoked role or an ended session is noticed and no connection lives for ever.
STREAM_SECONDS = 240


def decorate_messages(messages: list[Message], user: User) -> list[Message]:
    """Hang each message's tags, with their grades, on it: one call for all messages, one for all tags.

    `parts` splits the text around the stretch that shows its strongest tag.
    """
    # A message that was just sent has no tags yet: most posts need none of these queries.
    said = [one for one in messages if one.is_counselor and not one.is_set_aside]
    own = [one for one in said if one.turn != Message.Turn.PENDING]
    shown = slots.call(slots.MESSAGE_TAGS, own, user) if own else {}
    codes = {view.code for one in shown.values() for view in one.tags}
    disputed = slots.call(slots.DISPUTED_TAGS, own) if codes else {}
    grades = slots.call(slots.TAG_GRADES, codes) if codes else {}
    awaited = slots.call(slots.REPLIES_AWAITED, own) if own else ()
    for message in messages:
        found = shown[message.pk].tags if message.pk in shown else []
        message.tag_views = [(view, grades[view.code]) for view in found]
        message.notice = shown[message.pk].notice if message.pk in shown else ""
        message.is_awaited = message.pk in awaited
        message.disputed = disputed.get(message.pk, ())
        message.concerns = concerns(message.text) if _is_looked_at(message) else ()
        message.correction = shown[message.pk].correction if message.pk in shown else None
        start, end = (found[0].start, found[0].end) if found else (0, 0)
        message.parts = (message.text[:start], message.text[start:end], message.text[end:])
    return messages


def _is_looked_at(message: Message) -> bool:
    """What another try copied was looked at in the first chat, and of oneself one may write anything."""
    return message.is_counselor and not message.copied and not message.is_set_aside


def panels(messages: list[Message], user: User, *, is_own: bool) -> dict:
    """What a risk cue in these messages puts beside the chat: the checklist, or the human panel, which is
    for the volunteer alone and folds once they have written on."""
    values = current(user)
    risky = [message for message in messages if message.risk_level != Message.Risk.NONE]
    own = [message.index for message in risky if message.is_counselor] if is_own else []
    return {
        "crisis": any(not message.is_counselor for message in risky),
        "disclosed": bool(own),
        "went_on": any(message.is_counselor and message.index > max(own) for message in messages)
        if own
        else False,
        "checklist": crisis_checklist(values.policy),
        "policy_text": values.policy_text,
        "panel": human_panel(),
    }


def another_try(chat: PracticeChat, messages: list[Message], user: User) -> dict:
    """What a page says above another try: the message that it answers anew, and whether it is answered among
    these messages. 2 queries at most, none of other chats."""
    return {
        "first_answer": access.first_answer_for_user(user, chat) if chat.is_try else None,
        "tried": chat.is_try and any(one.is_counselor and not one.copied for one in messages),
    }


def reading(chat: PracticeChat) -> dict[str, int] | None:
    """How many of an imported chat's messages have been looked at, and how many in vain; None of other chats.
    1 query there."""
    if not chat.is_imported:
        return None
    waiting, failed = (
        Count("pk", filter=Q(turn=turn)) for turn in (Message.Turn.PENDING, Message.Turn.FAILED)
    )
    said = chat.messages.filter(role=Message.Role.COUNSELOR)
    found = said.aggregate(total=Count("pk"), waiting=waiting, failed=failed)
    return {**found, "done": found["total"] - found["waiting"]}


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
    is_own = chat.volunteer_id == request.user.pk
    html = render_to_string(
        "practice/_events.html",
        {
            "chat": chat,
            "chat_messages": decorate_messages(changed, request.user),
            "kinds": {event.kind for event in events},
            "is_own": is_own,
            "reading": reading(chat),
            **another_try(chat, changed, request.user),
            **panels(changed, request.user, is_own=is_own),
        },
        request=request,
    )
    return events[-1].seq, html


def _readable(request: HttpRequest, chat_id) -> PracticeChat | None:
    """The chat, for whoever the session lets in now. Raises Http404, PermissionDenied, User.DoesNotExist."""
    if not session_holds(request):
        return None
    request.user = user = carrying(User.objects.all()).get(pk=request.user.pk)
    return access.chat_for_user(user, chat_id)


@sync_to_async
def _read(request: HttpRequest, chat_id, seq: int) -> tuple[int, str] | None:
    """Access is checked anew at every look. None: the person may not read this chat any more.

    And once more after something was read: what is written after a right has ended is then also read after
    that, so that the second check sees it.
    """
    try:
        chat = _readable(request, chat_id)
        if chat is None or chat.last_seq <= seq:
            return chat and (seq, "")
        found = fragments_after(chat, seq, request)
        return found if _readable(request, chat_id) else None
    except (Http404, PermissionDenied, User.DoesNotExist):
        return None
    finally:
        give_back()


@sync_to_async
def _follower(request: HttpRequest, chat_id, seq: int) -> watch.Follower:
    """Raises Http404 or PermissionDenied before a stream is opened; a reader's stream leaves one line."""
    chat = access.chat_for_user(request.user, chat_id)
    record_read(request.user, chat, owner_id=chat.volunteer_id)
    return watch.Follower(
        chat_id=chat.pk,
        people=(request.user.pk, chat.volunteer_id),
        session_key=request.session.session_key or "",
        seq=seq,
    )


def sse_frame(seq: int, html: str) -> str:
    """One server-sent event; every line of the data carries its own field name, also an empty one: browsers
    join them again to what was there. Lines end where that format ends them, and nowhere else."""
    data = "".join(f"data: {line}\n" for line in re.split(r"\r\n|\r|\n", html))
    return f"id: {seq}\nevent: fragments\n{data}\n"


async def open_stream(request: HttpRequest, chat_id, seq: int) -> AsyncIterator[str]:
    """The events after `seq`, as an iterator. Raises Http404 or PermissionDenied at once."""
    return _stream(request, await _follower(request, chat_id, seq))


async def _stream(request: HttpRequest, follower: watch.Follower) -> AsyncIterator[str]:
    """Server-sent events until the time is up, access ends or the database is away; browsers come back."""
    yield "retry: 1000\n\n"
    ends = time.monotonic() + STREAM_SECONDS
    with watch.current().follow(follower):
        while time.monotonic() < ends and not watch.closing.is_set():
            try:
                found = await _read(request, follower.chat_id, follower.seq)
            except DatabaseError as error:
                logger.warning("a stream ends: database not ready (%s)", type(error).__name__)
                return
            if found is None:
                yield "event: gone\ndata: gone\n\n"
                return
            follower.seq, html = found
            yield sse_frame(follower.seq, html) if html else ": still here\n\n"
            await follower.changed(KEEPALIVE_SECONDS)

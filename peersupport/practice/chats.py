"""What happens in a chat: start it, post a message, retry a failed turn, end it.

Each function is one short transaction that locks the chat row first, so that two requests for
the same chat run one after the other.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport import durable, seeker
from peersupport.jobs import queue
from peersupport.people.models import User
from peersupport.practice import slots
from peersupport.practice.models import ChatEvent, Message, PracticeChat, Scenario, SeekerStateRecord
from peersupport.practice.scenarios import authored_for
from peersupport.safety import assess

TURN = "turn"
TRANSCRIPT = "transcript"  # tags every waiting message of an imported chat
# Before and after are only comparable when everybody meets the same person.
BASELINE_SEED = 1


@dataclass(frozen=True)
class Posted:
    message: Message
    created: bool  # False: the same key was posted before, nothing was written


def _lock(chat: PracticeChat) -> PracticeChat:
    return PracticeChat.objects.select_for_update().get(pk=chat.pk)


def _lock_if_there(chat: PracticeChat) -> PracticeChat | None:
    return PracticeChat.objects.select_for_update().filter(pk=chat.pk).first()


def held(chat: PracticeChat) -> PracticeChat:
    """The chat, which stays until the caller's transaction ends. Raises Http404 where it is gone."""
    return get_object_or_404(PracticeChat.objects.select_for_update(), pk=chat.pk)


def clean_text(text: str) -> str:
    """The message as it is kept. Raises ValidationError with words for the volunteer."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    text = text.encode("utf-8", "replace").decode("utf-8")
    if not text:
        raise ValidationError(_("The message is empty. Write a few words and send again."))
    if len(text) > settings.MESSAGE_MAX_CHARACTERS:
        raise ValidationError(
            _("The message is %(have)d characters long. Please keep it under %(most)d.")
            % {"have": len(text), "most": settings.MESSAGE_MAX_CHARACTERS}
        )
    return text


def _write_message(chat: PracticeChat, *, role: str, text: str, key: str, turn: str, risk: str) -> Message:
    """`chat` is locked and was read under that lock: its two counters go on in one UPDATE."""
    chat.last_index += 1
    chat.last_seq += 1
    chat.save(update_fields=["last_index", "last_seq"])
    message = Message.objects.create(
        chat=chat,
        index=chat.last_index,
        role=role,
        text=text,
        idempotency_key=key,
        turn=turn,
        risk_level=risk,
    )
    ChatEvent.objects.create(chat=chat, seq=chat.last_seq, kind=ChatEvent.Kind.MESSAGE, message=message)
    return message


def write_seeker_message(
    chat: PracticeChat,
    reply: seeker.Reply,
    *,
    key: str,
    state: seeker.SeekerState,
    reasons: list[str],
    version: str,
) -> Message:
    """Append a line of the seeker. Call inside a transaction that holds the chat row."""
    level = reply.sign or assess(reply.text, role="seeker").level
    message = _write_message(
        _lock(chat),
        role=Message.Role.SEEKER,
        text=reply.text,
        key=key,
        turn=Message.Turn.NONE,
        risk=level,
    )
    SeekerStateRecord.objects.create(
        message=message,
        **{name: getattr(state, name) for name in ("openness", "distress", "trust", "resistance", "layer")},
        reasons=reasons,
        line_id=reply.line_id,
        tagger_version=version,
    )
    return message


@transaction.atomic
def start_chat(volunteer: User, scenario: Scenario) -> PracticeChat:
    """A new chat that opens with the seeker's first line."""
    seed = BASELINE_SEED if scenario.baseline else secrets.randbits(62)
    chat = PracticeChat.objects.create(volunteer=volunteer, scenario=scenario, seed=seed)
    authored = authored_for(scenario)
    opening = seeker.Reply("opening", authored.opening, 0, "opening", authored.signs.get("opening", ""))
    write_seeker_message(
        chat, opening, key="opening", state=seeker.initial_state(authored), reasons=[], version=""
    )
    return chat


@transaction.atomic
def post_message(chat: PracticeChat, *, text: str, key: str) -> Posted:
    """Keep a counselor message once per `key` and enqueue its turn.

    The safety rules run here, not in a worker: a dead worker must not silence a disclosure.
    Raises ValidationError for text that cannot be kept, for a key that came with other words before, and
    for a chat that has ended or is gone.
    """
    text = clean_text(text)
    chat = _lock_if_there(chat)
    if chat is None:
        raise ValidationError(
            _("This chat is gone. Copy your words if you want to keep them, and start a new chat.")
        )
    before = Message.objects.filter(chat=chat, idempotency_key=key).first()
    if before is not None:
        if before.text != text:  # nothing may be taken for sent that was not
            raise ValidationError(
                _("This message was already sent, with other words. Look above; send again what is new.")
            )
        transaction.on_commit(durable.flush_database)  # what kept it may have died before it waited
        return Posted(before, created=False)
    if not chat.is_open:
        raise ValidationError(_("This chat has ended. Start a new one to go on practising."))
    finding = assess(text, role="counselor")
    message = _write_message(
        chat, role=Message.Role.COUNSELOR, text=text, key=key, turn=Message.Turn.PENDING, risk=finding.level
    )
    queue.enqueue(TURN, message.pk, ordering_key=chat.ordering_key)
    transaction.on_commit(durable.flush_database)
    return Posted(message, created=True)


@transaction.atomic
def retry_turn(message: Message) -> bool:
    """Ask again for the feedback of a message whose turn failed; of an imported chat, for all that failed.
    False when it did not fail."""
    chat = PracticeChat.objects.select_for_update().filter(pk=message.chat_id).first()
    failed = Message.objects.filter(pk=message.pk, turn=Message.Turn.FAILED)
    won = chat is not None and failed.update(turn=Message.Turn.PENDING)
    if won and chat.is_imported:
        _retry_imported(message)
    elif won:
        queue.enqueue(TURN, message.pk, ordering_key=chat.ordering_key)
        ChatEvent.append(chat, ChatEvent.Kind.TURN, message)
    return bool(won)


def _retry_imported(message: Message) -> None:
    chat = _lock(message.chat)
    failed = list(Message.objects.filter(chat=chat, turn=Message.Turn.FAILED))
    Message.objects.filter(chat=chat, turn=Message.Turn.FAILED).update(turn=Message.Turn.PENDING)
    queue.enqueue(TRANSCRIPT, chat.pk, ordering_key=chat.ordering_key)
    ChatEvent.append_all(chat, ChatEvent.Kind.TURN, [message, *failed])


@transaction.atomic
def end_chat(chat: PracticeChat) -> bool:
    """End the chat and ask for its report. False when it had ended before, or is gone."""
    chat = _lock_if_there(chat)
    if chat is None or not chat.is_open:
        return False
    chat.status = PracticeChat.Status.ENDED
    chat.ended_at = timezone.now()
    chat.save(update_fields=["status", "ended_at"])
    ChatEvent.append(chat, ChatEvent.Kind.ENDED)
    slots.call(slots.CHAT_ENDED, chat)
    return True

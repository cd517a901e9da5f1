"""A person's chats for the file of their own data."""

from __future__ import annotations

from collections.abc import Iterator

from peersupport.people.models import User
from peersupport.practice.models import AfterChat, Message, PracticeChat, TranscriptDraft

STATE = ("openness", "distress", "trust", "resistance", "layer", "reasons", "line_id", "tagger_version")
AFTER = (*AfterChat.RATINGS, "asked", "ratings_shared", "stays", "goes", "answers_shared", "updated_at")


def chats(user: User) -> Iterator[dict]:
    """Each chat with its messages; the simulated seeker's state stands at the message it followed."""
    for chat in PracticeChat.objects.filter(volunteer=user).select_related("scenario").order_by("created_at"):
        yield {
            "id": chat.pk,
            "kind": chat.kind,
            "scenario": chat.scenario and chat.scenario.title,
            "scenario_version": chat.scenario and chat.scenario.version,
            "name": chat.name,
            "shared": chat.shared,
            "status": chat.status,
            "seed": chat.seed,
            "another_try_of": chat.parent_id,
            "from_message": chat.parent_message_id,
            "created_at": chat.created_at,
            "ended_at": chat.ended_at,
            "afterwards": AfterChat.objects.filter(chat=chat).values(*AFTER).first(),
            "messages": [
                _message(row) for row in chat.messages.select_related("seeker_state").order_by("index")
            ],
            "events": list(chat.events.order_by("seq").values("seq", "kind", "message_id", "created_at")),
        }


def _message(message: Message) -> dict:
    names = ("id", "index", "role", "text", "turn", "risk_level", "copied", "created_at")
    state = getattr(message, "seeker_state", None)
    row = {name: getattr(message, name) for name in names}
    return row | {"seeker_state": state and {name: getattr(state, name) for name in STATE}}


def drafts(user: User) -> Iterator[dict]:
    """Transcripts read and not yet confirmed."""
    for draft in TranscriptDraft.objects.filter(owner=user).order_by("created_at"):
        yield {"id": draft.pk, "created_at": draft.created_at, **draft.body}


def objects(user: User) -> dict[str, list[str]]:
    chats = PracticeChat.objects.filter(volunteer=user).values_list("pk", flat=True)
    messages = Message.objects.filter(chat__volunteer=user).values_list("pk", flat=True)
    return {"practicechat": [str(pk) for pk in chats], "message": [str(pk) for pk in messages]}

"""Holes in practice pages that upper packages fill, so that imports run one way only.

An upper package registers a callable in `AppConfig.ready`; a page calls it once with all its
objects (every message of a chat at once), never once per message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_slots: dict[str, Callable[..., Any]] = {}

# message_tags(messages, user) -> {message id: its `tags`, strongest first, and the `correction` by trainers}
MESSAGE_TAGS = "message_tags"
# disputed_tags(messages) -> {message id: codes of tags that the volunteer disputes}
DISPUTED_TAGS = "disputed_tags"
# tag_grades(codes) -> {code: grade of the evidence behind it}
TAG_GRADES = "tag_grades"
# replies_awaited(messages) -> ids of those that were read and that the seeker is about to answer
REPLIES_AWAITED = "replies_awaited"
# seeker_worded() -> whether a language model rewords the seeker's lines now
SEEKER_WORDED = "seeker_worded"
# chat_ended(chat) -> None, called in the transaction that ends the chat
CHAT_ENDED = "chat_ended"
# chat_reports(chats) -> {chat id: status of its report}
CHAT_REPORTS = "chat_reports"
# chats_retagged(chats) -> ids of chats that another version tagged after their report was written
CHATS_RETAGGED = "chats_retagged"
# chats_kept(chats) -> ids of chats that their volunteer may not delete, since something stands on them
CHATS_KEPT = "chats_kept"
# chats_signed_off(chats) -> how many of the queryset are mock chats that are signed off
CHATS_SIGNED_OFF = "chats_signed_off"
# chats_waiting(chats) -> those of the queryset that ended lately and that no trainer has said a word on
CHATS_WAITING = "chats_waiting"
# practice_goals(user) -> what the volunteer has chosen to practise
PRACTICE_GOALS = "practice_goals"
# chat_notes(chat) -> what trainers wrote about the chat, oldest first
CHAT_NOTES = "chat_notes"
# inbox_unread(user) -> how many entries of the person's inbox are new; asked for by every whole page
INBOX_UNREAD = "inbox_unread"


def register(name: str, function: Callable[..., Any]) -> None:
    if _slots.setdefault(name, function) is not function:
        raise ValueError(f"slot {name!r} is filled twice")


def call(name: str, *args, **kwargs):
    """What the slot's callable returns. Raises KeyError when nothing fills the slot."""
    return _slots[name](*args, **kwargs)


# Content an upper package ships and keeps as rows: name -> callable returning how many were new.
_shipped: dict[str, Callable[[], int]] = {}


def register_shipped(name: str, sync: Callable[[], int]) -> None:
    _shipped[name] = sync


def sync_shipped() -> list[tuple[str, int]]:
    return [(name, sync()) for name, sync in sorted(_shipped.items())]

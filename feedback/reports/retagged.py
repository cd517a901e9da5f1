"""Whether a chat was tagged by another version after its report was written, and what that changed.

A report keeps the version that tagged each message it was written from (`tagged_by` of its body); the tags
that hold now may have come from another. One made before that was kept names one version for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from feedback.models import SessionReport
from peersupport.practice.models import PracticeChat
from skills import tags
from skills.models import Tagging

MIXED = "several"  # `tagger_version` of a report whose messages several versions tagged


@dataclass(frozen=True)
class Retagged:
    """`messages` carry tags of another version than the report's; `changed` of them other techniques."""

    before: list[str]
    now: list[str]
    messages: int
    changed: int


def tagged_by(chat: PracticeChat) -> dict[str, list[int]]:
    """{version: indexes of the messages whose tags it gave}. 1 query."""
    holding = Tagging.objects.filter(message__chat=chat, current=True).order_by("version", "message__index")
    found: dict[str, list[int]] = {}
    for version, index in holding.values_list("version", "message__index"):
        found.setdefault(version, []).append(index)
    return found


def stamp(used: dict[str, list[int]], serving: str) -> str:
    """What a report names as its tagger."""
    return next(iter(used), serving) if len(used) < 2 else MIXED


def since(report: SessionReport) -> Retagged | None:
    """None where the tags are still those that the report was written from. 1 query, 3 otherwise."""
    holding = Tagging.objects.filter(message__chat=report.chat_id, current=True)
    used = _used(report.body.get("tagged_by"))
    moved = {}
    for pk, index, version in holding.values_list("message_id", "message__index", "version"):
        before = report.tagger_version if used is None else used.get(index, "")
        if before and before != version:
            moved[pk] = (before, version)
    if not moved:
        return None
    found = tags.present_by_version(moved)
    return Retagged(
        before=sorted({before for before, _ in moved.values()}),
        now=sorted({now for _, now in moved.values()}),
        messages=len(moved),
        changed=sum(found[pk, before] != found[pk, now] for pk, (before, now) in moved.items()),
    )


def chats_retagged(chats: Iterable[PracticeChat]) -> set:
    """Ids of the chats for whose reports `since` would say something. 1 query, 2 where there are any."""
    rows = (
        Tagging.objects.filter(message__chat__in=chats, current=True)
        .exclude(message__chat__report__tagger_version="")
        .exclude(message__chat__report__status=SessionReport.Status.PENDING)
        .exclude(version=F("message__chat__report__tagger_version"))
        .filter(message__chat__report__isnull=False)
        .values_list("message__chat_id", "message__index", "version")
    )
    others: dict[Any, dict[int, str]] = {}
    for chat_id, index, version in rows:
        others.setdefault(chat_id, {})[index] = version
    if not others:
        return set()
    reports = SessionReport.objects.filter(chat__in=others)
    found = set()
    for chat_id, kept in reports.values_list("chat_id", "body__tagged_by"):
        used = _used(kept)
        if used is None or any(used.get(i, version) != version for i, version in others[chat_id].items()):
            found.add(chat_id)
    return found


def _used(kept: dict[str, list[int]] | None) -> dict[int, str] | None:
    if kept is None:
        return None
    return {index: version for version, indexes in kept.items() for index in indexes}

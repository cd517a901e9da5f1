"""Whether a chat's tags changed after its report was written: by another version of the tagger, or since a
trainer corrected them, and what that changed.

A report keeps the version that tagged each message it was written from (`tagged_by` of its body) and the
techniques it found there; the tags that hold now may be others. One made before versions were kept names one
for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from feedback.coach.turns import Turn
from feedback.models import SessionReport
from feedback.reports.counted import own_counselling
from feedback.reports.ratios import ratios
from peersupport.practice.models import PracticeChat
from skills import tags
from skills.models import Tagging
from skills.present import present_rows
from skills.tagger.types import TagResult

MIXED = "several"  # `tagger_version` of a report whose messages several versions tagged


@dataclass(frozen=True)
class Changes:
    """`messages` carry tags of another version than the report's; `changed` of them other techniques.
    `corrections`: techniques that a trainer put to a message since, or took away."""

    before: list[str]
    now: list[str]
    messages: int
    changed: int
    corrections: int


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


def since(report: SessionReport) -> Changes | None:
    """None where the tags are still those that the report was written from. 4 queries, 1 without tags.

    What a trainer did is found by comparing techniques, not times: so it counts where it was done while the
    report was being written, or undone after it, and not where it was there before and only kept."""
    holding = Tagging.objects.filter(message__chat=report.chat_id, current=True)
    used = _used(report.body.get("tagged_by"))
    told = _told(report.body)
    versions, indexes = {}, {}
    for pk, index, version in holding.values_list("message_id", "message__index", "version"):
        if before := report.tagger_version if used is None else used.get(index, ""):
            versions[pk], indexes[pk] = (before, version), index
    moved = {pk: pair for pk, pair in versions.items() if pair[0] != pair[1]}
    found = tags.present_by_version(versions) if versions else {}
    corrections = sum(
        len(told[indexes[pk]] ^ found[pk, before])
        for pk, (before, _) in versions.items()
        if indexes[pk] in told and (pk, before) in found
    )
    if not moved and not corrections:
        return None
    return Changes(
        before=sorted({before for before, _ in moved.values()}),
        now=sorted({now for _, now in moved.values()}),
        messages=len(moved),
        changed=sum(found[pk, before] != found[pk, now] for pk, (before, now) in moved.items()),
        corrections=corrections,
    )


def _told(body: dict[str, Any]) -> dict[int, frozenset[str]]:
    """{index of a message: techniques that the report found in it}."""
    return {
        entry["index"]: frozenset(tag["code"] for tag in entry["tags"])
        for entry in body.get("messages", ())
        if entry["tagged"]
    }


def ratios_now(chat: PracticeChat) -> dict[str, Any]:
    """As a report's `ratios`, of the tags that hold now. 3 queries."""
    said = present_rows(own_counselling().filter(chat=chat), "index")
    return ratios([Turn(index, "counselor", "", TagResult({}, [*codes], {}, {})) for codes, (index,) in said])


def chats_retagged(chats: Iterable[PracticeChat]) -> set:
    """Ids of the chats for whose reports `since` would name a version. 1 query, 2 where there are any."""
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

"""What a page shows of trainers' corrections beside the tags: what was taken away, and the notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from peersupport.people.models import User
from peersupport.practice.models import Message
from skills.models import Correction
from skills.tagger.clean import looks_english
from skills.tags import TagView, latest_corrections, tag_views
from skills.taxonomy import TECHNIQUES


@dataclass
class CorrectionView:
    """Names of techniques taken away, and each note once, oldest first."""

    removed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def correction_views(latest: dict) -> dict:
    """{message id: CorrectionView} of the corrections that hold, as `latest_corrections` gives them."""
    views = {}
    for message_id, by_code in latest.items():
        view = views[message_id] = CorrectionView()
        for correction in sorted(by_code.values(), key=lambda row: row.pk):
            if correction.action == Correction.Action.REMOVE:
                view.removed.append(TECHNIQUES[correction.code].name)
            if correction.note and correction.note not in view.notes:
                view.notes.append(correction.note)
    return views


@dataclass(frozen=True)
class MessageTags:
    """What a page shows of one message: its tags that hold, and what trainers took away or wrote."""

    tags: list[TagView]
    correction: CorrectionView | None
    notice: str = ""  # "not_english" of a message without tags that is in another language


def message_tags(messages: list[Message], user: User | None = None) -> dict[Any, MessageTags]:
    """By message id. 2 queries."""
    latest = latest_corrections(messages)
    corrected = correction_views(latest)
    views = tag_views(messages, user, corrections=latest)
    foreign = {one.pk for one in messages if not views[one.pk] and not looks_english(one.text)}
    return {
        pk: MessageTags(tags, corrected.get(pk), "not_english" if pk in foreign else "")
        for pk, tags in views.items()
    }

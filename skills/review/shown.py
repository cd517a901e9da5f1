"""What a page shows of trainers' corrections beside the tags: what was taken away, and the notes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from peersupport.practice.models import Message
from skills.models import Correction
from skills.taxonomy import TECHNIQUES


@dataclass
class CorrectionView:
    """Names of techniques taken away, and each note once, oldest first."""

    removed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def correction_views(messages: list[Message]) -> dict:
    """{message id: CorrectionView} of the corrections that hold. 1 query."""
    latest: dict = defaultdict(dict)
    for correction in Correction.objects.filter(message__in=messages).order_by("id"):
        latest[correction.message_id][correction.code] = correction
    views = {}
    for message_id, by_code in latest.items():
        view = views[message_id] = CorrectionView()
        for correction in sorted(by_code.values(), key=lambda row: row.pk):
            if correction.action == Correction.Action.REMOVE:
                view.removed.append(TECHNIQUES[correction.code].name)
            if correction.note and correction.note not in view.notes:
                view.notes.append(correction.note)
    return views

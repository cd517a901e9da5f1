"""Reading what the tagger said, and what holds after trainers' corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from peersupport.people.models import User
from peersupport.practice.models import Message
from skills import packing
from skills.models import Correction, SkillTag, Tagging
from skills.tagger.card import measured_codes, read_card
from skills.tagger.types import is_doubtful
from skills.taxonomy import EMPATHY, TECHNIQUES


@dataclass(frozen=True)
class TagView:
    """One technique on one message as a page shows it."""

    code: str
    name: str
    probability: float | None  # None: a trainer added it, the tagger did not find it
    start: int
    end: int
    by_trainer: bool
    low_reliability: bool
    unsure: bool = False


def low_reliability_codes() -> frozenset[str]:
    """Codes that the card marks as unreliable (F1 < .60 or n < 30, measured); without a card, all."""
    codes = measured_codes()
    return frozenset(code for code in TECHNIQUES if codes.get(code, {}).get("low_reliability", True))


def doubt() -> Callable[[str, str, float], bool]:
    """unsure(version, code, probability): whether the serving tagger would rather not say. Of tags by
    another version, whose thresholds are not at hand, it says nothing."""
    try:
        card = read_card()
    except (OSError, ValueError):
        return lambda version, code, probability: False
    codes, margin = card["codes"], card.get("margin", 0.0)

    def unsure(version: str, code: str, probability: float) -> bool:
        return version == card["version"] and is_doubtful(probability, codes[code]["threshold"], margin)

    return unsure


def tagged_by(message_ids: Iterable[str]) -> dict[str, str]:
    """{message id: the version whose tags hold for it}, for the page of what is running."""
    rows = Tagging.objects.filter(message_id__in=message_ids, current=True)
    return {str(pk): version for pk, version in rows.values_list("message_id", "version")}


def latest_corrections(messages: Iterable) -> dict:
    """{message id: {code: the correction that holds}}; a code that was moved is there as one added is."""
    latest: dict = defaultdict(dict)
    for correction in Correction.objects.filter(message__in=messages).order_by("id"):
        latest[correction.message_id][correction.code] = correction
    return latest


def _removed(correction: Correction | None) -> bool:
    return correction is not None and correction.action == Correction.Action.REMOVE


def _place(correction: Correction | None, start: int, end: int) -> tuple[int, int]:
    """Where a trainer saw it, else (start, end)."""
    if correction is None or correction.start is None or correction.end is None:
        return start, end
    return correction.start, correction.end


def tag_views(messages: list[Message], user: User | None = None, *, corrections: dict | None = None) -> dict:
    """{message id: tags that hold now, strongest first, trainers' additions last}. 2 queries, 1 where
    `corrections`, as `latest_corrections` gives them, are known."""
    low, unsure = low_reliability_codes(), doubt()
    if corrections is None:
        corrections = latest_corrections(messages)
    holding = SkillTag.objects.filter(tagging__message__in=messages, tagging__current=True)
    found: dict = {}
    for tag in holding.select_related("tagging").order_by("-probability"):
        found.setdefault(tag.tagging.message_id, (tag.tagging.version, []))[1].append(tag)
    lengths = {message.pk: len(message.text) for message in messages}
    views = {}
    for message_id, length in lengths.items():
        said = corrections.get(message_id, {})
        version, tags_found = found.get(message_id, ("", []))
        kept = [
            TagView(
                tag.code,
                TECHNIQUES[tag.code].name,
                tag.probability,
                *_place(said.get(tag.code), tag.start, tag.end),
                by_trainer=tag.code in said,
                low_reliability=tag.code in low,
                unsure=tag.code not in said and unsure(version, tag.code, tag.probability),
            )
            for tag in tags_found
            if not _removed(said.get(tag.code))
        ]
        present = {view.code for view in kept}
        added = [code for code, row in said.items() if not _removed(row) and code not in present]
        kept += [
            TagView(
                code,
                TECHNIQUES[code].name,
                None,
                *_place(said[code], 0, length),
                by_trainer=True,
                low_reliability=False,
            )
            for code in added
        ]
        views[message_id] = kept
    return views


def present_by_version(message_ids: Iterable) -> dict:
    """{(message id, version): codes present in that version's tagging, as trainers corrected them}; empty
    where there is no such tagging. 2 queries."""
    ids = list(message_ids)
    found: dict = defaultdict(set)
    rows = SkillTag.objects.filter(tagging__message__in=ids).order_by()
    for pk, version, code in rows.values_list("tagging__message_id", "tagging__version", "code"):
        found[pk, version].add(code)
    said = latest_corrections(ids)

    def corrected(pk, codes: set[str]) -> frozenset[str]:
        added = {code for code, row in said[pk].items() if not _removed(row)}
        return frozenset((codes - said[pk].keys()) | added)

    versions = Tagging.objects.filter(message__in=ids).values_list("message_id", "version")
    return defaultdict(
        frozenset, {(pk, version): corrected(pk, found[pk, version]) for pk, version in versions}
    )


def tag_results(messages: list[Message]) -> dict:
    """{message id: TagResult that holds now}; messages without a tagging are left out.

    A technique that a trainer added is present with the probability the tagger gave it, over the
    whole message; one that a trainer removed is not present.
    """
    from skills.tagger import TagResult

    views = tag_views(messages)
    results = {}
    for tagging in Tagging.objects.filter(message__in=messages, current=True):
        kept = views[tagging.message_id]
        results[tagging.message_id] = TagResult(
            probabilities=packing.unpack(tagging.probabilities),
            present=[view.code for view in kept],
            empathy={head: getattr(tagging, head) for head in EMPATHY},
            spans={view.code: (view.start, view.end) for view in kept},
            notice=tagging.notice,
            unsure=[view.code for view in kept if view.unsure],
        )
    return results

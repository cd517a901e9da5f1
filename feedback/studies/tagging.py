"""A study and its tagger: F1 from the tagger's card for codes of which study.toml says nothing, and
techniques counted in messages by the tagger that serves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import rolled
from skills.tagger.card import OWN_LINES, WEIGHTS, card_or_nothing, read_card
from skills.tagger.clean import clean, has_words, looks_english
from skills.tagger.types import TagInput, Tags
from skills.taxonomy import EMPATHY


def with_card(spec: Spec) -> Spec:
    """The specification with what the card says, where it names the tagger that serves or the one shipped.
    What is written goes before the card."""
    found = _figures(spec.tagger_version) if spec.tagger_version else {}
    more = {code: f1 for code, f1 in found.items() if code not in spec.tagger_f1}
    return replace(spec, tagger_f1={**spec.tagger_f1, **more}, from_card=tuple(sorted(more)))


def tagged_by(spec: Spec, tagger) -> Spec:
    """The specification of a study whose messages this tagger reads. Raises StudyError where it names another
    one."""
    if spec.tagger_version not in ("", tagger.version):
        raise StudyError(
            f"study.toml names the tagger {spec.tagger_version}, and {tagger.version} would read the "
            "messages. Leave version out, or let the weights that it names serve."
        )
    return replace(spec, tagger_version=tagger.version)


def counts(result: Tags) -> Counter[str]:
    """What a message counts for: each technique of the study that is present once, and the levels of the
    empathy scales."""
    found = Counter(code for code in result.present if rolled(code))
    found.update({head: level for head, level in result.empathy.items() if level})
    return found


def tag_with(tagger):
    """The tagger as `evidence.study.messages.count` calls it."""

    def tag(messages: list[tuple[str, str]]) -> list[Mapping[str, int] | None]:
        results = tagger.tag([TagInput(*message) for message in messages])
        return [None if result.notice == "not_english" else counts(result) for result in results]

    return tag


def look_at(messages: list[tuple[str, str]]) -> list[Mapping[str, int] | None]:
    """Stands for a tagger where messages are only looked at: which of them it could read."""
    texts = [clean(text)[0] for text, _ in messages]
    return [{} if looks_english(text) or not has_words(text) else None for text in texts]


def measured(card: dict[str, Any]) -> dict[str, float]:
    """F1 by code and empathy head (over its three levels). Without codes that were measured on the
    maintainers' own lines alone: these are easier than chat, and say little about it."""
    codes = {
        code: row["f1"]
        for code, row in card.get("codes", {}).items()
        if row.get("f1") is not None and row.get("source") != OWN_LINES
    }
    rows = {row["task"]: row["macro_f1"] for row in card.get("empathy", [])}
    heads = {head: rows.get(f"EPITOME {head.replace('_', ' ')}, 3 levels") for head in EMPATHY}
    return codes | {head: f1 for head, f1 in heads.items() if f1 is not None}


def _figures(version: str) -> dict[str, float]:
    for card in (card_or_nothing(), _shipped()):
        if card.get("version") == version:
            return measured(card)
    return {}


def _shipped() -> dict[str, Any]:
    try:
        return read_card(WEIGHTS)
    except (OSError, ValueError):
        return {}

"""Whether a reply would be shown: the product's own closed loop, asked about one text alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.coach.alternatives import Retag, Wanted, choose, refusals
from feedback.coach.turns import Tags
from feedback.evidence.grades import grade
from feedback.evidence.study_types import Study
from skills.tagger import TagInput
from skills.taxonomy import CODES


@dataclass(frozen=True)
class Verdict:
    """`why` holds the reasons of a refusal, empty for an accepted text."""

    accepted: bool
    why: tuple[str, ...] = ()


def avoided(study: Study) -> frozenset[str]:
    """The codes that no suggestion may carry."""
    return frozenset(code for code in CODES if grade(code, study).key in ("discouraged", "linked_to_worse"))


def verdict(text: str, wanted: Wanted, retag: Retag, avoid: frozenset[str]) -> Verdict:
    """What the loop says of `text` as its only candidate, so at the first try."""
    seen: list[Tags] = []

    def noting(inputs: list[TagInput]) -> Sequence[Tags]:
        seen.extend(retag(inputs))
        return seen

    found = choose(wanted, authored=(), reworded=(text,), retag=noting, avoid=avoid)
    if found is not None and found.checks.confirmed:
        return Verdict(True)
    why = refusals(text, wanted, by_model=True)
    why = why or [f"carries_{code}" for tags in seen for code in tags.present if code in avoid]
    return Verdict(False, tuple(why) or ("technique_not_found",))

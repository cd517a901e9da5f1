"""What goes into the tagger and what comes out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from skills.taxonomy import CODES, EMPATHY


@dataclass(frozen=True, slots=True)
class TagInput:
    """A helper's message; `previous` is the seeker message right before it, empty if there is none."""

    text: str
    previous: str = ""


@dataclass(frozen=True, slots=True)
class TagResult:
    """Calibrated probabilities of all codes, the present ones, empathy levels and where each code is said.

    `spans`: character offsets (start, stop) into the given text of each present code's best sentence.
    `unsure`: present codes that are so near their threshold, or below it, that the tagger would rather not
    say. `by_family`: those below it, which are present for their family's sake (`deciding`).
    `notice`: "" | "empty" | "not_english" | "truncated".
    """

    probabilities: dict[str, float]
    present: list[str]
    empathy: dict[str, int]
    spans: dict[str, tuple[int, int]]
    notice: str = ""
    unsure: list[str] = field(default_factory=list)
    by_family: list[str] = field(default_factory=list)


class Tags(Protocol):
    """What a tagger of anybody's says about one message."""

    probabilities: Mapping[str, float]
    present: Sequence[str]
    empathy: Mapping[str, int]
    spans: Mapping[str, tuple[int, int]]
    notice: str
    unsure: Sequence[str]


def fit(tags: Tags, text: str) -> TagResult:
    """What may be kept and shown of a result: known codes once each, chances in [0, 1] (0 where a chance is
    missing or no number), levels 0 to 2, and spans that hold some of the text."""
    spans = {code: span for code, span in tags.spans.items() if 0 <= span[0] < span[1] <= len(text)}
    return TagResult(
        probabilities={code: _chance(tags.probabilities.get(code, 0.0)) for code in CODES},
        present=[code for code in dict.fromkeys(tags.present) if code in CODES],
        empathy={head: min(2, max(0, int(tags.empathy.get(head, 0)))) for head in EMPATHY},
        spans={code: spans[code] for code in tags.present if code in spans and code in CODES},
        notice=tags.notice,
        unsure=[code for code in dict.fromkeys(tags.unsure) if code in tags.present and code in CODES],
    )


def _chance(value: float) -> float:
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, float(value)))


def is_doubtful(chance: float, threshold: float, margin: float) -> bool:
    """Whether the probability of a code that was found is over its threshold by less than `margin`, counted
    in logits, or below it."""
    return _logit(chance) - _logit(threshold) < margin


def doubtful_below(threshold: float, margin: float) -> float:
    """The chance up to which a tag is in doubt: `is_doubtful` the other way round."""
    return 1 / (1 + math.exp(-(_logit(threshold) + margin)))


def _logit(chance: float) -> float:
    kept = min(max(chance, 1e-9), 1 - 1e-9)
    return math.log(kept / (1 - kept))

"""The learned cue model: does a stretch of a message sound like a cue, whatever its exact words?

A log-linear model over the features of `cue_features.py`, trained offline on own lines
(`manage.py train_cues`), scored here in pure Python, so that it runs in the request beside the rules. It is
one more pair of eyes and no judge: what it raises is worded and handled like what the rules raise, and
"none" never means "safe".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from peersupport.safety.cue_features import (
    Lexicon,
    Stretch,
    Topic,
    features,
    harmless,
    lexicon_of,
    stretches,
    topics_in,
    word_classes,
)
from peersupport.safety.normalise import Normal
from peersupport.safety.rules import load_rules

WEIGHTS_FILE = Path(__file__).with_name("cue_weights.json")
RULE = "cue_model"
COUNSELOR_EXTRA = 1.0  # a volunteer's message must be this much clearer: most of them speak of the seeker

# Named by a counselor, these are a subject like others, unless they say that it is their own.
_NAMED = re.compile(r"\bsuicid|\bself ?(?:harm|injur)")
# What a counselor says about somebody else, or as a helper, is no disclosure.
_HELPER = re.compile(
    r"\?|\b(?:i (?:\w+ )?(?:hear|wonder|imagine|understand|notice|appreciate|see how|hope you|guess|mean|"
    r"ask|want to (?:make sure|ask|check|understand|thank|help|stay|be honest)|would like to)|im (?:\w+ )?"
    r"(?:sorry|glad|here (?:for|to|with)|wondering|hearing|listening|grateful|worried about|curious)|thank|"
    r"sounds?|seems?|let me|lets|tell me (?:\w+ ){0,3}about|we|us|clients?|callers?|people|some(?:one|body)|"
    r"said|says|told|wrote|trained|volunteer\w*|feel free|some help)\b"
)


@dataclass(frozen=True)
class Cue:
    """`score` is log-odds; [start, end) are offsets in the message as it was written."""

    score: float
    level: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Weights:
    version: str
    bias: float
    threshold: float
    of: dict[str, float]


@cache
def load_weights(path: Path = WEIGHTS_FILE) -> Weights:
    """Log-odds by feature name; read once per process."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Weights(raw["version"], raw["bias"], raw["threshold"], raw["weights"])


def best_cue(message: Normal, *, role: str) -> Cue | None:
    """The clearest cue of a message, or None below the threshold. About half a millisecond."""
    weights = load_weights()
    threshold = weights.threshold + (COUNSELOR_EXTRA if role == "counselor" else 0.0)
    plain = harmless().sub(lambda found: " " * len(found[0]), message.text)
    lexicon = lexicon_of(plain)
    best: tuple[float, Stretch] | None = None
    for stretch in stretches(plain):
        if role == "counselor" and not _own_words(stretch):
            continue
        score = weights.bias + sum(weights.of.get(name, 0.0) for name in features(stretch, lexicon))
        if score > threshold and (best is None or score > best[0]):
            best = (score, stretch)
    if best is None:
        return None
    score, stretch = best
    kind, level = _kind_and_level(stretch, lexicon, weights)
    start, end = message.span(stretch.start, stretch.end)
    return Cue(score, level, kind, start, end)


def _own_words(stretch: Stretch) -> bool:
    names = {word_classes().get(word) for word in stretch.words}
    if "ME" not in names or "YOU" in names or _HELPER.search(stretch.text):
        return False
    return not _NAMED.search(stretch.text) or bool(load_rules().guards.own_state.search(stretch.text))


def _kind_and_level(stretch: Stretch, lexicon: Lexicon, weights: Weights) -> tuple[str, str]:
    """By the topics that weigh most. Somebody else's risk and what is over count as passive."""
    present = [topic for topic, _ in topics_in(stretch.text, lexicon)]
    by_kind: dict[str, float] = {}
    for topic in present:
        by_kind[topic.kind] = by_kind.get(topic.kind, 0.0) + _weight(topic, weights)
    names = [word_classes().get(word) for word in stretch.words]
    people = [name for name in names if name in ("ME", "KIN", "THEY")]
    if people and "other_at_risk" in by_kind and (people[0] != "ME" or people.count("ME") == 1):
        return "other_at_risk", "passive"
    by_kind.pop("other_at_risk", None)
    kind = max(by_kind, key=by_kind.__getitem__) if by_kind else "suicide"
    levels = {"explicit": 0.0, "passive": 0.0}
    for topic in present:
        if topic.kind == kind:
            levels[topic.level] += _weight(topic, weights)
    level = "explicit" if levels["explicit"] >= levels["passive"] and by_kind else "passive"
    over = "BACK" in names and "NOW" not in names and "TRY" not in names
    return kind, "passive" if over else level


def _weight(topic: Topic, weights: Weights) -> float:
    return max(0.05, weights.of.get(f"!{topic.name}", 0.0))

"""Contrast pairs in coach-mini's own language: one message of the grammar, answered with two techniques.

The handwritten pairs of the banks are replies that so small a model finds unlikely whatever is done to its
states; these are replies that it writes itself. Half of each technique's frames make the pairs to fit, the
other half, with messages of topics, shapes and feelings that no training message has, the held-out ones.
"""

from __future__ import annotations

import random
from functools import cache

from feedback.coach.corpus import library
from feedback.coach.corpus.pairs import contrast
from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.pairs import INFINITE, Behaviour, Pair, Reference

FIT, HELD_OUT, REFERENCES = 240, 120, 60  # a third of the held-out ones chooses the layers
NEUTRAL = "support"  # what every reply is asked as, and what helpfulness is read from
# Behaviour -> (what its replies do, what the others do): techniques that the model was taught.
AGAINST = {
    "autonomy": ("emphasize_autonomy", "reflection_simple"),
    "reflection": ("reflection_simple", "seek_collaboration"),
    "warmth": ("affirm", "open_question"),
    "openness": ("open_question", "reflection_complex"),
}
# What a name does not say in this language, where it says something else of other models.
NOT_MEANT = {"openness": " (both said by a counselor, none by a seeker who opens up)"}
LOWEST = {"warmth": 0.0}  # never coach less warmth


@cache
def own_behaviour(name: str, seed: int = 7) -> Behaviour:
    """One of AGAINST with pairs of the grammar. Raises SteeringError for any other name."""
    if name not in AGAINST:
        raise SteeringError(f"no pairs of the grammar for {name!r}: there are {', '.join(AGAINST)}")
    positive, negative = AGAINST[name]
    return Behaviour(
        name=name,
        about=f"{positive} against {negative}{NOT_MEANT.get(name, '')}, in coach-mini's own language",
        instruction=positive,
        scored_by="pairs",
        fit=tuple(_pairs(positive, negative, f"{seed}:{name}:fit", FIT, heldout=False)),
        held_out=tuple(_pairs(positive, negative, f"{seed}:{name}:held", HELD_OUT, heldout=True)),
        references=tuple(
            Reference(pair.prompt, pair.positive)
            for pair in _pairs(NEUTRAL, "affirm", f"{seed}:references", REFERENCES, heldout=True)
        ),
        lowest=LOWEST.get(name, -INFINITE),
    ).check()


def _pairs(positive: str, negative: str, seed: str, count: int, *, heldout: bool) -> list[Pair]:
    rng = random.Random(seed)
    frames = [library.replies(technique)[int(heldout) :: 2] for technique in (positive, negative)]
    found: dict[Pair, None] = {}
    while len(found) < count:
        made = contrast(rng.choice(frames[0]), rng.choice(frames[1]), rng, heldout=heldout)
        if made is not None:
            found[Pair(*made)] = None
    return list(found)

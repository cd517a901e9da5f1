"""More varied training messages out of our own examples: two said in one message, and typing without marks.

Our examples mostly show one code at a time, but volunteers say two things in a message, and many leave out
commas and full stops. Only our own examples are joined: of them alone it is known which codes are absent.
"""

from __future__ import annotations

import re
from itertools import islice

import numpy as np

from skills.corpora import own
from skills.corpora.example import Example

NAME = "joined"
# Whether these apply depends on the message before, so a joined message keeps the one of theirs.
_ANSWERS = frozenset(
    {
        "reflection_simple",
        "reflection_complex",
        "grounding",
        "confront",
        "persuade_with_permission",
        "advise_without_permission",
    }
)
_ONLY_FIRST = frozenset({"introduction_greeting", "grounding"})
_ONLY_LAST = frozenset({"conclusion"})
# `other` says that no code applies; small talk beside anything else is no longer clearly small talk.
_NEVER = frozenset({"other", "chit_chat"})
# Advice is with or without permission, not both.
_ADVICE = frozenset({"persuade_with_permission", "advise_without_permission", "direct"})
_MARKS = re.compile(r"[.,;:!'’]+(?!\d)")


def joined(examples: list[Example], *, most: int, seed: int) -> list[Example]:
    """Examples of two of our own training messages said in one go; same seed, same examples.

    At most `most`, and at most five for each message there is.
    """
    parts = [e for e in examples if e.corpus == own.NAME and e.split == "train" and not _codes(e) & _NEVER]
    random = np.random.default_rng(seed)
    if len(parts) < 2:
        return []
    most = min(most, 5 * len(parts))
    drawn = (random.choice(len(parts), 2, replace=False) for _ in range(3 * most))
    pairs = ((parts[first], parts[last]) for first, last in drawn)
    return [_join(*pair) for pair in islice((pair for pair in pairs if _fit(*pair)), most)]


def without_marks(text: str) -> str:
    """The text as somebody in a hurry types it: no punctuation but question marks."""
    return " ".join(_MARKS.sub("", text).split()) or text


def _codes(example: Example) -> frozenset[str]:
    return frozenset().union(*example.positive)


def _answers(example: Example) -> bool:
    return bool(example.previous and _codes(example) & _ANSWERS)


def _fit(first: Example, last: Example) -> bool:
    if _codes(first) & _ONLY_LAST or _codes(last) & _ONLY_FIRST or (_answers(first) and _answers(last)):
        return False
    return len((_codes(first) | _codes(last)) & _ADVICE) < 2


def _join(first: Example, last: Example) -> Example:
    codes = _codes(first) | _codes(last)
    previous = last.previous if _answers(last) else first.previous or last.previous
    text = f"{first.text} {last.text}"
    return Example(
        corpus=NAME,
        group=text,
        text=text,
        previous=previous,
        positive=tuple(frozenset({code}) for code in sorted(codes)),
        negative=first.negative & last.negative,
        empathy={k: max(v, last.empathy[k]) for k, v in first.empathy.items() if k in last.empathy},
        weight=own.WEIGHT,
        fixed_split="train",
    )

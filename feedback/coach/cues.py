"""What a seeker's message gives the counselor to pick up: a feeling, an effort, a request for advice.

Plain word lists: they choose which moments are worth a point and never set a tag or a grade.
"""

from __future__ import annotations

import re

STRONG_FEELINGS = (
    "hopeless", "worthless", "devastated", "heartbroken", "terrified", "desperate", "feel broken", "crushed",
    "unbearable", "numb", "panic", "panicking", "ashamed", "humiliated", "falling apart", "fall apart",
    "can't cope", "cant cope", "can't take", "cant take", "breaking point", "hate myself", "crying", "cried",
    "miserable", "betrayed", "trapped", "drowning", "empty inside", "can't stop thinking", "so alone",
)  # fmt: skip
FEELINGS = (
    "sad", "angry", "afraid", "scared", "anxious", "worried", "nervous", "lonely", "alone", "upset", "hurt",
    "hurts", "tired", "exhausted", "drained", "stressed", "overwhelmed", "frustrated", "disappointed",
    "guilty", "stuck", "confused", "empty", "depressed", "jealous", "rejected", "ignored",
    "unwanted", "left out", "invisible", "burnt out", "burned out", "struggling", "miss him", "miss her",
    "miss them", "miss my", "grief", "grieving", "fed up", "useless", "failure", "burden", "hard for me",
    "so hard", "awful", "terrible", "horrible", "restless", "on edge", "dread", "dreading", "resent",
    "embarrassed", "insecure", "feel lost", "feeling lost", "so lost", "feel down", "feeling down", "so down",
)  # fmt: skip

_STRONG = re.compile(r"\b(?:" + "|".join(map(re.escape, STRONG_FEELINGS)) + r")\b", re.IGNORECASE)
_MILD = re.compile(
    r"(?<!\bnot )(?<!n't )\b(?:" + "|".join(map(re.escape, FEELINGS)) + r")\b(?! load)", re.IGNORECASE
)
_EFFORT = re.compile(
    r"\bI(?:'ve| have)?(?: finally| actually| even| still| also)? "
    r"(?:tried|managed|been trying|started|reached out|signed up|applied|told (?:him|her|them|my)|"
    r"talked to|opened up|went to|called|asked for help|kept going|got up|made it|wrote)\b",
    re.IGNORECASE,
)
_ASKS_ADVICE = re.compile(
    r"\b(?:what (?:should|can|do|could) i\b|should i\b|how (?:do|can|should) i\b|"
    r"any (?:advice|ideas|tips|suggestions)|what would you|what do you think i|tell me what to do|"
    r"i don'?t know what to do)",
    re.IGNORECASE,
)


def straight(text: str) -> str:
    """Text with typographic apostrophes made plain, as the lists are written."""
    return text.replace("\u2019", "'").replace("\u2018", "'")


def feeling(text: str) -> int:
    """0 no feeling word, 1 a feeling, 2 a strong feeling or three and more different ones."""
    plain = straight(text)
    if _STRONG.search(plain):
        return 2
    found = {match.group(0).lower() for match in _MILD.finditer(plain)}
    return 2 if len(found) >= 3 else 1 if found else 0


def effort(text: str) -> bool:
    """Whether the seeker tells of something they tried or did."""
    return bool(_EFFORT.search(straight(text)))


def asks_advice(text: str) -> bool:
    """Whether the seeker asks what to do."""
    return bool(_ASKS_ADVICE.search(straight(text)))

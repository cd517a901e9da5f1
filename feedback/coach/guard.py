"""Checks on a suggested reply before anyone reads it. Rules only, no model; the text is never altered.

The guard says why a text is refused; the caller takes the next candidate. It is a net under the tagger's
check, not a proof: it looks for forms that a short supportive reply has no use for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from feedback.coach.cues import straight
from feedback.coach.guard_rules import NO_END, NOT_NAMES, RULES, SAID_TWICE

MAX_WORDS = 45
MIN_WORDS = 3
MAX_OVERLAP = 0.6

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SENTENCE_START = re.compile(r"(?:[.!?:;\u2026\"\u201c(]\s*|\s[-\u2013\u2014]\s*)$")
_BEFORE = 8  # characters before a word that say whether it starts a sentence
HOPELESS = 2000  # characters that are refused unread: nobody waits for the checks of a flood


def guard(text: str, *, chat: Iterable[str] = (), volunteer: str = "") -> list[str]:
    """Reasons to refuse `text`, empty when it may be shown.

    `chat` holds the texts of the chat so far (names that occur there may be used), `volunteer` the
    message that the suggestion would stand in for. Reasons are short keys: "empty", "too_short",
    "too_long", "control_characters", "link", "email", "phone_number", "markup", "diagnosis", "blame",
    "promise", "crisis_wording", "method", "less_warmth", "model_talk", "unknown_name", "repetition",
    "gibberish", "unfinished", "repeats_volunteer".
    """
    if len(text) > HOPELESS:
        return ["too_long"]
    plain = straight(unicodedata.normalize("NFKC", text))
    words = words_of(plain)
    if not words:
        return ["empty"]
    reasons = []
    if len(words) < MIN_WORDS:
        reasons.append("too_short")
    if len(plain.split()) > MAX_WORDS or len(words) > MAX_WORDS:
        reasons.append("too_long")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn", "Cs"} for char in plain):
        reasons.append("control_characters")
    reasons += [name for name, pattern in RULES if pattern.search(plain)]
    if unknown_names(plain, chat):
        reasons.append("unknown_name")
    if repeats_itself(words):
        reasons.append("repetition")
    if gibberish(plain, words):
        reasons.append("gibberish")
    if words[-1] in NO_END:
        reasons.append("unfinished")
    if volunteer and overlap(text, volunteer) > MAX_OVERLAP:
        reasons.append("repeats_volunteer")
    return reasons


def overlap(first: str, second: str) -> float:
    """How much of the shorter text is in the other: share of its word triples, or of its words when
    it has fewer than five, in [0, 1]. 0.0 when either has no words."""
    a, b = words_of(straight(first)), words_of(straight(second))
    if not a or not b:
        return 0.0
    size = 3 if min(len(a), len(b)) >= 5 else 1
    grams_a, grams_b = _grams(a, size), _grams(b, size)
    return len(grams_a & grams_b) / min(len(grams_a), len(grams_b))


def words_of(text: str) -> list[str]:
    """Its words in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def _grams(words: list[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def unknown_names(text: str, chat: Iterable[str]) -> list[str]:
    """Words with a capital inside a sentence that the chat does not hold."""
    known = {word for line in chat for word in words_of(straight(line))}
    found = []
    for match in _WORD.finditer(text):
        word = match.group(0)
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        inside = bool(before.strip()) and not _SENTENCE_START.search(before)
        bare = word.lower().removesuffix("'s")
        if inside and word[0].isupper() and bare not in NOT_NAMES and bare not in known:
            found.append(word)
    return found


def repeats_itself(words: list[str]) -> bool:
    """Whether words (lower case) come again and again; `words_of` gives them."""
    if any(a == b == c for a, b, c in zip(words, words[1:], words[2:], strict=False)):
        return True
    triples = Counter(tuple(words[i : i + 3]) for i in range(len(words) - 2))
    if max(triples.values(), default=0) >= 3:
        return True
    if _stutters(words):
        return True
    return len(words) >= 12 and len(set(words)) / len(words) < 0.4


def _stutters(words: list[str]) -> bool:
    """Whether a stretch of two words or more is said again at once."""
    for size in range(2, len(words) // 2 + 1):
        for at in range(len(words) - 2 * size + 1):
            stretch = words[at : at + size]
            if stretch == words[at + size : at + 2 * size] and not SAID_TWICE & set(stretch):
                return True
    return False


def gibberish(text: str, words: list[str]) -> bool:
    """Whether too little of it is letters, or too many words look like none."""
    letters = sum(char.isalpha() for char in text)
    visible = sum(not char.isspace() for char in text)
    if letters / max(1, visible) < 0.7:
        return True
    long_or_vowelless = sum(
        len(word) > 18 or (len(word) > 3 and word.isascii() and not set(word) & set("aeiouy"))
        for word in words
    )
    return long_or_vowelless / len(words) > 0.15

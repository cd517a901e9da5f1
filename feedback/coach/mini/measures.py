"""What coach-mini's replies are measured by, apart from the closed loop. Pure functions on texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import cache

from feedback.coach.corpus import library
from feedback.coach.corpus.grammar import SLOT
from feedback.coach.corpus.person import turned
from feedback.coach.cues import straight

COPIED = 8  # words in a row that count as copied from a training reply
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")

# Words that say nothing of what a message is about, of four letters or more.
_EMPTY_WORDS = """
    about again against almost alone already also although always another anybody anyone anything around
    away back because been before being believe better both came cannot come could days didn't does doesn't
    doing don't done down each even ever every everybody everyone everything feel feeling feels felt find
    first from getting give gives goes going gone good guess half hard have having here how however into it's
    itself just keep keeps kind know last least leave less like little long look looks made make makes many
    maybe might mind more most much must myself need never nobody nothing only other others over perhaps
    picture place point problem put quite rather really right said same says seem seems several shall should
    side since some somebody someone something sometimes soon sort still stop story such take tell tells than
    that that's them then there there's these they thing things think this those though thought through time
    times together told tried true truth turn under until upon very voice want wants wasn't well were what
    whatever when where whether which while whole whom whose will wish with within without won't word words
    work would wrong year years your you're you've yourself able clear ever ready long talk talking option
    plan case dream left late night morning week today yesterday tomorrow
"""
EMPTY = frozenset(_EMPTY_WORDS.split())


def words(text: str) -> list[str]:
    return [word.lower().removesuffix("'s") for word in _WORD.findall(straight(text))]


def content_words(seeker: str) -> frozenset[str]:
    """The words of a message that say what it is about: four letters or more, no word of every message."""
    return frozenset(word for word in words(turned(seeker)) if len(word) > 3 and word not in EMPTY)


def names_content(reply: str, seeker: str) -> bool:
    return not content_words(seeker).isdisjoint(words(reply))


@cache
def nouns(*, heldout: bool = True) -> frozenset[str]:
    """People and things of all word lists, less the words that reply templates use; without `heldout` only
    of the lists that are trained with, which is what the product's closed loop looks for."""
    entries = [
        noun
        for heldout in ((False, True) if heldout else (False,))
        for topic in library.topics(heldout=heldout)
        for noun in (*topic.who, *topic.what)
    ]
    entries += [noun for kind in library.spare_nouns() for noun in kind]
    felt = {
        word
        for held in (False, True)
        for feeling in library.feelings(heldout=held)
        for word in words(feeling)
    }
    own = {
        word
        for technique in library.TECHNIQUES
        for line in library.replies(technique)
        for word in words(SLOT.sub(" ", line).translate(str.maketrans("{}[]|", "     ")))
    }
    found = {word for noun in entries for word in words(turned(noun.text)) if len(word) > 2}
    return frozenset(
        found - own - felt - EMPTY - {"the", "who", "our", "her", "his", "old", "new", "man", "best"}
    )


def invented(reply: str, told: str, *, heldout: bool = True) -> frozenset[str]:
    """People and things of the reply that `told`, the chat so far, does not name, rightly spelt or nearly."""
    named = set(words(turned(told)))
    new = (nouns(heldout=heldout) & frozenset(words(reply))) - named
    return frozenset(word for word in new if not any(_one_slip(word, other) for other in named))


def _one_slip(word: str, other: str) -> bool:
    """Whether one slip of the finger (letters swapped, doubled, lost) leads from one to the other."""
    if min(len(word), len(other)) < 4 or abs(len(word) - len(other)) > 1:
        return False
    return SequenceMatcher(None, word, other).ratio() >= 0.8


def grams(text: str, size: int) -> Iterable[tuple[str, ...]]:
    found = words(text)
    return zip(*(found[i:] for i in range(size)), strict=False)


def copied(reply: str, training: set[int]) -> bool:
    """Whether any stretch of COPIED words stands in a training reply; `training` as `training_grams`."""
    return any(hash(gram) in training for gram in grams(reply, COPIED))


def training_grams(replies: Iterable[str]) -> set[int]:
    """Hashes of all stretches of COPIED words, good within one process."""
    return {hash(gram) for reply in replies for gram in grams(reply, COPIED)}


def distinct(replies: Sequence[str], size: int = 2) -> float:
    """Different word pairs among all word pairs of all replies; 0.0 where there are none."""
    every = [gram for reply in replies for gram in grams(reply, size)]
    return len(set(every)) / len(every) if every else 0.0

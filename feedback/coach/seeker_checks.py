"""Checks on a wording of the seeker's line before anyone reads it. Rules and one likeness; the text is never
altered.

The authored line is the measure: a wording may say it otherwise, and not more, less or something else. A good
wording that is refused costs nothing, since the authored line is there: in doubt these rules refuse.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from feedback.coach.cues import FEELINGS, STRONG_FEELINGS, straight
from feedback.coach.guard import HOPELESS, gibberish, overlap, repeats_itself, unknown_names, words_of
from feedback.coach.guard_rules import NO_END, RULES
from feedback.coach.mini.measures import EMPTY, invented
from feedback.coach.seeker_prompt import MAX_WORDS
from peersupport.safety import assess
from peersupport.seeker import Scenario, load_scenarios

Likeness = Callable[[str, str], float]  # cosine of two texts' sentence embeddings, [-1, 1]

# Chosen on tests/feedback/seeker_wordings.toml; docs/seeker_wording.md has the figures.
LEAST_LIKE = 0.75
MAX_OVERLAP = 0.6  # with what was said before, as in the guard
EVERYDAY = 6  # shipped scenarios with a word that make it everybody's
SHORT = 5  # words
ROOM = 12  # words that a wording may be longer than twice the line

# Of the guard's rules those that fit a seeker: blame, promises and warmth are the counselor's business.
_ALWAYS = frozenset({"link", "email", "phone_number", "markup", "model_talk"})
_UNLESS_AUTHORED = frozenset({"diagnosis", "crisis_wording", "method"})
_MODEL_TALK = re.compile(
    r"\bas an? (?:ai|artificial|assistant|large language|chat ?bot|virtual|seeker|person who)\b|"
    r"\bi(?:'m| am) (?:just |only )?(?:an? )?(?:ai|assistant|chat ?bot|language model|program)\b|"
    r"\bthe (?:seeker|counsell?or|volunteer|draft|person)\b|"
    r"\breword|\brephras|\b(?:role.?play|in character)\b",
    re.IGNORECASE,
)
_COUNSELOR = re.compile(
    r"\b(?:it|that) (?:sounds|seems|looks) (?:like|as if|as though) you|\bsounds like you|"
    r"\b(?:you(?:'re| are)|you must be|you seem) (?:feeling|going through|dealing|carrying|struggling)|"
    r"\bthank(?:s| you) (?:so much )?for (?:sharing|telling|opening|reaching|trusting)|"
    r"\bi(?:'m| am) (?:here|so sorry|sorry) (?:for you|to (?:listen|help|support|hear)|that you)|"
    r"\bi (?:hear|understand|can (?:hear|see|imagine|understand)) (?:you|how you|that you|what you|why you)|"
    r"\bhow (?:does|did|do) (?:that|it|this) make you|"
    r"\b(?:can|could|would|do) you (?:want to |like to )?tell me|"
    r"\bwould you like|\bwhat (?:would|do) you (?:need|want)|\bhave you (?:tried|thought|considered|talked)|"
    r"\byou (?:should|could try|might (?:want|try)|can try|need to)|\byour (?:feelings|situation|emotions)\b|"
    r"\bit(?:'s| is) (?:okay|ok|normal|understandable|natural) (?:to|that you)|"
    r"\bwe can (?:work|talk|explore)",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\b(?:i|i'?m|i'?ve|i'?d|i'?ll|im|ive|me|my|mine|myself|we|us|our)\b", re.IGNORECASE)
_YOU = re.compile(r"\b(?:you|your|you're|yours|yourself|u|ur)\b", re.IGNORECASE)
_NOT = re.compile(
    r"n't\b|\b(?:not|no|never|nobody|none|nothing|nowhere|neither|nor|without|hardly|barely|cannot|cant|dont|"
    r"didnt|wont|isnt|wasnt|doesnt|havent|couldnt|wouldnt)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\u2026]+[.!?\u2026]*")
_GRAVE = """
    died dead dying death lost loss baby pregnant miscarriage hospital doctor police divorce affair drunk
    drinking drink drugs debt fired abuse funeral cancer love crying shame scare
"""
_NUMBERS = """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen
"""
_NUMBER = re.compile(r"\d+|\b(?:" + "|".join(_NUMBERS.split()) + r")\b", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """The authored `line`, the chat so far as (role, text) pairs, the last being the counselor's message, and
    the stems that only deeper lines have (`deeper_stems`)."""

    line: str
    chat: tuple[tuple[str, str], ...]
    deeper: frozenset[str] = frozenset()

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(text for _, text in self.chat)

    def of(self, role: str) -> list[str]:
        return [text for who, text in self.chat if who == role]


def deeper_stems(scenario: Scenario, layer: int) -> frozenset[str]:
    """What the authored lines below this layer are about and nothing that can be known by then is: stems of
    content words."""
    known = [scenario.opening, scenario.persona, scenario.title, scenario.content_warning, scenario.name]
    known += [line.text for line in scenario.lines if line.layer <= layer]
    deep = [line.text for line in scenario.lines if line.layer > layer]
    return _stems(deep) - _stems(known) - _everyday()


@cache
def _everyday() -> frozenset[str]:
    """Stems that say little, since people of very different troubles use them; feelings and what is grave are
    never among them."""
    counted: Counter[str] = Counter()
    for scenario in load_scenarios().values():
        counted.update(_stems(line.text for line in scenario.lines if not line.shared))
    grave = _stems((*FEELINGS, *STRONG_FEELINGS, _GRAVE))
    return frozenset(stem for stem, n in counted.items() if n >= EVERYDAY) - grave


def refusals(text: str, asked: Asked, *, like: Likeness) -> list[str]:
    """Reasons to refuse a wording, empty where it may be said. `like` is asked only of texts with no other
    fault. Reasons are short keys, those of the guard where they are the same."""
    if len(text) > HOPELESS:
        return ["too_long"]
    plain, line = (straight(unicodedata.normalize("NFKC", one)) for one in (text, asked.line))
    words = words_of(plain)
    if not words:
        return ["empty"]
    every = (*_form(plain, words, line), *_voice(plain, line), *_content(plain, line, asked))
    found = list(dict.fromkeys(every))
    if not found and _rough(text) and not _rough(asked.line):
        found.append("rough_english")
    if not found and like(asked.line, text) < LEAST_LIKE:
        found.append("other_meaning")
    return found


def _form(plain: str, words: list[str], line: str) -> Iterable[str]:
    most = min(MAX_WORDS, 2 * len(line.split()) + ROOM)
    if len(plain.split()) > most or len(words) > most:
        yield "too_long"
    if any(unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn", "Cs"} for char in plain):
        yield "control_characters"
    for name, pattern in RULES:
        listed = name in _ALWAYS or name in _UNLESS_AUTHORED
        if listed and pattern.search(plain) and not pattern.search(line):
            yield name
    if repeats_itself(words) and not repeats_itself(words_of(line)):
        yield "repetition"
    if gibberish(plain, words) and not gibberish(line, words_of(line)):
        yield "gibberish"
    ended = plain[-1] in ".!?\u2026\"')" or line[-1:] not in ".!?\u2026"
    if words[-1] in NO_END or not ended:
        yield "unfinished"


def _voice(plain: str, line: str) -> Iterable[str]:
    if _MODEL_TALK.search(plain) and not _MODEL_TALK.search(line):
        yield "model_talk"
    advises = _COUNSELOR.search(plain) and not _COUNSELOR.search(line)
    if advises or (_asks_you(plain) and not _asks_you(line)):
        yield "counselor_voice"
    if _FIRST.search(line) and not _FIRST.search(plain):
        yield "not_first_person"


def _asks_you(text: str) -> bool:
    return any(one.endswith("?") and _YOU.search(one) for one in _SENTENCE.findall(text))


def _content(plain: str, line: str, asked: Asked) -> Iterable[str]:
    told = (*asked.texts, line)
    if unknown_names(plain, [straight(" ".join(told)), straight(" ".join(told)).replace("'s", "")]):
        yield "unknown_name"
    if invented(plain, " ".join(told), heldout=False):
        yield "names_what_nobody_named"
    if _numbers(plain) - _numbers(" ".join(told)):
        yield "new_number"
    if bool(_NOT.search(plain)) != bool(_NOT.search(line)):
        yield "says_the_opposite"
    if assess(plain, role="seeker").level != "none":
        yield "risk_cue"
    if (_stems([plain]) & asked.deeper) - _stems(told):
        yield "deeper_layer"
    if any(_same(plain, said) for said in asked.of("seeker")):
        yield "said_before"
    if any(_same(plain, said) for said in asked.of("counselor")[-1:]):
        yield "repeats_counselor"


def _same(text: str, said: str) -> bool:
    """Of a few words, which anybody may say twice, only the very same ones."""
    first, second = words_of(straight(text)), words_of(straight(said))
    return first == second or (min(len(first), len(second)) > SHORT and overlap(text, said) > MAX_OVERLAP)


def _numbers(text: str) -> set[str]:
    return {found.lower() for found in _NUMBER.findall(text)}


def _stems(texts: Iterable[str]) -> frozenset[str]:
    """Content words, less the commonest endings: "bottles" and "bottle" are one."""
    found = set()
    for text in texts:
        for word in words_of(straight(text)):
            word = word.removesuffix("'s")
            if len(word) > 3 and "'" not in word and word not in EMPTY:
                found.add(_stem(word))
    return frozenset(found)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _rough(text: str) -> bool:
    from feedback.coach.fluency import rough  # numpy, which the web process has no use for

    return rough(text)

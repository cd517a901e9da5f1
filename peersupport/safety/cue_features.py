"""What the cue model reads in a message: its stretches, and the features of each. Pure Python.

A stretch is a sentence, two neighbouring sentences, or a part of a long one: a cue is usually said in a few
words, and what stands around it must not thin it out. Features are words, pairs of words, runs of word
classes (`cue_words.toml`), and the topics of the stretch with what stands around them (`cue_topics.toml`).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

WORDS_FILE = Path(__file__).with_name("cue_words.toml")
TOPICS_FILE = Path(__file__).with_name("cue_topics.toml")
SHORT = 4  # words; a sentence below that means nothing without its neighbour ("Suicide? No.")
LONG = 26  # words; a longer sentence is also read in parts
PART, STEP = 18, 9
MOST_STRETCHES = 100  # of one message; what comes after is left to the rules

_TOKEN = re.compile(r"[a-z0-9*]+|[\U0001f300-\U0001faff]")
_END = re.compile(r"[.!?;\n]+")


@dataclass(frozen=True)
class Stretch:
    """`text` is the stretch in the plain form, [start, end) its place in the plain message."""

    words: tuple[str, ...]
    text: str
    start: int
    end: int


Word = tuple[str, int, int]


def stretches(plain: str) -> list[Stretch]:
    """The stretches of a message in the plain form of normalise.py, at most MOST_STRETCHES."""
    sentences: list[list[Word]] = []
    low = 0
    for end in [found.end() for found in _END.finditer(plain)] + [len(plain)]:
        words = [(t[0], low + t.start(), low + t.end()) for t in _TOKEN.finditer(plain[low:end])]
        low = end
        if not words:
            continue
        if sentences and (len(words) < SHORT or len(sentences[-1]) < SHORT):
            sentences[-1] = sentences[-1] + words
        else:
            sentences.append(words)
    found = []
    for number, words in enumerate(sentences):
        found.append(words[: 2 * LONG])
        if len(words) > LONG:
            found.extend(words[at : at + PART] for at in range(0, len(words) - STEP, STEP))
        if number and len(words) + len(sentences[number - 1]) <= LONG:
            found.append(sentences[number - 1] + words)
        if len(found) > MOST_STRETCHES:
            break
    return [_stretch(plain, words) for words in found[:MOST_STRETCHES]]


def _stretch(plain: str, words: list[Word]) -> Stretch:
    start, end = words[0][1], words[-1][2]
    return Stretch(tuple(word for word, _, _ in words), plain[start : end + 1], start, end)


@cache
def word_classes() -> dict[str, str]:
    groups = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return {word: name for name, words in groups.items() for word in words.split()}


@dataclass(frozen=True)
class Topic:
    name: str
    kind: str
    level: str
    pattern: re.Pattern[str]


@cache
def topics() -> tuple[Topic, ...]:
    raw = tomllib.loads(TOPICS_FILE.read_text(encoding="utf-8"))["topic"]
    return tuple(
        Topic(name, one["kind"], one["level"], re.compile(one["pattern"])) for name, one in raw.items()
    )


@cache
def benign() -> tuple[tuple[str, re.Pattern[str]], ...]:
    raw = tomllib.loads(TOPICS_FILE.read_text(encoding="utf-8"))["benign"]
    return tuple((name, re.compile(pattern)) for name, pattern in raw.items())


@cache
def harmless() -> re.Pattern[str]:
    """The sayings that the model does not read."""
    raw = tomllib.loads(TOPICS_FILE.read_text(encoding="utf-8"))["harmless"]
    return re.compile("|".join(raw.values()))


@dataclass(frozen=True)
class Lexicon:
    """The patterns that occur in a message at all, so that its stretches need not try all of them."""

    topics: tuple[Topic, ...]
    benign: tuple[tuple[str, re.Pattern[str]], ...]


def lexicon_of(plain: str) -> Lexicon:
    return Lexicon(
        tuple(topic for topic in topics() if _may_hold(topic.pattern, plain)),
        tuple((name, pattern) for name, pattern in benign() if _may_hold(pattern, plain)),
    )


def _may_hold(pattern: re.Pattern[str], plain: str) -> bool:
    # An anchor means the border of a stretch, which the whole message does not show.
    return bool(set("^$") & set(pattern.pattern)) or pattern.search(plain) is not None


def topics_in(text: str, lexicon: Lexicon) -> list[tuple[Topic, int]]:
    """The topics of a stretch of plain text, and where each begins."""
    return [(topic, found.start()) for topic in lexicon.topics if (found := topic.pattern.search(text))]


def features(stretch: Stretch, lexicon: Lexicon) -> set[str]:
    """The names of the features that hold for one stretch."""
    words, text = stretch.words, stretch.text
    classes = word_classes()
    names = [classes[word] for word in words if word in classes]
    found: set[str] = set(words)
    found.update(f"{a} {b}" for a, b in pairwise(words))
    found.update(names)
    for size in (2, 3, 4):
        found.update(">".join(names[at : at + size]) for at in range(len(names) - size + 1))
    for at, name in enumerate(names):
        found.update(f"{name}~{later}" for later in names[at + 2 : at + 5])
    own, other = "ME" in names, "KIN" in names or "THEY" in names
    who = "both" if own and other else "me" if own else "other" if other else "nobody"
    around = [f"?{name}" for name, pattern in lexicon.benign if pattern.search(text)]
    found.update(around)
    present = topics_in(text, lexicon)
    for topic, start in present:
        lead = [classes.get(word, "") for word in text[max(0, start - 40) : start].split()[-4:]]
        refused = "NOT" in lead
        found.update(
            (f"!{topic.name}", f"!{topic.name}/{who}", f"!{topic.name}/{'not' if refused else 'said'}")
        )
        found.update(f"!{topic.kind}{name}" for name in around)
        found.add(f"!{topic.level}/{'not' if refused else 'said'}/{who}")
    found.update((f"topics:{min(len(present), 4)}", f"about:{who}", f"around:{min(len(around), 3)}"))
    found.add(f"length:{min(len(words) // 6, 5)}")
    return found

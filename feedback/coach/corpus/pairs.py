"""Exchanges out of the grammar: a seeker's message, a weak answer, a technique and a good reply.

A reply only names what its message says: its slots are filled with the same values as the message's, in
the second person.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from feedback.coach.corpus import library
from feedback.coach.corpus.grammar import Noun, choose_words, filled, slots
from feedback.coach.corpus.loose import lead, loose_clause
from feedback.coach.corpus.noise import noisy
from feedback.coach.corpus.own_words import OWN_WORDS
from feedback.coach.corpus.person import capped, turned, uncapped
from feedback.coach.corpus.strange import coined, with_strange_words, words_of

PARTS = ("event", "feel", "tried", "want", "choice", "think", "np")
_ONE_OF = (frozenset({"happened", "happens", "event"}), frozenset({"who", "what", "np"}))
_PAST = ("last week", "yesterday", "on Sunday", "this morning", "two days ago", "the other day", "in June")
_PRESENT = ("every day", "all the time", "these days", "again and again", "at the moment", "most nights")
SPARE = 0.25  # share of nouns taken from no topic
WRITTEN = 0.02  # share of handwritten exchanges
COINED = 0.12  # share of nouns that are no word at all: they can only be copied
LOOSE = 0.35  # share of clauses that are put together at random
STRANGE = ((0.0, 0.3, 0.8), (0.5, 0.3, 0.2))  # share of telling words that are no words at all, how often
LEAD = 0.12  # share of events behind words that say nothing
BESIDE = 0.3  # share of messages with a sentence that no reply takes up


@dataclass(frozen=True)
class Exchange:
    """`reply` has no capitals at its sentences' starts: `person.capped` gives them back."""

    topic: str
    seeker: str
    volunteer: str
    technique: str
    reply: str


def exchange(rng: random.Random, *, strange: bool = True) -> Exchange:
    """One training example: a few are handwritten, the rest come from the grammar; of English words alone
    unless `strange`."""
    if rng.random() < WRITTEN:
        technique, seeker, weak, reply = rng.choice(library.dialogues())
        return Exchange("", noisy(seeker, rng), weak, technique, uncapped(reply))
    technique = rng.choice(library.TECHNIQUES)
    return exchange_of(technique, rng.choice(library.replies(technique)), rng, strange=strange)


def exchange_of(technique: str, template: str, rng: random.Random, *, strange: bool = True) -> Exchange:
    """An example whose reply follows this template."""
    topic = rng.choice(library.topics())
    values = _values(topic, rng, library.feelings(), spare=True, strange=strange)
    needed = _needed(template, values, rng)
    message = _message(values, needed, rng.choice(library.registers()), rng)
    if rng.random() < BESIDE:
        message = _with_small_talk(message, rng)
    said = {name: _second(value) for name, value in values.items()}
    said["np"] = said[needed.pop("np", "what")]
    if rng.random() < 0.5 or str(values["feel"]) not in message:
        said["feel"] = str(said["bare_feel"])
    reply = filled(choose_words(template, rng), said)
    weak = filled(rng.choice(library.volunteer_lines()), {**said})
    if strange and (share := rng.choices(*STRANGE)[0]):
        may = words_of(" ".join(map(str, values.values()))) - words_of(template) - OWN_WORDS
        may = frozenset(word for word in may if turned(word) == word)
        message, reply = with_strange_words(message, reply, share, may, rng)
    message = noisy(message, rng, words_of(reply))
    return Exchange(topic.name, message, weak, technique, uncapped(reply))


def contrast(
    first: str, second: str, rng: random.Random, *, heldout: bool = False
) -> tuple[str, str, str] | None:
    """(message, reply, other reply): one message answered by both templates; None where they speak of two
    events or of two things, which no message of ours holds."""
    both = f"{first} {second}"
    if any(len(slots(both) & kinds) > 1 for kinds in _ONE_OF):
        return None
    topic = rng.choice(library.topics(heldout=heldout))
    values = _values(topic, rng, library.feelings(heldout=heldout), spare=False)
    needed = _needed(both, values, rng)
    message = _message(values, needed, rng.choice(library.registers(heldout=heldout)), rng, extras=False)
    said = {name: _second(value) for name, value in values.items()}
    said["np"] = said[needed.pop("np", "what")]
    replies = [uncapped(filled(choose_words(template, rng), said)) for template in (first, second)]
    return message, replies[0], replies[1]


def exchanges(seed: int, start: int = 0, *, strange: bool = True) -> Iterator[Exchange]:
    """The endless training corpus of a seed, from its example number `start` on."""
    index = start
    while True:
        yield exchange(random.Random(f"{seed}:{index}"), strange=strange)
        index += 1


def heldout_message(rng: random.Random) -> tuple[str, str, str]:
    """(topic, seeker's message, weak answer) of topics and message shapes outside training."""
    topic = rng.choice(library.topics(heldout=True))
    values = _values(topic, rng, library.feelings(heldout=True), spare=False)
    parts = {"event": rng.choice(("happened", "happens"))}
    for part in rng.sample(("feel", "tried", "want", "choice", "think"), rng.choice((1, 1, 2, 2, 3))):
        parts[part] = part
    message = _message(values, parts, rng.choice(library.registers(heldout=True)), rng, extras=False)
    said = {name: _second(value) for name, value in values.items()}
    return topic.name, noisy(message, rng), filled(rng.choice(library.volunteer_lines()), said)


def _values(
    topic: library.Topic,
    rng: random.Random,
    feelings: tuple[str, ...],
    *,
    spare: bool,
    strange: bool = True,
) -> dict[str, Noun | str]:
    values: dict[str, Noun | str] = {}
    for place, kind in enumerate(("who", "what")):
        noun = rng.choice(getattr(topic, kind))
        draw = rng.random()
        if spare and draw < SPARE:
            noun = rng.choice(library.spare_nouns()[place])
        elif spare and strange and draw < SPARE + COINED:
            noun = Noun(f"{rng.choice(('my', 'the'))} {coined(rng)}")
        values[kind] = noun
    for kind in library.CLAUSES:
        loose = spare and rng.random() < LOOSE
        values[kind] = (
            loose_clause(kind, values, rng) if loose else filled(rng.choice(topic.clauses[kind]), values)
        )
    for kind, times in (("happened", _PAST), ("happens", _PRESENT)):
        clause = str(values[kind])
        if rng.random() < 0.3 and not any(word in clause for word in _TIMED):
            values[kind] = f"{clause} {rng.choice(times)}"
    feel = rng.choice(feelings)
    values["bare_feel"] = feel
    values["so_feel"] = feel.replace("like a", "much like a")
    before = ("just", "a bit", "kind of") if feel.startswith("like ") else library.strengtheners()
    values["feel"] = f"{rng.choice(before)} {feel}" if rng.random() < 0.45 else feel
    return values


# A clause that says when already takes no second time.
_TIMED = (
    *("again", "every", "night", "last", "whenever", "after", "day", "week", "month", "until", "before"),
    *("spring", "hours", "when", "years", "minute", "early", "noon", "hour", "still", "always", "never"),
    *("never", "so that", " as ", "although", "forty", " only ", "bedtime", "again and again", "birthday"),
)


def _needed(template: str, values: dict[str, Noun | str], rng: random.Random) -> dict[str, str]:
    """Part of the message -> the value it shows, for all that the reply speaks of."""
    parts: dict[str, str] = {}
    wanted = slots(template)
    for kind in ("happened", "happens"):
        if kind in wanted:
            parts["event"] = kind
    if "event" in wanted:
        parts["event"] = rng.choice(("happened", "happens"))
    if "event" in parts:
        values["event"] = values[parts["event"]]
    for kind in ("feel", "tried", "want", "choice", "think"):
        if kind in wanted:
            parts[kind] = kind
    if "who" in wanted:
        parts["np"] = "who"
    elif "what" in wanted:
        parts["np"] = "what"
    elif "np" in wanted:
        parts["np"] = rng.choice(("who", "what"))
    return parts


def _message(
    values: dict[str, Noun | str],
    needed: dict[str, str],
    register: library.Register,
    rng: random.Random,
    *,
    extras: bool = True,
) -> str:
    parts = dict(needed)
    if extras:
        others = [part for part in PARTS if part not in parts and part != "np"]
        for part in rng.sample(others, min(len(others), rng.choice((0, 1, 1, 2)))):
            parts[part] = rng.choice(("happened", "happens")) if part == "event" else part
    if "np" in parts:
        said = " ".join(str(values[value]) for part, value in parts.items() if part != "np")
        noun = values[parts["np"]]
        if isinstance(noun, Noun) and noun.text in said and rng.random() < 0.7:
            del parts["np"]  # a clause of the message names it already
    order = list(parts)
    rng.shuffle(order)
    if "event" in order and rng.random() < 0.6:
        order.remove("event")
        order.insert(0, "event")
    sentences = [_sentence(part, parts[part], values, register, rng, leads=extras) for part in order]
    text = _JOINS.sub(r"\1", " ".join(sentences).strip())
    if text.endswith((",", " and", " but", " then")):
        text = text.removesuffix(" and then").removesuffix(" and").removesuffix(" but").rstrip(",") + "."
    return text[0].upper() + text[1:]


def _with_small_talk(message: str, rng: random.Random) -> str:
    before, after = library.small_talk()
    if rng.random() < 0.7:
        return f"{rng.choice(before)} {message}"
    return f"{message} {rng.choice(after)}"


# Rambling parts end and begin with joining words.
_JOINS = re.compile(r"\b(and|but|then|well)(?:,? (?:and|so|but|anyway|because|which))+\b")


def _sentence(
    part: str,
    value: str,
    values: dict[str, Noun | str],
    register: library.Register,
    rng: random.Random,
    *,
    leads: bool,
) -> str:
    lines = [
        line
        for line in register.parts[part]
        if part != "event" or "event" in slots(line) or value in slots(line)
    ]
    line = rng.choice(lines)
    if leads and part == "event" and register.name != "rambling" and rng.random() < LEAD:
        line = f"{lead(rng)} <event>."
    named = {**values, "event": values[value], "np": values[value]}
    text = filled(line, named)
    return text if register.name == "rambling" else capped(text)


def _second(value: Noun | str) -> Noun | str:
    return Noun(turned(value.text), value.plural) if isinstance(value, Noun) else turned(value)

"""A seeker's message on a topic, with all that it says: what replies are built from.

Words, topics and registers are those of `feedback.coach.corpus`, with its held-out ones for the test.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache, lru_cache

from feedback.coach.corpus import library
from feedback.coach.corpus.grammar import Noun, choose_words, filled, slots
from feedback.coach.corpus.person import capped, turned

SPLITS = ("train", "validation", "test")
# Rambling sentences run into each other and cannot stand alone.
_RUNNING = "rambling"
_EVENTS = ("happened", "happens")


@dataclass(frozen=True)
class Scene:
    """`values`: what the message says, by part, in the second person."""

    topic: str
    message: str
    values: dict[str, Noun | str]

    def reply(self, template: str, rng: random.Random) -> str:
        return capped(filled(choose_words(template, rng), self.values))


@cache
def topics(split: str) -> tuple[library.Topic, ...]:
    """Every sixth of the known topics is kept for validation; the test has topics of its own."""
    if split == "test":
        return library.topics(heldout=True)
    chosen = split == "validation"
    return tuple(topic for place, topic in enumerate(library.topics()) if (place % 6 == 5) == chosen)


@cache
def templates(technique: str, split: str) -> tuple[str, ...]:
    """Frames of a reply; every fifth is only met in the test."""
    return tuple(
        line for place, line in enumerate(library.replies(technique)) if (place % 5 == 4) == (split == "test")
    )


def scene(rng: random.Random, split: str, needed: frozenset[str] = frozenset()) -> Scene:
    """A message that says at least the parts `needed`, which are slots of a reply."""
    held_out = split == "test"
    topic = rng.choice(topics(split))
    values: dict[str, Noun | str] = {kind: rng.choice(getattr(topic, kind)) for kind in ("who", "what")}
    values |= {kind: filled(rng.choice(topic.clauses[kind]), values) for kind in library.CLAUSES}
    event = next((kind for kind in _EVENTS if kind in needed), None) or rng.choice(_EVENTS)
    noun = next((kind for kind in ("who", "what") if kind in needed), None) or rng.choice(("who", "what"))
    feel = rng.choice(library.feelings(heldout=held_out))
    values |= {"event": values[event], "np": values[noun], "feel": feel, "bare_feel": feel}
    values["so_feel"] = feel.replace("like a", "much like a")
    parts = {"event": event}
    parts |= {part: part for part in ("feel", "tried", "want", "choice", "think") if part in needed}
    if needed & {"np", "who", "what"}:
        parts["np"] = noun
    if len(parts) < 3 and rng.random() < 0.5:
        extra = rng.choice(("feel", "tried", "want", "think"))
        parts.setdefault(extra, extra)
    registers = [one for one in library.registers(heldout=held_out) if one.name != _RUNNING]
    register = rng.choice(registers)
    sentences = [_sentence(register, part, kind, values, rng) for part, kind in parts.items()]
    said = {name: _second(value) for name, value in values.items()}
    return Scene(topic.name, " ".join(sentences), said)


@dataclass(frozen=True)
class Other:
    """What a message mentions beside the person's own: as `said` in it, and as `values` of a reply."""

    who: Noun
    said: str
    values: dict[str, Noun | str]


def another(here: Scene, slot: str, split: str, rng: random.Random) -> Other:
    """Another feeling, wish, attempt or thought of the scene's topic than the scene's own."""
    topic = next(one for one in topics(split) if one.name == here.topic)
    while True:
        values: dict[str, Noun | str] = {kind: rng.choice(getattr(topic, kind)) for kind in ("who", "what")}
        if slot == "feel":
            said = rng.choice(library.feelings(heldout=split == "test"))
        else:
            said = filled(rng.choice(topic.clauses[slot]), values)
        reply = _second(said)
        if reply != here.values[slot]:
            break
    changed = {slot: reply}
    if slot == "feel":
        changed |= {"bare_feel": reply, "so_feel": reply.replace("like a", "much like a")}
    return Other(values["who"], said, changed)


def beside(message: str, said: str, rng: random.Random) -> str:
    return f"{message} {said}" if rng.random() < 0.5 else f"{said} {message}"


def needs(template: str) -> frozenset[str]:
    return slots(template)


def _sentence(
    register: library.Register, part: str, kind: str, values: dict[str, Noun | str], rng: random.Random
) -> str:
    lines = [
        line
        for line in register.parts[part]
        if part != "event" or slots(line) <= {"event"} or kind in slots(line)
    ]
    return capped(filled(rng.choice(lines), values))


@lru_cache(8192)
def _second(value: Noun | str) -> Noun | str:
    return Noun(turned(value.text), value.plural) if isinstance(value, Noun) else turned(value)

"""What is learnt and measured: a prompt with a better and a worse reply, for each of the three aims.

helpful   the reply follows the technique asked for, speaks of what this message says, and of what the person
          means: not of what somebody else feels or wants, what was once, or what they deny
honest    the published table is recalled exactly, without overstating; what was not tested is called so
harmless  a sign of danger gets a referral, nobody is blamed or diagnosed; and words that only sound dangerous
          are answered like any others (`contrast`), as refusing those is a fault, too

A referral is a text to recall, and the shortest way to a high probability: a model that has learnt it may
prefer it after any message, and one that has not after none. So outside of training what is asked of a
referral beside an ordinary reply is whether danger makes it likelier than a figure of speech does.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from feedback.coach.corpus import library
from feedback.coach.corpus.grammar import choose_words, filled
from feedback.coach.corpus.person import capped
from feedback.coach.experts.scenes import Scene, another, beside, needs, scene, templates
from feedback.evidence.published import published_study

AIMS = ("helpful", "honest", "harmless")
CONTRAST = "contrast"
# What a message holds that is not what the person means now: somebody else's, from before, or denied.
MISLEADING = ("whose", "before", "denied")
MISTAKEN = ("feel", "want", "tried", "think")
KINDS = {
    "helpful": ("technique", "content", *MISLEADING),
    "honest": ("table", "untested", "overstated"),
    "harmless": ("crisis", "blame", "diagnosis", CONTRAST),
}


@dataclass(frozen=True)
class Item:
    """`technique` is the one asked for; `good` is to be preferred to `bad`. Where there is a message
    `instead`: preferred by more than it would be after that one."""

    aim: str
    kind: str
    topic: str
    seeker: str
    volunteer: str
    technique: str
    good: str
    bad: str
    instead: str = ""


def item(aim: str, split: str, seed: int, index: int) -> Item:
    """The same for the same arguments, whatever else was made."""
    rng = random.Random(f"{aim}:{split}:{seed}:{index}")
    kind = rng.choice(KINDS[aim])
    made = _MAKERS[aim](kind, split, rng)
    while made.good == made.bad:
        made = _MAKERS[aim](kind, split, rng)
    return made


def _helpful(kind: str, split: str, rng: random.Random) -> Item:
    if kind in MISLEADING:
        return _misleading(kind, split, rng)
    technique, template, here = _answered(split, rng)
    good = here.reply(template, rng)
    weak = here.reply(rng.choice(library.volunteer_lines()), rng)
    if kind == "technique":
        # What a frame of another technique needs and this message does not say would be easy to tell.
        known = needs(template) | {"event"}
        frames = [
            line
            for other in library.TECHNIQUES
            if other != technique and not {technique, other} <= _ALIKE
            for line in templates(other, split)
            if needs(line) <= known
        ]
        bad = here.reply(rng.choice(frames), rng)
    else:
        elsewhere = scene(rng, split, needs(template))
        bad = elsewhere.reply(template, rng)
    return Item("helpful", kind, here.topic, here.message, weak, technique, good, bad)


def _misleading(kind: str, split: str, rng: random.Random) -> Item:
    """The two replies differ in nothing but whose, or which, feeling, wish, attempt or thought they name."""
    slot = rng.choice(MISTAKEN)
    pairs = [
        (code, line) for code in library.TECHNIQUES for line in templates(code, split) if slot in needs(line)
    ]
    technique, template = rng.choice(pairs)
    here = scene(rng, split, needs(template))
    other = another(here, slot, split, rng)
    line = rng.choice(_split(_words()["helpful"][kind][slot], split))
    message = beside(here.message, capped(filled(line, {"who": other.who, "other": other.said})), rng)
    template = choose_words(template, rng)
    weak = here.reply(rng.choice(library.volunteer_lines()), rng)
    good = capped(filled(template, here.values))
    bad = capped(filled(template, {**here.values, **other.values}))
    return Item("helpful", kind, here.topic, message, weak, technique, good, bad)


def _honest(kind: str, split: str, rng: random.Random) -> Item:
    words = _words()["honest"]
    here = scene(rng, split)
    skills = dict(entry.split(" = ") for entry in words["skills"])
    measures = dict(entry.split(" = ") for entry in words["measures"])
    skill, measure = rng.choice(list(skills)), rng.choice(list(measures))
    asked = {"skill": skills[skill], "measure": measures[measure]}
    if kind == "untested":
        place = rng.choice(("skill", "measure"))
        asked[place] = rng.choice(_split(words[f"untested_{place}s"], split))
        good = rng.choice(words["untested"]["held_out" if split == "test" else "good"])
        bad = rng.choice(words["untested"]["bad"])
    else:
        if rng.random() < 0.5:
            # Of those alone a figure has to be recalled, and they are few.
            skill, measure = rng.choice([pair for pair in _holding() if set(pair) <= {*skills, *measures}])
            asked = {"skill": skills[skill], "measure": measures[measure]}
        good, bad = _figure(kind, skill, measure, rng)
    question = _put(rng.choice(_split(words["asks"], split)), asked)
    weak = here.reply(rng.choice(library.volunteer_lines()), rng)
    return Item("honest", kind, here.topic, f"{here.message} {question}", weak, "support", good, bad)


@cache
def _holding() -> list[tuple[str, str]]:
    """The effects of the published table that survive its correction."""
    return [(one.technique, one.instrument) for one in published_study().effects if one.survives_bh]


def _figure(kind: str, skill: str, measure: str, rng: random.Random) -> tuple[str, str]:
    """(what the table says, the same with another row's figure or with more than it says)."""
    found = _words()["honest"]["found"]
    effects = {
        (one.technique, one.instrument): (one.beta, one.survives_bh) for one in published_study().effects
    }
    beta, holds = effects[skill, measure]
    way = "none" if not holds else ("lower" if beta < 0 else "higher")
    template = rng.choice(found[way])
    good = _put(template, {"figure": f"{abs(beta):.3f}"})
    if kind == "overstated":
        return good, _put(rng.choice(found["overstated"]), {"other": rng.choice(("lower", "higher"))})
    others = sorted({abs(b) for b, survives in effects.values() if survives} - {abs(beta)})
    other = rng.choice(["lower", "higher"] if way == "none" else [way, {"lower": "higher"}.get(way, "lower")])
    return good, _put(rng.choice(found[other]), {"figure": f"{rng.choice(others):.3f}"})


def _harmless(kind: str, split: str, rng: random.Random) -> Item:
    words = _words()["harmless"]
    technique, template, here = _answered(split, rng)
    reply = here.reply(template, rng)
    weak = here.reply(rng.choice(library.volunteer_lines()), rng)
    referral = rng.choice(words["referral"])
    message, instead = here.message, ""
    if kind in ("crisis", CONTRAST):
        danger, harmless = _split(words["risk"], split), _split(words["figurative"], split)
        own, other = (danger, harmless) if kind == "crisis" else (harmless, danger)
        said = rng.choice(own)
        message = beside(message, said, rng)
        if split != "train":
            instead = message.replace(said, rng.choice(other))
    if kind == "crisis":
        good, bad = referral, rng.choice((reply, rng.choice(_split(words["minimised"], split))))
    elif kind == CONTRAST:
        good, bad = reply, referral
    else:
        good, bad = reply, rng.choice(_split(words["blaming" if kind == "blame" else "diagnosing"], split))
    if {good, bad} != {referral, reply}:
        instead = ""
    return Item("harmless", kind, here.topic, message, weak, technique, good, bad, instead)


_MAKERS: dict[str, Callable[[str, str, random.Random], Item]] = {
    "helpful": _helpful,
    "honest": _honest,
    "harmless": _harmless,
}
# Their frames overlap: neither is wrong where the other is asked for.
_ALIKE = {"reflection_simple", "reflection_complex"}


def _answered(split: str, rng: random.Random) -> tuple[str, str, Scene]:
    technique = rng.choice(library.TECHNIQUES)
    template = rng.choice(templates(technique, split))
    return technique, template, scene(rng, split, needs(template))


def _split(lists: dict[str, list[str]], split: str) -> list[str]:
    return lists["held_out" if split == "test" else "train"]


def _put(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"<{name}>", value)
    return capped(template)


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))

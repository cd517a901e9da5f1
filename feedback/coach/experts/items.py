"""What is learnt and measured: a prompt with a better and a worse reply, for each of the three aims.

helpful   the reply follows the technique asked for, and speaks of what this message says
honest    the published table is recalled exactly, without overstating; what was not tested is called so
harmless  a sign of danger gets a referral, nobody is blamed or diagnosed; and words that only sound dangerous
          are answered like any others (`contrast`), as refusing those is a fault, too
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
from feedback.coach.corpus.person import capped
from feedback.coach.experts.scenes import Scene, needs, scene, templates
from feedback.evidence.published import published_study

AIMS = ("helpful", "honest", "harmless")
CONTRAST = "contrast"
KINDS = {
    "helpful": ("technique", "content", "weak"),
    "honest": ("table", "untested", "overstated"),
    "harmless": ("crisis", "blame", "diagnosis", CONTRAST),
}


@dataclass(frozen=True)
class Item:
    """`technique` is the one asked for; `good` is to be preferred to `bad`."""

    aim: str
    kind: str
    topic: str
    seeker: str
    volunteer: str
    technique: str
    good: str
    bad: str


def item(aim: str, split: str, seed: int, index: int) -> Item:
    """The same for the same arguments, whatever else was made."""
    rng = random.Random(f"{aim}:{split}:{seed}:{index}")
    kind = rng.choice(KINDS[aim])
    made = _MAKERS[aim](kind, split, rng)
    while made.good == made.bad:
        made = _MAKERS[aim](kind, split, rng)
    return made


def _helpful(kind: str, split: str, rng: random.Random) -> Item:
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
    elif kind == "content":
        elsewhere = scene(rng, split, needs(template))
        bad = elsewhere.reply(template, rng)
    else:
        bad = here.reply(rng.choice(library.volunteer_lines()), rng)
    return Item("helpful", kind, here.topic, here.message, weak, technique, good, bad)


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
        good, bad = _figure(kind, skill, measure, rng)
    question = _put(rng.choice(_split(words["asks"], split)), asked)
    weak = here.reply(rng.choice(library.volunteer_lines()), rng)
    return Item("honest", kind, here.topic, f"{here.message} {question}", weak, "support", good, bad)


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
    referral = rng.choice(words["referral"]["held_out" if split == "test" else "good"])
    message = here.message
    if kind in ("crisis", CONTRAST):
        said = rng.choice(_split(words["risk" if kind == "crisis" else "figurative"], split))
        message = f"{message} {said}" if rng.random() < 0.5 else f"{said} {message}"
    if kind == "crisis":
        good, bad = referral, rng.choice((reply, rng.choice(_split(words["minimised"], split))))
    elif kind == CONTRAST:
        good, bad = reply, referral
    else:
        good, bad = reply, rng.choice(_split(words["blaming" if kind == "blame" else "diagnosing"], split))
    return Item("harmless", kind, here.topic, message, weak, technique, good, bad)


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

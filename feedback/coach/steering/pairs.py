"""Contrast pairs: two replies to one prompt that differ in one behaviour.

The parts in `banks/` are handwritten; a pair joins one situation with one wording, so that two dozen parts of
each kind make hundreds of natural exchanges. The held-out part is fixed in the banks: held-out situations
meet held-out wordings only, so nothing that a direction was read from is ever scored. Of the held-out prompts
every third chooses the layers, and what is reported is measured on the others.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from feedback.coach.steering.errors import SteeringError

BANKS = Path(__file__).parent / "banks"
BEHAVIOURS = ("autonomy", "reflection", "warmth", "brevity", "openness")
SCORERS = ("pairs", "length")
INFINITE = float("inf")
CHOOSING = 3  # of so many held-out prompts one chooses the layers


@dataclass(frozen=True)
class Pair:
    prompt: str
    positive: str
    negative: str


@dataclass(frozen=True)
class Reference:
    """A held-out reply that a helpful model finds likely, to a prompt that no pair to fit has. With
    `options`, a multiple-choice question: `reply` is the right one of the options (letters)."""

    prompt: str
    reply: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Behaviour:
    """`scored_by`: "pairs" (teacher-forced probability of the positive reply) or "length" (free replies);
    `lowest`: the dial never goes below it; `instruction`: the prompt-only control arm."""

    name: str
    about: str
    instruction: str
    scored_by: str
    fit: tuple[Pair, ...]
    held_out: tuple[Pair, ...]
    references: tuple[Reference, ...]
    lowest: float = -INFINITE

    def check(self) -> Behaviour:
        """Itself. Raises SteeringError where the pairs cannot carry a calibration."""
        if self.scored_by not in SCORERS:
            raise SteeringError(f"{self.name}: scored_by is one of {', '.join(SCORERS)}")
        check_pairs(self.fit, "pairs to fit")
        check_pairs(self.held_out, "held-out pairs")
        if set(self.fit) & set(self.held_out):
            raise SteeringError(f"{self.name}: a held-out pair is among the pairs to fit")
        if not self.references:
            raise SteeringError(f"{self.name}: no reference replies, so helpfulness cannot be measured")
        known = {pair.prompt for pair in self.fit}
        if met := sum(reference.prompt in known for reference in self.references):
            raise SteeringError(f"{self.name}: {met} reference replies have the prompt of a pair to fit")
        counts = {len(reference.options) for reference in self.references}
        if len(counts) > 1 or 1 in counts:
            raise SteeringError(f"{self.name}: all references need the same number of options, or none")
        if any(item.options and item.reply not in item.options for item in self.references):
            raise SteeringError(f"{self.name}: the right answer of a question is not among its options")
        return self

    def parts(self) -> tuple[tuple[Pair, ...], Behaviour]:
        """The held-out pairs that choose the layers, and the behaviour that is measured, which has no pair
        and no reference of their prompts.

        Raises SteeringError where the held-out pairs are of too few prompts for both.
        """
        prompts = list(dict.fromkeys(pair.prompt for pair in self.held_out))
        if len(prompts) < CHOOSING:
            raise SteeringError(
                f"{self.name}: held-out pairs of {len(prompts)} prompts cannot both choose the layers and be "
                f"measured: at least {CHOOSING} prompts are needed, or layers that were chosen before"
            )
        chosen = set(prompts[::CHOOSING])
        choosing = tuple(pair for pair in self.held_out if pair.prompt in chosen)
        measured = replace(
            self,
            held_out=tuple(pair for pair in self.held_out if pair.prompt not in chosen),
            references=tuple(item for item in self.references if item.prompt not in chosen),
        )
        return choosing, measured.check()

    @property
    def floor(self) -> float:
        """Helpfulness of pure chance: 1/n with n options, else 0."""
        options = len(self.references[0].options)
        return 1 / options if options else 0.0


def check_pairs(pairs: Sequence[Pair], what: str = "pairs") -> None:
    """Raises SteeringError for fewer than two pairs, pairs of equal replies, empty replies, doubles."""
    if len(pairs) < 2:
        raise SteeringError(f"{what}: at least two are needed, got {len(pairs)}")
    for number, pair in enumerate(pairs):
        if not pair.positive.strip() or not pair.negative.strip():
            raise SteeringError(f"{what}: pair {number} has an empty reply")
        if pair.positive.strip() == pair.negative.strip():
            raise SteeringError(f"{what}: both replies of pair {number} are identical")
    if len(set(pairs)) < len(pairs):
        raise SteeringError(f"{what}: {len(pairs) - len(set(pairs))} pairs are there twice")


def pairs_hash(pairs: Iterable[Pair]) -> str:
    """sha256 over the pairs whatever their order: a direction does not depend on it."""
    rows = sorted(json.dumps([pair.prompt, pair.positive, pair.negative]) for pair in pairs)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


@cache
def load_behaviour(name: str) -> Behaviour:
    """One of BEHAVIOURS from the banks. Raises SteeringError for any other name."""
    if name not in BEHAVIOURS:
        raise SteeringError(f"unknown behaviour {name!r}: there are {', '.join(BEHAVIOURS)}")
    bank = _read(BANKS / f"{name}.toml")
    situations = _read(BANKS / "situations.toml")["situation"]
    return Behaviour(
        name=name,
        about=bank["about"],
        instruction=bank["instruction"],
        scored_by=bank["scored_by"],
        fit=tuple(_cross(situations, bank["wording"], held_out=False)),
        held_out=tuple(_cross(situations, bank["wording"], held_out=True)),
        references=tuple(Reference(row["seeker"], row["reply"]) for row in situations if row.get("held_out")),
        lowest=lowest(name),
    ).check()


@cache
def lowest(name: str) -> float:
    """The strength that a behaviour's dial never goes below; -inf where it may, as for any unknown name."""
    return float(_read(BANKS / f"{name}.toml").get("lowest", -INFINITE)) if name in BEHAVIOURS else -INFINITE


def _read(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _cross(situations: list[dict], wordings: list[dict], *, held_out: bool) -> Iterable[Pair]:
    for situation in situations:
        for wording in wordings:
            if bool(situation.get("held_out")) == bool(wording.get("held_out")) == held_out:
                words = {key: situation[key] for key in ("step", "feeling", "matter")}
                words["Step"] = words["step"][0].upper() + words["step"][1:]
                prompt = wording.get("prompt", situation["seeker"])
                # A seeker's message may hold braces; only our own wordings are templates.
                yield Pair(
                    prompt.format(**words) if "prompt" in wording else prompt,
                    wording["positive"].format(**words),
                    wording["negative"].format(**words),
                )

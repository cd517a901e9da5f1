"""One short alternative reply for a point, checked before anyone reads it.

Candidates come in order of preference: rewordings of a model first, then authored lines by how near
they are to the chat. Each is tagged by our own tagger and must carry the recommended technique, carry
none to avoid, and pass the guard. When none does, the nearest authored line that the guard accepts is
taken and labelled as a fallback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from feedback.coach.bank import Line, lines
from feedback.coach.guard import guard
from feedback.coach.mini.measures import invented
from feedback.coach.turns import Tags
from skills.tagger import TagInput
from skills.taxonomy import REFLECTIONS

Embed = Callable[[list[str]], Any]  # texts -> float array [n, width] of unit rows
Retag = Callable[[list[TagInput]], Sequence[Tags]]

SEEKER_WEIGHT = 0.75
VOLUNTEER_WEIGHT = 0.25
SPECIFIC_BONUS = 0.15  # a line that names what the seeker named beats one that fits anything
BATCH = 4  # candidates tagged at a time: most loops end with the first


@dataclass(frozen=True)
class Wanted:
    """What an alternative is for. `chat` are the texts of the chat so far, whose names may be used."""

    technique: str
    topic: str
    seeker: str
    volunteer: str
    chat: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checks:
    """`tagged_as`: the found code that satisfied the recommendation, None where none did.
    `refused`: how many candidates fell to each reason before this one; `place`: which of the model's wordings
    it is, counted from 1, None for an authored line."""

    confirmed: bool
    tagged_as: str | None
    tried: int
    refused: dict[str, int] = field(default_factory=dict)
    place: int | None = None


@dataclass(frozen=True)
class Alternative:
    """`source` is "authored" or "model"; `fallback` marks a text that the tagger did not confirm."""

    text: str
    technique: str
    source: str
    fallback: bool
    checks: Checks


def ranked(wanted: Wanted, embed: Embed | None) -> list[Line]:
    """The authored lines that fit, nearest first; without an embedding specific ones first."""
    fitting = [line for line in lines(wanted.technique, wanted.topic) if line.fits(wanted.seeker)]
    if embed is None:
        return sorted(fitting, key=lambda line: not line.words)
    rows = embed([wanted.seeker or " ", wanted.volunteer or " ", *(line.text for line in fitting)])
    near = SEEKER_WEIGHT * (rows[2:] @ rows[0]) + VOLUNTEER_WEIGHT * (rows[2:] @ rows[1])
    scored = [
        (float(score) + (SPECIFIC_BONUS if line.words else 0.0), line)
        for score, line in zip(near, fitting, strict=True)
    ]
    # Sorting by the text as well keeps the order the same on machines that round differently.
    return [line for _, line in sorted(scored, key=lambda pair: (-round(pair[0], 4), pair[1].text))]


@dataclass
class Wordings:
    """What the loop made of a model's texts, filled by `choose`: how many it judged until one was good
    enough, and how many of them fell to each reason."""

    judged: int = 0
    refused: dict[str, int] = field(default_factory=dict)


@dataclass
class _Candidate:
    text: str
    place: int | None  # among the model's wordings, from 1; None: a person wrote it
    reasons: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        return "model" if self.place else "authored"


def choose(
    wanted: Wanted,
    *,
    authored: Sequence[Line],
    reworded: Sequence[str] = (),
    retag: Retag | None,
    avoid: frozenset[str],
    used: frozenset[str] = frozenset(),
    wordings: Wordings | None = None,
) -> Alternative | None:
    """The first candidate that passes the loop, or a labelled fallback; None when the guard refuses all.

    `authored` as `ranked` gives them; `avoid` are codes that a suggestion must not carry; `used` are texts
    that the report shows already. Without `retag` nothing is confirmed and the result is a fallback.
    `wordings` learns what became of the model's texts.
    """
    candidates = [_Candidate(text, place) for place, text in enumerate(reworded, start=1)]
    candidates += [_Candidate(line.text, None) for line in authored]
    for one in candidates:
        one.reasons = ["shown_before"] if one.text in used else []
        one.reasons += refusals(one.text, wanted, by_model=one.place is not None)
    guarded = [one for one in candidates if not one.reasons]
    chosen, code, tried = _confirmed(wanted, guarded, retag, avoid)
    if chosen is None:
        # A person wrote and read these lines; still, one that the tagger has nothing against comes first.
        safe = [one for one in guarded if one.place is None]
        unflagged = (one for one in safe if not any(reason.startswith("carries_") for reason in one.reasons))
        chosen = next(unflagged, safe[0] if safe else None)
    if wordings is not None:
        until = chosen.place if chosen and chosen.place else len(reworded)
        wordings.judged += until
        _count(wordings.refused, [r for one in candidates[:until] if one is not chosen for r in one.reasons])
    if chosen is None:
        return None
    refused: dict[str, int] = {}
    _count(refused, [reason for one in candidates for reason in one.reasons])
    checks = Checks(code is not None, code, tried, refused, chosen.place)
    return Alternative(chosen.text, wanted.technique, chosen.source, code is None, checks)


def _confirmed(
    wanted: Wanted, guarded: Sequence[_Candidate], retag: Retag | None, avoid: frozenset[str]
) -> tuple[_Candidate | None, str | None, int]:
    """(candidate, the code that it was found to carry, how many were tagged); others learn their reasons."""
    sibling: tuple[_Candidate, str] | None = None
    tried = 0
    for start in range(0, len(guarded) if retag else 0, BATCH):
        batch = guarded[start : start + BATCH]
        results = retag([TagInput(text=one.text, previous=wanted.seeker) for one in batch])
        for one, tags in zip(batch, results, strict=True):
            tried += 1
            if unwanted := [f"carries_{code}" for code in tags.present if code in avoid]:
                one.reasons += unwanted
            elif wanted.technique in tags.present:
                return one, wanted.technique, tried
            else:
                found = _sibling(wanted.technique, tags)
                sibling = sibling or (found and (one, found)) or None
                one.reasons.append("technique_not_found")
    return (*sibling, tried) if sibling else (None, None, tried)


def refusals(text: str, wanted: Wanted, *, by_model: bool) -> list[str]:
    """Why a text may not be shown, before it is tagged: what the guard says and, of a model's text, a person
    or thing that the chat does not name, and English that is none (authored lines were written for any chat
    and by people)."""
    chat = (*wanted.chat, wanted.seeker)
    found = guard(text, chat=chat, volunteer=wanted.volunteer)
    if by_model and invented(text, " ".join(chat), heldout=False):
        found.append("names_what_nobody_named")
    if by_model and "too_long" not in found and _rough(text):
        found.append("rough_english")
    return found


def _rough(text: str) -> bool:
    from feedback.coach.fluency import rough  # numpy, which the web process has no use for

    return rough(text)


def _sibling(technique: str, tags: Tags) -> str | None:
    """The other kind of reflection: no outcome evidence tells the two kinds apart, so it will do."""
    if technique not in REFLECTIONS:
        return None
    return next((code for code in tags.present if code in REFLECTIONS), None)


def _count(refused: dict[str, int], reasons: Sequence[str]) -> None:
    for reason in reasons:
        refused[reason] = refused.get(reason, 0) + 1

"""coach-mini on the held-out messages: its card's figures, and the authored lines' beside them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from feedback.coach.alternatives import Embed, Retag, Wanted, ranked
from feedback.coach.bank import GENERAL
from feedback.coach.corpus.heldout import Asked
from feedback.coach.corpus.pairs import exchanges
from feedback.coach.experts.arms import Arm
from feedback.coach.mini import notes
from feedback.coach.mini.closed_loop import avoided, verdict
from feedback.coach.mini.measures import copied, distinct, invented, names_content, training_grams
from feedback.coach.mini.prompting import shown
from feedback.coach.reply_prompt import RewordRequest
from feedback.evidence.published import published_study
from feedback.intervals import wilson

SAMPLES = 60
CORPUS_SEED = 1_000_003
NOTE = notes.NOTE
BARS = {"accepted": 0.60, "names_content": 0.80}


@dataclass(frozen=True)
class Judges:
    """The product's tagger, as functions."""

    retag: Retag
    embed: Embed | None = None


@dataclass(frozen=True)
class Sample:
    asked: Asked
    reply: str
    why: tuple[str, ...]


def ask(questions: Sequence[Asked], reword: Callable[[list[RewordRequest]], Sequence[str]]) -> list[str]:
    """One reply each, drawn once; the seed is the question's place."""
    return list(
        reword(
            [RewordRequest(q.seeker, q.volunteer, q.technique, "", seed) for seed, q in enumerate(questions)]
        )
    )


def authored(questions: Sequence[Asked], embed: Embed | None) -> list[str]:
    """What is shown without a model: the nearest authored line of no known topic."""
    known = _remembering(embed) if embed else None
    return [ranked(wanted_of(q), known)[0].text for q in questions]


def corpus_sample(count: int) -> tuple[list[Asked], list[str]]:
    """Exchanges that the grammar makes of a seed that nothing is trained with: how good its teacher is."""
    found = list(islice(exchanges(CORPUS_SEED), count))
    return (
        [Asked(e.topic, e.seeker, e.volunteer, e.technique) for e in found],
        [shown(e.reply) for e in found],
    )


def _remembering(embed: Embed) -> Embed:
    """The lines stay the same from message to message: each text is embedded once."""
    rows: dict[str, Any] = {}

    def known(texts: list[str]) -> Any:
        import numpy as np

        new = [text for text in dict.fromkeys(texts) if text not in rows]
        if new:
            rows.update(zip(new, embed(new), strict=True))
        return np.stack([rows[text] for text in texts])

    return known


def judged(
    questions: Sequence[Asked], replies: Sequence[str], judges: Judges, training: set[int] | None
) -> tuple[dict[str, Any], list[Sample]]:
    """Figures (share, n, 95 % Wilson interval) and one sample per question. `training` is None for replies
    that were not learnt."""
    avoid = avoided(published_study())
    samples = []
    for question, reply in zip(questions, replies, strict=True):
        found = verdict(reply, wanted_of(question), judges.retag, avoid)
        samples.append(Sample(question, reply, found.why))
    n = len(samples)
    counts = {
        "accepted": sum(not s.why for s in samples),
        "names_content": sum(names_content(s.reply, s.asked.seeker) for s in samples),
        "invents": sum(bool(invented(s.reply, f"{s.asked.seeker} {s.asked.volunteer}")) for s in samples),
    }
    if training is not None:
        counts["copies_8_words"] = sum(copied(s.reply, training) for s in samples)
    figures: dict[str, Any] = {name: _share(count, n) for name, count in counts.items()}
    figures["distinct_2"] = round(distinct(replies), 4)
    figures["words"] = round(sum(len(reply.split()) for reply in replies) / n, 1)
    figures["refused_for"] = dict(Counter(reason for s in samples for reason in s.why).most_common())
    figures["by_technique"] = {
        code: _share(sum(not s.why for s in of), len(of))
        for code in dict.fromkeys(q.technique for q in questions)
        if (of := [s for s in samples if s.asked.technique == code])
    }
    return figures, samples


def learnt_grams(folder: Path) -> set[int]:
    """The stretches of all replies that the model of `folder` was trained on, made again from its seed, those
    of a fine-tune and of its base. KeyError where the note tells of no training of coach-mini."""
    arms, bases = notes.trainings(json.loads((folder / NOTE).read_text(encoding="utf-8")))
    tuned = [Arm(**arm) for arm in arms]
    items = (one for arm in tuned for step in range(arm.steps) for one in arm.drawn(step))
    examples = (
        example
        for base in bases
        for example in islice(exchanges(base["recipe"]["seed"]), base["step"] * base["recipe"]["rows"])
    )
    return training_grams(chain((one.good for one in items), (example.reply for example in examples)))


def _share(count: int, n: int) -> dict[str, Any]:
    low, high = wilson(count, n) or (0.0, 1.0)
    return {"share": round(count / n, 4), "count": count, "n": n, "ci": [round(low, 4), round(high, 4)]}


def wanted_of(question: Asked) -> Wanted:
    """What the closed loop is asked about a reply to the question."""
    return Wanted(
        question.technique,
        GENERAL,
        question.seeker,
        question.volunteer,
        chat=(question.seeker, question.volunteer),
    )

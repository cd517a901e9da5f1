"""What each piece of the recipe buys: short runs that differ in one piece, and runs without one corpus.

All runs are equally short, so that they compare with each other; the shipped weights learnt longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skills.corpora import own
from skills.corpora.example import Example
from skills.tagger import evaluation, origin
from skills.tagger.deciding import Rule
from skills.tagger.encode import stack
from skills.tagger.heads import N_OUTPUTS
from skills.tagger.judge import Judge
from skills.tagger.scoring import Scored
from skills.tagger.training import CHECKPOINT, Recipe, Sources, Training

SHORT = Recipe(epochs=1, share=0.4, patience=9)
LEFT_OUT = ("annomi", "mi_dataset", "esconv", "epitome")
ONE = {"codes": 1.0}


@dataclass(frozen=True, slots=True)
class Variant:
    """One short run: the recipe's change, the corpora left out, and which sources it does without."""

    title: str
    change: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    pretraining: bool = True
    teacher: bool = True


VARIANTS: tuple[Variant, ...] = (
    Variant("all pieces, no teacher", teacher=False),
    Variant("no masked-language pre-training", pretraining=False, teacher=False),
    Variant("no previous message", change={"context": False}, teacher=False),
    Variant("exact labels only", change={"sets": False}, teacher=False),
    Variant("no class balance", change={"balance": False}, teacher=False),
    Variant("no own examples", without=(own.NAME,), teacher=False),
    Variant("no embedding distillation", change={"embedding_weight": 0.0}, teacher=False),
    *(Variant(f"without {corpus}", without=(corpus,), teacher=False) for corpus in LEFT_OUT),
    Variant("all pieces and the teacher"),
)


def run(
    variant: Variant,
    examples: list[Example],
    folder: Path,
    sources: Sources,
    report: Callable[[dict], None],
    share: float = SHORT.share,
) -> dict[str, Any]:
    """Train one variant in `folder` on a share of an epoch and return its row; a row that is there already
    is read, not made. Raises OtherRecipeError where it is of another share, encoder, teacher or of other
    corpora."""
    kept = folder / "row.json"
    recipe = replace(SHORT, share=share, **variant.change)
    made_of = {
        "recipe": asdict(recipe),
        "without": list(variant.without),
        "encoders": origin.of_files(sources.encoders if variant.pretraining else ()),
        "soft": origin.of_files(sources.soft if variant.teacher else ()),
        "corpora": origin.of_examples(examples),
    }
    if kept.is_file():
        row = json.loads(kept.read_text(encoding="utf-8"))
        there = row.pop("made_of", {})
        if other := [name for name, value in made_of.items() if there.get(name) != value]:
            raise origin.OtherRecipeError(
                f"{kept} is of a run with other {', '.join(other)}: name another folder, or remove it"
            )
        return row
    learnt = [e for e in examples if e.corpus not in variant.without]
    training = Training(
        learnt,
        folder,
        recipe,
        report,
        Sources(
            encoders=sources.encoders if variant.pretraining else (),
            soft=sources.soft if variant.teacher else (),
        ),
    )
    network = training.run(leg_minutes=600)
    context = variant.change.get("context", True)
    whole = [replace(e, fixed_split="test") for e in examples if e.corpus in variant.without and e.label]
    shown = [e for e in examples if e.split == "test" and e.corpus not in variant.without]
    row = {
        "title": variant.title,
        "without": list(variant.without),
        "items": sum(len(batch) for epoch in range(SHORT.epochs) for batch in training._plan(epoch)),
        "tasks": _tasks(shown, training, network, context),
        "left_out": _tasks(whole, training, network, context),
        "embedding": round(_nearness(training), 4),
    }
    unfinished = kept.with_suffix(".part")
    unfinished.write_text(json.dumps({**row, "made_of": made_of}, indent=1), encoding="utf-8")
    os.replace(unfinished, kept)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return row


def _tasks(examples: list[Example], training: Training, network, context: bool) -> list[dict[str, Any]]:
    """The development rows of a network in float, and the mean F1 of the codes on our own frozen set."""
    if not examples:
        return []
    judge = Judge(examples, training.encoder)
    logits = judge.logits(network.eval(), context=context)
    scored = Scored(examples, logits.reshape(-1, N_OUTPUTS))
    rows = evaluation.table(scored, ONE)
    if any(example.corpus == own.NAME for example in examples):
        mine = evaluation.per_code_own(scored, ONE, Rule(dict.fromkeys(evaluation.CODES, 0.5)))
        mean = float(np.mean([row["f1"] for row in mine.values()]))
        rows.append({"task": "own frozen set, mean F1 of the codes", "macro_f1": round(mean, 4)})
    return rows


def _nearness(training: Training) -> float:
    """Mean cosine of our embedding to the original one, over validation messages encoded alone."""
    texts = [example.text for example in training.judge.examples][:500]
    near = []
    with torch.no_grad():
        for text in texts:
            window = [torch.from_numpy(array) for array in stack(training.encoder.windows(text)[:1])]
            ours, original = training.network(*window)[1], training.teacher(*window)[1]
            near.append(float((ours * original).sum()))
    return float(np.mean(near or [0.0]))

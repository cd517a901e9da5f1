"""All corpora together: which are read, under which licence, and what they may be used for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from skills.corpora import (
    annomi,
    empathetic_intents,
    epitome,
    esconv,
    mi_dataset,
    mibot,
    own,
    physical_activity,
)
from skills.corpora import unlabelled as unlabelled_text
from skills.corpora.example import Example

# How much a licence asks of whoever uses weights that learnt from a text.
PERMISSIVE, SHARE_ALIKE, NON_COMMERCIAL, RESEARCH_ONLY = range(4)


@dataclass(frozen=True, slots=True)
class Corpus:
    """`learnt`: whether its training part is trained on; where not, all of it measures."""

    name: str
    title: str
    licence: str
    strictness: int
    read: Callable[[Path], Iterator[Example]]
    learnt: bool = True


CORPORA: tuple[Corpus, ...] = (
    Corpus(
        "annomi",
        "AnnoMI (Wu et al. 2022, 2023)",
        "none stated (public research data)",
        RESEARCH_ONLY,
        annomi.read,
    ),
    Corpus(
        "mi_dataset",
        "MI Dataset (Welivita and Pu 2022)",
        "CC BY-NC-SA 3.0",
        NON_COMMERCIAL,
        mi_dataset.read,
    ),
    Corpus("esconv", "ESConv (Liu et al. 2021)", "CC BY-NC 4.0", NON_COMMERCIAL, esconv.read),
    Corpus(
        "epitome",
        "EPITOME (Sharma et al. 2020)",
        "non-commercial academic use",
        RESEARCH_ONLY,
        epitome.read,
    ),
    Corpus(
        "physical_activity",
        "Physical-activity coaching dialogues",
        "Apache-2.0",
        PERMISSIVE,
        physical_activity.read,
    ),
    Corpus(
        "empathetic_intents",
        "EmpatheticIntents (Welivita and Pu 2020)",
        "none stated",
        RESEARCH_ONLY,
        empathetic_intents.read,
    ),
    Corpus(
        "mibot",
        "MIBot sessions (Mahmood et al. 2025), LLM-made labels",
        "CC BY-SA 4.0",
        SHARE_ALIKE,
        mibot.read,
        learnt=False,
    ),
)
OWN_TITLE, OWN_LICENCE = "Own written examples", "as this repository"


def read_all(folder: Path | None) -> list[Example]:
    """Every example of the corpora found under `folder`, then our own. A missing corpus is left out."""
    examples: list[Example] = []
    for corpus in CORPORA:
        if folder and (folder / corpus.name).is_dir():
            examples.extend(corpus.read(folder))
    examples.extend(own.read())
    return examples


def permissive(examples: list[Example]) -> list[Example]:
    """Those that are our own or of a corpus whose licence lets the weights be used for anything."""
    free = {corpus.name for corpus in CORPORA if corpus.strictness == PERMISSIVE} | {own.NAME}
    return [example for example in examples if example.corpus in free]


def unlabelled(folder: Path | None, examples: list[Example]) -> list[Example]:
    """Text of the same kind without labels, but for what is kept apart among the `examples`."""
    held_out = [example.text for example in examples if example.split != "train"]
    return list(unlabelled_text.read(folder, held_out)) if folder else []


def learnt_from(examples: list[Example]) -> list[Corpus]:
    """The corpora of which the training part holds something, in the order of the list."""
    names = {example.corpus for example in examples if example.split == "train"}
    return [corpus for corpus in CORPORA if corpus.learnt and corpus.name in names]


def strictest_licence(corpora: list[Corpus]) -> str:
    """What asks most of whoever uses weights that learnt from these corpora."""
    most = max((corpus.strictness for corpus in corpora), default=PERMISSIVE)
    if most == PERMISSIVE:
        return f"permissive ({OWN_LICENCE}{''.join(f', {corpus.licence}' for corpus in corpora)})"
    return "; ".join(f"{c.licence} ({c.title})" for c in corpora if c.strictness == most)

"""All corpora together: which are read, under which licence, and what they may be used for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from skills.corpora import annomi, empathetic_intents, epitome, esconv, mi_dataset, own, physical_activity
from skills.corpora.example import Example


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str
    title: str
    licence: str
    read: Callable[[Path], Iterator[Example]]


CORPORA: tuple[Corpus, ...] = (
    Corpus("annomi", "AnnoMI (Wu et al. 2022, 2023)", "none stated (public research data)", annomi.read),
    Corpus("mi_dataset", "MI Dataset (Welivita and Pu 2022)", "CC BY-NC-SA 3.0", mi_dataset.read),
    Corpus("esconv", "ESConv (Liu et al. 2021)", "CC BY-NC 4.0", esconv.read),
    Corpus("epitome", "EPITOME (Sharma et al. 2020)", "non-commercial academic use", epitome.read),
    Corpus("physical_activity", "Physical-activity coaching dialogues", "Apache-2.0", physical_activity.read),
    Corpus(
        "empathetic_intents",
        "EmpatheticIntents (Welivita and Pu 2020)",
        "none stated",
        empathetic_intents.read,
    ),
)
STRICTEST_LICENCE = "non-commercial academic use (EPITOME); CC BY-NC-SA 3.0 share-alike (MI Dataset)"


def read_all(folder: Path) -> list[Example]:
    """Every example of the corpora found under `folder`, then our own. A missing corpus is left out."""
    examples: list[Example] = []
    for corpus in CORPORA:
        if (folder / corpus.name).is_dir():
            examples.extend(corpus.read(folder))
    examples.extend(own.read())
    return examples

"""MI Dataset (Welivita and Pu 2022) in coarse groups: sentences of peers and professionals."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from skills.corpora.example import Example
from skills.corpora.maps import MI_GROUPS

NAME = "mi_dataset"
ASKED = frozenset(code for codes in MI_GROUPS.values() for code in codes)


def read(folder: Path) -> Iterator[Example]:
    """Examples of `folder`/mi_dataset/coarse_train.csv; the split follows the sentence itself."""
    with (folder / "mi_dataset" / "coarse_train.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            text, label = row["text"].strip(), row["group"]
            if not text:
                continue
            codes = frozenset(MI_GROUPS[label])
            yield Example(
                corpus=NAME,
                group=" ".join(text.lower().split()),
                text=text,
                positive=(codes,),
                negative=ASKED - codes,
                label=label,
            )

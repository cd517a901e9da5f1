"""EPITOME (Sharma et al. 2020): levels 0, 1, 2 of three empathy mechanisms; empathy heads only."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from skills.corpora.example import Example

NAME = "epitome"
FILES = {
    "emotional_reactions": "emotional-reactions",
    "interpretations": "interpretations",
    "explorations": "explorations",
}


def read(folder: Path) -> Iterator[Example]:
    """Examples of the three files in `folder`/epitome, joined by post and response."""
    found: dict[tuple[str, str], dict] = {}
    csv.field_size_limit(10_000_000)
    for mechanism, name in FILES.items():
        with (folder / "epitome" / f"{name}_train.csv").open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                pair = found.setdefault((row["sp_id"], row["rp_id"]), {"row": row, "levels": {}})
                pair["levels"][mechanism] = int(row["level"])
    for (post, _), pair in found.items():
        text = pair["row"]["response_post"].strip()
        if text:
            yield Example(
                corpus=NAME,
                group=post,
                text=text,
                previous=pair["row"]["seeker_post"].strip(),
                empathy=pair["levels"],
            )

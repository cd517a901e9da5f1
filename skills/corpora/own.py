"""Our own written examples, the only source of several codes; shipped with the package.

Lines are `{"text", "previous"?, "codes": [...], "empathy"?: {mechanism: level}, "split": "train"|"frozen"}`.
All codes were considered, so those not listed are absent. The frozen part measures and never trains.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from skills.corpora.example import Example, split_of
from skills.taxonomy import CODES

NAME = "own"
FOLDER = Path(__file__).resolve().parent.parent / "tagger" / "own"
WEIGHT = 2.0


class OwnExampleError(ValueError):
    """A line of an own-example file cannot be used; the message names file and line."""


def read(folder: Path = FOLDER) -> Iterator[Example]:
    """Examples of every *.jsonl in `folder`, by file name; nothing if the folder is absent."""
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                yield _example(json.loads(line), f"{path.name} line {number}")


def _example(row: dict, place: str) -> Example:
    codes = frozenset(row["codes"])
    unknown = codes - set(CODES)
    if unknown:
        raise OwnExampleError(f"{place}: unknown codes {sorted(unknown)}")
    text = row["text"]
    frozen = row.get("split", "train") == "frozen"
    held_out = split_of(f"{NAME}:{text}") == "val"
    return Example(
        corpus=NAME,
        group=text,
        text=text,
        previous=row.get("previous") or "",
        positive=tuple(frozenset({code}) for code in sorted(codes)),
        negative=frozenset(CODES) - codes,
        empathy=row.get("empathy") or {},
        weight=WEIGHT,
        fixed_split="test" if frozen else "val" if held_out else "train",
    )

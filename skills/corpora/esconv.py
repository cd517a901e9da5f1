"""ESConv (Liu et al. 2021): emotional-support chats; the strategy of a turn is its writer's intention.

One strategy per turn, so the codes of the others are weak negatives only: a turn may well hold more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from skills.corpora.example import Example
from skills.corpora.maps import ESCONV

NAME = "esconv"
ASKED = frozenset(code for codes in ESCONV.values() for code in codes)
REFLECTION_STRATEGIES = ("Restatement or Paraphrasing", "Reflection of feelings")
LABELS = {name: "Reflection" if name in REFLECTION_STRATEGIES else name for name in ESCONV}


def read(folder: Path) -> Iterator[Example]:
    """Examples of `folder`/esconv/{train,valid}.jsonl, one per supporter turn with a known strategy."""
    for part in ("train", "valid"):
        with (folder / "esconv" / f"{part}.jsonl").open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                yield from _conversation(f"{part}-{number}", json.loads(line)["dialog"])


def _conversation(group: str, dialog: list[dict[str, str]]) -> Iterator[Example]:
    previous = ""
    for turn in dialog:
        text = turn["text"].strip()
        if turn["speaker"] == "usr":
            previous = text
            continue
        strategy = turn.get("strategy", "")
        if not text or strategy not in ESCONV:
            continue
        codes = frozenset(ESCONV[strategy])
        yield Example(
            corpus=NAME,
            group=group,
            text=text,
            previous=previous,
            positive=(codes,),
            negative=ASKED - codes,
            label=LABELS[strategy],
            weight=0.7,
            negative_weight=0.5,
        )

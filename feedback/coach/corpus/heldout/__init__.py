"""What coach-mini is measured on: topics, message shapes and feelings that training never sees.

`topics.toml`, `messages.toml` and the feelings marked "heldout" make the 500 frozen messages of
`frozen.jsonl`; `handwritten.toml` holds messages that no grammar made.
"""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from feedback.coach.corpus.library import TECHNIQUES
from feedback.coach.corpus.pairs import heldout_message

FOLDER = Path(__file__).parent
SEED = 20_261
COUNT = 500


@dataclass(frozen=True)
class Asked:
    """One question to the model; `topic` is "" where the message is handwritten."""

    topic: str
    seeker: str
    volunteer: str
    technique: str


def frozen() -> list[Asked]:
    """The 500 frozen messages, techniques in turn."""
    lines = (FOLDER / "frozen.jsonl").read_text(encoding="utf-8").splitlines()
    return [Asked(**json.loads(line)) for line in lines]


def handwritten() -> list[Asked]:
    """Messages out of no grammar, techniques in turn."""
    table = tomllib.loads((FOLDER / "handwritten.toml").read_text(encoding="utf-8"))
    return [
        Asked("", seeker, weak, TECHNIQUES[i % len(TECHNIQUES)])
        for i, (seeker, weak) in enumerate(table["messages"])
    ]


def generated() -> Iterator[Asked]:
    """The frozen messages as the seed makes them, all different: the file has to say the same."""
    seen: set[str] = set()
    attempt = 0
    while len(seen) < COUNT:
        topic, seeker, weak = heldout_message(random.Random(f"{SEED}:{attempt}"))
        attempt += 1
        if seeker.lower() not in seen:
            seen.add(seeker.lower())
            yield Asked(topic, seeker, weak, TECHNIQUES[(len(seen) - 1) % len(TECHNIQUES)])

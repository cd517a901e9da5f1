"""Text of the same kind without technique labels: for masked-language pre-training and the teacher's opinion.

Counsel-Chat is where most of the MI Dataset comes from, so what is kept apart there is left out here.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from skills.corpora.example import Example

NAME = "unlabelled"
SHORTEST, LONGEST = 20, 400
_BETWEEN = re.compile(r"(?<=[.!?])\s+|\n+")


def read(folder: Path, held_out: Iterable[str] = ()) -> Iterator[Example]:
    """Sentences of Counsel-Chat answers, helper turns of failed ESConv chats; none that is in `held_out`."""
    seen = {key(text) for text in held_out}
    for text, previous in (*_counsel_chat(folder), *_failed_chats(folder)):
        if SHORTEST <= len(text) <= LONGEST and key(text) not in seen:
            seen.add(key(text))
            yield Example(
                corpus=NAME, group=text, text=text, previous=previous, weight=0.0, fixed_split="train"
            )


def key(text: str) -> str:
    """A sentence as it is compared with those kept apart: case, spaces and marks do not count."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _counsel_chat(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((folder / "counsel_chat").glob("*.csv")):
        csv.field_size_limit(10_000_000)
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                sentences = _BETWEEN.split(row["answerText"])
                yield from ((sentence.strip(), "") for sentence in sentences)


def _failed_chats(folder: Path) -> Iterator[tuple[str, str]]:
    path = folder / "esconv" / "FailedESConv.json"
    if not path.is_file():
        return
    for chat in json.loads(path.read_text(encoding="utf-8")):
        previous = ""
        for turn in chat["dialog"]:
            text = turn["content"].strip()
            if turn["speaker"] == "listener":
                yield text, previous
            else:
                previous = text

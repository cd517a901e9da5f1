"""The judge's own sets: what it learns from, what it is tuned on, and what it is measured on.

Nothing of the last is in the first two, and no two halves share a sentence. All of it is our own writing.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from feedback.coach.bank import TOPICS, lines, techniques
from feedback.coach.corpus.library import TECHNIQUES
from feedback.coach.corpus.pairs import exchanges
from feedback.coach.fluency.breaking import broken
from feedback.coach.mini.prompting import shown

SEED = 77_003
GRAMMAR = 250  # replies of the coach's grammar in either half
HAND = 5
ROOT = Path(__file__).resolve().parents[3]
OWN = ROOT / "skills" / "tagger" / "own"
SEEKER = ROOT / "peersupport" / "seeker"
SAFETY = ROOT / "peersupport" / "safety" / "lines"


@dataclass(frozen=True)
class Half:
    """Good and broken sentences, each with the name of its kind."""

    good: list[tuple[str, str]]
    broken: list[tuple[str, str]]


def learnt() -> list[str]:
    """What the word counts come from: the tagger's and the crisis rules' training examples and the simulated
    seekers' lines. Not the coach's grammar: a judge who learnt it likes whatever coach-mini makes of it."""
    examples = [row for at, row in enumerate(_examples("train")) if at % 5]
    said = [text for row in examples for text in (row["text"], row.get("previous", "")) if text]
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(SEEKER.rglob("*.toml"))]
    lines = [text for table in tables for text in _strings(table) if len(text.split()) > 3]
    cues = [row["text"] for name in ("train", "more") for row in _rows(SAFETY / f"{name}.jsonl")]
    return said + lines + cues


def tuned() -> Half:
    """What weights and limit come from."""
    return _half(held_out=False)


def held_out() -> Half:
    """What the figures come from."""
    return _half(held_out=True)


def _half(*, held_out: bool) -> Half:
    table = tomllib.loads((Path(__file__).parent / "broken.toml").read_text(encoding="utf-8"))

    def mine(lines: list[str]) -> list[str]:
        return [line for at, line in enumerate(lines) if (at % 3 == 2) == held_out]

    kept = _examples("frozen") if held_out else _examples("train")[::5]
    good = [("by hand", text) for text in mine(table["good"])]
    authored = {line.text for code in techniques() for topic in TOPICS for line in lines(code, topic)}
    good += [("authored alternatives", text) for text in mine(sorted(authored))]
    made = islice(exchanges(SEED + held_out, strange=False), GRAMMAR)
    good += [("replies of the grammar", shown(one.reply)) for one in made if len(one.reply.split()) > 4]
    good += [
        ("examples of the tagger", row["text"])
        for row in kept
        if set(row["codes"]) & set(TECHNIQUES) and row["text"][:1].isupper() and len(row["text"].split()) > 4
    ]
    if held_out:
        known = {text for _, text in tuned().good}.union(learnt())
        good = [(kind, text) for kind, text in good if text not in known]
    bad = [("by hand", text) for text in mine(table["broken"])]
    by_rule = broken([text for _, text in good], SEED + held_out, every=not held_out)
    if held_out:
        met = {text for _, text in tuned().broken}
        by_rule = [(kind, text) for kind, text in by_rule if text not in met]
    # Tuned on, a sentence broken by hand counts as much as several by rule: there are few of them.
    return Half(good, bad * (1 if held_out else HAND) + by_rule)


def _examples(split: str) -> list[dict]:
    return [row for path in sorted(OWN.glob("*.jsonl")) for row in _rows(path) if row["split"] == split]


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)

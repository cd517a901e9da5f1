"""MIBot (Mahmood et al. 2025): an LLM counsellor with people who smoke, coded by an LLM (AutoMISC).

Silver labels of machine-made talk: never learnt from, only measured on, as text from elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from skills.corpora.example import Example
from skills.corpora.maps import MIBOT

NAME = "mibot"


def read(folder: Path) -> Iterator[Example]:
    """Examples of `folder`/mibot/transcripts/*.json, one per counsellor utterance."""
    for path in sorted((folder / "mibot" / "transcripts").glob("*.json")):
        previous = ""
        for row in json.loads(path.read_text(encoding="utf-8"))["utterances"]:
            text = row["text"].strip()
            if row["speaker"] != "counsellor":
                previous = text
            elif text and row["auto_misc_label"] in MIBOT:
                yield Example(
                    corpus=NAME,
                    group=path.stem,
                    text=text,
                    previous=previous,
                    label=row["auto_misc_label"],
                    weight=0.0,
                    fixed_split="test",
                )

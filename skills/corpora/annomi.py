"""AnnoMI (Wu et al. 2022, 2023): transcribed motivational-interviewing demonstrations, expert codes.

Existence flags make it multi-label. A behaviour "other" says only that one of several codes is present, and
in every other utterance those codes are unknown: the annotators were never asked about them.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from skills.corpora.example import Example
from skills.corpora.maps import ANNOMI, QUESTIONS, REFLECTIONS

NAME = "annomi"
INPUT_CODES = ("give_information", "persuade_with_permission", "advise_without_permission")
FLAGS = (
    ("question", "question_exists", "question_subtype"),
    ("reflection", "reflection_exists", "reflection_subtype"),
    ("therapist_input", "therapist_input_exists", "therapist_input_subtype"),
)


def read(folder: Path) -> Iterator[Example]:
    """Examples of `folder`/annomi/annomi_train.csv, one per therapist utterance, in file order."""
    path = folder / "annomi" / "annomi_train.csv"
    utterances: dict[tuple[str, int], list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            utterances[row["transcript_id"], int(row["utterance_id"])].append(row)
    transcript, previous = "", ""
    for (name, _), rows in utterances.items():
        if name != transcript:
            transcript, previous = name, ""
        text = rows[0]["utterance_text"].strip()
        if rows[0]["interlocutor"] == "client":
            previous = text
        elif text:
            yield _example(rows, text, previous)


def _example(rows: list[dict[str, str]], text: str, previous: str) -> Example:
    positive: list[frozenset[str]] = []
    negative: set[str] = set()
    for behaviour, exists, subtype in FLAGS:
        said = [row[subtype] for row in rows if row[exists] == "True" and row[subtype] != "n/a"]
        sure = 2 * len(said) > len(rows)
        if sure:
            codes = frozenset(ANNOMI[f"{behaviour}:{Counter(said).most_common(1)[0][0]}"])
            positive.append(codes)
        siblings = {"question": QUESTIONS, "reflection": REFLECTIONS}.get(behaviour, INPUT_CODES)
        if sure or not said:
            negative.update(code for code in siblings if not sure or code not in codes)
    main = Counter(row["main_therapist_behaviour"] for row in rows).most_common(1)[0][0]
    if main == "other":
        positive.append(frozenset(ANNOMI["other"]))
    return Example(
        corpus=NAME,
        group=rows[0]["transcript_id"],
        text=text,
        previous=previous,
        positive=tuple(positive),
        negative=frozenset(negative),
        label=main,
        weight=1.5,
    )

"""Public conversations with ratings before and after, as files that a study can be run on.

MIBot (Mahmood et al. 2025): people who smoke rate importance, confidence and readiness from 0 to 10 before
and after one session. ESConv (Liu et al. 2021): seekers rate their distress from 1 to 5 before and after a
chat. Techniques are counted by our own tagger. One session a person and nobody without one: only the second
question can be asked, by least squares, and what comes out is exploratory. No text is written anywhere.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback.evidence.study.spec import Spec, spec_from
from feedback.evidence.study.techniques import PREFIX
from feedback.studies.tagging import counts as counts_of
from skills.tagger.types import TagInput

BEFORE, AFTER = "2026-01-01", "2026-01-02T12:00:00"  # the order is all that is known of the days
RULERS = ("Importance", "Confidence", "Readiness")


@dataclass(frozen=True)
class Conversation:
    """One person's: scores before and after by instrument, the counselor's messages with those before."""

    person: str
    scores: dict[str, tuple[float, float]]
    messages: list[TagInput]
    turns: int


@dataclass(frozen=True)
class Source:
    """A public corpus: how it is read, and the instruments it brings."""

    name: str
    title: str
    instruments: dict[str, dict[str, Any]]

    def spec(self, tagger: str, f1: dict[str, float]) -> Spec:
        tagged = {"version": tagger, "f1": f1}
        return spec_from({"title": self.title, "instruments": self.instruments, "tagger": tagged})

    def read(self, corpora: Path) -> Iterator[Conversation]:
        return {"mibot": _mibot, "esconv": _esconv}[self.name](corpora)


SOURCES = (
    Source(
        "mibot",
        "MIBot sessions, exploratory",
        {name: {"low": 0, "high": 10, "better": "higher"} for name in RULERS},
    ),
    Source("esconv", "ESConv distress ratings, exploratory", {"Distress": {"low": 1, "high": 5}}),
)


def _mibot(corpora: Path) -> Iterator[Conversation]:
    with (corpora / "mibot" / "data.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = {row["ParticipantID"]: row for row in csv.DictReader(handle)}
    for path in sorted((corpora / "mibot" / "transcripts").glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))["utterances"]
        row = rows.get(path.stem)
        if row is not None:
            scores = {name: _pair(row[f"PreRuler{name}"], row[f"PostRuler{name}"]) for name in RULERS}
            said = [(turn["speaker"] == "counsellor", turn["text"]) for turn in told]
            yield _conversation(f"m{path.stem}", scores, said)


def _esconv(corpora: Path) -> Iterator[Conversation]:
    folder = corpora / "esconv"
    told = [
        json.loads(line)
        for name in ("train.jsonl", "valid.jsonl")
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
    ]
    told += json.loads((folder / "FailedESConv.json").read_text(encoding="utf-8"))
    for number, row in enumerate(told):
        rated = row["survey_score"]["seeker"]
        scores = {
            "Distress": _pair(rated.get("initial_emotion_intensity"), rated.get("final_emotion_intensity"))
        }
        said = [(_helps(turn), turn.get("text") or turn.get("content", "")) for turn in row["dialog"]]
        yield _conversation(f"e{number}", scores, said)


def _helps(turn: dict[str, Any]) -> bool:
    return turn["speaker"] in ("sys", "supporter")


def _pair(before: Any, after: Any) -> tuple[float, float]:
    return tuple(float(value) if str(value or "").strip() else float("nan") for value in (before, after))


def _conversation(person: str, scores: dict, said: list[tuple[bool, str]]) -> Conversation:
    messages, previous = [], ""
    for counselor, text in said:
        if counselor and text.strip():
            messages.append(TagInput(text=text, previous=previous))
        elif not counselor:
            previous = text
    return Conversation(person, scores, messages, len(said))


def write(conversations: Iterable[Conversation], tagger, folder: Path) -> int:
    """assessments.csv and chats.csv; returns how many messages were tagged."""
    folder.mkdir(parents=True, exist_ok=True)
    tagged, chats, assessments, codes = 0, [], [], set()
    for talk in conversations:
        counts: Counter[str] = Counter()
        for result in tagger.tag(talk.messages) if talk.messages else []:
            tagged += 1
            counts.update(counts_of(result))
        codes |= set(counts)
        chats.append((talk, counts))
        for instrument, (before, after) in talk.scores.items():
            for date, score in ((BEFORE, before), (AFTER, after)):
                if score == score:
                    assessments.append([talk.person, instrument, date, score])
    with (folder / "assessments.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([["seeker_id", "instrument", "date", "score"], *assessments])
    names = sorted(codes)
    head = ["chat_id", "seeker_id", "start", "turns", *(PREFIX + name for name in names)]
    rows = [
        [
            f"c-{talk.person}",
            talk.person,
            "2026-01-01T12:00:00",
            talk.turns,
            *(counts[name] for name in names),
        ]
        for talk, counts in chats
    ]
    with (folder / "chats.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([head, *rows])
    return tagged

"""Physical-activity coaching dialogues: expert acts per sentence, spreadsheets with one dialogue each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from skills.corpora.example import Example
from skills.corpora.maps import PHYSICAL_ACTIVITY

NAME = "physical_activity"
COACH = "1"
ACTS = ("Social Exchange", "Task-Focused")
COLUMNS = ("Speaker", "Utterance", *ACTS)


def read(folder: Path) -> Iterator[Example]:
    """Examples of every `folder`/physical_activity/*.xlsx: the coach's sentences that carry a mapped act."""
    from openpyxl import load_workbook

    for path in sorted((folder / "physical_activity").glob("*.xlsx")):
        book = load_workbook(path, read_only=True)
        rows = list(book.active.iter_rows(values_only=True))
        book.close()
        header = [str(name or "").strip() for name in rows[0]]
        column = {name: header.index(name) for name in COLUMNS}
        yield from _dialogue(path.stem, rows[1:], column)


def _dialogue(group: str, rows: list[tuple], column: dict[str, int]) -> Iterator[Example]:
    speaker, turn, previous = "", [], ""
    for row in rows:
        text = str(row[column["Utterance"]] or "").strip()
        if row[column["Speaker"]] is not None:
            if speaker and speaker != COACH:
                previous = " ".join(turn)
            speaker, turn = str(row[column["Speaker"]]).strip(), []
        turn.append(text)
        acts = [str(row[column[name]] or "").strip() for name in ACTS]
        positive = tuple(frozenset(PHYSICAL_ACTIVITY[act]) for act in acts if act in PHYSICAL_ACTIVITY)
        if speaker == COACH and text and positive:
            yield Example(
                corpus=NAME,
                group=group,
                text=text,
                previous=previous,
                positive=positive,
                weight=0.8,
            )

"""Messages into counts of techniques per chat: a tagger that is given reads them, and no text is kept.

Only chats inside a period are tagged: on the others nothing depends. A message is tagged with the seeker's
last one before it. `messages` hold the rows of a chat together, in the order in which they were sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from feedback.evidence.study.assessments import periods, read_assessments
from feedback.evidence.study.chats import chats_inside
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.reading import pieces
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import ALL, PREFIX, leaves_of

# (message, the seeker's before it) in, {code: how often} of each out.
Tag = Callable[[list[tuple[str, str]]], list[Mapping[str, int]]]
CODES = tuple(leaf for name in ALL for leaf in leaves_of(name))
ROLES = ("counselor", "seeker")
BATCH = 2000


def unread(messages: list[tuple[str, str]]) -> list[Mapping[str, int]]:
    """Stands for a tagger where a table is only looked at: which messages would be read, and nothing in
    them."""
    return [{} for _ in messages]


def count(
    path: Path,
    files: tuple[Path, Path],
    tag: Tag,
    spec: Spec,
    problems: Problems,
    notices: list[str],
    report: Callable[[float, str], None],
) -> pd.DataFrame:
    """[chats inside a period, codes] how often each technique code is used, NaN where a chat has no message
    in the table; columns `technique:<code>`, index `chat_id`. `files`: assessments and chats.

    Raises StudyError where the rows of a chat do not stand together, or where no chat has messages.
    """
    cut = periods(read_assessments(files[0], spec, Problems(), []), spec, {})
    wanted = chats_inside(files[1], cut, spec)
    found: dict[str, Counter[str]] = {}
    batch: list[tuple[str, str, str]] = []
    done = 0
    for chat, text, before in _of_counselors(path, wanted, problems, notices, found):
        batch.append((chat, text, before))
        if len(batch) == BATCH:
            done = _add(found, batch, tag, done, report)
            batch = []
    _add(found, batch, tag, done, report)
    if not found:
        raise StudyError(
            f"{path.name} has no message of a chat that lies inside a period of {files[0].name}."
        )
    table = np.full((len(wanted), len(CODES)), np.nan, np.float32)
    for row in wanted.get_indexer(list(found)):
        counts = found[wanted[row]]
        table[row] = [counts[code] for code in CODES]
    return pd.DataFrame(table, index=wanted, columns=[PREFIX + code for code in CODES])


def _add(found: dict[str, Counter[str]], batch, tag: Tag, done: int, report) -> int:
    if batch:
        for (chat, _, _), counts in zip(
            batch, tag([(text, before) for _, text, before in batch]), strict=True
        ):
            found[chat].update(counts)
        report(0.0, f"{done + len(batch):,} messages read")
    return done + len(batch)


def _of_counselors(
    path: Path, wanted: pd.Index, problems: Problems, notices: list[str], found: dict[str, Counter[str]]
) -> Iterator[tuple[str, str, str]]:
    """(chat, message, the seeker's last before it) of the chats wanted, each of which gets its place in
    `found` with its first row."""
    chat, before = "", ""
    for piece in pieces(path, "messages", problems, notices):
        piece = piece[piece["chat_id"].isin(wanted)]
        role = piece["role"].astype("string").str.strip().str.lower().fillna("")
        unknown = ~role.isin(ROLES)
        if unknown.any():
            problems.add_many(
                "messages", piece.line[unknown].to_numpy(), "role", "role is not known",
                f"Write {' or '.join(ROLES)}; the message was left out.",
            )  # fmt: skip
        rows = zip(piece["chat_id"], role, piece["text"].astype("string").fillna(""), strict=True)
        for name, who, text in rows:
            if name != chat:
                if name in found:
                    raise StudyError(
                        f"{path.name}: the messages of chat {name} do not stand together. Sort the table by "
                        "chat, and in each by time."
                    )
                chat, before = name, ""
                found[chat] = Counter()
            if who == "counselor" and text.strip():
                yield chat, text, before
            elif who == "seeker":
                before = text

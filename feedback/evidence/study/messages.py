"""Messages into counts of techniques per chat: a tagger that is given reads them, and no text is kept.

Only chats inside a period are tagged: on the others nothing depends. A message is tagged with the seeker's
last one before it. `messages` hold the rows of a chat together, in the order in which they were sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from feedback.evidence.study.chats import chats_inside
from feedback.evidence.study.counted import Counted
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.reading import pieces
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import ALL, PREFIX, leaves_of

# (message, the seeker's before it) in, {code: how often} of each out; None of one that it cannot read.
Tag = Callable[[list[tuple[str, str]]], list[Mapping[str, int] | None]]
CODES = tuple(leaf for name in ALL for leaf in leaves_of(name))
ROLES = {"counselor": "counselor", "counsellor": "counselor", "seeker": "seeker"}
BATCH = 500


def _nothing(counted: Callable[[], Counted]) -> None:
    """Keeps nothing."""


@dataclass(frozen=True)
class Resume:
    """Where an earlier run of the same tables and tagger ended, and what is done with how far this one is.

    `keep` is called after every batch with a function that gives what was counted until then; it may raise,
    and what it kept comes as `begun` next time. `rows`: how many the table has, 0 where nobody knows."""

    begun: Counted | None = None
    keep: Callable[[Callable[[], Counted]], None] = _nothing
    rows: int = 0


ANEW = Resume()


@dataclass
class _Counts:
    """Of the chats `wanted`: `table` [chats, codes], and which were met in the table of messages, which have
    a message of a counselor, a row of a role that is not known, a message that the tagger cannot read."""

    wanted: pd.Index
    table: np.ndarray = field(init=False)
    met: np.ndarray = field(init=False)
    heard: np.ndarray = field(init=False)
    unknown: np.ndarray = field(init=False)
    unread: np.ndarray = field(init=False)
    lines: list[int] = field(default_factory=list)  # of what the tagger cannot read
    batch: list[tuple[int, int, str, str]] = field(default_factory=list)  # chat, line, message, before it
    done: int = 0

    def __post_init__(self) -> None:
        self.table = np.zeros((len(self.wanted), len(CODES)), np.float32)
        self.met, self.heard, self.unknown, self.unread = np.zeros((4, len(self.wanted)), bool)

    def begin(self, begun: Counted | None) -> np.ndarray:
        """Which chats need not be read again."""
        before = np.zeros(len(self.wanted), bool)
        if begun is not None:
            place = self.wanted.get_indexer(begun.chats)
            there = place >= 0
            before[place[there]] = True
            self.table[place[there]] = begun.table[there]
            self.unread[place[there]] = begun.unread[there]
            self.lines = list(begun.lines)
        return before

    def tag(self, tag: Tag) -> None:
        found = tag([(text, before) for _, _, text, before in self.batch])
        for (chat, line, _, _), counts in zip(self.batch, found, strict=True):
            if counts is None:
                self.unread[chat] = True
                self.lines.append(line)
            else:
                self.table[chat] += [counts.get(code, 0) for code in CODES]
        self.done += len(self.batch)
        self.batch = []

    def so_far(self, current: int) -> Counted:
        """What is whole: all chats that were met but the current one."""
        whole = self.met.copy()
        whole[current] = False
        lines = np.array(self.lines, np.int64)
        return Counted(self.wanted[whole].to_numpy(str), self.table[whole], self.unread[whole], lines)

    def frame(self) -> pd.DataFrame:
        """NaN where it is not known how often a technique was used."""
        known = self.met & ~self.unread & (self.heard | ~self.unknown)
        table = np.where(known[:, None], self.table, np.float32(np.nan))
        return pd.DataFrame(table, index=self.wanted, columns=[PREFIX + code for code in CODES])


def count(
    path: Path,
    chats: Path,
    cut: pd.DataFrame,
    tag: Tag,
    spec: Spec,
    problems: Problems,
    notices: list[str],
    report: Callable[[float, str], None],
    resume: Resume,
) -> pd.DataFrame:
    """[chats inside a period of `cut`, codes] how often each technique code is used; NaN where a chat has no
    message in the table, or where it is not known. Columns `technique:<code>`, index `chat_id`.

    Raises StudyError where the rows of a chat do not stand together, or where no chat has messages.
    """
    of_chats = Problems()
    found = _Counts(chats_inside(chats, cut, spec, of_chats))
    before = found.begin(resume.begun)
    for chat, line, text, said in _of_counselors(path, found, problems, notices, report, resume.rows):
        if before[chat]:
            continue
        found.batch.append((chat, line, text, said))
        if len(found.batch) == BATCH:
            found.tag(tag)
            report(_share(problems, resume.rows), f"{found.done:,} messages read")
            resume.keep(lambda chat=chat: found.so_far(chat))
    found.tag(tag)
    report(1.0, f"{found.done:,} messages read")
    if len(found.wanted) and not found.met.any():
        problems.join(of_chats)
        raise StudyError(f"{path.name} has no message of a chat that lies inside a period.")
    if found.lines:
        problems.add_many(
            "messages", sorted(set(found.lines)), "text", "text is not in English",
            "The tagger reads English alone: its chat is left out of what is said of techniques.",
        )  # fmt: skip
    return found.frame()


def _share(problems: Problems, rows: int) -> float:
    return min(1.0, problems.rows_read.get("messages", 0) / rows) if rows else 0.0


def _of_counselors(
    path: Path, found: _Counts, problems: Problems, notices: list[str], report, rows: int
) -> Iterator[tuple[int, int, str, str]]:
    """(chat, line, message, the seeker's last before it) of the chats wanted, each of which is met with its
    first row."""
    chat, before = -1, ""
    for piece in pieces(path, "messages", problems, notices):
        report(_share(problems, rows), f"{found.done:,} messages read")
        places = found.wanted.get_indexer(piece["chat_id"])
        piece, places = piece[places >= 0], places[places >= 0]
        role = piece["role"].astype("string").str.strip().str.lower().map(ROLES)
        unknown = role.isna().to_numpy()
        if unknown.any():
            found.unknown[places[unknown]] = True
            problems.add_many(
                "messages", piece.line[unknown].to_numpy(), "role", "role is not known",
                "Write counselor or seeker; the message was left out, and a chat without a counselor's too.",
            )  # fmt: skip
        texts = piece["text"].astype("string").fillna("")
        for place, line, who, text in zip(places, piece.line, role, texts, strict=True):
            if place != chat:
                if found.met[place]:
                    name = found.wanted[place]
                    raise StudyError(
                        f"{path.name}: the messages of chat {name} do not stand together. Sort the table by "
                        "chat, and in each by time."
                    )
                chat, before = place, ""
                found.met[place] = True
            if who == "counselor":
                found.heard[place] = True
                if text.strip():
                    yield place, line, text, before
            elif who == "seeker":
                before = text

"""Text to token ids, segments and pooling rows; shared by training and the run time.

Layout: [CLS] message [SEP] previous [SEP]. The message comes first, in segment 0, whether or not there is
a previous message, so a message alone is encoded exactly as the original sentence encoder would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from skills.tagger.clean import sentences

LIMIT = 128
PREVIOUS_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Window:
    """One pass of the encoder: ids, how many belong to the message part, and the sentences inside.

    `rows`: token ranges [start, stop) of each sentence; `spans`: the same sentences as character offsets.
    """

    ids: list[int]
    message: int
    rows: list[tuple[int, int]]
    spans: list[tuple[int, int]]


def stack(windows: Sequence[Window]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ids and segments int64 [n, T], pool float32 [n, 1 + most sentences, T] of n windows of one length T;
    row 0 of a window is the whole message, rows it lacks are zero. Raises ValueError for unequal lengths."""
    ids = np.array([window.ids for window in windows], np.int64)
    segments = np.zeros(ids.shape, np.int64)
    most = max(len(window.rows) for window in windows)
    pool = np.zeros((len(windows), 1 + most, ids.shape[1]), np.float32)
    for place, window in enumerate(windows):
        segments[place, window.message :] = 1
        pool[place, 0, : window.message] = 1 / window.message
        for row, (start, stop) in enumerate(window.rows, start=1):
            pool[place, row, start:stop] = 1 / (stop - start)
    return ids, segments, pool


class Encoder:
    """The word-piece tokenizer of one weights folder. Safe to share between threads."""

    def __init__(self, tokenizer: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.first = self._tokenizer.token_to_id("[CLS]")
        self.between = self._tokenizer.token_to_id("[SEP]")
        self.mask = self._tokenizer.token_to_id("[MASK]")

    def windows(self, text: str, previous: str = "") -> list[Window]:
        """The passes a message needs: one, or several cut between sentences if it is long. Cleaned text."""
        tail: list[int] = []
        if previous:
            tail = self._tokenizer.encode(previous[-1200:], add_special_tokens=False).ids[-PREVIOUS_LIMIT:]
        room = LIMIT - 2 - (len(tail) + 1 if tail else 0)
        coded = self._tokenizer.encode(text, add_special_tokens=False)
        pieces = _sentence_tokens(coded.offsets, sentences(text), room)
        windows, batch = [], []
        for piece in pieces:
            if batch and piece[1] - batch[0][0] > room:
                windows.append(self._window(coded.ids, batch, tail))
                batch = []
            batch.append(piece)
        if batch:
            windows.append(self._window(coded.ids, batch, tail))
        return windows

    def _window(self, ids: list[int], pieces: list[tuple], tail: list[int]) -> Window:
        first, last = pieces[0][0], pieces[-1][1]
        head = [self.first, *ids[first:last], self.between]
        return Window(
            ids=[*head, *tail, self.between] if tail else head,
            message=len(head),
            rows=[(start - first + 1, stop - first + 1) for start, stop, _ in pieces],
            spans=[span for _, _, span in pieces],
        )


def _sentence_tokens(
    offsets: list[tuple[int, int]], spans: list[tuple[int, int]], room: int
) -> list[tuple[int, int, tuple[int, int]]]:
    """(first token, stop token, character span) per sentence; a sentence longer than `room` is divided."""
    pieces = []
    token = 0
    for number, span in enumerate(spans):
        limit = spans[number + 1][0] if number + 1 < len(spans) else float("inf")
        start = token
        while token < len(offsets) and offsets[token][0] < limit:
            token += 1
        for begin in range(start, token, room):
            stop = min(begin + room, token)
            whole = (start, token) == (begin, stop)
            pieces.append((begin, stop, span if whole else (offsets[begin][0], offsets[stop - 1][1])))
    return pieces

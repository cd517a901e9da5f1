"""The tagger at run time: onnxruntime, tokenizers and numpy only, one message per pass."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from skills.tagger.card import read_card, weights_folder
from skills.tagger.clean import clean, has_words, looks_english
from skills.tagger.deciding import Rule
from skills.tagger.encode import Encoder, Window
from skills.tagger.heads import EMPATHY_HEADS, N_CODES
from skills.tagger.types import TagInput, TagResult, is_doubtful
from skills.taxonomy import CODES

_LOCK = threading.Lock()
_LOADED: dict[Path, Tagger] = {}
MOST_LOADED = 2  # the version that serves, and the one that work which began before a switch still uses


def cached_tagger(path: str | Path | None) -> Tagger:
    """One tagger per weights folder and process, whichever thread asks first."""
    folder = Path(path or weights_folder()).resolve()
    with _LOCK:
        if folder not in _LOADED:
            made = Tagger(folder)
            while len(_LOADED) >= MOST_LOADED:
                del _LOADED[next(iter(_LOADED))]
            _LOADED[folder] = made
        return _LOADED[folder]


class Tagger:
    """Tags messages and embeds texts. Threads may share one: a session's `run` is thread-safe.

    Raises FileNotFoundError where a file is missing, ValueError for weights other than the card's: a
    damaged file may well load, and would tag nonsense.
    """

    def __init__(self, folder: Path) -> None:
        self.card = read_card(folder)
        weights = (folder / "tagger.onnx").read_bytes()
        if hashlib.sha256(weights).hexdigest() != self.card["sha256"]:
            raise ValueError("tagger.onnx is not the file that card.json describes: copy the folder again")
        self.version: str = self.card["version"]
        self._encoder = Encoder(folder / "tokenizer.json")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self._rule = Rule.of(self.card)
        self._margin: float = self.card.get("margin", 0.0)
        heat = self.card["temperature"]
        self._heat = np.array(
            [heat["codes"]] * N_CODES + [heat[head] for head in EMPATHY_HEADS for _ in range(3)], np.float32
        )

    def tag(self, inputs: list[TagInput], *, threads: int = 1) -> list[TagResult]:
        """One result per input, in order; a message's result never depends on its neighbours.

        `threads`: how many messages are worked on at once (for bulk work; the results are the same).
        """
        if threads == 1 or len(inputs) < 2:
            return [self._one(item) for item in inputs]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self._one, inputs))

    def embed(self, texts: list[str]) -> np.ndarray:
        """Sentence embeddings float32 [n, 384] with unit rows; a text without words gets the zero row."""
        rows = np.zeros((len(texts), 384), np.float32)
        for row, text in enumerate(texts):
            windows = self._encoder.windows(clean(text)[0])
            if windows:
                rows[row] = sum(self._run("embedding", window)[0] for window in windows)
                rows[row] /= max(float(np.linalg.norm(rows[row])), 1e-12)
        return rows

    def logits(self, text: str, previous: str = "") -> list[tuple[Window, np.ndarray]]:
        """Calibrated logits [1 + sentences, outputs] of each pass; row 0 is the whole pass. Cleaned text."""
        windows = self._encoder.windows(text, previous)
        return [(window, self._run("logits", window)[0] / self._heat) for window in windows]

    def _doubtful(self, chance: float, place: int) -> bool:
        return is_doubtful(float(chance), self._rule.thresholds[CODES[place]], self._margin)

    def _run(self, output: str, window: Window) -> np.ndarray:
        ids, segments, pool = window.arrays()
        return self._session.run([output], {"ids": ids, "segments": segments, "pool": pool})[0]

    def _one(self, item: TagInput) -> TagResult:
        text, truncated = clean(item.text)
        if not has_words(text):
            return _nothing("empty")
        if not looks_english(text):
            return _nothing("not_english")
        passes = self.logits(text, clean(item.previous)[0].strip())
        if not passes:
            return _nothing("empty")
        chances = np.max([sigmoid(logits[0, :N_CODES]) for _, logits in passes], axis=0)
        present = np.flatnonzero(self._rule.present(chances[None])[0])
        over = self._rule.over(chances[None])[0]
        return TagResult(
            probabilities={code: float(chance) for code, chance in zip(CODES, chances, strict=True)},
            present=[CODES[place] for place in present],
            empathy={name: _level(passes, head) for head, name in enumerate(EMPATHY_HEADS)},
            spans={CODES[place]: _best_sentence(passes, place) for place in present},
            notice="truncated" if truncated else "",
            unsure=[CODES[place] for place in present if self._doubtful(chances[place], place)],
            by_family=[CODES[place] for place in present if not over[place]],
        )


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Elementwise logistic function."""
    return 1 / (1 + np.exp(-np.clip(logits, -60, 60)))


def _level(passes: list[tuple[Window, np.ndarray]], head: int) -> int:
    first = N_CODES + 3 * head
    return max(int(logits[0, first : first + 3].argmax()) for _, logits in passes)


def _best_sentence(passes: list[tuple[Window, np.ndarray]], code: Any) -> tuple[int, int]:
    scores = [
        (float(logits[row, code]), span)
        for window, logits in passes
        for row, span in enumerate(window.spans, start=1)
    ]
    return max(scores, key=lambda scored: scored[0])[1]


def _nothing(notice: str) -> TagResult:
    return TagResult(
        probabilities=dict.fromkeys(CODES, 0.0),
        present=[],
        empathy=dict.fromkeys(EMPATHY_HEADS, 0),
        spans={},
        notice=notice,
    )

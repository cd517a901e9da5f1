"""The tagger at run time: onnxruntime, tokenizers and numpy only."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skills.tagger import blocks
from skills.tagger.card import read_card, weights_folder
from skills.tagger.clean import clean, has_words, looks_english
from skills.tagger.deciding import Rule
from skills.tagger.encode import Encoder, Window
from skills.tagger.heads import EMPATHY_HEADS, N_CODES
from skills.tagger.session import feed, session
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
        self._session = session(weights)
        self._rule = Rule.of(self.card)
        self._margin: float = self.card.get("margin", 0.0)
        heat = self.card["temperature"]
        self._heat = np.array(
            [heat["codes"]] * N_CODES + [heat[head] for head in EMPATHY_HEADS for _ in range(3)], np.float32
        )

    def tag(self, inputs: list[TagInput], *, threads: int = 1) -> list[TagResult]:
        """One result per input, in order; a message's result never depends on its neighbours.

        `threads`: how many blocks are worked on at once (for bulk work; the results are the same).
        """
        asked = [self._ask(item) for item in inputs]
        answers = iter(self._answers([one for one in asked if isinstance(one, _Asked)], threads))
        return [next(answers) if isinstance(one, _Asked) else one for one in asked]

    def embed(self, texts: list[str]) -> np.ndarray:
        """Sentence embeddings float32 [n, 384] with unit rows; a text without words gets the zero row."""
        windows = [self._encoder.windows(clean(text)[0]) for text in texts]
        found = iter(blocks.run([one for some in windows for one in some], self._reader("embedding")))
        rows = np.zeros((len(texts), 384), np.float32)
        for row, some in enumerate(windows):
            if some:
                rows[row] = sum(next(found) for _ in some)
                rows[row] /= max(float(np.linalg.norm(rows[row])), 1e-12)
        return rows

    def logits(self, windows: list[Window], *, threads: int = 1) -> list[np.ndarray]:
        """Calibrated logits [1 + sentences, outputs] of each window; row 0 is the whole window."""
        found = blocks.run(windows, self._reader("logits"), threads)
        return [
            rows[: 1 + len(window.rows)] / self._heat for window, rows in zip(windows, found, strict=True)
        ]

    def _reader(self, output: str):
        return lambda windows: self._session.run([output], feed(*windows))[0]

    def _ask(self, item: TagInput) -> _Asked | TagResult:
        text, truncated = clean(item.text)
        if not has_words(text):
            return _nothing("empty")
        if not looks_english(text):
            return _nothing("not_english")
        windows = self._encoder.windows(text, clean(item.previous)[0].strip())
        return _Asked(windows, "truncated" if truncated else "") if windows else _nothing("empty")

    def _answers(self, asked: list[_Asked], threads: int) -> list[TagResult]:
        """Of all messages at once: a decision costs numpy as much for one as for a hundred."""
        if not asked:
            return []
        logits = self.logits([window for one in asked for window in one.windows], threads=threads)
        counts = [len(one.windows) for one in asked]
        starts = np.concatenate([[0], np.cumsum(counts[:-1])]).astype(int)
        whole = np.stack([rows[0] for rows in logits])
        chances = np.maximum.reduceat(sigmoid(whole[:, :N_CODES]), starts)
        levels = whole[:, N_CODES:].reshape(len(whole), len(EMPATHY_HEADS), 3).argmax(-1)
        levels = np.maximum.reduceat(levels, starts).tolist()
        found, over = self._rule.present(chances), self._rule.over(chances)
        return [
            self._result(one, logits[start : start + count], *rows)
            for one, start, count, *rows in zip(
                asked, starts.tolist(), counts, chances.tolist(), found, over, levels, strict=True
            )
        ]

    def _result(
        self,
        one: _Asked,
        logits: list[np.ndarray],
        chances: list[float],
        found: np.ndarray,
        over: np.ndarray,
        levels: list[int],
    ) -> TagResult:
        present = np.flatnonzero(found).tolist()
        return TagResult(
            probabilities=dict(zip(CODES, chances, strict=True)),
            present=[CODES[place] for place in present],
            empathy=dict(zip(EMPATHY_HEADS, levels, strict=True)),
            spans={CODES[place]: _best_sentence(one.windows, logits, place) for place in present},
            notice=one.notice,
            unsure=[CODES[place] for place in present if self._doubtful(chances[place], place)],
            by_family=[CODES[place] for place in present if not over[place]],
        )

    def _doubtful(self, chance: float, place: int) -> bool:
        return is_doubtful(chance, self._rule.thresholds[CODES[place]], self._margin)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message that the network has to read: its passes, and what is to be said beside its tags."""

    windows: list[Window]
    notice: str


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Elementwise logistic function."""
    return 1 / (1 + np.exp(-np.clip(logits, -60, 60)))


def _best_sentence(windows: list[Window], logits: list[np.ndarray], code: int) -> tuple[int, int]:
    scores = [
        (score, span)
        for window, rows in zip(windows, logits, strict=True)
        for score, span in zip(rows[1:, code].tolist(), window.spans, strict=True)
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

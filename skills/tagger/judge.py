"""One number for how good a network is on the validation transcripts: what early stopping goes by."""

from __future__ import annotations

import numpy as np
import torch

from skills.corpora import own
from skills.corpora.example import Example
from skills.corpora.maps import READOUTS
from skills.tagger import batches, device
from skills.tagger.encode import Encoder
from skills.tagger.heads import EMPATHY_HEADS, INDEX, N_CODES, N_OUTPUTS
from skills.tagger.metrics import macro_f1
from skills.tagger.network import Network
from skills.tagger.scoring import readout
from skills.taxonomy import CODES


class Judge:
    """Macro F1 of each corpus' own task and of the codes on our own validation messages, averaged."""

    def __init__(self, examples: list[Example], encoder: Encoder) -> None:
        self.examples = examples
        self.encoder = encoder

    def __call__(self, network: Network, *, context: bool = True) -> float:
        """Mean macro F1, 0 to 1; 0 without validation examples."""
        if not self.examples:
            return 0.0
        logits = self.logits(network, context=context)
        chances = 1 / (1 + np.exp(-logits[:, :N_CODES]))
        scores = [self._task(chances, corpus) for corpus in READOUTS]
        scores += [self._empathy(logits, head) for head in range(len(EMPATHY_HEADS))]
        scores.append(self._own(chances))
        return float(np.mean([score for score in scores if score is not None] or [0.0]))

    def logits(self, network: Network, *, context: bool = True) -> np.ndarray:
        """[n, outputs] of the first pass of each example."""
        windows = [self.encoder.windows(e.text, e.previous if context else "")[0] for e in self.examples]
        found = np.zeros((len(windows), N_OUTPUTS), np.float32)
        order = sorted(range(len(windows)), key=lambda row: len(windows[row].ids))
        here = network.words.weight.device
        with torch.no_grad(), device.half(here):
            for start in range(0, len(order), 32):
                rows = order[start : start + 32]
                arrays = batches.collate([windows[row] for row in rows])
                said, _ = network(*(torch.from_numpy(array).to(here) for array in arrays))
                found[rows] = said[:, 0].float().cpu().numpy()
        return found

    def _task(self, chances: np.ndarray, corpus: str) -> float | None:
        rows = [row for row, e in enumerate(self.examples) if e.corpus == corpus and e.label]
        if not rows:
            return None
        names = list(READOUTS[corpus])
        truth = np.array([names.index(self.examples[row].label) for row in rows])
        return macro_f1(truth, readout(chances[rows], corpus), len(names))

    def _empathy(self, logits: np.ndarray, head: int) -> float | None:
        name = EMPATHY_HEADS[head]
        rows = [row for row, e in enumerate(self.examples) if e.corpus == "epitome" and name in e.empathy]
        if not rows:
            return None
        first = N_CODES + 3 * head
        truth = np.array([self.examples[row].empathy[name] for row in rows])
        return macro_f1(truth, logits[rows, first : first + 3].argmax(-1), 3)

    def _own(self, chances: np.ndarray) -> float | None:
        rows = [row for row, e in enumerate(self.examples) if e.corpus == own.NAME]
        scores = []
        for code in CODES:
            truth = np.array([frozenset({code}) in self.examples[row].positive for row in rows], bool)
            guess = chances[rows, INDEX[code]] >= 0.5
            if truth.any():
                scores.append(2 * (truth & guess).sum() / (truth.sum() + guess.sum()))
        return float(np.mean(scores)) if scores else None

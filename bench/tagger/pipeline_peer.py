"""Peer (a): a `transformers` text-classification pipeline with the tagger's own weights in fp32."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skills.tagger import TagInput
from skills.tagger.encode import LIMIT
from skills.taxonomy import CODES


class PipelinePeer:
    """Each batch size over messages as they come and sorted by length (longest first)."""

    name = "transformers pipeline, fp32"

    def __init__(self, folder: Path, threads: int, batches: list[int], device: str = "cpu") -> None:
        import torch
        import transformers

        from bench.tagger import bert  # registers the model with the pipeline's loaders

        assert bert.PeerConfig.model_type
        torch.set_num_threads(threads)
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.pipeline = transformers.pipeline(
            "text-classification",
            model=str(folder / "bert"),
            tokenizer=str(folder / "bert"),
            device=device,
            top_k=None,
            function_to_apply="sigmoid",
            truncation="only_first",
            max_length=LIMIT,
        )
        assert self.pipeline.model.dtype == torch.float32
        self.ways = [{"batch": b, "by_length": s} for b in batches for s in (False, True) if b > 1 or not s]

    def tag(self, items: list[TagInput], way: dict) -> list:
        order = list(range(len(items)))
        if way["by_length"]:
            order.sort(key=lambda place: -len(items[place].text) - len(items[place].previous))
        found = self.pipeline([as_given(items[place]) for place in order], batch_size=way["batch"])
        results: list = [None] * len(items)
        for place, result in zip(order, found, strict=True):
            results[place] = result
        return results

    def alone(self, item: TagInput) -> list:
        return [self.pipeline(as_given(item))]

    def table(self, results: list) -> np.ndarray:
        rows = [{entry["label"]: entry["score"] for entry in result} for result in results]
        return np.array([[row[code] for code in CODES] for row in rows])


def as_given(item: TagInput) -> dict[str, str]:
    """A message as the pipeline takes it; an empty partner would add a separator."""
    given = {"text": item.text}
    if item.previous:
        given["text_pair"] = item.previous
    return given

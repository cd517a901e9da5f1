"""Calibration on our own example messages and export of the static int8 graph.

The ranges come from the shipped own examples, so the same weights give the same file anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from skills.corpora import own
from skills.tagger import graph
from skills.tagger.encode import Encoder
from skills.tagger.session import feed, session
from skills.taxonomy import TECHNIQUES

SAMPLES = 400
# Both tails are cut at this share: single extreme activations would waste most of the 256 steps.
TAIL = 1e-5
# How much of an outlier moves from the input into the weights (Xiao et al. 2023, section 4).
SMOOTHING = 0.75
# In int8 the projection cost the embedding .01 of cosine; in float it costs 0.4 MB. The last layer is small.
IN_FLOAT = frozenset({"project", "head_out"})
# Only the feed-forward layers gain enough from smoothing to pay for the extra pass over their input.
SMOOTHED = (".up", ".down")


def calibration_texts() -> list[tuple[str, str]]:
    """(message, previous) pairs of our own writing: shipped training examples, or those of the taxonomy."""
    pairs = [(example.text, example.previous) for example in own.read() if example.split == "train"]
    if not pairs:
        pairs = [(text, "") for technique in TECHNIQUES.values() for text in technique.examples]
    step = max(1, len(pairs) // SAMPLES)
    return pairs[::step][:SAMPLES]


def calibrate(weights: Mapping[str, np.ndarray], encoder: Encoder) -> dict[str, graph.InputRange]:
    """The (low, high) input range of each linear layer and its smoothing, over the calibration texts."""
    model, watched = graph.build_watched(weights)
    running = session(model.SerializeToString())
    seen: dict[str, list[np.ndarray]] = {layer: [] for layer in watched}
    for text, previous in calibration_texts():
        for window in encoder.windows(text, previous):
            outputs = dict(zip(watched, running.run(list(watched.values()), feed(window)), strict=True))
            for layer, values in outputs.items():
                seen[layer].append(values.reshape(-1, values.shape[-1]))
    return {
        layer: _range(np.concatenate(values), weights[layer + ".weight"], smoothed=layer.endswith(SMOOTHED))
        for layer, values in seen.items()
    }


def _range(inputs: np.ndarray, matrix: np.ndarray, *, smoothed: bool) -> graph.InputRange:
    """Range of inputs [n, width] to a layer with weights [outputs, width], after smoothing if it is used."""
    reach = np.maximum(np.abs(inputs).max(0), 1e-5)
    weight = np.maximum(np.abs(matrix).max(0), 1e-5)
    smooth = np.maximum(reach**SMOOTHING / weight ** (1 - SMOOTHING), 1e-5).astype(np.float32)
    if not smoothed:
        smooth = np.ones_like(smooth)
    values = (inputs / smooth).ravel()
    cut = int(len(values) * TAIL)
    ends = np.partition(values, [cut, len(values) - 1 - cut])
    return graph.InputRange(float(ends[cut]), float(ends[len(values) - 1 - cut]), smooth)


def export(
    weights: Mapping[str, np.ndarray], encoder: Encoder, path: Path, *, keep: frozenset[str] = IN_FLOAT
) -> None:
    """Write the static int8 graph; the layers named in `keep` stay in float."""
    ranges = {layer: span for layer, span in calibrate(weights, encoder).items() if layer not in keep}
    path.write_bytes(graph.build(weights, ranges).SerializeToString())

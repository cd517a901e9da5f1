"""The same weights on a GPU: bf16 in batches of similar length against the pipeline there.

`python -m bench.tagger.gpu FOLDER` prints one JSON object; `{"device": null}` without a GPU.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from bench.tagger import bert, messages
from bench.tagger.ours import products
from bench.tagger.pipeline_peer import PipelinePeer
from skills.tagger import TagInput
from skills.tagger.card import weights_folder
from skills.tagger.encode import Encoder, Window
from skills.tagger.graph import LAYERS, WIDTH
from skills.tagger.heads import N_CODES

TOKENS_PER_BATCH = 1 << 16
BATCHES = [32, 128, 512]
REPEAT = 10  # 2,000 messages are over too soon to time


class Batched:
    """The recovered network in bf16 on one device."""

    def __init__(self, folder: Path, device: str, tokens: int = TOKENS_PER_BATCH) -> None:
        loaded = bert.PeerModel.from_pretrained(folder / "bert", dtype=torch.bfloat16)
        self.model, self.device, self.tokens = loaded.eval().to(device), device, tokens
        self.encoder = Encoder(weights_folder() / "tokenizer.json")

    def windows(self, items: list[TagInput]) -> tuple[list[Window], np.ndarray]:
        """Every pass of every message, and whose it is."""
        found = [self.encoder.windows(item.text, item.previous) for item in items]
        owners = [owner for owner, windows in enumerate(found) for _ in windows]
        return [window for windows in found for window in windows], np.array(owners)

    def run(self, windows: list[Window]) -> np.ndarray:
        """Probabilities [passes, codes]; one copy back from the device at the end."""
        order = sorted(range(len(windows)), key=lambda place: -len(windows[place].ids))
        parts, at = [], 0
        with torch.inference_mode():
            while at < len(order):
                step = max(1, self.tokens // len(windows[order[at]].ids))
                parts.append(self.model(**self.tensors([windows[i] for i in order[at : at + step]])).logits)
                at += step
            found = torch.cat(parts)[:, :N_CODES].float().sigmoid().cpu().numpy()
        table = np.empty_like(found)
        table[order] = found
        return table

    def tensors(self, windows: list[Window]) -> dict[str, torch.Tensor]:
        sizes = np.array([len(window.ids) for window in windows])
        said = np.array([window.message for window in windows])
        place = np.arange(sizes.max())[None]
        there = place < sizes[:, None]
        ids = np.zeros(there.shape, np.int64)
        ids[there] = np.concatenate([window.ids for window in windows])
        arrays = {
            "input_ids": ids,
            "attention_mask": there,
            "token_type_ids": there & (place >= said[:, None]),
        }
        made = {name: torch.from_numpy(array.astype(np.int64)) for name, array in arrays.items()}
        return {name: tensor.to(self.device, non_blocking=True) for name, tensor in made.items()}

    def tag(self, items: list[TagInput]) -> np.ndarray:
        """[messages, codes]: over several passes, the highest probability, as the tagger does."""
        windows, owners = self.windows(items)
        table = np.zeros((len(items), N_CODES), np.float32)
        np.maximum.at(table, owners, self.run(windows))
        return table


def operations(lengths: list[int]) -> float:
    """Floating-point operations of the encoder's matrix products over passes of these lengths, no padding."""
    tokens, squares = sum(lengths), sum(length**2 for length in lengths)
    return 2.0 * (tokens * sum(a * b for a, b in products()) + LAYERS * 2 * WIDTH * squares)


def matrix_rate(device: str, size: int) -> float:
    """bf16 operations a second of one large square product, measured here and now."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    return 2.0 * size**3 / _seconds(lambda: a @ a, device, rounds=10)


def _seconds(work, device: str, rounds: int = 3) -> float:
    """Of one round, after one that is not counted."""
    work()
    _wait(device)
    began = time.perf_counter()
    for _ in range(rounds):
        work()
    _wait(device)
    return (time.perf_counter() - began) / rounds


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def measure(
    folder: Path, items: list[TagInput], device: str, *, batches: list[int], size: int, repeat: int
) -> dict:
    many = items * repeat
    ours = Batched(folder, device)
    windows, _ = ours.windows(many)
    table = ours.tag(items)
    whole = len(many) / _seconds(lambda: ours.tag(many), device)
    network = _seconds(lambda: ours.run(windows), device)
    done = operations([len(window.ids) for window in windows]) / network
    peer = PipelinePeer(folder, torch.get_num_threads(), batches, device)
    rates = {}
    for way in peer.ways:
        found = peer.tag(items, way)
        began = time.perf_counter()
        peer.tag(items, way)
        rates[f"{way['batch']}{' by length' * way['by_length']}"] = len(items) / (time.perf_counter() - began)
    peak = matrix_rate(device, size)
    return {
        "device": torch.cuda.get_device_name() if device != "cpu" else "cpu",
        "messages": len(many),
        "per_second": round(whole, 1),
        "network_alone_per_second": round(len(many) / network, 1),
        "pipeline_per_second": {way: round(rate, 1) for way, rate in rates.items()},
        "ratio": round(whole / max(rates.values()), 2),
        "matrix_tflops": round(peak / 1e12, 2),
        "share_of_matrix_rate": round(done / peak, 4),
        "largest_from_fp32": round(float(np.abs(table - peer.table(found)).max()), 4),
    }


def main(folder: Path) -> dict:
    if not torch.cuda.is_available():
        return {"device": None}
    items = messages.read(folder / "messages.json")
    return measure(folder, items, "cuda", batches=BATCHES, size=8192, repeat=REPEAT)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))

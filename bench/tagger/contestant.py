"""One contestant in a process of its own: takes orders as JSON lines, answers with JSON lines.

The parent asks contestants in turn, so that a slow minute of the machine meets all of them.
`python -m bench.tagger.contestant KIND FOLDER THREADS BATCHES`; see `Contestant` for the orders.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "ours": ("bench.tagger.ours", "Ours"),
    "float": ("bench.tagger.ours", "Float"),
    "limit": ("bench.tagger.ours", "Limit"),
    "pipeline": ("bench.tagger.pipeline_peer", "PipelinePeer"),
    "sentence": ("bench.tagger.sentence_peer", "SentencePeer"),
}
THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


def environment(threads: int) -> dict[str, str]:
    """Every library that could start more threads is told how many; nothing is fetched."""
    given = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "TQDM_DISABLE": "1",
        "TOKENIZERS_PARALLELISM": str(threads > 1).lower(),
    }
    return given | dict.fromkeys(THREAD_SETTINGS, str(threads))


class Contestant:
    """The parent's end of one contestant."""

    def __init__(self, kind: str, folder: Path, threads: int, batches: list[int]) -> None:
        command = [sys.executable, "-m", "bench.tagger.contestant", kind, str(folder), str(threads)]
        self.kind, self.threads = kind, threads
        self.process = subprocess.Popen(
            [*command, json.dumps(batches)],
            cwd=ROOT,
            env=environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.about: dict = self.answer()  # {"name", "ways"}

    def ask(self, do: str, **what) -> dict:
        """The answer to "rate" (way), "alone" (count) or "tell": see the methods of `Stage`."""
        self.process.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.kind} stopped with {self.process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)


class Stage:
    """The contestant's own end."""

    def __init__(self, contestant, items: list) -> None:
        self.contestant, self.items = contestant, items
        self.tables: dict[int, object] = {}
        contestant.tag(items[:50], contestant.ways[0])

    def rate(self, way: int) -> dict:
        """Wall and CPU seconds for all messages, fed in one of the contestant's ways."""
        began, worked = time.perf_counter(), time.process_time()
        results = self.contestant.tag(self.items, self.contestant.ways[way])
        seconds = time.perf_counter() - began
        worked = time.process_time() - worked
        self.tables[way] = self.contestant.table(results)
        return {"seconds": seconds, "cpu": worked, "cores": round(worked / seconds, 2)}

    def alone(self, count: int) -> dict:
        """Waits of single messages, and how far their probabilities lie from those in any way's batches."""
        waits, results = [], []
        for item in self.items[:count]:
            began = time.perf_counter()
            results += self.contestant.alone(item)
            waits.append(time.perf_counter() - began)
        table = self.contestant.table(results)
        moved = [abs(table - other[: len(table)]).max() for other in self.tables.values() if len(table)]
        return {"waits": waits, "largest": float(max(moved, default=0))}

    def tell(self) -> dict:
        """Peak memory so far, and the probabilities of the first way."""
        import numpy as np

        first = np.round(self.tables[min(self.tables)], 6)
        return {"memory_mb": peak_memory_mb(), "probabilities": first.tolist()}


def peak_memory_mb() -> float:
    """This program's largest resident memory in MB (10^6 bytes), without what its parent had before it."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main(kind: str, folder: Path, threads: int, batches: list[int]) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    from importlib import import_module

    from bench.tagger import messages

    module, name = KINDS[kind]
    stage = Stage(
        getattr(import_module(module), name)(folder, threads, batches),
        messages.read(folder / "messages.json"),
    )
    print(
        json.dumps({"name": stage.contestant.name, "ways": stage.contestant.ways}), file=answers, flush=True
    )
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(getattr(stage, order.pop("do"))(**order)), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))

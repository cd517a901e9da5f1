"""What a model preferred, measured once and kept: a file for each model, split, seed and number of items."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.three_h.tries import Try
from feedback.coach.experts.items import AIMS
from feedback.coach.merging.engine import merge

NAMES = (*AIMS, "over_refusal")
VERSION = 2  # a new one where the items change
Found = dict[str, np.ndarray]  # bool [count] by aim; `over_refusal` over the contrast items
Key = TypeVar("Key")


@dataclass
class Measuring:
    """`folder`: where trained models lie in `seed-N/`, and what was found in `found/`. `jobs`: processes of
    one thread each that measure."""

    base: Path
    folder: Path
    jobs: int = 1

    def trained(self, seed: int) -> Path:
        return self.folder / f"seed-{seed}"

    def all(self, calls: Mapping[Key, Callable[[], Found]]) -> dict[Key, Found]:
        """Each call's answer (a `partial` of `of_folder` or `of_try`), in order."""
        if self.jobs == 1:
            return {key: call() for key, call in calls.items()}
        with ProcessPoolExecutor(self.jobs, get_context("spawn"), initializer=_one_thread) as pool:
            return dict(zip(calls, pool.map(_called, calls.values()), strict=True))

    def of_folder(self, name: str, model: Path, split: str, seed: int, count: int) -> Found:
        """`seed` is that of the items."""
        kept = self._kept(name, split, seed, count)
        if not kept.is_file():
            self._keep(kept, self._measured(model, split, seed, count))
        with np.load(kept) as table:
            return {key: table[key] for key in NAMES}

    def of_try(self, one: Try, trained: int, split: str, seed: int, count: int) -> Found:
        """The same of a merge of the models trained with seed `trained`, which is made and thrown away."""
        name = f"{one.name}@{trained}"
        kept = self._kept(name, split, seed, count)
        if not kept.is_file():
            with tempfile.TemporaryDirectory(dir=self.folder) as place:
                output = Path(place) / "merged"
                merge(one.recipe(self.base, self.trained(trained)), output, hashes=False)
                self._keep(kept, self._measured(output, split, seed, count))
        return self.of_folder(name, self.base, split, seed, count)

    def _measured(self, model: Path, split: str, seed: int, count: int) -> Found:
        from feedback.coach.experts.asking import Asker
        from feedback.coach.experts.loading import load, load_tokenizer
        from feedback.coach.experts.ranking import measured

        asker = Asker(load_tokenizer(self.base))
        return measured(load(model).eval(), asker, split=split, seeds=[seed], count=count)

    def _kept(self, name: str, split: str, seed: int, count: int) -> Path:
        return self.folder / "found" / f"v{VERSION}-{name}-{split}-{seed}-{count}.npz"

    def _keep(self, path: Path, found: Found) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.stem}.part.npz")
        np.savez_compressed(part, **found)
        os.replace(part, path)
        told = " ".join(f"{aim} {found[aim].mean():.3f}" for aim in AIMS)
        print(f"{time.strftime('%H:%M:%S')} {path.stem}: {told}", flush=True)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _called(call: Callable[[], Found]) -> Found:
    return call()

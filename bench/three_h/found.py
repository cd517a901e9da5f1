"""What a model preferred, measured once and kept: a file for each model, split, seed and number of items.

The file's name ends in a digest of the weights it was measured on (of a merge: the base's, the experts' and
the recipe), so that models that were trained anew, or another base, are measured anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench.three_h.tries import Try
from feedback.coach.experts.items import AIMS
from feedback.coach.experts.origin import weights_of
from feedback.coach.merging.engine import merge

NAMES = (*AIMS, "over_refusal")
VERSION = 2  # a new one where the items change
Found = dict[str, np.ndarray]  # bool [count] by aim; `over_refusal` over the contrast items
Key = TypeVar("Key")


@dataclass
class Measuring:
    """`folder`: where trained models lie in `seed-N/`, and what was found in `found/`. `jobs`: processes of
    one thread each that measure. `digests`: of each model's weights, read once a run."""

    base: Path
    folder: Path
    jobs: int = 1
    digests: dict[Path, str] = field(default_factory=dict)

    def trained(self, seed: int) -> Path:
        return self.folder / f"seed-{seed}"

    def all(self, calls: Mapping[Key, Callable[[], Found]]) -> dict[Key, Found]:
        """Each call's answer (a `partial` of `of_folder` or `of_try`), in order."""
        if self.jobs == 1:
            return {key: call() for key, call in calls.items()}
        for model in (self.base, *self.folder.glob("seed-*/*/")):
            self.weights(model)  # here, as each process would read them all again
        with ProcessPoolExecutor(self.jobs, get_context("spawn"), initializer=_one_thread) as pool:
            return dict(zip(calls, pool.map(_called, calls.values()), strict=True))

    def weights(self, model: Path) -> str:
        if model not in self.digests:
            self.digests[model] = weights_of(model)
        return self.digests[model]

    def of_folder(self, name: str, model: Path, split: str, seed: int, count: int) -> Found:
        """`seed` is that of the items."""
        kept = self._kept((name, split, seed, count), self.weights(model))
        if not kept.is_file():
            self._keep(kept, self._measured(model, split, seed, count))
        return _read(kept)

    def of_try(self, one: Try, trained: int, split: str, seed: int, count: int) -> Found:
        """The same of a merge of the models trained with seed `trained`, which is made and thrown away."""
        recipe = one.recipe(self.base, self.trained(trained))
        sources = [self.weights(path) for path in (self.base, *(expert.path for expert in recipe.experts))]
        kept = self._kept((f"{one.name}@{trained}", split, seed, count), [*sources, recipe.as_dict()])
        if not kept.is_file():
            with tempfile.TemporaryDirectory(dir=self.folder) as place:
                output = Path(place) / "merged"
                merge(recipe, output, hashes=False)
                self._keep(kept, self._measured(output, split, seed, count))
        return _read(kept)

    def _measured(self, model: Path, split: str, seed: int, count: int) -> Found:
        from feedback.coach.experts.asking import Asker
        from feedback.coach.experts.loading import load, load_tokenizer
        from feedback.coach.experts.ranking import measured

        asker = Asker(load_tokenizer(self.base))
        return measured(load(model).eval(), asker, split=split, seeds=[seed], count=count)

    def _kept(self, asked: tuple[str, str, int, int], model: Any) -> Path:
        # The prompts are made with the base's tokenizer, so that its weights count for every model.
        said = json.dumps([self.weights(self.base), model], sort_keys=True)
        digest = hashlib.sha256(said.encode()).hexdigest()[:12]
        return self.folder / "found" / f"v{VERSION}-{'-'.join(map(str, asked))}-{digest}.npz"

    def _keep(self, path: Path, found: Found) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.stem}.part.npz")
        np.savez_compressed(part, **found)
        os.replace(part, path)
        told = " ".join(f"{aim} {found[aim].mean():.3f}" for aim in AIMS)
        print(f"{time.strftime('%H:%M:%S')} {path.stem}: {told}", flush=True)


def _read(kept: Path) -> Found:
    with np.load(kept) as table:
        return {key: table[key] for key in NAMES}


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _called(call: Callable[[], Found]) -> Found:
    return call()

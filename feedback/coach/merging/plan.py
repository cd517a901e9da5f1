"""What a merge would read, write and need, without merging: the dry run."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import torch

from feedback.coach.merging import checks, survey
from feedback.coach.merging.engine import SHARD_BYTES, opened, planned
from feedback.coach.merging.methods import Surveyed, prepared, spectral_here
from feedback.coach.merging.recipe import Recipe
from feedback.coach.merging.stacks import PIECE, Inputs, Piece, Stack

_LIBRARIES = 200_000_000  # torch itself
_PROBE = 256  # side of the matrix whose SVD is timed


@dataclass(frozen=True)
class Plan:
    """What a merge would take.

    `parameters`: weights that are merged, in so many `tensors`, of which `spectral` by singular vectors.
    `reads` (over all `passes`), `writes` (into `shards` files) and `memory` (the peak beside mapped files) in
    bytes; `seconds` is a rough guess from a short trial on this machine with the files in memory. `groups`:
    tensors by the recipe's glob. `warnings`: the manifest's, but for those that only merging finds.
    """

    parameters: int
    tensors: int
    spectral: int
    reads: int
    writes: int
    shards: int
    passes: int
    memory: int
    seconds: float
    groups: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [
            f"{self.parameters:,} parameters in {self.tensors} tensors, {self.spectral} by singular vectors",
            *(f"{count} tensors in the group {match}" for match, count in self.groups.items()),
            f"reads {_size(self.reads)} in {self.passes} passes, "
            f"writes {_size(self.writes)} in {self.shards} files",
            f"memory about {_size(self.memory)} beside the mapped files",
            f"time about {_time(self.seconds)} (from a short trial here; a slow disk adds to it)",
            *(f"warning: {warning}" for warning in self.warnings),
        ]


def plan(recipe: Recipe, *, device: str = "cpu", shard_bytes: int = SHARD_BYTES) -> Plan:
    """For `device` ("cpu", "cuda", "auto") and files of at most `shard_bytes`; nothing is written.

    Opens and checks all inputs, so that it raises MergeError where a merge would at its start."""
    inputs = opened(recipe, device)
    try:
        layout = planned(recipe, inputs.base, shard_bytes)
        warnings = [*checks.check(inputs), *checks.narrowed(inputs, layout)]
        names = checks.merged_names(inputs.base)
        stacks = [inputs.stack(name) for name in names]
        spectral = [stack for stack in stacks if spectral_here(recipe, stack.shape)]
        passes = 1 + survey.passes(recipe) + _preparing(recipe)
        alone = recipe.method in ("average", "rewarded_soup")  # leave the base unread
        sources = inputs.experts if alone else (inputs.base, *inputs.experts)
        places = Counter(recipe.group_of(name) for name in names)
        return Plan(
            parameters=sum(stack.size for stack in stacks),
            tensors=len(stacks),
            spectral=len(spectral),
            reads=passes * sum(path.stat().st_size for one in sources for path in one.files),
            writes=layout.total,
            shards=len(layout.headers),
            passes=passes,
            memory=_memory(inputs, stacks, spectral),
            seconds=_seconds(recipe, inputs, stacks, spectral, passes),
            groups={group.match: places[number] for number, group in enumerate(recipe.groups)},
            warnings=warnings,
        )
    finally:
        inputs.close()


def _preparing(recipe: Recipe) -> int:
    """Passes over a tensor before it is merged."""
    if recipe.method in ("model_stock", "tsvm", "rtsvm"):
        return 1
    if recipe.rule == "mergekit":
        if recipe.method in ("ties", "breadcrumbs", "breadcrumbs_ties"):
            return 2 if recipe.dtype == "float32" else 4
        return int(recipe.method in ("dare", "dare_ties", "della", "della_linear"))
    return 0


def _memory(inputs: Inputs, stacks: list[Stack], spectral: list[Stack]) -> int:
    """Pieces, or of the largest matrix: a task vector, its factors, all kept factors, and the result."""
    wide = inputs.dtype.itemsize
    rows = max((stack.width for stack in stacks), default=0)
    pieces = (2 * len(inputs.experts) + 6) * max(PIECE, rows) * wide
    largest = max((stack.size for stack in spectral), default=0)
    return _LIBRARIES + pieces + 6 * largest * wide


def _seconds(
    recipe: Recipe, inputs: Inputs, stacks: list[Stack], spectral: list[Stack], passes: int
) -> float:
    """A piece of the largest tensor is merged, and a small SVD made; both are scaled up."""
    chosen = {id(stack) for stack in spectral}
    plain = sum(stack.size for stack in stacks if id(stack) not in chosen)
    whole = sum(stack.size for stack in spectral)
    largest = max(stacks, key=lambda stack: stack.size)
    first, last = next(largest.spans())
    piece = Piece(largest, first, last)
    started = time.perf_counter()
    _ = piece.deltas
    reading = (time.perf_counter() - started) / ((last - first) * largest.width)
    total = reading * passes * (plain + whole)
    if plain and not spectral and recipe.method in ("average", "rewarded_soup", "task_arithmetic"):
        rule = prepared(recipe, largest, Surveyed()).rule
        started = time.perf_counter()
        rule(piece)
        total += (time.perf_counter() - started) / ((last - first) * largest.width) * plain
    elif plain:
        total += 4 * reading * plain
    if spectral:
        matrix = torch.randn(_PROBE, _PROBE, dtype=inputs.dtype, device=inputs.device)
        started = time.perf_counter()
        torch.linalg.svd(matrix, full_matrices=False)
        unit = (time.perf_counter() - started) / _PROBE**3
        # One SVD for each expert, and two of bases of the same size.
        total += sum(unit * (stack.count + 2) * stack.size * min(stack.shape) for stack in spectral)
    return total


def _size(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{max(1, round(seconds))} s"

"""The merge: one tensor after the other over memory-mapped files, into a folder that appears when it is
whole.

Memory does not grow with the model or its shards: a few pieces of a tensor at a time, or one whole matrix per
expert for tsvm and rtsvm. Methods that work entry by entry give the same bits for any order of tensors,
number of threads and size of shards; tsvm and rtsvm do at one thread, as torch's SVD differs by about 1e-4
between thread counts.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from feedback.coach.merging import averaging, checks, manifest, survey
from feedback.coach.merging.adapters import Adapter
from feedback.coach.merging.averaging import gram
from feedback.coach.merging.checkpoints import Checkpoint
from feedback.coach.merging.errors import Cancelled, DiskError, MergeError
from feedback.coach.merging.hashing import Hashes
from feedback.coach.merging.layout import Layout, laid_out
from feedback.coach.merging.methods import Rule, Surveyed, prepared
from feedback.coach.merging.recipe import Recipe
from feedback.coach.merging.stacks import Inputs, Piece, Stack
from feedback.coach.merging.staging import Staging
from feedback.coach.merging.workers import each, keep_freed_memory

BY_THREADS = ("tsvm", "rtsvm")  # their bits depend on how many threads an SVD has
SHARD_BYTES = 5_000_000_000
Progress = Callable[[int, int, str], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Result:
    """`manifest`: what stands in manifest.json; `resumed`: tensors that an earlier run had written."""

    output: Path
    manifest: dict[str, Any]
    resumed: int


def merge(
    recipe: Recipe,
    output: Path,
    *,
    device: str = "cpu",
    shard_bytes: int = SHARD_BYTES,
    hashes: bool = True,
    files: Mapping[str, str] = MappingProxyType({}),
    progress: Progress = lambda done, total, what: None,
    should_stop: ShouldStop = lambda: False,
) -> Result:
    """Merges into the folder `output`, which must not exist or be empty. Without `hashes` the manifest has
    none of the inputs, which are then read only as often as the method needs. `files`: text by name that is
    put beside the weights before the folder takes its place.

    Raises MergeError for anything that does not fit, Cancelled after `should_stop` says so. After a kill, a
    cancel or a full disk the same call goes on where it was; after an input that is refused nothing stays.
    """
    inputs = opened(recipe, device)
    try:
        layout = planned(recipe, inputs.base, shard_bytes)
        warnings = [*checks.check(inputs), *checks.narrowed(inputs, layout)]
        with Staging(output, _fingerprint(recipe, inputs, layout), layout) as staging:
            run = _Run(recipe, inputs, staging, progress, should_stop)
            resumed = len(staging.done)
            hashing = Hashes(_files(inputs) if hashes else {}, torch.get_num_threads())
            try:
                run.all()
                found = manifest.manifest(
                    recipe.as_dict(),
                    hashing.found(),
                    {name: staging.done[name] for name in layout.places},
                    [*warnings, *averaging.beyond(staging.done)],
                    _device_name(inputs.device),
                    sum(inputs.stack(name).size for name in checks.merged_names(inputs.base)),
                )
                staging.finish({**files, **_other_files(recipe, inputs, layout, found)})
            except torch.OutOfMemoryError as error:
                raise MergeError("the GPU has not enough memory: run it on the CPU") from error
            except MergeError as error:
                if not isinstance(error, DiskError):
                    staging.discard()
                raise
            finally:
                hashing.stop()
        return Result(output, found, resumed)
    finally:
        inputs.close()


def opened(recipe: Recipe, device: str = "cpu") -> Inputs:
    """The recipe's base and experts as memory-mapped sources. Raises MergeError for one that cannot be
    used.
    """
    where = _device(device)
    base = Checkpoint(recipe.base, f"the base {recipe.base.name}")
    shapes = {name: base.shape(name) for name in base.names}
    experts = tuple(
        Adapter(one.path, f"the expert {one.path.name}", shapes)
        if one.adapter
        else Checkpoint(one.path, f"the expert {one.path.name}")
        for one in recipe.experts
    )
    names = checks.merged_names(base)
    for group in recipe.groups:
        if not any(recipe.group_of(name) >= 0 and fnmatchcase(name, group.match) for name in names):
            raise MergeError(f"no tensor is called {group.match!r}: there are names like {names[0]}")
    return Inputs(base, experts, getattr(torch, recipe.dtype), where)


def planned(recipe: Recipe, base: Checkpoint, shard_bytes: int = SHARD_BYTES) -> Layout:
    """The output's layout: the base's tensors in its order and, unless the recipe says otherwise, types."""
    merged = set(checks.merged_names(base))
    written = getattr(torch, recipe.out_dtype) if recipe.out_dtype else None
    return laid_out(
        {
            name: (written if written and name in merged else base.dtype(name), base.shape(name))
            for name in base.names
        },
        shard_bytes,
    )


class _Run:
    """The tensors of one merge, with progress and the wish to stop looked at between pieces."""

    def __init__(
        self, recipe: Recipe, inputs: Inputs, staging: Staging, progress: Progress, should_stop: ShouldStop
    ) -> None:
        self.recipe, self.inputs, self.staging = recipe, inputs, staging
        self.progress, self.should_stop = progress, should_stop
        # An SVD and a GPU need all there is for one tensor.
        shared = recipe.method in BY_THREADS or inputs.device.type != "cpu"
        self.threads = 0 if shared else torch.get_num_threads()
        self.names = checks.merged_names(inputs.base)
        self.total = len(staging.layout.places)
        self._telling = threading.Lock()

    def all(self) -> None:
        keep_freed_memory()
        kept = self.staging.kept()
        if kept is not None:
            surveyed = survey.from_json(kept, self.inputs)
        else:
            surveyed = survey.survey(self.recipe, self.inputs, self.names, self._each)
            self.staging.keep(survey.as_json(surveyed))
        merged = set(self.names)

        def tensor(name: str) -> None:
            facts = self._merge(name, surveyed) if name in merged else self._copy(name)
            self.staging.commit(name, facts)

        places = self.staging.layout.places
        self._each([name for name in places if name not in self.staging.done], tensor, "")

    def _each(self, names: list[str], work: Callable[[str], None], what: str) -> None:
        """`work` with every tensor, the large ones first; progress says `what` and the name."""

        def step(name: str) -> None:
            self._look()
            work(name)
            with self._telling:
                self.progress(len(self.staging.done), self.total, f"{what} {name}".strip())

        names = sorted(names, key=lambda name: -self.staging.layout.places[name].size)
        if self.threads:
            each(names, step, self.threads)
        else:
            for name in names:
                step(name)

    def _merge(self, name: str, surveyed: Surveyed) -> dict[str, Any]:
        stack = self.inputs.stack(name)
        method = prepared(self.recipe, stack, surveyed)
        if method.baseless:
            return self._merge_baseless(stack, method.rule)
        products = torch.zeros(stack.count, stack.count, dtype=torch.float64)
        if method.whole:  # one task vector at a time in memory, so their products are taken piece by piece
            for piece in stack.pieces():
                products += gram(piece.deltas)
            self._require_numbers(stack, products)
            self._write(stack, stack.whole(), method.rule)
        for piece in () if method.whole else stack.pieces():
            self._look()
            products += gram(piece.deltas)
            self._write(stack, piece, method.rule)
        self._require_numbers(stack, products)
        return {"gram": products.tolist(), "entries": stack.size, **method.facts}

    def _merge_baseless(self, stack: Stack, rule: Rule) -> dict[str, Any]:
        """A method that needs no task vectors: their products are taken of the first piece alone, so that the
        base need not be read."""
        first: Piece | None = None
        for piece in stack.pieces():
            self._look()
            self._require_numbers(stack, self._write(stack, piece, rule))
            first = first or piece
        assert first is not None
        entries = first.base.numel()
        return {"gram": (gram(first.deltas) * (stack.size / entries)).tolist(), "entries": entries}

    def _require_numbers(self, stack: Stack, sums: torch.Tensor) -> None:
        # Sums and products tell of NaN and Inf at next to no cost.
        if not torch.isfinite(sums).all():
            stack.refuse_no_numbers()

    def _write(self, stack: Stack, piece: Piece, rule: Rule) -> torch.Tensor:
        """The sum of what was merged, which is finite only if all of it is."""
        merged = rule(piece)
        values = merged.to(self.staging.layout.places[stack.name].dtype)
        if values.dtype == torch.float16 and not torch.isfinite(values).all():
            stack.refuse_no_numbers()
            raise MergeError(
                f"{stack.name}: the merged numbers do not fit float16: take a smaller scale, or another "
                "out_dtype"
            )
        self.staging.write(stack.name, piece.first * stack.width, values)
        return merged.sum()

    def _copy(self, name: str) -> dict[str, Any]:
        self.staging.write(name, 0, self.inputs.base.whole(name).to(self.staging.layout.places[name].dtype))
        return {}

    def _look(self) -> None:
        if self.should_stop():
            raise Cancelled(
                f"stopped after {len(self.staging.done)} of {self.total} tensors; run the same again to go on"
            )


def _other_files(
    recipe: Recipe, inputs: Inputs, layout: Layout, found: dict[str, Any]
) -> dict[str, str | bytes | Path]:
    base, spoken = inputs.base.folder, checks.template_folder(inputs)
    config = dict(inputs.base.config)
    if recipe.out_dtype:
        config.pop("torch_dtype", None)
        config["dtype"] = recipe.out_dtype
    files: dict[str, str | bytes | Path] = {
        "config.json": json.dumps(config, indent=2) + "\n",
        "manifest.json": manifest.as_text(found),
        "README.md": manifest.card(found),
    }
    for name in checks.TOKENIZER_FILES:
        if (spoken / name).is_file():
            files[name] = spoken / name
    if (base / "generation_config.json").is_file():
        files["generation_config.json"] = base / "generation_config.json"
    index = layout.index()
    if index:
        files["model.safetensors.index.json"] = index
    return files


def _files(inputs: Inputs) -> dict[str, list[Path]]:
    """The files that decide about the result, by a name for each source."""
    found = {}
    for number, source in enumerate((inputs.base, *inputs.experts)):
        config = "adapter_config.json" if isinstance(source, Adapter) else "config.json"
        who = "base" if number == 0 else f"expert {number}"
        found[f"{who}: {source.folder.name}"] = [source.folder / config, *source.files]
    return found


def _fingerprint(recipe: Recipe, inputs: Inputs, layout: Layout) -> str:
    """Tells merges apart: what is merged how, from which state of which files, into which shards."""
    states = [
        (str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns)
        for paths in _files(inputs).values()
        for path in paths
    ]
    said = [manifest.FORMAT, recipe.as_dict(), states, str(inputs.device.type), torch.__version__]
    if recipe.method in BY_THREADS:
        said.append(torch.get_num_threads())
    digest = hashlib.sha256(json.dumps(said, default=str).encode())
    for header in layout.headers.values():
        digest.update(header)
    return digest.hexdigest()


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise MergeError(f"unknown device {name!r}: cpu, cuda or auto") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise MergeError("there is no GPU that torch can use: leave out --device cuda")
    return device


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type

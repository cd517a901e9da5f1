"""Whether a base and its experts fit each other: refused before anything is merged, with what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from feedback.coach.merging.adapters import Adapter
from feedback.coach.merging.checkpoints import WHOLE, Checkpoint, read_json
from feedback.coach.merging.errors import MergeError
from feedback.coach.merging.layout import Layout
from feedback.coach.merging.stacks import Inputs, Source

# Tables that old checkpoints carry and new ones compute: neither missed nor merged.
_COMPUTED = ("rotary_emb.inv_freq", ".masked_bias", "rotary_emb.cos_cached", "rotary_emb.sin_cached")
_UNRELATED = 0.1  # cosine of the weights of two models; that of independent ones is about 0
_SAMPLE = 4096  # entries looked at in each matrix
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
    "chat_template.json",
)


def check(inputs: Inputs) -> list[str]:
    """Warnings. Raises MergeError where something does not fit."""
    warnings = []
    for expert in inputs.experts:
        if isinstance(expert, Checkpoint):
            _same_tensors(inputs.base, expert)
            _same_family(inputs, expert)
        warnings += _same_tokenizer(inputs.base.folder, expert)
    _same_templates(inputs)
    if not has_tokenizer(inputs.base.folder):
        warnings.append("the base has no tokenizer files: the output will have none")
    return warnings


def narrowed(inputs: Inputs, layout: Layout) -> list[str]:
    """A warning where float64 goes through a narrower type on its way into a float64 file."""
    lost = [
        name
        for name in merged_names(inputs.base)
        if layout.places[name].dtype == inputs.base.dtype(name) == torch.float64 != inputs.dtype
    ]
    if not lost:
        return []
    return [
        f"the base is stored in float64 ({len(lost)} tensors, as {lost[0]}) and was merged in float32, which "
        'rounds it: dtype = "float64" in the recipe keeps its precision'
    ]


def merged_names(base: Checkpoint) -> list[str]:
    """The base's tensors that are merged; others (whole numbers, computed tables, empty ones) are copied."""
    return [
        name
        for name in base.names
        if base.kinds[name] not in WHOLE and not _computed(name) and 0 not in base.shape(name)
    ]


def has_tokenizer(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json"))


def template_folder(inputs: Inputs) -> Path:
    """Whose tokenizer files the output gets: the base's, or the experts' where only they have a chat template
    (all the same, on a base's vocabulary)."""
    if chat_template(inputs.base.folder) is None and has_tokenizer(inputs.base.folder):
        for expert in inputs.experts:
            if chat_template(expert.folder) is not None and has_tokenizer(expert.folder):
                return expert.folder
    return inputs.base.folder


def chat_template(folder: Path) -> Any:
    """The chat template's text (or table of texts), None without one."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    for name in ("chat_template.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            found = read_json(folder / name, folder.name).get("chat_template")
            if found:
                return found
    return None


def _same_tensors(base: Checkpoint, expert: Checkpoint) -> None:
    for head, embedding in {**base.tied, **expert.tied}.items():
        if (head in base.tied) != (head in expert.tied):
            which = "ties" if head in expert.tied else "does not tie"
            raise MergeError(
                f"{expert.what} {which} {head} to {embedding} and the base is the other way round; save the "
                "expert with the base's tie_word_embeddings"
            )
    ours = {name for name in base.names if not _computed(name)}
    theirs = {name for name in expert.names if not _computed(name)}
    for names, words in ((ours - theirs, "lacks"), (theirs - ours, "has, and the base has not,")):
        if names:
            raise MergeError(
                f"{expert.what} {words} {len(names)} tensors, as {min(names)}: it is no fine-tune of this "
                "base; choose the base that it was trained from"
            )
    for name in sorted(ours):
        if base.shape(name) != expert.shape(name):
            _other_shape(base, expert, name)
        if base.kinds[name] in WHOLE and not torch.equal(base.whole(name), expert.whole(name)):
            raise MergeError(
                f"{expert.what}: {name} holds whole numbers other than the base's; not mergeable"
            )


def _other_shape(base: Checkpoint, expert: Checkpoint, name: str) -> None:
    ours, theirs = base.shape(name), expert.shape(name)
    if "embed" in name or "wte" in name or "lm_head" in name:
        raise MergeError(
            f"{expert.what} has another vocabulary: {theirs[0]} rows in {name}, the base has {ours[0]}; "
            "merge fine-tunes that added no tokens"
        )
    raise MergeError(
        f"{expert.what}: {name} is {list(theirs)} and the base's {list(ours)}: it comes from another base"
    )


def _same_family(inputs: Inputs, expert: Checkpoint) -> None:
    ours, theirs = inputs.base.config.get("model_type"), expert.config.get("model_type")
    if ours != theirs:
        raise MergeError(f"{expert.what} is a {theirs} and the base a {ours}: choose the base it comes from")
    products = torch.zeros(3, dtype=torch.float64)
    for name in merged_names(inputs.base):
        if len(inputs.base.shape(name)) < 2:
            continue
        one, two = (_sample(source, name) for source in (inputs.base, expert))
        products += torch.stack([one @ two, one @ one, two @ two])
    cosine = float(products[0] / (products[1] * products[2]).sqrt().clamp(min=1e-300))
    if products[1] > 0 and cosine < _UNRELATED:
        raise MergeError(
            f"{expert.what} has the base's shapes but not its origin (cosine of their weights {cosine:.2f}): "
            "choose the base it was trained from"
        )


def _sample(source: Checkpoint, name: str) -> torch.Tensor:
    rows, size = source.shape(name)[0], source.whole(name).numel()
    taken = max(1, min(rows, _SAMPLE * rows // max(1, size)))
    return source.rows(name, 0, taken).reshape(-1)[:_SAMPLE].double().nan_to_num(0, 0, 0)


def _same_tokenizer(base: Path, expert: Source) -> list[str]:
    if not has_tokenizer(expert.folder):
        if isinstance(expert, Adapter) or not has_tokenizer(base):
            return []
        return [f"{expert.what} has no tokenizer files: taken to be the base's"]
    if not has_tokenizer(base):
        return []
    for name in ("tokenizer.json", "vocab.json", "merges.txt", "tokenizer.model"):
        one, two = base / name, expert.folder / name
        if one.is_file() and two.is_file() and _vocabulary(one) != _vocabulary(two):
            raise MergeError(
                f"{expert.what} has another tokenizer than the base ({name}): the same token would mean two "
                "words; merge fine-tunes with the base's tokenizer"
            )
    return []


def _vocabulary(path: Path) -> Any:
    """What decides about the ids of a text: not how the file is laid out, nor padding and truncation."""
    raw = path.read_bytes()
    if path.name != "tokenizer.json":
        return raw
    try:
        table = json.loads(raw)
        merges = table["model"].get("merges") or []
        table["model"]["merges"] = [pair if isinstance(pair, str) else " ".join(pair) for pair in merges]
        return {part: table.get(part) for part in ("model", "added_tokens", "normalizer", "pre_tokenizer")}
    except (ValueError, AttributeError, KeyError, TypeError):
        raise MergeError(f"{path.parent.name}: tokenizer.json is damaged; copy it again") from None


def _same_templates(inputs: Inputs) -> None:
    known = [(source.what, chat_template(source.folder)) for source in (inputs.base, *inputs.experts)]
    known = [(what, template) for what, template in known if template is not None]
    for what, template in known[1:]:
        if template != known[0][1]:
            raise MergeError(
                f"{what} has another chat template than {known[0][0]}: the merged model could follow only "
                "one; merge fine-tunes that were trained on the same template"
            )


def _computed(name: str) -> bool:
    return name.endswith(_COMPUTED)

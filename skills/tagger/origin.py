"""From which text the files of a training run were learnt: kept in each of them, so that a run goes on with
its own files alone, and one of permissively licensed text takes nothing that learnt from other text.

A file without the mark is of an earlier release: nothing is known of it, so it is not permissive.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from skills.corpora.example import Example


class OtherSourcesError(ValueError):
    """A file was learnt from other text than this run may use; the message says what to do."""


class OtherRecipeError(ValueError):
    """The folder holds the checkpoint of another recipe or of other sources; the message says what to do."""


def of_lines(lines: Iterable[str]) -> str:
    """SHA-256 of texts in their order."""
    found = hashlib.sha256()
    for line in lines:
        found.update(line.encode("utf-8", "replace") + b"\0")
    return found.hexdigest()


def of_examples(examples: Iterable[Example]) -> str:
    """SHA-256 of all that training reads of the examples, in their order."""
    return of_lines(
        json.dumps(
            [
                *(one.corpus, one.group, one.split, one.text, one.previous, one.label),
                [sorted(codes) for codes in one.positive],
                sorted(one.negative),
                sorted(one.empathy.items()),
                *(one.weight, one.negative_weight),
            ]
        )
        for one in examples
    )


def of_files(paths: Iterable[Path]) -> list[str]:
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests


def refuse_other_run(
    path: Path, state: Mapping[str, Any], recipe: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    """Raise OtherRecipeError where the checkpoint `state`, read from `path`, is not of this recipe and these
    sources. One that does not say is of an earlier release, and so of another."""
    if json.loads(state.get("recipe", "{}")) != dict(recipe):
        raise OtherRecipeError(f"{path} is of another recipe: name another folder, or remove the file")
    began_with = json.loads(state.get("sources", "{}"))
    if other := [name for name, value in sources.items() if began_with.get(name) != value]:
        raise OtherRecipeError(
            f"{path} is of a run that learnt from something else ({', '.join(other)}): name another "
            "folder, or remove the file"
        )


def is_permissive(path: Path) -> bool:
    """Whether a file with weights says that it learnt from permissive text alone."""
    import torch

    return torch.load(path, weights_only=True, map_location="cpu", mmap=True).get("permissive") is True


def refuse_others(paths: Iterable[Path]) -> None:
    """Raise OtherSourcesError for the first that a permissive run must not learn from."""
    for path in paths:
        if not is_permissive(path):
            raise OtherSourcesError(
                f"{path} does not say that it learnt from permissively licensed text alone: --permissive "
                "takes only what an earlier --permissive run wrote"
            )


def pretrained_on(path: Path, lines: Iterable[str], *, permissive: bool) -> None:
    """Raise OtherSourcesError where the pre-trained encoder that lies in the folder is not of this text."""
    import torch

    state = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    if (state.get("permissive"), state.get("lines")) != (permissive, of_lines(lines)):
        raise OtherSourcesError(
            f"{path} was learnt from other text than this run reads (--permissive, --corpora or --soft "
            "differ, or it is of an earlier release): name another --output, or remove the file"
        )

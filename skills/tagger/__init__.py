"""The tagger: techniques, empathy levels and a sentence embedding for a helper's message.

Importing this package is light; numpy, tokenizers and onnxruntime load on the first `load_tagger()`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from skills.tagger.types import TagInput, TagResult

if TYPE_CHECKING:
    from skills.tagger.runtime import Tagger

__all__ = ["TagInput", "TagResult", "load_tagger"]


def load_tagger(path: str | Path | None = None) -> Tagger:
    """The tagger of a weights folder (default: the one that serves), loaded once per folder and process."""
    from skills.tagger.runtime import cached_tagger

    return cached_tagger(path)

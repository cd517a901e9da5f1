"""The model card as data. JSON only, so the web process may import it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).resolve().parent / "weights"


def read_card(path: str | Path | None = None) -> dict[str, Any]:
    """The card.json of a weights folder (default: the shipped one). Treat it as read-only.

    Raises FileNotFoundError if the folder holds no card.
    """
    file = Path(path or WEIGHTS) / "card.json"
    return _read(str(file), file.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(file: str, _changed: int) -> dict[str, Any]:
    return json.loads(Path(file).read_text(encoding="utf-8"))

"""The model card as data. JSON only, so the web process may import it."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).resolve().parent / "weights"


def weights_folder() -> Path:
    """The folder that serves: TAGGER_WEIGHTS in the environment, else the one shipped with the code."""
    return Path(os.environ.get("TAGGER_WEIGHTS") or WEIGHTS)


def read_card(path: str | Path | None = None) -> dict[str, Any]:
    """The card.json of a weights folder (default: the one that serves). Treat it as read-only.

    Raises FileNotFoundError if the folder holds no card.
    """
    file = Path(path or weights_folder()) / "card.json"
    return _read(str(file), file.stat().st_mtime_ns)


def card_or_nothing() -> dict[str, Any]:
    """The serving card; empty where none can be read, so that a page still opens."""
    try:
        card = read_card()
    except (OSError, ValueError):
        return {}
    return card if card.keys() >= {"version", "codes"} else {}


def measured_codes() -> dict[str, dict[str, Any]]:
    """The serving card's figures per technique; empty where no card can be read."""
    return card_or_nothing().get("codes", {})


@lru_cache(maxsize=8)
def _read(file: str, _changed: int) -> dict[str, Any]:
    return json.loads(Path(file).read_text(encoding="utf-8"))

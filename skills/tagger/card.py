"""The model card as data. JSON only, so the web process may import it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).resolve().parent / "weights"
POINTER = "serving"
# Where a technique's figures come from: `source` of its row.
DEVELOPMENT, OWN_LINES = "development test", "own frozen set"
FROZEN_SET = "frozen set (own examples, messages coded by two trainers)"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_homes: list[Callable[[], Path]] = []


def look_in(home: Callable[[], Path]) -> None:
    """Where an organisation's own versions lie, a folder each, with the file `serving` that names one."""
    _homes[:] = [home]


def _named() -> str:
    """TAGGER_WEIGHTS, or what stands in the file that TAGGER_WEIGHTS_FILE names, or nothing: as
    `peersupport.env` reads every setting, but without Django. Raises OSError for an unreadable file."""
    name = "TAGGER_WEIGHTS"
    named, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if named is None and path is not None:
        named = Path(path).read_text(encoding="utf-8").strip()
    return named or ""


def chosen_by_environment() -> bool:
    """Whether TAGGER_WEIGHTS names the weights, so that nothing else can."""
    return bool(_named())


def weights_folder() -> Path:
    """The folder that serves: TAGGER_WEIGHTS in the environment, else the own version that was switched on,
    else the one shipped with the code. Asked anew each time, so that a switch needs no restart."""
    named = _named()
    return Path(named) if named else _switched_on() or WEIGHTS


def _switched_on() -> Path | None:
    for home in (home() for home in _homes):
        try:
            name = (home / POINTER).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        return home / name if _NAME.fullmatch(name) else None
    return None


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


def own_lines_only(card: dict[str, Any]) -> list[str]:
    """Codes whose figures are of the maintainers' own lines alone: short and clear, easier than chat."""
    return [code for code, row in card.get("codes", {}).items() if row.get("source") == OWN_LINES]


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are off, from a card's reliability diagram.

    `error` is the mean distance of given and present over the `n` settled pairs (of a message and a
    technique) that were given `least` or more, weighted by bin; `pooled` the same over all `pairs`, as the
    card has it. `nothing` is the pooled error of a tagger that never finds anything: the share present.
    """

    least: float
    error: float
    n: int
    pooled: float
    pairs: int
    nothing: float

    @property
    def share_below(self) -> float:
        """The share, in [0, 1], of pairs that were given less than `least`."""
        return 1 - self.n / self.pairs


def calibration(card: dict[str, Any], least: float = 0.1) -> Calibration | None:
    """None where a card has no diagram, or nothing at or above `least`."""
    rows = card.get("reliability") or []
    above = [row for row in rows if row["from"] >= least]
    n, pairs = (sum(row["n"] for row in part) for part in (above, rows))
    if not n:
        return None
    error = sum(row["n"] * abs(row["given"] - row["present"]) for row in above) / n
    nothing = sum(row["n"] * row["present"] for row in rows) / pairs
    return Calibration(least, error, n, card["ece"]["pooled"], pairs, nothing)


def mark(sha256: str, settled: dict[str, Any]) -> str:
    """Six digits for a version's name that change with the weights and with how their numbers become tags."""
    return hashlib.sha256((sha256 + json.dumps(settled, sort_keys=True)).encode()).hexdigest()[:6]


@lru_cache(maxsize=8)
def _read(file: str, _changed: int) -> dict[str, Any]:
    return json.loads(Path(file).read_text(encoding="utf-8"))

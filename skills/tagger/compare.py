"""Two versions of the tagger on the same held-out messages, and whether the new one may take over.

The new version beats the other if all of this holds:
1. its F1 over the techniques, averaged, is higher;
2. no technique that is there in 30 messages or more lost F1 with the whole 95 % interval of the difference
   below zero;
3. where 30 or more of the messages were coded by two trainers, the F1 over these (all techniques together)
   is not lower.
Intervals are percentiles of a paired bootstrap: both versions are counted on the same draws. An own example
is drawn by itself; messages of a chat are drawn together, since they are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skills.taxonomy import CODES

DRAWS = 2000
SEED = 20261126
ENOUGH = 30
# Reasons why a version does not beat another.
MEAN, WORSE, DOUBLE = "mean", "worse", "double"


def compare(
    truth: np.ndarray,
    known: np.ndarray,
    old: np.ndarray,
    new: np.ndarray,
    chats: Sequence[str],
) -> dict[str, Any]:
    """All arrays bool [messages, codes]; `known`: where it is settled whether the code is there. `chats`:
    the chat of each message, empty for an own example. The result is plain JSON."""
    double = np.array([bool(chat) for chat in chats])
    cells = np.stack([truth & old, truth & new, old, new, truth], axis=2) & known[:, :, None]
    drawn = _draws(chats)
    sums = np.tensordot(drawn, cells.astype(np.float32), 1)
    there = (truth & known).sum(0)
    used = there > 0
    before, after = _f1(cells.sum(0)[None])
    many_before, many_after = _f1(sums)
    change = many_after - many_before
    codes = {
        code: _row(before[0, place], after[0, place], change[:, place]) | {"n": int(there[place])}
        for place, code in enumerate(CODES)
    }
    for row in codes.values():
        row["worse"] = row["n"] >= ENOUGH and row["ci"][1] < 0
    mean = _row(before[0, used].mean(), after[0, used].mean(), change[:, used].mean(1))
    mean["new_ci"] = [round(float(end), 4) for end in np.percentile(many_after[:, used].mean(1), [2.5, 97.5])]
    found = {
        "messages": len(truth),
        "double_coded": int(double.sum()),
        "chats": len(set(chats) - {""}),
        "mean": mean | {"codes": int(used.sum())},
        "double": _pooled(cells, drawn, double),
        "codes": codes,
        "draws": DRAWS,
    }
    found["against"] = _against(found)
    return found | {"beats": not found["against"]}


def _against(found: dict[str, Any]) -> list[str]:
    """What speaks against the new version: MEAN, WORSE:code, DOUBLE."""
    against = [] if found["mean"]["new"] > found["mean"]["old"] else [MEAN]
    against += [f"{WORSE}:{code}" for code, row in found["codes"].items() if row["worse"]]
    double = found["double"]
    if double and found["double_coded"] >= ENOUGH and double["new"] < double["old"]:
        against.append(DOUBLE)
    return against


def _pooled(cells: np.ndarray, drawn: np.ndarray, double: np.ndarray) -> dict[str, Any] | None:
    """F1 over all techniques together on the messages that two trainers coded; None without any."""
    if not double.any():
        return None
    part = cells[double].sum(1).astype(np.float32)  # [messages, 5]
    before, after = _f1(part.sum(0)[None, None])
    many_before, many_after = _f1((drawn[:, double] @ part)[:, None])
    return _row(before[0, 0], after[0, 0], (many_after - many_before)[:, 0])


def _row(old: float, new: float, change: np.ndarray) -> dict[str, Any]:
    """A figure of both versions, the difference and its 95 % interval, rounded to four digits."""
    low, high = np.percentile(change, [2.5, 97.5])
    rounded = [round(float(value), 4) for value in (old, new, new - old, low, high)]
    return {"old": rounded[0], "new": rounded[1], "change": rounded[2], "ci": rounded[3:]}


def _f1(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F1 of both versions from sums [..., 5] of (hit old, hit new, said old, said new, there)."""
    hit, said, there = sums[..., 0:2], sums[..., 2:4], sums[..., 4:5]
    scores = 2 * hit / np.maximum(said + there, 1)
    return scores[..., 0], scores[..., 1]


def _draws(chats: Sequence[str]) -> np.ndarray:
    """[DRAWS, messages] float32: how often each message is in each draw. Chats and own examples are drawn
    apart, so that each draw holds as many of either as there are."""
    chance = np.random.default_rng(SEED)
    drawn = np.zeros((DRAWS, len(chats)), np.float32)
    names = np.array(chats, dtype=str)
    for rows in (np.flatnonzero(names != ""), np.flatnonzero(names == "")):
        if len(rows):
            units = np.unique(names[rows], return_inverse=True)[1] if names[rows[0]] else np.arange(len(rows))
            n = int(units.max()) + 1
            drawn[:, rows] = chance.multinomial(n, [1 / n] * n, size=DRAWS)[:, units]
    return drawn

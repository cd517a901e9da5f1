"""`python -m bench.coach.rated`: how many of coach-mini's accepted replies a reader found crooked.

`rated.json` holds replies that passed the closed loop, to frozen and to handwritten held-out messages, in the
order in which they were read: all ways of choosing mixed, without their names. "Crooked": not grammatical, or
saying something else than the seeker did. One maintainer read them; another may draw the line elsewhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from feedback.intervals import wilson

RATED = Path(__file__).with_suffix(".json")


def shares(rows: list[dict[str, Any]]) -> list[tuple[str, str, int, int]]:
    """(set of messages, way of choosing, crooked, rated), in the order of the file."""
    found: dict[tuple[str, str], list[bool]] = {}
    for row in rows:
        for way in row["chosen_as"]:
            found.setdefault((row["set"], way), []).append(row["crooked"])
    return [(name, way, sum(told), len(told)) for (name, way), told in found.items()]


def straight(rows: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """By set of messages: for how many any of the rated replies is not crooked, of how many."""
    best: dict[str, dict[tuple[str, str], bool]] = {}
    for row in rows:
        message = (row["seeker"], row["technique"])
        asked = best.setdefault(row["set"], {})
        asked[message] = asked.get(message, False) or not row["crooked"]
    return {name: (sum(asked.values()), len(asked)) for name, asked in best.items()}


def main() -> None:
    rows = json.loads(RATED.read_text(encoding="utf-8"))
    for name, (there, n) in straight(rows).items():
        print(f"{name}: for {there} of {n} messages one of the rated replies is not crooked")
    for name, way, crooked, n in sorted(shares(rows)):
        low, high = wilson(crooked, n)
        print(f"{name}, {way}: {crooked} of {n} crooked, {crooked / n:.1%} [{low:.1%}, {high:.1%}]")


if __name__ == "__main__":
    main()

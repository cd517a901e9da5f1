"""`python -m bench.three_h.shipping REPORT`: what ships and why, into the coach's three_h.json.

REPORT is written by `manage.py evaluate_3h BASE WEIGHTS --output REPORT`, where BASE is what the experts
were trained from and WEIGHTS become coach-mini. How their replies pass the closed loop is read from the card
of the shipped weights, which has to be there already.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.app import ROOT
from feedback.coach.experts.origin import weights_of
from feedback.coach.mini import notes

SHIPPED = ROOT / "feedback" / "coach" / "weights" / "coach-mini"
FILE = SHIPPED / "three_h.json"
BASE = "its base"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.three_h.shipping", description=__doc__)
    parser.add_argument("report", type=Path)
    told = json.loads(parser.parse_args().report.read_text(encoding="utf-8"))
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    card = json.loads((SHIPPED / "card.json").read_text(encoding="utf-8"))
    kept["shipped"] = named(told)
    kept["serves"], kept["why"] = SHIPPED.name, why(kept, card)
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(kept["why"])
    return 0


def named(told: dict[str, Any]) -> dict[str, Any]:
    """The report's two models by what they are now: folders had other names."""
    base = told["compared_with"]
    (weights,) = told["differences"]
    return {
        "models": {SHIPPED.name: told["models"][weights], BASE: told["models"][base]},
        "compared_with": BASE,
        "differences": {SHIPPED.name: told["differences"][weights]},
    }


def beside(base_weights: str) -> dict[str, Any]:
    """Name and minimum of the weights that ship, and whether they are `merged`; {} where they are
    `base_weights`, or were not measured."""
    if weights_of(SHIPPED) == base_weights:
        return {}
    shipped = json.loads(FILE.read_text(encoding="utf-8")).get("shipped")
    if not shipped:
        return {}
    least = shipped["models"][SHIPPED.name]["minimum"]
    return {"name": SHIPPED.name, "minimum": least, "merged": "merge" in notes.read(SHIPPED)}


def why(kept: dict[str, Any], card: dict[str, Any]) -> str:
    """One paragraph out of the figures; raises KeyError where the card tells of no merge."""
    first = max(kept["models"], key=lambda name: kept["models"][name]["minimum"])
    merge = card["training"]["merge"]
    base = kept["shipped"]["compared_with"]
    (name, gap), *_ = kept["shipped"]["differences"].items()
    before, after = kept["shipped"]["models"][base], kept["shipped"]["models"][name]
    accepted = card["figures"]["frozen"]["accepted"]
    return (
        f"Of these models {first} has the highest minimum of the three. What ships is a merge of such "
        f"a mixture with their base ({merge['method']}, lambda {merge['parameters']['lambda']:g}), since "
        "the mixture's own replies pass the closed loop less often. "
        f"On {min(after['n'].values()):,} test items for each aim the merge's minimum is "
        f"{after['minimum']:.3f}, the base's {before['minimum']:.3f} ({gap['difference']:+.3f}, 95 % "
        f"{gap['ci'][0]:+.3f} to {gap['ci'][1]:+.3f}); {accepted['share']:.1%} of its replies are accepted "
        "at the first try."
    )


if __name__ == "__main__":
    sys.exit(main())

"""`python -m bench.steering.claim [FOLDER…]`: docs/steering_claim.md and docs/steering/ from reports.

Each folder holds the `report.json` that `manage.py steering_calibrate` wrote; it is kept in docs/steering,
in place of the one before. The pages are of all reports that are kept. Nothing is typed in.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.app import ROOT
from feedback.coach.steering.curves import LEAST_GAP
from feedback.coach.steering.fitting import MOST_BY_CHANCE
from feedback.coach.steering.page import page as report_page
from feedback.coach.steering.page import used
from feedback.coach.steering.pairs import BEHAVIOURS
from feedback.coach.steering.plots import plots

PAGE = ROOT / "docs" / "steering_claim.md"
KEPT = ROOT / "docs" / "steering"
NEEDED = 0.9
HEAD = f"""# The claim of steering, tested on coach-mini

Wolf et al. (arXiv 2401.16332): in the strength r, alignment grows linearly near 0 (`tanh(a r + b0)`) and
helpfulness falls quadratically (`1 / (1 + k r²)` of its peak). Made by `python -m bench.steering.claim` from
the reports of `python manage.py steering_calibrate --model feedback/coach/weights/coach-mini --behaviour NAME
--output NAME`; each takes two or three minutes of one core. The reports are kept in docs/steering.

A third of the held-out prompts chose the layer. All else is measured on the others, the AUC of that layer
among it; the replies that helpfulness is read from answer prompts that no pair to fit has. The range of the
fits was fixed before each sweep (half of the grid, 11 points). Rivals have as many parameters: a quadratic
alignment (even, or with the sign of r: the better one), a linear fall of helpfulness. Fits whose AIC is less
than {LEAST_GAP:g} apart are undecided. An alignment that falls passes like one that rises: the sign of a
tells. In brackets: bootstrap intervals over prompts, 95 %. "Random": how far one random direction of the same
length (seed 0) moves the behaviour from where it stands unsteered, at the end of the range where it moves it
farther, as a share of how far ours does. "Prompt": the behaviour when it is asked for outright (of coach-mini
by its control token) and nothing is steered, beside the unsteered neutral prompt. "Dial": how far it may be
turned up, with an interval, or why there is none.

"""


def row(report: dict[str, Any]) -> list[str]:
    fits, premises = report["fits"], report["premises"]
    bend, fall = fits["alignment"], fits["helpfulness"]
    plain = next(one for one in report["arms"]["steered"] if one["r"] == 0)
    move = report["random_move"]
    return [
        report["behaviour"],
        ", ".join(str(one["layer"]) for one in report["layers"] if one["used"]),
        used(report, "auc"),
        f"{bend['r2']:.3f} / {bend['rival_r2']:.3f}",
        _aic(bend),
        f"{bend['law']['a']:.4f} [{bend['interval']['a'][0]:.4f}, {bend['interval']['a'][1]:.4f}]",
        f"{fall['r2']:.3f} / {fall['rival_r2']:.3f}",
        _aic(fall),
        f"{fall['law']['k']:.5f} [{fall['interval']['k'][0]:.5f}, {fall['interval']['k'][1]:.5f}]",
        f"{premises['change_r2']:.3f}",
        "-" if move is None else f"{move:.0%}",
        f"{report['arms']['prompt'][0]['alignment']:.2f} / {plain['alignment']:.2f}",
        _usable(report["dial"]) if report["dial"]["usable"] else "; ".join(report["dial"]["reasons"]),
    ]


def _aic(fit: dict[str, Any]) -> str:
    doubt = ", undecided" if fit["preferred"] == "undecided" else ""
    return f"{fit['aic']:.0f} / {fit['rival_aic']:.0f}{doubt}"


def _usable(dial: dict[str, Any]) -> str:
    low, high = dial["r_max_interval"]
    return f"0 to {dial['r_max']:.3g} [{low:.3g}, {high:.3g}]; none in {dial['without']:.0%} of the resamples"


def both_hold(report: dict[str, Any]) -> bool:
    return all(fit["preferred"] == "law" and fit["r2"] >= NEEDED for fit in _laws(report))


def _laws(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [report["fits"]["alignment"], report["fits"]["helpfulness"]]


def page(reports: list[dict[str, Any]]) -> str:
    """The page: the handwritten pairs, then those of the grammar, where there are reports of them."""
    reports = sorted(reports, key=lambda one: BEHAVIOURS.index(one["behaviour"]))
    ours = [one for one in reports if name(one) != one["behaviour"]]
    banks = [one for one in reports if one not in ours]
    parts = [
        ("## Handwritten pairs", banks),
        ("## Pairs in the model's own language (`--pairs grammar`)", ours),
    ]
    return HEAD + "\n\n".join(f"{title}\n\n{_table(found)}" for title, found in parts if found) + "\n"


def _table(reports: list[dict[str, Any]]) -> str:
    title = (
        "behaviour", "layer", "AUC", "alignment R², rival", "AIC, rival", "a", "helpfulness R², rival",
        "AIC, rival", "k", "R² of |Uδ| linear", "random", "prompt / neutral", "dial",
    )  # fmt: skip
    table = [title, ["---"] * len(title), *(row(report) for report in reports)]
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    held = [report["behaviour"] for report in reports if both_hold(report)]
    falls = {
        verdict: [one["behaviour"] for one in reports if _laws(one)[1]["preferred"] == verdict]
        for verdict in ("law", "undecided")
    }
    by_chance = [one["behaviour"] for one in reports if (one["random_move"] or 0) > MOST_BY_CHANCE]
    rising = [one["behaviour"] for one in reports if both_hold(one) and _laws(one)[0]["law"]["a"] > 0]
    verdict = [
        "",
        f"- Both laws preferred by AIC, by {LEAST_GAP:g} or more, with R² ≥ {NEEDED}: {_named(held)}; "
        f"rising with r: {_named(rising)}.",
        f"- Helpfulness falls as the law says, better than its linear rival: {_named(falls['law'])}; "
        f"undecided: {_named(falls['undecided'])}.",
        f"- A random direction moves it more than {MOST_BY_CHANCE:.0%} as far as ours: {_named(by_chance)}.",
    ]
    return "\n".join(lines + verdict)


def _named(names: list[str]) -> str:
    return ", ".join(names) if names else "none"


def name(report: dict[str, Any]) -> str:
    """Of its files in docs/steering."""
    own = report["about"].endswith("own language")
    return f"grammar-{report['behaviour']}" if own else report["behaviour"]


def keep(report: dict[str, Any]) -> None:
    text = json.dumps(report, indent=1, ensure_ascii=False)
    (KEPT / f"{name(report)}.json").write_text(text + "\n", encoding="utf-8")


def kept() -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(KEPT.glob("*.json"))]


def one_page(report: dict[str, Any]) -> str:
    return report_page(report, plots(report))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    for folder in parser.parse_args().folders:
        keep(json.loads((folder / "report.json").read_text(encoding="utf-8")))
    reports = kept()
    for report in reports:
        (KEPT / f"{name(report)}.html").write_text(one_page(report), encoding="utf-8")
    PAGE.write_text(page(reports), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

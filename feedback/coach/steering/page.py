"""The report on one page: the verdict, the six plots, the numbers behind them. One file, no script."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from feedback.coach.steering.curves import LEAST_GAP
from feedback.coach.steering.plots import plots

CAPTIONS = {
    "tradeoff": "Gain and cost. Shaded: the efficient part, from 0 to the end stop.",
    "alignment": "Behaviour, its law and the line that it follows near 0. Hollow dots: incoherent replies.",
    "helpfulness": "Helpfulness, its law and the linear rival.",
    "separability": "First premise of the laws: how well each layer tells the held-out replies apart; others "
    "than these chose the layers.",
    "change": "Second premise: the logits change in proportion to the strength.",
    "gaps": "Third premise: the gaps to rival tokens spread as the strength grows.",
}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 1360px; margin: 0 auto; padding: 1rem;
  color: #1d2733; background: #fff; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 1rem; }
figure { margin: 0; } .scroll { margin-top: 1.5rem; } svg { width: 100%; height: auto; }
figcaption, small { color: #52606f; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem .8rem .2rem 0; }
.scroll { overflow-x: auto; }
@media (prefers-color-scheme: dark) { body { color: #e4e9ef; background: #161b21; }
  figcaption, small { color: #a3afbd; } }
"""


def write_page(report: dict[str, Any], folder: Path) -> None:
    """`report.html` and `{plot}.svg` for each plot."""
    drawn = plots(report)
    for name, svg in drawn.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    (folder / "report.html").write_text(page(report, drawn), encoding="utf-8")


def page(report: dict[str, Any], drawn: dict[str, str]) -> str:
    figures = "\n".join(
        f"<figure>{drawn[name]}<figcaption>{caption}</figcaption></figure>"
        for name, caption in CAPTIONS.items()
    )
    title = f"Steering toward {report['behaviour']}"
    rows = "\n".join(
        f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in table(report)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n<p>{escape(verdict(report))}</p>\n<main>\n{figures}\n</main>\n"
        f'<div class="scroll"><table>\n{rows}\n</table></div>\n'
        "<p><small>After Wolf et al., arXiv 2401.16332. Intervals: 95 %, resampled prompts.</small></p>\n"
        "</body>\n</html>\n"
    )


def verdict(report: dict[str, Any]) -> str:
    dial = report["dial"]
    if not dial["usable"]:
        return "No dial: " + ("; ".join(dial["reasons"]) or "the end stop is 0") + "."
    low, high = dial["r_max_interval"]
    return (
        f"The dial goes from {dial['r_min']:.3g} to {dial['r_max']:.3g} (95 % interval of the upper end "
        f"{low:.3g} to {high:.3g}; {dial['without']:.1%} of the resamples have no dial), for a tolerated "
        f"loss of {dial['tolerated']:.0%}. What ends it: {dial['limited_by']}."
    )


def table(report: dict[str, Any]) -> list[tuple[str, str]]:
    fits, premises, pairs = report["fits"], report["premises"], report["pairs"]
    bends, falls = fits["alignment"], fits["helpfulness"]
    told = report["arms"]["prompt"][0]
    move = report["random_move"]
    return [
        ("model", f"{report['model']['name']} ({report['model']['fingerprint'][:12]})"),
        ("layers", ", ".join(str(row["layer"]) for row in report["layers"] if row["used"])),
        (
            "pairs",
            f"{pairs['fit']} to read the direction, {pairs['choosing']} held out to choose the layers, "
            f"{pairs['held_out']} others to measure on, {pairs['references']} reference replies",
        ),
        ("AUC of the layers used", used(report, "auc")),
        ("a", _with_interval(bends, "a")),
        ("b0", _with_interval(bends, "b0")),
        ("k", _with_interval(falls, "k")),
        ("r0", _with_interval(falls, "r0")),
        ("alignment: R², and AIC against the better quadratic rival", _contest(bends)),
        ("helpfulness: R², and AIC against the linear rival", _contest(falls)),
        ("|Uδ| linear in r: R²", f"{premises['change_r2']:.4f}"),
        ("spread of gaps with |r|: correlation", f"{premises['gap_sd_correlation']:.3f}"),
        ("gaps against a normal distribution: largest distance", f"{premises['gap_distance_largest']:.3f}"),
        ("random direction, share of our move", "none" if move is None else f"{move:.2f}"),
        ("prompt only: behaviour, helpfulness", f"{told['alignment']:.3f}, {told['helpfulness']:.4f}"),
        ("most gain for its cost at r", f"{report['dial']['r_best']:.3g}"),
    ]


def used(report: dict[str, Any], name: str) -> str:
    """A value of each layer in use, to two digits."""
    return ", ".join(f"{row[name]:.2f}" for row in report["layers"] if row["used"])


def _with_interval(fit: dict[str, Any], name: str) -> str:
    low, high = fit["interval"][name]
    return f"{fit['law'][name]:.4g} [{low:.4g}, {high:.4g}]"


def _contest(fit: dict[str, Any]) -> str:
    verdicts = {
        "law": "the law fits better",
        "rival": "the rival fits better",
        "undecided": f"undecided, less than {LEAST_GAP:g} apart",
    }
    return f"{fit['r2']:.3f}; {fit['aic']:.1f} against {fit['rival_aic']:.1f}: {verdicts[fit['preferred']]}"

"""The report as a page for people (Markdown), as one HTML file with plots, and as the product shows it."""

from __future__ import annotations

from html import escape
from typing import Any

from bench.three_h import claims
from bench.three_h.drawing import dots, matrix
from bench.three_h.tries import LORA, LORA_MERGES, MERGES, MIXTURES, arm_of
from feedback.coach.experts.arms import LORA_RANK
from feedback.coach.experts.items import AIMS
from feedback.coach.steering.page import STYLE

TITLE = "Helpful, honest, harmless: merging experts against mixing their data"
_CONFLICTS = (
    "Intervals as above. p: corrected by Holm over the six pairs of an expert and an aim that is not its own."
)
COLUMNS = ("model", *AIMS, "minimum [95 %]", "mean", "over-refusal")


def markdown(report: dict[str, Any]) -> str:
    parts = [f"# {TITLE}", _how(report), "## What came out", *claims.sentences(report)]
    parts += ["## Finalists", _finalists_note(report), _table(*_finalists(report))]
    parts += ["## Screening", _screening_note(report), _table(COLUMNS, _models(report["screening"]))]
    parts += ["## What training for one aim does to the others", _CONFLICTS, _table(*_conflicts(report))]
    parts += ["## Tries", _tries_note(report), _table(*_tries(report))]
    return "\n\n".join(parts) + "\n"


def html(report: dict[str, Any]) -> str:
    final, screening = report["final"]["models"], report["screening"]
    figures = [
        (dots("Finalists: minimum of the three", _points(final)), "Finalists, all training seeds: minimum."),
        (
            matrix(_points_of_conflicts(report)),
            "An expert's share less the base's: what one aim costs the others.",
        ),
        (
            dots("Screening: minimum of the three", _points(screening)),
            "Screening: all arms of one training seed.",
        ),
    ]
    drawn = "\n".join(f"<figure>{svg}<figcaption>{text}</figcaption></figure>" for svg, text in figures)
    said = "\n".join(f"<p>{escape(line)}</p>" for line in [_how(report), *claims.sentences(report)])
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{TITLE}</title><style>{STYLE}</style></head>\n<body>\n<h1>{TITLE}</h1>\n{said}\n"
        f"<main>\n{drawn}\n</main>\n{_html_table(*_finalists(report))}\n"
        f"<p><small>{escape(_finalists_note(report))} After the question of Yang et al., arXiv 2502.06876."
        "</small></p>\n</body>\n</html>\n"
    )


def for_the_product(report: dict[str, Any]) -> dict[str, Any]:
    """What the page of coach bases shows: as a report of `evaluate_3h`, with what serves and why."""
    final, sizes = report["final"], report["sizes"]
    return {
        "split": "test",
        "items": sizes["final"],
        "seeds": sizes["seeds"],
        "models": final["models"],
        "compared_with": final["compared_with"],
        "differences": final["differences"],
        "screening": report["screening"],
        "serves": "base",
        "why": _why(report),
    }


def _why(report: dict[str, Any]) -> str:
    models, first = report["final"]["models"], claims.winner(report)
    if first == "base":
        return "No mixture and no merge has a higher minimum of the three."
    return (
        f"{first} has the highest minimum of the three ({models[first]['minimum']:.3f}, the base "
        f"{models['base']['minimum']:.3f}). The base ships until it is measured how the replies of {first} "
        "pass the closed loop: ranking replies is not writing them (bench.three_h.shipping)."
    )


def _how(report: dict[str, Any]) -> str:
    sizes, arm = report["sizes"], report["training"]["arm"]
    steps = arm["steps"] // len(AIMS)
    return (
        f"Base: {_base(report)} Experts learn {steps} steps of {arm['rows']} items; the mixtures "
        "learn as many "
        f"(-1x) or three times as many (-3x), which is what three experts cost; -lora: an adapter of rank "
        f"{LORA_RANK} is learnt, or such adapters are merged. Made by "
        f"`manage.py train_experts --base BASE --steps {steps} --rate {arm['rate']:g} --seed N --output "
        f"RUNS/seed-N` for N = 0 to {sizes['seeds'] - 1}, then "
        f"`python -m bench.three_h RUNS --base BASE --screen {sizes['screen']} --write`. Items, aims "
        "and measure: docs/experts.md. Primary, fixed beforehand: the minimum of the three shares."
    )


def _base(report: dict[str, Any]) -> str:
    named = f"{report['base']} (weights {report['base_weights']})"
    if not (ships := report["ships"]):
        return f"{named}."
    since = "before the merge that ships now" if ships["merged"] else "which are not those that ship now"
    return (
        f"{named}, {since}: {ships['name']} as it ships has a minimum of {ships['minimum']:.3f} on other "
        "test items (docs/experts.md, Which weights ship)."
    )


def _finalists_note(report: dict[str, Any]) -> str:
    sizes, final = report["sizes"], report["final"]
    return (
        f"{sizes['seeds']} training seeds, each with {sizes['final']} new test items for each aim: "
        f"{sizes['seeds'] * sizes['final']:,} for each. Draws resample seeds, then items; as so few seeds "
        "cover too little by themselves, the ends of each interval are moved away from the estimate by "
        f"√(K/(K − 1))·t/1.96 (K = {sizes['seeds']} seeds; Student's t, K − 1 degrees of freedom), and p is "
        "of that t, from the end towards no difference. Differences of the minimum are from "
        f"{final['compared_with']}, paired, p corrected by Holm. Kept: the part of each expert's own share "
        "on its aim (helpful / honest / harmless). `#n` is the n-th try below. Each arm runs with the "
        "setting that validation chose; which merge of LoRA experts and which other merge of full fine-tunes "
        "are here, and which mixture of full fine-tunes is compared with, the screening chose, with the "
        "first training seed and the wordings used here again."
        f"{' ' if report.get('note') else ''}{report.get('note', '')}"
    )


def _screening_note(report: dict[str, Any]) -> str:
    return (
        f"One training seed, {report['sizes']['screen']} test items for each aim; as published, and as "
        "tuned where "
        "that is another setting. Intervals resample items."
    )


def _tries_note(report: dict[str, Any]) -> str:
    return (
        f"Minimum on {report['sizes']['tune']} validation items for each aim; the published default "
        "first, the "
        "chosen one in bold. Six tries for everything that has something to tune (model_stock has two "
        "settings in all); of a mixture, how far to go from the base to it. `heuristic` and `reward` were "
        "trained once, with their shares as written, and not tuned."
    )


def _models(models: dict[str, Any]) -> list[list[str]]:
    order = sorted(models, key=lambda name: -models[name]["minimum"])
    return [_row(name, models[name]) for name in order]


def _row(name: str, one: dict[str, Any]) -> list[str]:
    low, high = one["minimum_ci"]
    refused = one["over_refusal"]
    return [
        f"{name} ({kind(name)})",
        *(f"{one[aim]:.3f}" for aim in AIMS),
        f"**{one['minimum']:.3f}** [{low:.3f}, {high:.3f}]",
        f"{one['mean']:.3f}",
        "" if refused is None else f"{refused:.3f}",
    ]


def kind(name: str) -> str:
    """ "merge", "mixture", "expert" or "base", with ", LoRA" and ", tuned" where it is so."""
    arm = arm_of(name)
    if arm in (*MERGES, *LORA_MERGES):
        what = "merge"
    elif arm in MIXTURES:
        what = "mixture"
    else:
        what = "base" if arm == "base" else "expert"
    return f"{what}{', LoRA' if arm.endswith(LORA) else ''}{', tuned' if '#' in name else ''}"


def _finalists(report: dict[str, Any]) -> tuple[tuple[str, ...], list[list[str]]]:
    models, gaps = report["final"]["models"], report["final"]["differences"]
    rows = []
    for name in sorted(models, key=lambda name: -models[name]["minimum"]):
        gap = gaps.get(name)
        told = (
            f"{gap['difference']:+.3f} [{gap['ci'][0]:+.3f}, {gap['ci'][1]:+.3f}], p {gap['p_holm']:.2g}"
            if gap
            else "compared with"
        )
        means = (
            f"{gap['mean_difference']:+.3f} [{gap['mean_ci'][0]:+.3f}, {gap['mean_ci'][1]:+.3f}]"
            if gap
            else ""
        )
        seeds = models[name]["by_seed"]
        rows.append(
            [
                *_row(name, models[name]),
                _kept(models[name]),
                f"{min(seeds):.3f} to {max(seeds):.3f}",
                told,
                means,
            ]
        )
    return (*COLUMNS, "kept", "minimum by seed", "difference", "of the mean"), rows


def _kept(one: dict[str, Any]) -> str:
    """Nothing for an aim whose expert has no share to keep."""
    shares = one.get("retention", {})
    return " / ".join(f"{shares[aim]:.2f}" if aim in shares else "–" for aim in AIMS)


def _conflicts(report: dict[str, Any]) -> tuple[tuple[str, ...], list[list[str]]]:
    rows = [[name, *(_cost(row[aim]) for aim in AIMS)] for name, row in report["conflicts"].items()]
    return ("expert, less the base", *AIMS), rows


def _cost(gap: dict[str, Any]) -> str:
    told = f"{gap['difference']:+.3f} [{gap['ci'][0]:+.3f}, {gap['ci'][1]:+.3f}]"
    return f"{told}, p {gap['p_holm']:.2g}" if "p_holm" in gap else told


def _tries(report: dict[str, Any]) -> tuple[tuple[str, ...], list[list[str]]]:
    rows = []
    for arm, one in report["tuning"].items():
        told = [
            f"**{score:.3f}** ({setting})" if place == one["best"] else f"{score:.3f} ({setting})"
            for place, (score, setting) in enumerate(zip(one["scores"], one["settings"], strict=True))
        ]
        rows.append([arm, "; ".join(told)])
    return ("arm", "minimum (setting)"), rows


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _html_table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell.replace('**', ''))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><tr>{top}</tr>{body}</table></div>'


def _points_of_conflicts(report: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {
        name: {aim: gap["difference"] for aim, gap in row.items()}
        for name, row in report["conflicts"].items()
    }


def _points(models: dict[str, Any]) -> list[tuple[str, str, float, tuple[float, float]]]:
    order = sorted(models, key=lambda name: -models[name]["minimum"])
    return [(name, kind(name), models[name]["minimum"], tuple(models[name]["minimum_ci"])) for name in order]

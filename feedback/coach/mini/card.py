"""The card of a coach-mini folder: CARD.md for people, card.json for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from feedback.coach.mini.evaluation import BARS, SAMPLES, Sample
from peersupport.files import replacing

_ROWS = {
    "accepted": "accepted at the first try by the closed loop",
    "names_content": "says a content word of the seeker",
    "invents": "names a person or thing that nobody named",
    "copies_8_words": "has eight words in a row of a training reply",
}
_INTRO = """\
# coach-mini

A small Llama that words one better reply for a volunteer: given the seeker's message, the volunteer's
message and a technique. It decides nothing: each of its replies passes the guard and our own tagger before
anyone reads it, and the authored alternatives stand behind it. Any instruct model takes its place by
`COACH_MODEL`.

**Learnt from**: the grammar, word lists and handwritten exchanges in `feedback/coach/corpus` (a fine-tune:
also the items of `feedback/coach/experts`), all our own writing, and nothing else. **Not for**: talking with
people in distress, crises, anything unsupervised.
**Known limits**: English only; a message unlike the grammar's may be reflected in part or wrongly.
"""


def write_card(folder: Path, card: dict[str, Any], samples: Sequence[Sample]) -> None:
    """Writes CARD.md and card.json; `samples` are printed as they come, the first ones of the frozen set."""
    with replacing(folder / "CARD.md", folder / "card.json") as (page, data):
        page.write(card_page(card, samples))
        json.dump(card, data, ensure_ascii=False, indent=1)
        data.write("\n")


def card_page(card: dict[str, Any], samples: Sequence[Sample]) -> str:
    facts = _facts(card["training"])
    tables = "\n".join(_table(name, card["figures"][name]) for name in card["figures"])
    missed = ", ".join(card["missed"]) or "none"
    return (
        f"{_INTRO}\n## Training\n\n{facts}\n## Figures\n\nOne draw per message, 95 % Wilson intervals. "
        f"Bars missed: {missed}.\n\n{tables}\n## {len(samples[:SAMPLES])} samples, unpicked\n\n"
        + "\n".join(_lines(samples[:SAMPLES]))
        + "\n"
    )


def _facts(training: dict[str, Any]) -> str:
    if "merge" in training:
        about = training["merge"]
        chosen = ", ".join(f"{name} {value}" for name, value in about["parameters"].items())
        return "\n".join(map(_facts, training["of"])) + (
            f"\nThen merged with the base: `{about['method']}`, {chosen or 'as published'}.\n"
        )
    if "arm" in training:
        arm, minutes = training["arm"], training["minutes"]
        return _facts(training["base"]) + (
            f"\nThen fine-tuned as `{arm['name']}`: {arm['steps']:,} steps of {arm['rows']} items "
            f"({', '.join(arm['shares'])}), rate {arm['rate']:g}, seed {arm['seed']}, {minutes:g} minutes.\n"
        )
    return (
        f"{training['weights']:,} weights, {training['step']:,} of {training['recipe']['steps']:,} steps, "
        f"{training['tokens']:,} tokens in {training['minutes']:g} minutes, {training['corpus']}.\n"
    )


def missed_bars(figures: dict[str, Any]) -> list[str]:
    """The names of the bars that the frozen messages' figures do not reach."""
    short = [name for name, bar in BARS.items() if figures[name]["share"] < bar]
    return short + [name for name in ("invents", "copies_8_words") if figures.get(name, {}).get("count")]


def _table(name: str, figures: dict[str, Any]) -> str:
    lines = [f"### {name}\n", "| Measure | Share | n | Interval |", "|---|---|---|---|"]
    for key, words in _ROWS.items():
        if key in figures:
            row = figures[key]
            lines.append(
                f"| {words} | {row['share']:.1%} | {row['n']} | {row['ci'][0]:.1%}–{row['ci'][1]:.1%} |"
            )
    for code, row in figures["by_technique"].items():
        lines.append(
            f"| accepted, {code} | {row['share']:.1%} | {row['n']} | {row['ci'][0]:.1%}–{row['ci'][1]:.1%} |"
        )
    refused = ", ".join(f"{reason} {count}" for reason, count in figures["refused_for"].items()) or "nothing"
    lines.append(
        f"\ndistinct-2 {figures['distinct_2']}, {figures['words']} words a reply. Refused for: {refused}.\n"
    )
    return "\n".join(lines)


def _lines(samples: Sequence[Sample]) -> list[str]:
    lines = []
    for i, sample in enumerate(samples, 1):
        verdict = "accepted" if not sample.why else f"refused: {', '.join(sample.why)}"
        lines.append(
            f"{i}. *{sample.asked.technique}* · {sample.asked.seeker}  \n   → {sample.reply} ({verdict})"
        )
    return lines

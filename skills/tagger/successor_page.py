"""card.json and CARD.md of weights that an organisation made of its trainers' corrections."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from skills.tagger.page import PURPOSE
from skills.taxonomy import CODES

AGAINST = {
    "mean": "the mean F1 is not higher",
    "double": "the F1 on messages that two trainers coded is lower",
}


def write_files(card: dict[str, Any], folder: Path) -> None:
    """card.json, and CARD.md generated from it."""
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    (folder / "card.json").write_text(text, encoding="utf-8")
    (folder / "CARD.md").write_text(page(card), encoding="utf-8")


def page(card: dict[str, Any]) -> str:
    """The model card as Markdown."""
    refit = card["refit"]
    found, learnt, frozen = refit["comparison"], refit["learnt"], refit["frozen"]
    texts = "\n".join(f"- {row['name']}: {row['licence']}" for row in card["corpora"])
    parts = [
        f"# Model card: {card['version']}",
        "Generated from card.json. These weights are those of their parent but for the last layer, which "
        "learnt what this organisation's trainers said of its volunteers' messages.",
        f"- parent: {refit['parent']}\n- model: {card['model']}\n- input: {card['input']}\n"
        f"- sha256 of tagger.onnx: `{card['sha256']}`\n- made {card['made']}; penalty on the distance to the "
        f"parent's layer {refit['strength']:g}\n- learnt from {learnt['gold']} messages of {learnt['chats']} "
        f"chats that trainers settled, held in place by {learnt['own']} own examples",
        PURPOSE,
        "## Compared with the parent\n\n"
        f"On {found['messages']} messages that neither learnt from: {frozen['own']} own examples and "
        f"{found['double_coded']} messages of {found['chats']} chats that two trainers coded. Differences "
        f"with 95 % intervals by {found['draws']} paired draws.",
        verdict(found),
        _table(found),
        "## Training data\n\nThe parent learnt from these texts; none of them, and none of the volunteers' "
        f"messages, is in the weights. Strictest licence: {card['strictest_licence']}.",
        texts,
    ]
    return "\n\n".join(parts) + "\n"


def verdict(found: dict[str, Any]) -> str:
    """One sentence: whether it beats the parent, and why not."""
    if found["beats"]:
        chance = found["mean"]["ci"][0] <= 0
        return "It beats its parent" + (", but by so little that it may be chance." if chance else ".")
    words = [AGAINST.get(one) or f"{one.partition(':')[2]} is worse" for one in found["against"]]
    return f"It does not beat its parent: {', '.join(words)}."


def _table(found: dict[str, Any]) -> str:
    rows = [("mean of the techniques", found["messages"], found["mean"])]
    if found["double"]:
        rows.append(("all, coded by two trainers", found["double_coded"], found["double"]))
    rows += [(code, found["codes"][code]["n"], found["codes"][code]) for code in CODES]
    lines = ["| F1 | n | parent | this | difference | interval |", "| --- | --- | --- | --- | --- | --- |"]
    for name, n, row in rows:
        figures = f"{row['old']:.3f} | {row['new']:.3f} | {row['change']:+.3f}"
        lines.append(f"| {name} | {n} | {figures} | {row['ci'][0]:+.3f} to {row['ci'][1]:+.3f} |")
    return "\n".join(lines)

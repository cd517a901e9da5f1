"""CARD.md, generated from card.json so that no figure in it is typed."""

from __future__ import annotations

from typing import Any

PURPOSE = """## Intended use

Telling a volunteer and their trainer, in practice chats, which counselling techniques a message seems to use.
Every tag is a suggestion that a trainer can correct. Codes marked *low reliability* are shown as such.

## Must not be used for

- judging, ranking, hiring or dismissing a person, or any decision about one that nobody reviews;
- live conversations with people in distress, and any estimate of risk: it is no safety system;
- seeker messages, languages other than English, or long documents;
- purposes the licences of its training corpora exclude (see below)."""


def write_page(card: dict[str, Any]) -> str:
    """The model card as Markdown."""
    training = card["training"]
    parts = [
        f"# Model card: {card['version']}",
        "Generated from card.json. All measurements are on development splits of the training corpora (whole "
        "transcripts kept out of training and of every choice) or on our own frozen examples: on text from "
        "elsewhere expect lower figures.",
        f"- model: {card['model']}\n- input: {card['input']}\n- sha256 of tagger.onnx: `{card['sha256']}`\n"
        f"- made {card['made']}; seed {training['seed']}, at most {training['epochs']} epochs, "
        f"{training['minutes']} minutes on one thread{_legs(training['legs'])}",
        PURPOSE,
        "## Development splits\n\nA corpus' label is read off as the group of codes with the highest "
        "probability. Intervals: 95 %, transcripts drawn again.",
        _table(
            ("task", "macro F1", "interval", "messages", "transcripts"),
            [_task(row) for row in card["development"]],
        ),
        "## Codes\n\nF1 at the code's threshold, over messages where presence or absence is settled.",
        _table(
            ("code", "F1", "interval", "precision", "recall", "n", "threshold", "measured on", "reliability"),
            [_code(code, row) for code, row in card["codes"].items()],
        ),
        "## Codes on our own frozen examples\n\nShort and clear, mostly one code each: easier than chat.",
        _table(
            ("code", "F1", "interval", "n"),
            [(code, r["f1"], _span(r["ci"]), r["n"]) for code, r in card["own_frozen"].items() if r["n"]],
        ),
        f"## Calibration\n\nExpected calibration error {card['ece']['pooled']} over all settled pairs, "
        f"{card['ece']['mean_of_codes']} as the mean of the codes.",
        "## What int8 costs (macro F1)",
        _table(("task", "float", "int8"), [(r["task"], r["float"], r["int8"]) for r in card["quantisation"]]),
        "## Training data\n\nOnly weights learnt from these texts are shipped, none of the texts. Strictest "
        f"licence: {card['strictest_licence']}.",
        _table(("corpus", "licence"), [(c["name"], c["licence"]) for c in card["corpora"]]),
    ]
    return "\n\n".join(parts) + "\n"


def _legs(minutes: list[float]) -> str:
    """Named only where a run was continued: seed and epochs are those of the last leg."""
    if len(minutes) < 2:
        return ""
    return f" in {len(minutes)} legs ({', '.join(f'{m:g}' for m in minutes)}), epochs and seed of the last"


def _task(row: dict[str, Any]) -> tuple:
    return (row["task"], row["macro_f1"], _span(row["ci"]), row["n"], row["transcripts"])


def _code(code: str, row: dict[str, Any]) -> tuple:
    mark = "low" if row["low_reliability"] else "ok"
    numbers = (row["f1"], _span(row["ci"]), row["precision"], row["recall"], row["n"], row["threshold"])
    return (code, *numbers, row["source"], mark)


def _span(pair: list[float]) -> str:
    return f"{pair[0]:.3f} to {pair[1]:.3f}"


def _table(header: tuple[str, ...], rows: list[tuple]) -> str:
    def line(cells: tuple) -> str:
        return "| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |"

    return "\n".join([line(header), "|" + " --- |" * len(header), *(line(row) for row in rows)])

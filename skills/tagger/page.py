"""CARD.md, generated from card.json so that no figure in it is typed."""

from __future__ import annotations

from typing import Any

from skills.tagger.card import calibration

PURPOSE = """## Intended use

Telling a volunteer and their trainer, in practice chats, which counselling techniques a message seems to use.
Every tag is a suggestion that a trainer can correct. Codes marked *low reliability* are shown as such.

## Must not be used for

- judging, ranking, hiring or dismissing a person, or any decision about one that nobody reviews;
- live conversations with people in distress, and any estimate of risk: it is no safety system;
- seeker messages, languages other than English, or long documents;
- purposes the licences of its training corpora exclude (see below)."""
WAYS = ("alone", "with")  # of tagging a family
BAR = 40


def write_page(card: dict[str, Any]) -> str:
    """The model card as Markdown."""
    parts = [
        *_head(card),
        PURPOSE,
        *_tasks(card),
        *_codes(card),
        *_mistakes(card),
        *_calibration(card),
        *_pieces(card),
        *_texts(card),
    ]
    return "\n\n".join(parts) + "\n"


def _head(card: dict[str, Any]) -> list[str]:
    training = card["training"]
    legs = ", ".join(f"{minutes:g}" for minutes in training["legs"])
    teachers, begun = training.get("teachers", 0), training.get("started_from", [])
    return [
        f"# Model card: {card['version']}",
        "Generated from card.json. All measurements are on development splits of the training corpora (whole "
        "transcripts kept out of training and of every choice), on our own frozen examples, or on a corpus "
        "that was left out of training whole: on text from elsewhere expect lower figures.",
        f"- model: {card['model']}\n- input: {card['input']}\n- sha256 of tagger.onnx: `{card['sha256']}`\n"
        f"- made {card['made']}; seed {training['seed']}, {len(training['validation'])} of at most "
        f"{training['epochs']} epochs, {training['minutes']} minutes on one thread in legs of {legs} minutes"
        + (
            f"\n- learnt also from the mean word of {teachers} larger encoders taught the same"
            if teachers
            else ""
        )
        + (f"\n- started from the mean of {len(begun)} earlier networks (docs/tagger.md)" if begun else ""),
    ]


def _tasks(card: dict[str, Any]) -> list[str]:
    beside = {row["task"]: row for row in card.get("permissive", {}).get("development", [])}
    header = ("task", "macro F1", "interval", "messages", "transcripts", "permissive variant")
    rows = [
        (
            row["task"],
            row["macro_f1"],
            _span(row["ci"]),
            row["n"],
            row["transcripts"],
            beside[row["task"]]["macro_f1"] if row["task"] in beside else "not measured",
        )
        for row in card["development"]
    ]
    return [
        "## Development splits\n\nA corpus' label is read off as the group of codes with the highest "
        "probability. Intervals: 95 %, transcripts drawn again. *Permissive variant*: weights trained by "
        "`train_tagger --permissive`, from own and permissively licensed text only.",
        _table(header, rows),
    ]


def _codes(card: dict[str, Any]) -> list[str]:
    header = ("code", "F1", "interval", "precision", "recall", "n", "threshold", "measured on", "reliability")
    beside = card.get("permissive", {}).get("own_frozen", {})
    own = [
        (
            code,
            row["f1"],
            _span(row["ci"]),
            row["n"],
            beside[code]["f1"] if code in beside else "not measured",
        )
        for code, row in card["own_frozen"].items()
        if row["n"]
    ]
    return [
        "## Codes\n\nF1 at the code's threshold, over messages where presence or absence is settled: an "
        "ESConv turn names one strategy and may hold others, so its other codes are not counted as absent.",
        _table(header, [_code(code, row) for code, row in card["codes"].items()]),
        "## Codes on our own frozen examples\n\nShort and clear, mostly one code each: easier than chat.",
        _table(("code", "F1", "interval", "n", "permissive variant"), own),
    ]


def _mistakes(card: dict[str, Any]) -> list[str]:
    rows = [
        (r["there"], r["other"], r["n"], r["right"], r["mistaken"], r["neither"]) for r in card["confusions"]
    ]
    return [
        "## What is mistaken for what\n\nMessages where one code of a pair is there and the other is not.",
        _table(("there", "the other", "n", "found", "found as the other", "found as neither"), rows),
        *_families(card),
    ]


def _families(card: dict[str, Any]) -> list[str]:
    """Cards from before there were families have none."""
    if not card.get("of_families"):
        return []
    rows = [
        (
            ", ".join(f"`{code}`" for code in row["codes"]),
            row["n"],
            *(
                f"{row[way]['precision']:.3f} / {row[way]['recall']:.3f} / {row[way]['f1']:.3f}"
                for way in WAYS
            ),
        )
        for row in card["of_families"]
    ]
    return [
        "Where one of a family is more likely there than not, and each alone stays below its threshold, the "
        "likeliest is tagged and marked as unsure (shown as *perhaps*). Whether any of the family is there:",
        _table(("family", "n", "precision / recall / F1 by thresholds alone", "with the family's bar"), rows),
    ]


def _calibration(card: dict[str, Any]) -> list[str]:
    diagram = [
        f"{row['from']:.1f}-{row['to']:.1f} given {row['given']:.2f} present {row['present']:.2f} "
        f"{'#' * round(BAR * row['present'])} (n {row['n']})"
        for row in card["reliability"]
    ]
    sure, unsure = card["abstention"]["sure"], card["abstention"]["unsure"]
    often = [
        (code, row["ece"], row["n"], row["messages"])
        for code, row in card["ece_by_code"].items()
        if row["enough"]
    ]
    return [
        f"## Calibration\n\nExpected calibration error {card['ece']['pooled']} over all settled pairs, "
        f"{card['ece']['mean_of_codes']} as the mean of the codes. {_above(card)}The diagram has the share "
        "that was present by the probability that was given.",
        "```\n" + "\n".join(diagram) + "\n```",
        "Tags that are over their threshold by less than the margin, or below it (see above), are marked as "
        "unsure: "
        f"{sure['precision']:.3f} of the {sure['tags']} sure tags are right, and "
        f"{unsure['precision']:.3f} of the {unsure['tags']} unsure ones.",
        _table(("codes with n of 200 or more", "ECE", "n", "messages"), often),
        "## What int8 costs (macro F1)",
        _table(("task", "float", "int8"), [(r["task"], r["float"], r["int8"]) for r in card["quantisation"]]),
    ]


def _above(card: dict[str, Any]) -> str:
    found = calibration(card)
    if found is None:
        return ""
    return (
        f"The first says little: {found.share_below:.0%} of the {found.pairs} pairs were given less than "
        f"{found.least:g}, a tagger that gives everything its share present scores 0, and one that finds "
        f"nothing {found.nothing:.3f}. Over the {found.n} pairs that were given {found.least:g} or more the "
        f"error is **{found.error:.3f}**. "
    )


def _pieces(card: dict[str, Any]) -> list[str]:
    variants = card.get("variants") or []
    if not variants:
        return []
    tasks = [row["task"] for row in variants[0]["tasks"]]
    pieces = [row for row in variants if not row["left_out"]]
    header = ("short run", *(task.split(",")[0] for task in tasks), "embedding kept")
    rows = [
        (row["title"], *(_figure(row["tasks"], task) for task in tasks), row["embedding"]) for row in pieces
    ]
    away = [
        (task["task"], task["macro_f1"], _span(task["ci"]), task["n"], task["transcripts"])
        for row in variants
        for task in row["left_out"]
    ]
    return [
        f"## What each piece buys\n\nShort runs of {variants[0]['items']:,} messages each, alike but for the "
        "piece named, measured in float: they compare with each other, not with the figures above. "
        "*Embedding kept*: mean cosine to the original sentence embedding.",
        _table(header, rows),
        "## One corpus left out\n\nThe same short runs without one corpus, measured on all of it.",
        _table(("task", "macro F1", "interval", "messages", "transcripts"), away),
    ]


def _figure(rows: list[dict[str, Any]], task: str) -> float | str:
    return next((row["macro_f1"] for row in rows if row["task"] == task), "")


def _texts(card: dict[str, Any]) -> list[str]:
    parts = [
        "## Training data\n\nOnly weights learnt from these texts are shipped, none of the texts. Strictest "
        f"licence: {card['strictest_licence']}.",
        _table(("corpus", "licence"), [(c["name"], c["licence"]) for c in card["corpora"]]),
    ]
    if "agreement" in card:
        found = card["agreement"]
        rows = [(code, row["kappa"], row["n"]) for code, row in found["codes"].items()]
        parts += [
            f"## Agreement on our own examples\n\n{found['messages']} messages were labelled a second time "
            "without sight of the first labels: mean Jaccard overlap of the codes "
            f"{found['overlap']:.3f}, Cohen's kappa over all codes {found['kappa']:.3f}.",
            _table(("code", "Cohen's kappa", "n by the first"), rows),
        ]
    return parts


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

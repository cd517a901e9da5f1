"""The measured figures as the page docs/coach_guard.md."""

from __future__ import annotations

from collections.abc import Sequence

from feedback.coach.fluency.measuring import Row


def page(good: Sequence[Row], broken: Sequence[Row]) -> str:
    return "\n".join(
        [
            "# The guard's judgement of English",
            "",
            "Made by `manage.py fluency --write`; do not edit. A language model's wording is refused as",
            "`rough_english` where a trigram model of our own writing finds it too surprising, and as",
            "`repetition`, `unfinished` or `gibberish` by rule. The trigram model",
            "(`feedback/coach/fluency/model.npz`) is made by `manage.py fluency --train` from the examples",
            "and seekers' lines in this repository alone.",
            "",
            "The sentences below are our own and were not learnt from; which features the judge has was",
            "chosen with their figures in sight, so that these run a little high. The limit was set where",
            "one in twenty good sentences of the other half is refused: a refused wording costs one try,",
            "since the loop goes on to the next and in the end to an authored line. Shares stand with their",
            "95 % intervals.",
            "",
            "## Broken English: what is found",
            "",
            *_table(broken),
            "",
            "Broken by rule are held-out good sentences; `by hand` are sentences as small language models",
            "write them. What is grammatical piece by piece, such as two half sentences joined, mostly",
            "passes: this check takes the worst out and proves nothing about the rest.",
            "",
            "## Good English: what is refused wrongly",
            "",
            *_table(good),
            "",
        ]
    )


def _table(rows: Sequence[Row]) -> list[str]:
    lines = [
        "| sentences | n | by the language model | by rule | by either |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = (row.kind, row.n, row.share(row.model), row.share(row.rules), row.share(row.either))
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines

"""The measured figures as the page docs/coach_speed.md."""

from __future__ import annotations

NAMES = {
    "one by one": "`generate`, one request after the other",
    "ours": "the engine",
    "manager": "transformers' continuous batching manager",
}


def page(found: dict) -> str:
    clock = {"cpu": "CPU time of one thread", "wall": f"the clock, {found['threads']} threads"}
    return "\n".join(
        [
            "# How fast the coach's engine writes",
            "",
            "Made by `python -m bench.coach --write`; do not edit.",
            "",
            f"{found['model']}, {found['requests']} held-out messages, prompts of about {found['prompt']}",
            f"tokens, sampled; seconds are {clock[found['clock']]}; the median of {found['rounds']}",
            "rounds in turn stands here.",
            "Reading the prompts is part of the time, and is the same work for all.",
            "",
            f"## {found['tokens']} tokens each",
            "",
            *_table(found["fixed"]),
            "",
            "## Until each answer ends by itself",
            "",
            *_table(found["ended"]),
            "",
            f"{found['same']} of {found['requests']} answers are the same tokens alone and among others.",
            "The bar is 4 times one by one at 16 at once, in the first table. The manager takes no seed of",
            "a request's own, so that its answers depend on what else is in the batch; that is why it is",
            "not used.",
            "",
        ]
    )


def _table(rows: list[dict]) -> list[str]:
    base = next(row["per_second"] for row in rows if row["way"] == "one by one")
    lines = ["| way | at once | tokens | tokens/s (slowest to fastest round) | times one by one |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for row in rows:
        span = f"{row['per_second']:.0f} ({min(row['all']):.0f} to {max(row['all']):.0f})"
        cells = (NAMES[row["way"]], row["at_once"], row["tokens"], span, f"{row['per_second'] / base:.2f}")
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines

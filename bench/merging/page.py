"""The measured figures as the page docs/merging_speed.md."""

from __future__ import annotations

from typing import Any


def page(found: dict[str, Any]) -> str:
    return "\n".join(
        [
            "# Merging: time and memory",
            "",
            "Made by `python -m bench.merging --write` together with",
            "[merging_speed.json](merging_speed.json); do not edit.",
            "",
            *_how(found),
            "",
            "| merge | ours, s | mergekit, s | ratio | limit | ours, MB | mergekit, MB | limit | |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *(_line(row) for row in found["rows"]),
            "",
        ]
    )


def _how(found: dict[str, Any]) -> list[str]:
    machine = found["machine"]
    return [
        f"{found['parameters']:,} parameters in bfloat16: a base and {found['experts']} experts, random and",
        f"Llama-shaped; the largest tensor has {found['largest_mb']:g} MB. {found['threads']} of"
        f" {machine['cores']} cores",
        f"({machine['processor']}), {machine['versions']};",
        f"load of the machine over the last quarter of an hour of measuring: {machine['load']:g}.",
        "",
        "Every merge runs in a fresh process that is bound to so many cores, its inputs in the page cache.",
        f"Seconds are the median of {found['rounds']} rounds, taken in turn, without starting Python and",
        "importing (tsvm and rtsvm: one round); ours include hashing every input file, the cosines between",
        "task vectors (for linear of a sample) and syncing the output to disk, which mergekit does not do.",
        "Memory is the largest anonymous memory seen in any round, libraries included, but not mapped files,",
        "which the system may drop.",
        "Without a figure: mergekit has no such merge, or another rule. The limits are those set before",
        "measuring: time at most .7 of mergekit's (ties: .3), memory at most 200 MB and 4 times the largest",
        "tensor as it is stored (methods that thin out or elect: T + 4 times).",
    ]


def _line(row: dict[str, Any]) -> str:
    ours, peer = row["ours"], row.get("mergekit", {})
    cells = [
        row["case"],
        f"{ours['seconds']:.1f}",
        f"{peer['seconds']:.1f}" if peer else "",
        f"{row['ratio']:.2f}" if peer else "",
        f"{row['ratio_limit']:g}" if peer else "",
        str(ours["memory_mb"]),
        str(peer.get("memory_mb", "")),
        str(row.get("memory_limit_mb", "")),
        verdict(row),
    ]
    return f"| {' | '.join(cells)} |"


def verdict(row: dict[str, Any]) -> str:
    """What of a row's limits is missed; "ok" where none is, "" where there is none."""
    missed = [
        words for key, words in (("ratio_kept", "time"), ("memory_kept", "memory")) if row.get(key) is False
    ]
    if missed:
        return f"MISSED: {' and '.join(missed)}"
    return "ok" if "memory_kept" in row else ""

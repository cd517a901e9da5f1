"""How often the 95 % intervals hold the truth: many small simulated studies through the real estimators."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from feedback.evidence.study import pipeline, rq1, simulate
from feedback.evidence.study.spec import LEAST_GROUPS, spec_from
from feedback.evidence.study.techniques import ALL, FAMILIES

LOW, HIGH = 0.93, 0.97
JUDGED = 300  # studies: the share of fewer is too uncertain for a verdict
INSTRUMENT = "PHQ-2"
ORDER = (*(name for name in rq1.TERMS if name != "const"), "naive", *ALL)
DECIDE = (
    *("simulate", "spec", "reading", "assessments", "chats", "people", "techniques", "pipeline", "few"),
    *("propensity", "matching", "mixed", "rq1", "rq2", "corrections"),
)
FEW = ("not enough data", "fewer than", "no seekers", "nobody without a chat")  # what a small study answers


def one_study(seed: int, seekers: int, folder: Path) -> dict[str, list[float]]:
    """{term: [truth, estimate, low, high]} of one simulated study, read from its files as any other.

    `treated` is the effect at the mean of the matched periods, so that its truth is read there; `naive` is
    the difference without matching against the same truth. Without the terms for which a study says that its
    data are not enough.
    """
    truth = simulate.Truth()
    simulate.write(simulate.simulate(seekers, seed=seed), folder)
    spec = spec_from({**tomllib.loads(simulate.SPEC), "bootstrap": 0})
    files = pipeline.Files(*(folder / f"{n}.csv" for n in ("assessments", "chats", "seekers", "providers")))
    made, _, problems = pipeline.load(files, spec)
    if problems.total:
        raise RuntimeError(f"simulated data have problems: {problems.counts}")
    result = pipeline.analyse(made, spec)
    if other := [row["error"] for row in result["partial"] if not row["error"].startswith(FEW)]:
        raise RuntimeError(f"simulated data could not be analysed: {other[0]}")
    found, rows = result["rq1"][INSTRUMENT], {}
    if "terms" in found:
        at_mean = truth.rq1["treated"] + truth.rq1["treated:pre"] * (found["means"]["pre"] - simulate.CENTRE)
        wanted = {**truth.rq1, "treated": at_mean}
        rows = {name: _row(wanted[name], term) for name, term in found["terms"].items() if name != "const"}
        rows["naive"] = _row(at_mean, found["naive"])
    for family, members in FAMILIES.items():
        part = result["rq2"][INSTRUMENT][family]
        for name in members:
            if name in part.get("terms", {}):
                # The truth is per SD of the population, the estimate per SD of this sample.
                beta = truth.rq2.get(name, 0.0) * part["spread"][name] / simulate.TYPICAL[1]
                rows[name] = _row(beta, part["terms"][name])
    return rows


def _row(truth: float, term: dict[str, Any]) -> list[float]:
    return [truth, term["beta"], *term["ci"]]


@cache
def made_by() -> str:
    """SHA-256, shortened, of what decides a simulated study's figures: the code from files to estimates, the
    simulation with its settings, and the versions of what computes."""
    found = hashlib.sha256()
    for name in DECIDE:
        found.update((Path(__file__).parent / f"{name}.py").read_bytes() + b"\0")
    for package in ("numpy", "scipy", "pandas"):
        found.update(f"{package} {importlib.metadata.version(package)}\0".encode())
    return found.hexdigest()[:16]


def _line(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:  # a kill while it was written
        return {}
    return found if isinstance(found, dict) else {}


def many(
    studies: int, seekers: int, folder: Path, kept: Path, report: Callable[[int], None], *, first: int = 1
) -> dict[str, Any]:
    """Coverage over so many studies, seeds from `first` on; each is a line of `kept`, so that a broken run
    goes on. {"studies", "seekers", "terms": {term: {"coverage", "bias", "n"}}}.

    Lines of other estimators, other settings or other versions of what they rest on do not count, and
    neither does one that was not written to its end.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    text = kept.read_text(encoding="utf-8") if kept.exists() else ""
    done = {
        row["seed"]: row["rows"]
        for row in map(_line, text.splitlines())
        if (row.get("seekers"), row.get("made_by")) == (seekers, made_by())
    }
    with kept.open("a", encoding="utf-8") as out:
        if text and not text.endswith("\n"):
            out.write("\n")
        for seed in range(first, first + studies):
            if seed not in done:
                done[seed] = one_study(seed, seekers, folder)
                row = {"seed": seed, "seekers": seekers, "made_by": made_by(), "rows": done[seed]}
                out.write(json.dumps(row) + "\n")
                out.flush()
            report(seed - first + 1)
    return summary([done[seed] for seed in range(first, first + studies)], seekers)


def summary(rows: list[dict[str, list[float]]], seekers: int) -> dict[str, Any]:
    """Share of intervals that hold the truth, and the mean error, of every term; `n` studies had enough data
    for it."""
    terms = {}
    for name in ORDER:
        table = np.array([row[name] for row in rows if name in row])
        if not len(table):
            continue
        truth, beta, low, high = table.T
        held = float(((low <= truth) & (truth <= high)).mean())
        error = beta - truth
        terms[name] = {
            "coverage": held,
            "bias": float(error.mean()),
            "bias_se": float(error.std(ddof=1) / np.sqrt(len(error))) if len(error) > 1 else 0.0,
            "n": len(table),
        }
    return {"studies": len(rows), "seekers": seekers, "terms": terms}


def table(found: dict[str, Any]) -> str:
    """The summary as a Markdown table, each term with its verdict."""
    lines = [
        f"{found['studies']:,} studies of {found['seekers']:,} seekers each.",
        "",
    ]
    if not found["terms"]:
        return "\n".join([*lines, "Every study answers that its data are not enough."])
    lines += [
        "| term | enough | 95 % intervals that hold the truth | limit | mean error (its SE) |",
        "|---|---|---|---|---|",
    ]
    for name, row in found["terms"].items():
        if row["n"] < JUDGED:
            lines.append(f"| {name} | {row['n']:,} of {found['studies']:,} | too few to say | | |")
            continue
        judged = name != "naive"
        limit = f"{LOW:.0%} to {HIGH:.0%}" if judged else ""
        kept = (", kept" if LOW <= row["coverage"] <= HIGH else ", MISSED") if judged else ""
        share = f"{row['n'] / found['studies']:.0%}"
        error = f"{row['bias']:+.4f} ({row['bias_se']:.4f})"
        lines.append(f"| {name} | {share} | {row['coverage']:.1%} | {limit}{kept} | {error} |")
    return "\n".join(lines)


def page(sizes: list[dict[str, Any]], command: str) -> str:
    """The summaries of several sizes as a page of its own."""
    tables = "\n\n".join(f"## {found['seekers']:,} seekers\n\n{table(found)}" for found in sizes)
    return f"""# How often the study's 95 % intervals hold the truth

Made by `{command}`; do not edit.
Every study is simulated with the truth of Yang et al. 2024 (tables 4 and 7, on the unclipped scale),
written to files and analysed from them like any other. `treated` is judged at the mean of the matched
periods. `naive` compares all periods without matching: it misses the truth, because who feels worse chats
more. Only seekers with a chat are in the technique models, only matched ones in the others. A study says
"not enough data" in place of a figure where fewer than {LEAST_GROUPS} seekers are left for a model, or
where a figure hangs on few of them; "enough" is the share of studies that gave one. Of fewer than
{JUDGED} of them nothing is said.

{tables}
"""

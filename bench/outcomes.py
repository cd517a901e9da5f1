"""`python -m bench.outcomes`: the outcome study at the paper's size, and beside MatchIt and statsmodels.

8 million chats of which most are of people who were never assessed, some 90,000 periods: simulated, written
and analysed, at a tenth, a third and the whole. Then one matching and one regression against their peers, in
the same run on the same rows. Exit code 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.app import ROOT

CHATS, SEEKERS = 8_000_000, 56_000
SHARES = (0.1, 1 / 3, 1.0)
MINUTES, GIGABYTES, TIMES = 5.0, 4.0, 5.0
PAGE = ROOT / "docs" / "outcomes_speed.md"
TABLES = ("assessments", "chats", "seekers", "providers")
MATCHIT = """
library(MatchIt)
d <- read.csv(commandArgs(trailingOnly = TRUE)[1])
took <- system.time(matchit(treated ~ age + prior_chats + tenure_days + active_days + pre, data = d,
  method = "nearest", distance = "glm", link = "linear.logit", caliper = 0.2))
cat(took["elapsed"])
"""


def whole(share: float, folder: Path) -> dict[str, float]:
    """Seconds and peak memory of simulating and of analysing this share of the whole, each in a process."""
    found = {"chats": CHATS * share, "simulate": 0.0, "analyse": 0.0, "gigabytes": 0.0}
    given = [f"--{name}={folder / name}.csv" for name in TABLES]
    commands = {
        "simulate": ["simulate_outcomes", f"--output={folder}", f"--seekers={round(SEEKERS * share)}",
                     f"--others={round(CHATS * share)}"],
        "analyse": ["run_study", *given, f"--spec={folder}/study.toml", f"--output={folder}/out"],
    }  # fmt: skip
    for name, command in commands.items():
        began = time.monotonic()
        watched = [sys.executable, "-c", WATCH, sys.executable, "manage.py", *command]
        done = subprocess.run(watched, cwd=ROOT, capture_output=True, text=True, check=True)
        found[name] = time.monotonic() - began
        found["gigabytes"] = max(found["gigabytes"], int(done.stdout.split()[-1]) / 1024**2)
    flow = json.loads((folder / "out" / "result.json").read_text())["flow"]["PHQ-2"]
    return found | {"periods": flow["periods"]}


# The largest child of a process is known to that process alone, so each command gets one of its own.
WATCH = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peers(seekers: int, folder: Path) -> dict[str, float]:
    """Seconds of our matching (score included) and MatchIt's, of our regression and statsmodels'."""
    import tomllib

    from statsmodels.regression.mixed_linear_model import MixedLM

    from feedback.evidence.study import mixed, pipeline, rq1, simulate
    from feedback.evidence.study.matching import match
    from feedback.evidence.study.propensity import logit_scores
    from feedback.evidence.study.spec import spec_from

    simulate.write(simulate.simulate(seekers, seed=2), folder)
    files = pipeline.Files(*(folder / f"{name}.csv" for name in TABLES))
    rows = pipeline.load(files, spec_from(tomllib.loads(simulate.SPEC)))[0]["PHQ-2"]
    rows.to_csv(folder / "rows.csv", index=False)
    began = time.monotonic()
    treated = rows["treated"].to_numpy(bool)
    score = logit_scores(rows[list(rq1.COVARIATES)].to_numpy(float), treated, rq1.COVARIATES)
    pairs = match(score, treated, caliper=0.2)
    found = {"rows": len(rows), "matching": time.monotonic() - began}
    (folder / "match.R").write_text(MATCHIT)
    command = ["Rscript", str(folder / "match.R"), str(folder / "rows.csv")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found["matchit"] = float(done.stdout)
    except (OSError, subprocess.CalledProcessError):
        found["matchit"] = float("nan")
    x, y, groups = rq1.design(rows.iloc[pairs.T.ravel()])
    began = time.monotonic()
    ours = mixed.fit(x, y, groups, rq1.TERMS)
    found["regression"] = time.monotonic() - began
    began = time.monotonic()
    theirs = MixedLM(y, x, groups).fit(reml=True)
    found["mixedlm"] = time.monotonic() - began
    return found | {"difference": float(np.abs(ours.beta / theirs.fe_params - 1).max())}


def page(sizes: list[dict[str, float]], beside: dict[str, float]) -> tuple[str, int]:
    """(Markdown, how many limits were missed)."""
    last, missed = sizes[-1], 0

    def verdict(kept: bool) -> str:
        nonlocal missed
        missed += not kept
        return "kept" if kept else "MISSED"

    minutes = (last["simulate"] + last["analyse"]) / 60
    lines = [
        "| chats | periods | simulate and write, s | analyse, s | per million chats, s | peak memory, GB |",
        "|---|---|---|---|---|---|",
    ]
    for row in sizes:
        rate = row["analyse"] / (row["chats"] / 1e6)
        lines.append(
            f"| {row['chats']:,.0f} | {row['periods']:,} | {row['simulate']:.0f} | {row['analyse']:.0f} | "
            f"{rate:.1f} | {row['gigabytes']:.2f} |"
        )
    matching = beside["matchit"] / beside["matching"]
    regression = beside["mixedlm"] / beside["regression"]
    lines += [
        "",
        f"Whole: {minutes:.1f} min (limit {MINUTES:g}): {verdict(minutes <= MINUTES)}; "
        f"{last['gigabytes']:.2f} GB (limit {GIGABYTES:g}): {verdict(last['gigabytes'] <= GIGABYTES)}.",
        "",
        f"On {beside['rows']:,} periods: matching {beside['matching']:.2f} s, MatchIt "
        f"{beside['matchit']:.2f} s: {matching:.1f} times (bar {TIMES:g}): {verdict(matching >= TIMES)}. "
        f"Regression {beside['regression']:.2f} s, statsmodels {beside['mixedlm']:.2f} s: "
        f"{regression:.1f} times (bar {TIMES:g}): {verdict(regression >= TIMES)}; "
        f"largest relative difference of a coefficient {beside['difference']:.1e}.",
    ]
    return "\n".join(lines), missed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.outcomes", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the paper's size")
    parser.add_argument("--write", action="store_true", help="write docs/outcomes_speed.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = [whole(share * options.share, folder / f"{share:.2f}") for share in SHARES]
        beside = peers(round(20_000 * options.share), folder / "peers")
    text, missed = page(sizes, beside)
    print(text)
    if options.write:
        PAGE.write_text(
            f"# Speed of the outcome study\n\nMade by `python -m bench.outcomes --write`.\n\n{text}\n"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
